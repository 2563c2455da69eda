//! The order of a history.

use std::cmp::Reverse;
use std::ops::Range;

use super::moment::Moment;

/// Whether a list is surely sent with its oldest entry first. The vendor's lists mostly are not.
pub(super) fn is_oldest_first(moments: &[Option<Moment>]) -> bool {
    let dated: Vec<_> = moments.iter().copied().flatten().collect();
    let pairs = || dated.iter().zip(dated.iter().skip(1));
    let rising = pairs().filter(|(one, next)| next.is_after(**one, true));
    let falling = pairs().filter(|(one, next)| one.is_after(**next, true));
    rising.count() > falling.count()
}

/// Sorts lists that are newest first as far as they are in order; gives the positions in them, as
/// if they were one.
///
/// An entry without a date keeps its place above the one that it stands above, and so does one
/// without a time of day above one of the same day.
///
/// Instants and readings have no common order that a sort could use: "cannot tell" is not
/// transitive. So each kind is sorted by itself, and the two are merged.
pub(super) fn newest_first(lists: &[&[Option<Moment>]]) -> Vec<usize> {
    let (mut instants, mut readings, mut undated) = (Vec::new(), Vec::new(), Vec::new());
    let mut start = 0;
    for list in lists {
        for block in blocks(list, start).into_iter().rev() {
            match block.moment {
                Some(Moment::Instant(at)) => instants.push((at, block)),
                Some(Moment::Reading(at)) => readings.push((at, block)),
                None => undated.push(block),
            }
        }
        start += list.len();
    }
    instants.sort_by_key(|(at, _)| Reverse(*at));
    readings.sort_by_key(|(at, _)| Reverse(*at));

    let mut sorted = Vec::with_capacity(start);
    let mut instants = instants.into_iter().map(|(_, block)| block).peekable();
    let mut readings = readings.into_iter().map(|(_, block)| block).peekable();
    while let (Some(instant), Some(reading)) = (instants.peek(), readings.peek()) {
        let instant_first = instant.is_after(reading)
            || !reading.is_after(instant) && instant.positions.start < reading.positions.start;
        let next = if instant_first {
            instants.next()
        } else {
            readings.next()
        };
        sorted.extend(next.into_iter().flat_map(|block| block.positions));
    }
    let rest = instants.chain(readings).chain(undated);
    sorted.extend(rest.flat_map(|block| block.positions));
    sorted
}

/// An entry with those that keep their places above it.
struct Block {
    moment: Option<Moment>,
    positions: Range<usize>,
}

impl Block {
    fn is_after(&self, other: &Self) -> bool {
        let moments = self.moment.zip(other.moment);
        moments.is_some_and(|(ours, theirs)| ours.is_after(theirs, true))
    }
}

/// The last one first.
fn blocks(list: &[Option<Moment>], start: usize) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (position, moment) in list.iter().enumerate().rev() {
        let position = start + position;
        match blocks.last_mut() {
            Some(below) if keeps_place_above(*moment, below.moment) => {
                below.positions.start = position;
            }
            _ => blocks.push(Block {
                moment: *moment,
                positions: position..position + 1,
            }),
        }
    }
    blocks
}

fn keeps_place_above(moment: Option<Moment>, below: Option<Moment>) -> bool {
    match (moment, below) {
        (None, _) => true,
        (Some(moment), Some(below)) => moment.is_date_of(below),
        (Some(_), None) => false,
    }
}
