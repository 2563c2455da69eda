//! Times two functions in turn, in slices so short that other load on the machine affects both.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use crate::table::Ratio;

const PAIRS: usize = 301;
const SLICE: Duration = Duration::from_micros(500);

/// Measures how many times as long `ours` takes as `other`.
pub fn compare<A, B>(mut ours: impl FnMut() -> A, mut other: impl FnMut() -> B) -> Ratio {
    let calls = calls_per_slice(&mut ours).min(calls_per_slice(&mut other));
    let mut ours = || time(calls, &mut ours);
    let mut other = || time(calls, &mut other);
    let pairs = (0..PAIRS).map(|pair| {
        // Each goes first in every other pair.
        if pair % 2 == 0 {
            let ours = ours();
            (ours, other())
        } else {
            let other = other();
            (ours(), other)
        }
    });
    let nanoseconds = |slice: Duration| slice.as_secs_f64() * 1e9 / f64::from(calls);
    Ratio::of_pairs(pairs.map(|(ours, other)| (nanoseconds(ours), nanoseconds(other))))
}

fn calls_per_slice<T>(f: &mut impl FnMut() -> T) -> u32 {
    let mut calls = 1;
    // Three times, since an interruption makes a few calls look slow.
    while (0..3).any(|_| time(calls, f) < SLICE) {
        calls *= 2;
    }
    calls
}

fn time<T>(calls: u32, f: &mut impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(f());
    }
    start.elapsed()
}
