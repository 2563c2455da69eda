//! Which checkpoints are reported.

use std::collections::{HashMap, HashSet};

use super::super::history::{Entry, History, Side, latest};
use super::super::order::newest_first;
use super::super::scan::{Scan, Scans};
use super::super::{Checkpoint, Freshness, Tracking};

/// The new checkpoints, oldest first.
#[derive(Clone)]
pub(super) struct Reported {
    pub(super) checkpoints: Vec<Checkpoint>,
    pub(super) backfilled: Vec<Checkpoint>,
}

impl Reported {
    /// All checkpoints of a parcel that is seen for the first time.
    pub(super) fn all_of(tracking: &Tracking) -> Self {
        let history = History::of(tracking);
        let oldest_first = history.shown().rev();
        Self {
            checkpoints: oldest_first.map(|it| it.checkpoint.clone()).collect(),
            backfilled: Vec::new(),
        }
    }

    /// The checkpoints of `now` that were not `known`, after something was `sent`.
    pub(super) fn new(
        known: &History,
        sent: &History,
        freshness: Freshness,
        now: &Tracking,
    ) -> Self {
        let now = History::of(now);
        let later: Vec<_> = latest(not_taken_back(known, sent, freshness)).collect();
        let (backfilled, checkpoints) = new_entries(known, &now)
            .into_iter()
            .rev()
            .partition::<Vec<_>, _>(|new| later.iter().any(|known| known.is_after(new)));
        let owned = |entries: Vec<Entry>| entries.iter().map(|it| it.checkpoint.clone()).collect();
        Self {
            checkpoints: owned(checkpoints),
            backfilled: owned(backfilled),
        }
    }

    /// These checkpoints and those that the next delivery adds.
    pub(super) fn and(self, next: Self) -> Self {
        Self {
            checkpoints: joined(self.checkpoints, next.checkpoints),
            backfilled: joined(self.backfilled, next.backfilled),
        }
    }
}

fn joined(first: Vec<Checkpoint>, then: Vec<Checkpoint>) -> Vec<Checkpoint> {
    let mut all: Vec<_> = first.into_iter().chain(then).rev().collect();
    let moments: Vec<_> = all.iter().map(|it| Scan::of(it).1).collect();
    let order = newest_first(&[&moments]).into_iter().rev();
    order.map(|index| std::mem::take(&mut all[index])).collect()
}

/// The new entries, newest first: for each day and detail, as many as there are more scans than
/// before.
///
/// So each scan is reported once, whatever was known about it first. If a known scan with less
/// detail may be one of several, those that cannot be it are reported before those that can.
fn new_entries<'a>(known: &History<'a>, now: &History<'a>) -> Vec<Entry<'a>> {
    let mut left: HashMap<(Option<&str>, Option<Scan>), isize> = HashMap::new();
    let groups = |scan: Scan<'a>| [(scan.detail, None), (scan.detail, Some(scan.day()))];
    for group in now.shown().flat_map(|it| groups(it.scan)) {
        *left.entry(group).or_default() += 1;
    }
    for group in known.shown().flat_map(|it| groups(it.scan)) {
        *left.entry(group).or_default() -= 1;
    }

    let known_scans: HashSet<_> = known.all().map(|it| it.scan).collect();
    let known_in_part = Scans::new(known.all().map(|it| (it.scan, it.moment)));
    let mut candidates: Vec<_> = now
        .shown()
        .filter(|it| !known_scans.contains(&it.scan))
        .enumerate()
        .map(|(position, it)| (known_in_part.may_have(it.scan, it.moment), position, *it))
        .collect();
    candidates.sort_by_key(|(may_be_known, position, _)| (*may_be_known, *position));
    candidates.retain(|(may_be_known, _, entry)| {
        let [all, day] = groups(entry.scan);
        let is_new = !may_be_known || (left[&all] > 0 && left[&day] > 0);
        if is_new {
            for group in [all, day] {
                left.entry(group).and_modify(|left| *left -= 1);
            }
        }
        is_new
    });
    candidates.sort_by_key(|(_, position, _)| *position);
    candidates.into_iter().map(|(_, _, entry)| entry).collect()
}

/// The known entries after which something earlier comes too late: not forecasts, and not those
/// that a newer list of the same leg no longer has.
fn not_taken_back<'a: 'e, 'e>(
    known: &'e History<'a>,
    sent: &'e History<'a>,
    freshness: Freshness,
) -> impl Iterator<Item = &'e Entry<'a>> {
    let still_sent = Scans::new(sent.all().map(|it| (it.scan, it.moment)));
    let lists = [Side::Origin, Side::Destination].map(|leg| sent.all().any(|it| it.leg == leg));
    let is_withdrawn = move |entry: &Entry<'a>| {
        freshness == Freshness::Newer
            && lists[entry.leg as usize]
            && !still_sent.may_have(entry.scan, entry.moment)
    };
    let counts = move |entry: &&Entry<'a>| !entry.is_forecast && !is_withdrawn(entry);
    known.shown().filter(counts)
}
