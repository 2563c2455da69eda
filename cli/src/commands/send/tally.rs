use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::Attempt;
use crate::client::milliseconds;

/// Counts what came of many deliveries.
pub(super) struct Tally {
    started: Instant,
    accepted: u64,
    given_up: u64,
    answers: BTreeMap<String, u64>,
    latencies: Vec<Duration>,
}

/// What is said of them in the end.
#[derive(Serialize)]
pub(super) struct Summary {
    event: &'static str,
    pub(super) accepted: u64,
    given_up: u64,
    /// Those that Ctrl-C came before.
    unfinished: u64,
    requests: usize,
    seconds: f64,
    requests_per_second: f64,
    latency_ms: Latency,
    /// By status, or by why there was none.
    answers: BTreeMap<String, u64>,
}

#[derive(Serialize)]
struct Latency {
    median: f64,
    p95: f64,
    p99: f64,
    longest: f64,
}

impl Tally {
    pub(super) fn start() -> Self {
        Self {
            started: Instant::now(),
            accepted: 0,
            given_up: 0,
            answers: BTreeMap::new(),
            latencies: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, attempt: &Attempt) {
        if attempt.answer.is_accepted() {
            self.accepted += 1;
        } else if attempt.wait.is_none() {
            self.given_up += 1;
        }
        let answer = match &attempt.answer.status {
            Ok(status) => status.as_str().to_owned(),
            Err(reason) => reason.clone(),
        };
        *self.answers.entry(answer).or_default() += 1;
        self.latencies.push(attempt.answer.latency);
    }

    pub(super) fn failed_attempts(&self) -> u64 {
        self.latencies.len() as u64 - self.accepted
    }

    /// Sums up, of so many deliveries.
    pub(super) fn summary(mut self, count: u64) -> Summary {
        let seconds = milliseconds(self.started.elapsed()) / 1e3;
        self.latencies.sort_unstable();
        let requests = self.latencies.len();
        // The shortest latency that so many in a hundred do not exceed.
        let percentile = |percent: usize| {
            let rank = (requests * percent).div_ceil(100);
            let latency = self.latencies.get(rank.saturating_sub(1));
            milliseconds(latency.copied().unwrap_or_default())
        };
        Summary {
            event: "summary",
            accepted: self.accepted,
            given_up: self.given_up,
            unfinished: count - self.accepted - self.given_up,
            requests,
            seconds,
            requests_per_second: per_second(requests, seconds),
            latency_ms: Latency {
                median: percentile(50),
                p95: percentile(95),
                p99: percentile(99),
                longest: percentile(100),
            },
            answers: self.answers,
        }
    }
}

/// Gives the rate to three places: retries can be hours apart.
fn per_second(requests: usize, seconds: f64) -> f64 {
    (requests as f64 / seconds.max(1e-3) * 1e3).round() / 1e3
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Latency {
            median,
            p95,
            p99,
            longest,
        } = self.latency_ms;
        write!(f, "{} accepted, {} given up", self.accepted, self.given_up)?;
        match self.unfinished {
            0 => writeln!(f)?,
            unfinished => writeln!(f, ", {unfinished} unfinished")?,
        }
        let places = if self.requests_per_second < 10.0 {
            3
        } else {
            0
        };
        writeln!(
            f,
            "{} requests in {:.2} s, {:.places$} a second",
            self.requests, self.seconds, self.requests_per_second
        )?;
        writeln!(
            f,
            "latency: median {median:.1} ms, 95% {p95:.1} ms, 99% {p99:.1} ms, longest {longest:.1} ms"
        )?;
        let answers = self.answers.iter();
        let answers: Vec<_> = answers.map(|(what, n)| format!("{what}: {n}")).collect();
        write!(f, "answers: {}", answers.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_rate_is_not_none() {
        assert_eq!(per_second(2, 30.0), 0.067);
        assert_eq!(per_second(5_000, 2.0), 2_500.0);
        assert_eq!(per_second(0, 0.0), 0.0);
        let summary = |seconds| Summary {
            seconds,
            requests: 2,
            requests_per_second: per_second(2, seconds),
            ..Tally::start().summary(0)
        };
        assert!(
            summary(30.0)
                .to_string()
                .contains("2 requests in 30.00 s, 0.067 a second")
        );
        assert!(
            summary(0.01)
                .to_string()
                .contains("2 requests in 0.01 s, 200 a second")
        );
    }
}
