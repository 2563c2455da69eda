//! How an inbox changes as it fills.

use super::{
    accept, claims,
    database::{Content, Database},
    pairs,
};
use crate::{
    deliveries,
    table::{Goal, Ratio, Table},
};

const STORED: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
const WAITING: [u64; 4] = [100, 1_000, 10_000, 100_000];

/// How fast one database is when full, compared with empty.
pub struct Series {
    pub name: &'static str,
    /// The number of stored deliveries, and the ratio of the rates of accepting.
    pub accepting: Vec<(u64, f64)>,
    /// The number of waiting parcels, and the ratio of the rates of claiming.
    pub claiming: Vec<(u64, f64)>,
}

pub async fn measure<D: Database>(table: &mut Table, open: &impl AsyncFn() -> D) -> Series {
    let name = D::NAME;
    let mut series = Series {
        name,
        accepting: Vec::new(),
        claiming: Vec::new(),
    };

    let full = open().await;
    let mut before = 0;
    for stored in STORED {
        let size = full.size().await;
        let filled = stored - before;
        full.fill(filled, Content::Handled).await;
        let size = (full.size().await - size) / filled as f64;
        before = stored;
        let empty = open().await;
        let ratio = pairs(async || accept(&full).await, async || accept(&empty).await).await;
        series.accepting.push((stored, ratio.median()));
        let goal = Goal::AtLeast(0.67);
        let row = format!("{name}: accept with {stored} stored / with none");
        table.add(row, "deliveries/s", ratio, goal);
        if stored == STORED[STORED.len() - 1] {
            let body = deliveries::ten_checkpoints().len() as f64;
            let row = format!("{name}: a delivery and its parcel on the disk / the body");
            table.add(row, "bytes", Ratio::of_pairs([(size, body)]), Goal::None);
        }
    }

    let (full, empty) = (open().await, open().await);
    empty.fill(WAITING[0], Content::Waiting).await;
    let mut before = 0;
    for waiting in WAITING {
        full.fill(waiting - before, Content::Waiting).await;
        before = waiting;
        let ratio = pairs(
            async || claims::claim(&full).await,
            async || claims::claim(&empty).await,
        )
        .await;
        series.claiming.push((waiting, ratio.median()));
        let goal = Goal::AtLeast(0.67);
        let row = format!("{name}: claim with {waiting} waiting / with {}", WAITING[0]);
        table.add(row, "claims/s", ratio, goal);
    }
    series
}
