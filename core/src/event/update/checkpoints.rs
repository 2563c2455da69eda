//! The checkpoints of a leg after a delivery.

use std::collections::{HashMap, HashSet};

use super::super::Checkpoint;
use super::super::moment::Moment;
use super::super::order::{is_oldest_first, newest_first};
use super::super::scan::Scan;
use super::merge::merge_checkpoint;

/// The checkpoints that are known or were sent, newest first, each once: those that no fuller one
/// absorbs. Where the known and the sent one differ, the sent one counts if it `wins`.
pub(super) fn merge(known: Vec<Checkpoint>, sent: Vec<Checkpoint>, wins: bool) -> Vec<Checkpoint> {
    let first_sent = known.len();
    let mut all = turned_newest_first(known);
    all.extend(turned_newest_first(sent));
    let (homes, order) = {
        let scans: Vec<_> = all.iter().map(Scan::of).collect();
        let homes = homes(&scans);
        let order = order(&scans, &homes, first_sent, wins);
        (homes, order)
    };

    let mut parts: HashMap<usize, Vec<usize>> = HashMap::new();
    for (index, home) in homes.into_iter().enumerate() {
        if let Some(home) = home.filter(|home| *home != index) {
            parts.entry(home).or_default().push(index);
        }
    }
    order
        .into_iter()
        .map(|home| {
            let mut checkpoint = std::mem::take(&mut all[home]);
            for index in parts.remove(&home).unwrap_or_default() {
                let part = std::mem::take(&mut all[index]);
                absorb(&mut checkpoint, part, wins && index >= first_sent);
            }
            checkpoint
        })
        .collect()
}

fn turned_newest_first(mut list: Vec<Checkpoint>) -> Vec<Checkpoint> {
    let moments: Vec<_> = list.iter().map(|it| Scan::of(it).1).collect();
    if is_oldest_first(&moments) {
        list.reverse();
    }
    list
}

/// For each entry, the one that has its scan in full: itself, or the one that absorbs it. `None` if
/// several could.
fn homes(scans: &[(Scan, Option<Moment>)]) -> Vec<Option<usize>> {
    let lesser: HashSet<_> = scans.iter().flat_map(|(scan, _)| scan.lesser()).collect();
    let mut full = HashMap::new();
    for (index, (scan, _)) in scans.iter().enumerate() {
        if !lesser.contains(scan) {
            full.entry(*scan).or_insert(index);
        }
    }
    let mut fuller: HashMap<Scan, Option<usize>> = HashMap::new();
    for (scan, index) in &full {
        for lesser in scan.lesser() {
            let home = fuller.entry(lesser).or_insert(Some(*index));
            *home = home.filter(|home| home == index);
        }
    }
    let home = |(scan, _): &(Scan, _)| match full.get(scan) {
        Some(index) => Some(*index),
        None => fuller.get(scan).copied().flatten(),
    };
    scans.iter().map(home).collect()
}

/// The order of the homes. Known ones keep their order, and new ones are put above those that they
/// were sent above; then all are sorted by time.
fn order(
    scans: &[(Scan, Option<Moment>)],
    homes: &[Option<usize>],
    first_sent: usize,
    wins: bool,
) -> Vec<usize> {
    let (known, sent) = homes.split_at(first_sent);
    let mut rows = Vec::new();
    let mut row_of = HashMap::new();
    for home in known.iter().copied().flatten() {
        row_of.entry(home).or_insert_with(|| {
            rows.push(home);
            rows.len() - 1
        });
    }
    let sent_again: HashSet<_> = sent
        .iter()
        .flatten()
        .filter_map(|home| row_of.get(home).copied())
        .collect();

    // Where to insert above a row: also above those without a time that stay above it.
    let mut tops: Vec<usize> = Vec::with_capacity(rows.len());
    for row in 0..rows.len() {
        let keeps_its_place = |row: usize| {
            let moment = scans[rows[row]].1;
            moment.is_none_or(Moment::is_date) && !sent_again.contains(&row)
        };
        let top = match row.checked_sub(1) {
            Some(above) if keeps_its_place(above) => tops[above],
            _ => row,
        };
        tops.push(top);
    }

    let mut inserted: Vec<Vec<usize>> = vec![Vec::new(); rows.len() + 1];
    let mut done = HashSet::new();
    let mut above = if wins && sent_again.is_empty() {
        0
    } else {
        rows.len()
    };
    for home in sent.iter().rev().copied().flatten() {
        if let Some(row) = row_of.get(&home) {
            above = tops[*row];
        } else if done.insert(home) {
            inserted[above].push(home);
        }
    }
    let rows = rows.into_iter().map(Some).chain([None]);
    let sequence: Vec<_> = inserted
        .into_iter()
        .zip(rows)
        .flat_map(|(inserted, row)| inserted.into_iter().rev().chain(row))
        .collect();
    let moments: Vec<_> = sequence.iter().map(|home| scans[*home].1).collect();
    let order = newest_first(&[&moments]);
    order.into_iter().map(|index| sequence[index]).collect()
}

/// Takes over what another checkpoint says about the same scan, in full or in part.
fn absorb(checkpoint: &mut Checkpoint, part: Checkpoint, wins: bool) {
    let is_same = Scan::of(checkpoint).0 == Scan::of(&part).0;
    if is_same {
        // The longest spelling of the time, so that the result does not depend on which came first.
        let spelling = |it: &Checkpoint| {
            let time = it.checkpoint_date.clone();
            time.map(|time| (time.as_str().len(), time.to_string()))
        };
        if spelling(&part) > spelling(checkpoint) {
            checkpoint.checkpoint_date.clone_from(&part.checkpoint_date);
        }
    }
    merge_checkpoint(checkpoint, part, wins && is_same);
}
