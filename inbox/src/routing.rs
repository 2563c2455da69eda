//! Routing: assigns each delivery to its parcels. Workers do it, in transactions of a bounded size,
//! so that accepting need not touch a row that a worker locks.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value, json};

use crate::{
    Engine, body,
    care::forget,
    inbox::Shared,
    store::{Arg, Purpose, Record, Tx},
};

/// Deliveries in one transaction.
const STEP: i64 = 256;

/// Steps before jobs are claimed again.
const STEPS: usize = 16;

/// Size of the names in them, or of a single delivery with more: a body can have thousands.
const STEP_SIZE: i64 = 1024 * 1024;

/// A walk over all deliveries that are not routed, in order.
///
/// A delivery whose parcel is locked stays for the next walk, and so do later ones for the same
/// parcel.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    after: i64,
    held_up: HashSet<Key>,
}

#[derive(Debug)]
struct Fresh {
    seq: i64,
    account: String,
    received_at: i64,
    names: Vec<(String, String)>,
}

/// Account and tracking number.
type Key = (String, String);

/// The parcels of a step. Those with the same key differ in their courier.
type Parcels = HashMap<Key, Vec<Parcel>>;

#[derive(Debug)]
struct Parcel {
    /// `None` until it is in the database.
    id: Option<i64>,
    courier: String,
    /// Whether the courier became known in this step.
    is_named: bool,
}

/// A delivery that a step assigns to a parcel.
#[derive(Debug)]
struct News {
    seq: i64,
    position: usize,
    received_at: i64,
    key: Key,
    /// Among the parcels of the key.
    parcel: usize,
}

impl Walk {
    /// Whether some deliveries stay, because their parcel is locked.
    pub(crate) fn has_left_some(&self) -> bool {
        !self.held_up.is_empty()
    }

    /// Routes the next few thousand deliveries: many, so that what waits for a parcel becomes one
    /// job, but not all, so that jobs do not wait for long. Returns whether there may be more.
    pub(crate) async fn on<DB: Engine>(
        &mut self,
        shared: &Shared<DB>,
    ) -> Result<bool, sqlx::Error> {
        for _ in 0..STEPS {
            if !self.step(shared).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Routes the next few deliveries in one transaction. Returns whether there may be more.
    async fn step<DB: Engine>(&mut self, shared: &Shared<DB>) -> Result<bool, sqlx::Error> {
        let mut tx = DB::begin(&shared.base, Purpose::Work).await?;
        if tx.run(DB::sql().route_alone, Vec::new()).await?.is_empty() {
            return Ok(false);
        }
        let args = vec![Arg::Int(self.after), Arg::Int(STEP)];
        let next = tx.run(DB::sql().next_fresh, args).await?;
        let sizes = next.iter().map(|row| row.int(1));
        let count = in_one_step(&sizes.collect::<Result<Vec<_>, _>>()?);
        let seqs = next.iter().take(count).map(|row| row.int(0));
        let seqs = seqs.collect::<Result<Vec<_>, _>>()?;
        let Some(last) = seqs.last() else {
            return Ok(false);
        };
        self.after = *last;
        let is_last = count == next.len() && count < STEP as usize;
        let rows = tx.run(DB::sql().fresh, vec![Arg::Ints(seqs)]).await?;
        let fresh: Vec<Fresh> = rows.iter().map(Fresh::read).collect::<Result<_, _>>()?;
        self.give(&mut tx, fresh).await?;
        tx.commit().await?;
        Ok(!is_last)
    }

    async fn give<DB: Engine>(
        &mut self,
        tx: &mut Tx<DB>,
        fresh: Vec<Fresh>,
    ) -> Result<(), sqlx::Error> {
        let mut parcels = parcels_of(tx, &fresh).await?;
        let locked = locked(tx, &parcels).await?;
        let fresh = self.without_held_up(fresh, &parcels, &locked);
        let names = fresh.iter().flat_map(Fresh::names);
        let keys = names.map(|(account, number)| body::forgotten_key(account, number));
        let forgotten = forget::forgotten::<DB>(&mut tx.transaction, keys.collect()).await?;
        let is_forgotten = |account: &str, number: &str| {
            !forgotten.is_empty() && forgotten.contains(&body::forgotten_key(account, number))
        };
        let mut news = Vec::new();
        for delivery in &fresh {
            for (position, (key, courier)) in delivery.parcels().enumerate() {
                // The name of a forgotten parcel is empty.
                if !key.1.is_empty() && !is_forgotten(&key.0, &key.1) {
                    news.push(News {
                        seq: delivery.seq,
                        position,
                        received_at: delivery.received_at,
                        parcel: choose(parcels.entry(key.clone()).or_default(), courier),
                        key,
                    });
                }
            }
            let is_forgotten = |number: &str| is_forgotten(&delivery.account, number);
            if delivery.names().any(|(_, number)| is_forgotten(number)) {
                forget::leave_out(tx, delivery.seq, is_forgotten).await?;
            }
        }
        keep(tx, &mut parcels).await?;
        announce(tx, &parcels, &news).await?;
        let seqs: Vec<i64> = fresh.iter().map(|delivery| delivery.seq).collect();
        tx.run(DB::sql().routed, vec![Arg::Ints(seqs)]).await?;
        Ok(())
    }

    /// Removes deliveries about a locked parcel, and those that must come after them.
    fn without_held_up(
        &mut self,
        mut fresh: Vec<Fresh>,
        parcels: &Parcels,
        locked: &HashSet<i64>,
    ) -> Vec<Fresh> {
        let is_locked = |parcel: &Parcel| parcel.id.is_some_and(|id| locked.contains(&id));
        fresh.retain(|delivery| {
            let stays = delivery.parcels().any(|(key, _)| {
                self.held_up.contains(&key)
                    || parcels.get(&key).into_iter().flatten().any(is_locked)
            });
            if stays {
                self.held_up.extend(delivery.parcels().map(|(key, _)| key));
            }
            !stays
        });
        fresh
    }
}

/// Returns how many deliveries to route, given the size of the names in each: at least one, if
/// there is one.
fn in_one_step(sizes: &[i64]) -> usize {
    let mut sum = 0;
    let fitting = sizes.iter().take_while(|size| {
        sum += **size;
        sum <= STEP_SIZE
    });
    fitting.count().max(1)
}

impl Fresh {
    fn read(row: &Record) -> Result<Self, sqlx::Error> {
        let names = row.text(3)?;
        Ok(Self {
            seq: row.int(0)?,
            account: row.text(1)?,
            received_at: row.int(2)?,
            names: serde_json::from_str(&names)
                .map_err(|error| sqlx::Error::Decode(error.into()))?,
        })
    }

    /// The accounts and tracking numbers of the parcels that it is about.
    fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        let names = self.names.iter();
        names.map(|(number, _)| (&*self.account, &**number))
    }

    /// The parcels that it is about, with the courier of each.
    fn parcels(&self) -> impl Iterator<Item = (Key, &str)> {
        let names = self.names.iter();
        names.map(|(number, courier)| ((self.account.clone(), number.clone()), &**courier))
    }
}

/// Reads the parcels with the numbers of these deliveries.
async fn parcels_of<DB: Engine>(tx: &mut Tx<DB>, fresh: &[Fresh]) -> Result<Parcels, sqlx::Error> {
    let numbers: HashSet<String> = fresh
        .iter()
        .flat_map(|delivery| delivery.parcels().map(|(key, _)| key.1))
        .collect();
    let numbers = Arg::Texts(numbers.into_iter().collect());
    let mut parcels = Parcels::new();
    for row in tx.run(DB::sql().parcels_of, vec![numbers]).await? {
        let key = (row.text(1)?, row.text(2)?);
        parcels.entry(key).or_default().push(Parcel {
            id: Some(row.int(0)?),
            courier: row.text(3)?,
            is_named: false,
        });
    }
    Ok(parcels)
}

/// Locks the parcels. Returns those that another transaction has locked.
async fn locked<DB: Engine>(
    tx: &mut Tx<DB>,
    parcels: &Parcels,
) -> Result<HashSet<i64>, sqlx::Error> {
    let ids = parcels.values().flatten().filter_map(|parcel| parcel.id);
    let mut ids: HashSet<i64> = ids.collect();
    let args = vec![Arg::Ints(ids.iter().copied().collect())];
    for row in tx.run(DB::sql().lock_parcels, args).await? {
        ids.remove(&row.int(0)?);
    }
    Ok(ids)
}

/// Returns the position of the parcel with this courier, which is added if it is new. Without a
/// courier, the only parcel that is known matches.
fn choose(parcels: &mut Vec<Parcel>, courier: &str) -> usize {
    if let Some(same) = parcels.iter().position(|it| it.courier == courier) {
        return same;
    }
    match parcels.as_mut_slice() {
        [_] if courier.is_empty() => 0,
        [only] if only.courier.is_empty() => {
            courier.clone_into(&mut only.courier);
            only.is_named = true;
            0
        }
        _ => {
            parcels.push(Parcel {
                id: None,
                courier: courier.to_owned(),
                is_named: false,
            });
            parcels.len() - 1
        }
    }
}

/// Stores new parcels and newly known couriers.
async fn keep<DB: Engine>(tx: &mut Tx<DB>, parcels: &mut Parcels) -> Result<(), sqlx::Error> {
    let mut new = Vec::new();
    for (key, parcel) in each(parcels) {
        match parcel.id {
            None => new.push(json!([key.0, key.1, parcel.courier])),
            Some(id) if parcel.is_named => {
                let args = vec![Arg::Int(id), Arg::text(&parcel.courier)];
                tx.run(DB::sql().name_courier, args).await?;
            }
            Some(_) => {}
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    for row in tx.run(DB::sql().add_parcels, vec![rows(new)]).await? {
        let courier = row.text(3)?;
        let same = parcels.get_mut(&(row.text(1)?, row.text(2)?));
        let mut same = same.into_iter().flatten();
        if let Some(parcel) = same.find(|it| it.courier == courier) {
            parcel.id = Some(row.int(0)?);
        }
    }
    Ok(())
}

fn each(parcels: &Parcels) -> impl Iterator<Item = (&Key, &Parcel)> {
    let keys = parcels.iter();
    keys.flat_map(|(key, parcels)| parcels.iter().map(move |parcel| (key, parcel)))
}

/// Stores the news, and marks its parcels as waiting for a worker.
async fn announce<DB: Engine>(
    tx: &mut Tx<DB>,
    parcels: &Parcels,
    news: &[News],
) -> Result<(), sqlx::Error> {
    let mut added = Vec::with_capacity(news.len());
    // Updated in the order of their ids, which is the same in all processes.
    let mut announced: BTreeMap<i64, (i64, i64, i64)> = BTreeMap::new();
    for one in news {
        let parcel = parcels.get(&one.key).and_then(|it| it.get(one.parcel));
        let Some(id) = parcel.and_then(|parcel| parcel.id) else {
            return Err(sqlx::Error::RowNotFound);
        };
        added.push(json!([one.seq, one.position, id]));
        let at = one.received_at;
        let (count, first, last) = announced.entry(id).or_insert((0, at, at));
        *count += 1;
        *first = at.min(*first);
        *last = at.max(*last);
    }
    if added.is_empty() {
        return Ok(());
    }
    tx.run(DB::sql().add_news, vec![rows(added)]).await?;
    let announced = announced
        .into_iter()
        .map(|(parcel, (count, first, last))| json!([parcel, count, first, last]));
    let args = vec![rows(announced.collect()), Arg::In(0)];
    tx.run(DB::sql().announce, args).await?;
    Ok(())
}

fn rows(rows: Vec<Value>) -> Arg {
    Arg::Text(Value::from(rows).to_string())
}

#[cfg(test)]
mod tests {
    use super::in_one_step;

    #[test]
    fn a_step_is_bounded_by_the_size_of_its_names_but_takes_at_least_one_delivery() {
        const MEGABYTE: i64 = 1_048_576;
        for (sizes, count) in [
            (vec![1, 1, 1], 3),
            (vec![MEGABYTE / 2, MEGABYTE / 2, 1], 2),
            (vec![1, MEGABYTE], 1),
            (vec![MEGABYTE + 1, 1], 1),
        ] {
            assert_eq!(in_one_step(&sizes), count, "{sizes:?}");
        }
    }
}
