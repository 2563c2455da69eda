use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::Attempt;
use crate::client::milliseconds;

/// Counts the results of deliveries.
pub(super) struct Tally {
    total: u64,
    started: Instant,
    accepted: u64,
    given_up: u64,
    /// By status, or by the reason why there was no answer.
    answers: BTreeMap<String, u64>,
    latencies: Vec<Duration>,
}

impl Tally {
    pub(super) fn start(total: u64) -> Self {
        Self {
            total,
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
            Err(none) => none.reason.clone(),
        };
        *self.answers.entry(answer).or_default() += 1;
        self.latencies.push(attempt.answer.latency);
    }

    pub(super) fn all_accepted(&self) -> bool {
        self.accepted == self.total
    }

    /// Returns the summary, for people and for scripts.
    pub(super) fn summary(mut self) -> (String, Value) {
        let seconds = milliseconds(self.started.elapsed()) / 1e3;
        self.latencies.sort_unstable();
        let requests = self.latencies.len();
        // The shortest latency that this many percent do not exceed.
        let percentile = |percent: usize| {
            let rank = (requests * percent).div_ceil(100);
            let latency = self.latencies.get(rank.saturating_sub(1));
            milliseconds(latency.copied().unwrap_or_default())
        };
        let [median, p95, p99, longest] = [50, 95, 99, 100].map(percentile);
        let (rate, places) = per_second(requests, seconds);
        let (accepted, given_up) = (self.accepted, self.given_up);
        // What Ctrl-C interrupted.
        let unfinished = self.total - accepted - given_up;
        let interrupted = match unfinished {
            0 => String::new(),
            unfinished => format!(", {unfinished} unfinished"),
        };
        let answers = self.answers.iter();
        let answers: Vec<_> = answers.map(|(what, n)| format!("{what}: {n}")).collect();
        let text = format!(
            "{accepted} accepted, {given_up} given up{interrupted}\n\
             {requests} requests in {seconds:.2} s, {rate:.places$} a second\n\
             latency: median {median:.1} ms, 95% {p95:.1} ms, 99% {p99:.1} ms, longest {longest:.1} ms\n\
             answers: {}",
            answers.join("; ")
        );
        let record = json!({
            "event": "summary",
            "accepted": accepted,
            "given_up": given_up,
            "unfinished": unfinished,
            "requests": requests,
            "seconds": seconds,
            "requests_per_second": rate,
            "latency_ms": {"median": median, "p95": p95, "p99": p99, "longest": longest},
            "answers": self.answers,
        });
        (text, record)
    }
}

/// Returns the rate, and how many decimals to show: retries can be hours apart.
fn per_second(requests: usize, seconds: f64) -> (f64, usize) {
    let rate = (requests as f64 / seconds.max(1e-3) * 1e3).round() / 1e3;
    (rate, if rate < 10.0 { 3 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_rate_is_not_none() {
        assert_eq!(per_second(2, 30.0), (0.067, 3));
        assert_eq!(per_second(5_000, 2.0), (2_500.0, 0));
        assert_eq!(per_second(0, 0.0), (0.0, 3));
    }
}
