//! When TrackingMore sends a delivery again.
//!
//! Any answer outside 200-299 is a failed attempt. The documentation contradicts itself on when the
//! next attempt comes, and on how many there are:
//!
//! - Its formula, 2^(number of retry) × 30 s, gives 60 s before the first retry.
//! - In its first example, the second attempt comes 30 s after the first failed.
//! - In its other example, the eighth attempt comes 960 s after the seventh, which fits neither.
//! - "Up to 14 times" means 14 attempts in one sentence and seems to mean 14 retries in another. A
//!   support page says 13 retries, so this module counts 14 attempts.
//!
//! That leaves open whether the first delay is 30 s or 60 s; there is a [`RetrySchedule`] for each.
//! Source: TrackingMore docs, Webhook, and its support page on webhooks.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//! use trackingmore_webhook::retry::{MAX_ATTEMPTS, RetrySchedule};
//!
//! let schedule = RetrySchedule::documented();
//! assert_eq!(schedule.delay_before(1), Some(Duration::ZERO));
//! assert_eq!(schedule.delay_before(2), Some(Duration::from_secs(30)));
//! assert_eq!(schedule.delay_before(MAX_ATTEMPTS + 1), None);
//! assert_eq!(schedule.window(), Duration::from_secs(245_730));
//! ```

use std::time::Duration;

/// The documented maximum number of attempts, including the first.
pub const MAX_ATTEMPTS: u32 = 14;

/// One reading of the documented retry rules: delays that double.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RetrySchedule {
    first_delay: Duration,
}

impl RetrySchedule {
    /// Returns the documentation's first example: 14 attempts over 2.84 days, the second 30 s after
    /// the first.
    #[must_use]
    pub const fn documented() -> Self {
        Self {
            first_delay: Duration::from_secs(30),
        }
    }

    /// Returns the documentation's formula, taken literally: 14 attempts over 5.69 days, the second
    /// 60 s after the first. No reading allows longer, and the default `max_age` of a verifier is
    /// chosen for it.
    #[must_use]
    pub const fn formula() -> Self {
        Self {
            first_delay: Duration::from_secs(60),
        }
    }

    /// Returns the time from the failure of the previous attempt to this one; zero for attempt 1,
    /// `None` if there is no such attempt.
    #[must_use]
    pub fn delay_before(&self, attempt: u32) -> Option<Duration> {
        match attempt {
            1 => Some(Duration::ZERO),
            2..=MAX_ATTEMPTS => Some(self.first_delay * 2_u32.pow(attempt - 2)),
            _ => None,
        }
    }

    /// Iterates over the [delay before](Self::delay_before) each attempt, beginning with the first.
    #[must_use]
    pub fn iter(&self) -> RetryDelays {
        RetryDelays {
            schedule: *self,
            attempt: 1,
        }
    }

    /// Returns the time from the first attempt to the last, if every attempt fails at once.
    #[must_use]
    pub fn window(&self) -> Duration {
        self.iter().sum()
    }
}

impl IntoIterator for RetrySchedule {
    type Item = Duration;
    type IntoIter = RetryDelays;

    fn into_iter(self) -> RetryDelays {
        self.iter()
    }
}

impl IntoIterator for &RetrySchedule {
    type Item = Duration;
    type IntoIter = RetryDelays;

    fn into_iter(self) -> RetryDelays {
        self.iter()
    }
}

/// The delays of a [`RetrySchedule`], one per attempt.
#[derive(Clone, Debug)]
pub struct RetryDelays {
    schedule: RetrySchedule,
    attempt: u32,
}

impl Iterator for RetryDelays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let delay = self.schedule.delay_before(self.attempt)?;
        self.attempt += 1;
        Some(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_of_both_schedules() {
        assert_eq!(RetrySchedule::documented().window().as_secs(), 245_730);
        assert_eq!(RetrySchedule::formula().window().as_secs(), 491_460);
    }

    #[test]
    fn delays_double_and_end() {
        let schedule = RetrySchedule::documented();
        let delays: Vec<u64> = schedule.iter().map(|delay| delay.as_secs()).collect();
        assert_eq!(delays.len(), MAX_ATTEMPTS as usize);
        assert_eq!(delays[..4], [0, 30, 60, 120]);
        let mut total = Duration::ZERO;
        for delay in &schedule {
            total += delay;
        }
        assert_eq!(total, schedule.window());
        assert_eq!(
            schedule.delay_before(14),
            Some(Duration::from_secs(122_880))
        );
        for attempt in [0, 15, u32::MAX] {
            assert_eq!(schedule.delay_before(attempt), None);
        }
    }
}
