//! The order of a history.

use std::cmp::Reverse;
use std::ops::Range;

use super::moment::Moment;

/// Whether a list was surely sent oldest first. Most of the vendor's lists are not.
pub(super) fn is_oldest_first(moments: &[Option<Moment>]) -> bool {
    let dated: Vec<_> = moments.iter().copied().flatten().collect();
    let pairs = || dated.iter().zip(dated.iter().skip(1));
    let rising = pairs().filter(|(one, next)| next.is_after(**one, true));
    let falling = pairs().filter(|(one, next)| one.is_after(**next, true));
    rising.count() > falling.count()
}

/// Sorts lists that are mostly newest first. Returns positions in them, as if they were one list.
///
/// An entry without a date stays above the one that it is above. So does one without a time of day
/// above one of the same day, even with instants in between.
///
/// Instants and readings have no common order that a sort could use: "cannot tell" is not
/// transitive. So each kind is sorted separately, and the two are merged.
pub(super) fn newest_first(lists: &[&[Option<Moment>]]) -> Vec<usize> {
    let (mut instants, mut readings, mut undated) = (Vec::new(), Vec::new(), Vec::new());
    let mut start = 0;
    for list in lists {
        for block in blocks(list, start).into_iter().rev() {
            match block.moment {
                Some(Moment::Instant(_)) => instants.push(block),
                Some(Moment::Reading(_)) => readings.push(block),
                None => undated.push(block),
            }
        }
        start += list.len();
    }
    let latest_first = |block: &Block| Reverse(block.sorted_as.map(Moment::at));
    instants.sort_by_key(latest_first);
    readings.sort_by_key(latest_first);

    let mut sorted = Vec::with_capacity(start);
    let mut instants = instants.into_iter().peekable();
    let mut readings = readings.into_iter().peekable();
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

/// An entry, with those that stay above it.
struct Block {
    moment: Option<Moment>,
    /// The moment; for a date, the next reading below it if that is of the same day.
    sorted_as: Option<Moment>,
    positions: Range<usize>,
}

impl Block {
    fn is_after(&self, other: &Self) -> bool {
        let moments = self.sorted_as.zip(other.moment);
        moments.is_some_and(|(ours, theirs)| ours.is_after(theirs, true))
    }
}

/// The last one first.
fn blocks(list: &[Option<Moment>], start: usize) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut reading_below = None;
    for (position, moment) in list.iter().enumerate().rev() {
        let position = start + position;
        if let Some(below) = blocks.last_mut()
            && keeps_place_above(*moment, below.moment)
        {
            below.positions.start = position;
            continue;
        }
        let mut sorted_as = *moment;
        if matches!(moment, Some(Moment::Reading(_))) {
            if keeps_place_above(*moment, reading_below) {
                sorted_as = reading_below;
            }
            reading_below = sorted_as;
        }
        blocks.push(Block {
            moment: *moment,
            sorted_as,
            positions: position..position + 1,
        });
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
