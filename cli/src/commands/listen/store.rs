//! The requests that have arrived, and their answers.
//!
//! Receiving writes. The terminal and the inspector read, each at its own position. A reader that
//! falls behind misses lines and learns how many, so that no reader delays an answer.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::{sync::watch, task::coop};

use super::verdict::Verdict;
use crate::{client::Answer, saved::Saved};

/// How many requests are kept, and how many bytes: 500 and 32 MiB in all. Refused ones have a ring
/// of their own, as anyone can send those: they must not push out accepted ones.
pub(super) const ACCEPTED: Limits = Limits {
    count: 400,
    bytes: 24 * 1024 * 1024,
};
pub(super) const REFUSED: Limits = Limits {
    count: 100,
    bytes: 8 * 1024 * 1024,
};

/// How many replays of a request are kept.
const RESENT: usize = 20;

/// How many lines a reader may fall behind.
const LINES: usize = 4_096;

/// About how much memory a request takes beside its bytes.
const OVERHEAD: usize = 2 * 1024;

pub(super) struct Store {
    state: Mutex<State>,
    /// Whether it is closed. Each line wakes the readers.
    is_closed: watch::Sender<bool>,
}

struct State {
    accepted: Ring,
    refused: Ring,
    lines: VecDeque<Line>,
    /// How many lines there have been.
    written: u64,
    totals: Totals,
}

/// A request as it came, with its verdict.
pub(super) struct Record {
    pub(super) arrived: Arc<Arrived>,
    pub(super) request: Saved,
    /// Of the body.
    pub(super) sha256: [u8; 32],
}

/// What a subscriber learns about a request when it arrives.
#[derive(Serialize)]
pub(super) struct Arrived {
    #[serde(flatten)]
    pub(super) verdict: Verdict,
    /// Counts the requests, from 1.
    pub(super) number: u64,
    pub(super) received: Timestamp,
    pub(super) bytes: usize,
    /// The last request before this one that had the same body.
    pub(super) repeats: Option<u64>,
}

/// What a subscriber learns about a request when it is answered.
#[derive(Default, Serialize)]
#[serde(tag = "event", rename = "answered")]
pub(super) struct Answered {
    pub(super) number: u64,
    pub(super) at: Timestamp,
    pub(super) status: u16,
    /// The receiver whose answer was relayed.
    pub(super) from: Option<String>,
    pub(super) latency_ms: f64,
    /// The file that the request is saved in.
    pub(super) saved: Option<String>,
    /// Why it could not be saved or forwarded.
    pub(super) trouble: Option<String>,
}

/// What a subscriber reads.
#[derive(Clone)]
pub(super) enum Line {
    Arrived(Arc<Arrived>),
    Answered(Arc<Answered>),
    /// This many lines were dropped before they were read.
    Missed(u64),
}

/// A request that is still kept.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) record: Arc<Record>,
    pub(super) answered: Option<Arc<Answered>>,
    pub(super) resent: Vec<Arc<Resent>>,
}

/// A request that was sent again from the page.
#[derive(Serialize)]
pub(super) struct Resent {
    pub(super) at: Timestamp,
    /// Whether the bytes and the signature were those of the request.
    pub(super) how: &'static str,
    pub(super) bytes: usize,
    #[serde(flatten)]
    pub(super) answer: Answer,
}

/// The totals of all requests.
#[derive(Clone, Default, Serialize)]
#[serde(tag = "event", rename = "summary")]
pub(super) struct Totals {
    pub(super) accepted: u64,
    pub(super) refused: u64,
    /// Those with an unexpected path or method.
    pub(super) unexpected: u64,
    /// The refused ones by their code.
    pub(super) reasons: BTreeMap<&'static str, u64>,
    /// The answers by their status.
    pub(super) answers: BTreeMap<u16, u64>,
}

impl Store {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                accepted: Ring::new(ACCEPTED),
                refused: Ring::new(REFUSED),
                lines: VecDeque::new(),
                written: 0,
                totals: Totals::default(),
            }),
            is_closed: watch::Sender::new(false),
        }
    }

    /// Adds a request with its verdict.
    pub(super) fn arrived(
        &self,
        received: Timestamp,
        request: Saved,
        verdict: Verdict,
    ) -> Arc<Record> {
        let sha256 = Sha256::digest(request.body()).into();
        let record = {
            let mut state = self.state();
            let number = state.totals.arrived(&verdict);
            let arrived = Arc::new(Arrived {
                number,
                received,
                bytes: request.body().len(),
                repeats: state.last_with(&sha256),
                verdict,
            });
            let record = Arc::new(Record {
                arrived: arrived.clone(),
                request,
                sha256,
            });
            state.ring(&record).push(record.clone());
            state.write(Line::Arrived(arrived));
            record
        };
        self.is_closed.send_modify(|_| ());
        record
    }

    /// Adds the answer to a request.
    pub(super) fn answered(&self, record: &Record, answered: Answered) {
        let answered = Arc::new(answered);
        {
            let mut state = self.state();
            *state.totals.answers.entry(answered.status).or_default() += 1;
            if let Some(kept) = state.ring(record).find(answered.number) {
                kept.answered = Some(answered.clone());
            }
            state.write(Line::Answered(answered));
        }
        self.is_closed.send_modify(|_| ());
    }

    /// Adds the answer to a replay.
    pub(super) fn resent(&self, record: &Record, resent: Arc<Resent>) {
        if let Some(kept) = self.state().ring(record).find(record.arrived.number) {
            kept.resent.truncate(RESENT - 1);
            kept.resent.insert(0, resent);
        }
    }

    /// Returns a request, if it is still kept.
    pub(super) fn kept(&self, number: u64) -> Option<Kept> {
        let mut state = self.state();
        let accepted = state.accepted.find(number).cloned();
        accepted.or_else(|| state.refused.find(number).cloned())
    }

    /// Returns the number of lines so far and all requests that are kept, in order.
    pub(super) fn snapshot(&self) -> (u64, Vec<Kept>) {
        let (written, mut kept) = {
            let state = self.state();
            let rings = [&state.accepted, &state.refused].into_iter();
            let kept: Vec<_> = rings.flat_map(|ring| &ring.kept).cloned().collect();
            (state.written, kept)
        };
        kept.sort_by_key(|kept| kept.record.arrived.number);
        (written, kept)
    }

    /// Returns the number of lines so far.
    pub(super) fn written(&self) -> u64 {
        self.state().written
    }

    /// Ends the readers once they have read all lines.
    pub(super) fn close(&self) {
        self.is_closed.send_replace(true);
    }

    pub(super) fn totals(&self) -> Totals {
        self.state().totals.clone()
    }

    /// Reads from the line after the first `seen`.
    pub(super) fn subscribe(self: &Arc<Self>, seen: u64) -> Subscriber {
        Subscriber {
            store: self.clone(),
            seen,
            is_closed: self.is_closed.subscribe(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A position in the lines of a store.
pub(super) struct Subscriber {
    store: Arc<Store>,
    seen: u64,
    is_closed: watch::Receiver<bool>,
}

impl Subscriber {
    /// Returns the next line, or `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Line> {
        // A reader that is behind must not keep its thread from answering.
        coop::consume_budget().await;
        loop {
            let is_closed = *self.is_closed.borrow_and_update();
            if let Some(line) = self.read() {
                return Some(line);
            }
            if is_closed {
                return None;
            }
            self.is_closed.changed().await.ok()?;
        }
    }

    /// How many lines have been read, or missed.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    fn read(&mut self) -> Option<Line> {
        let state = self.store.state();
        let oldest = state.written - state.lines.len() as u64;
        if self.seen < oldest {
            let missed = oldest - self.seen;
            self.seen = oldest;
            return Some(Line::Missed(missed));
        }
        let line = state.lines.get((self.seen - oldest) as usize)?.clone();
        self.seen += 1;
        Some(line)
    }
}

impl State {
    fn write(&mut self, line: Line) {
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
        self.written += 1;
    }

    fn ring(&mut self, record: &Record) -> &mut Ring {
        match record.arrived.verdict {
            Verdict::Accepted(_) => &mut self.accepted,
            Verdict::Refused { .. } | Verdict::Unexpected { .. } => &mut self.refused,
        }
    }

    fn last_with(&self, sha256: &[u8; 32]) -> Option<u64> {
        let rings = [&self.accepted, &self.refused].into_iter();
        let records = rings.flat_map(|ring| &ring.kept).map(|kept| &kept.record);
        let same = records.filter(|record| record.sha256 == *sha256);
        same.map(|record| record.arrived.number).max()
    }
}

impl Totals {
    /// Counts a request. Returns its number.
    fn arrived(&mut self, verdict: &Verdict) -> u64 {
        match verdict {
            Verdict::Accepted(_) => self.accepted += 1,
            Verdict::Refused { code, .. } => {
                self.refused += 1;
                *self.reasons.entry(code).or_default() += 1;
            }
            Verdict::Unexpected { .. } => self.unexpected += 1,
        }
        self.accepted + self.refused + self.unexpected
    }
}

pub(super) struct Limits {
    pub(super) count: usize,
    bytes: usize,
}

/// The last requests, as many as the limits allow.
struct Ring {
    kept: VecDeque<Kept>,
    bytes: usize,
    limits: Limits,
}

impl Ring {
    fn new(limits: Limits) -> Self {
        Self {
            kept: VecDeque::new(),
            bytes: 0,
            limits,
        }
    }

    fn push(&mut self, record: Arc<Record>) {
        self.bytes += record.size();
        self.kept.push_back(Kept {
            record,
            answered: None,
            resent: Vec::new(),
        });
        while self.kept.len() > self.limits.count || self.bytes > self.limits.bytes {
            let Some(oldest) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= oldest.record.size();
        }
    }

    fn find(&mut self, number: u64) -> Option<&mut Kept> {
        let place = self
            .kept
            .binary_search_by_key(&number, |kept| kept.record.arrived.number);
        self.kept.get_mut(place.ok()?)
    }
}

impl Record {
    fn size(&self) -> usize {
        let headers = self.request.headers.iter();
        let headers = headers.map(|(name, value)| name.len() + value.len() + 64);
        let head = self.request.method.len() + self.request.target.len();
        OVERHEAD + head + headers.sum::<usize>() + self.request.body().len()
    }
}
