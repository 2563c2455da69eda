//! The output of `listen`: a line when a request arrives, and another when it is answered.

use std::{
    fmt::{self, Display},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::Serialize;
use serde_json::json;
use tokio::{runtime::Handle, sync::oneshot, time::timeout};

use super::{
    store::{Answered, Arrived, Line, Store, Totals},
    verdict::{Accepted, Verdict},
};
use crate::{
    duration::Written,
    failure::Failure,
    output::{BAD, FAINT, Foreign, GOOD, Output, Painted},
};

/// How long the reader of the output may pause before the last lines are dropped.
const READING: Duration = Duration::from_secs(1);

/// Where `listen` can be reached.
#[derive(Serialize)]
#[serde(tag = "event", rename = "listening")]
pub(super) struct Listening {
    pub(super) url: String,
    /// The page of the inspector.
    pub(super) inspect: Option<String>,
}

/// The thread that prints: a full pipe blocks nothing else.
pub(super) struct Printing {
    ended: oneshot::Receiver<Result<(), Failure>>,
    /// How many lines have been printed.
    lines: Arc<AtomicU64>,
}

impl Printing {
    /// Starts to print, until the store is closed.
    pub(super) fn start(store: Arc<Store>, listening: Listening, output: Output) -> Self {
        let (end, ended) = oneshot::channel();
        let lines = Arc::new(AtomicU64::new(0));
        let printed = lines.clone();
        let runtime = Handle::current();
        thread::spawn(move || {
            let result = runtime.block_on(print(&store, &listening, output, &printed));
            // Sending fails if the program has stopped waiting.
            _ = end.send(result);
        });
        Self { ended, lines }
    }

    /// Waits until printing ends, also because the output cannot be written any more.
    pub(super) async fn ended(&mut self) -> Result<(), Failure> {
        let ended = (&mut self.ended).await;
        ended.unwrap_or(Err(Failure::Unread))
    }

    /// Waits until printing ends, but only while the output is read.
    pub(super) async fn finish(mut self) -> Result<(), Failure> {
        loop {
            let before = self.lines.load(Ordering::Relaxed);
            if let Ok(ended) = timeout(READING, self.ended()).await {
                return ended;
            }
            if self.lines.load(Ordering::Relaxed) == before {
                return Err(Failure::Unread);
            }
        }
    }
}

async fn print(
    store: &Arc<Store>,
    listening: &Listening,
    output: Output,
    printed: &AtomicU64,
) -> Result<(), Failure> {
    let mut lines = store.subscribe(0);
    output.line(listening, listening)?;
    while let Some(line) = lines.next().await {
        match &line {
            // Its verdict is the event.
            Line::Arrived(arrived) => output.line(&**arrived, &**arrived)?,
            Line::Answered(answered) => output.line(&**answered, &**answered)?,
            Line::Missed(lines) => output.line(
                Painted(BAD, format_args!("{lines} lines not shown")),
                &json!({"event": "missed", "lines": lines}),
            )?,
        }
        printed.fetch_add(1, Ordering::Relaxed);
    }
    let totals = store.totals();
    output.line(&totals, &totals)
}

impl Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "listening on {}", self.url)?;
        match &self.inspect {
            Some(url) => write!(f, "\ninspect at {url}"),
            None => Ok(()),
        }
    }
}

impl Display for Arrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → #{} ", Clock(self.received), self.number)?;
        match &self.verdict {
            Verdict::Accepted(accepted) => {
                write!(f, "{} {accepted}", Painted(GOOD, "accepted"))?;
            }
            Verdict::Refused {
                code,
                reason,
                age_seconds,
            } => {
                let refused = Painted(BAD, "refused");
                write!(f, "{refused} {code}, {reason}; {} bytes", self.bytes)?;
                if let Some(seconds) = age_seconds {
                    write!(f, ", timestamp {}", Age(*seconds))?;
                }
            }
            Verdict::Unexpected { method, path } => {
                let unexpected = Painted(BAD, "unexpected");
                write!(f, "{unexpected} {} {}", Foreign(method), Foreign(path))?;
            }
        }
        match self.repeats {
            Some(number) if self.bytes > 0 => write!(f, "; same body as #{number}"),
            _ => Ok(()),
        }
    }
}

impl Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn or_dash(text: &Option<String>) -> Foreign<'_> {
            Foreign(text.as_deref().unwrap_or("-"))
        }
        let courier = or_dash(&self.courier);
        let status = or_dash(&self.status);
        write!(f, "{} {courier} {status}", Foreign(&self.parcel))?;
        if let Some(substatus) = &self.substatus {
            write!(f, "/{}", Foreign(substatus))?;
        }
        if let Some(meaning) = self.substatus_meaning.or(self.status_meaning) {
            write!(f, " ({meaning})")?;
        }
        if let Some(event) = &self.latest_event {
            write!(f, ", \"{}\"", Foreign(event))?;
        }
        if let Some(seconds) = self.age_seconds {
            write!(f, ", signed {}", Age(seconds))?;
        }
        if let Some(seconds) = self.claimed_age_seconds {
            write!(f, ", timestamp {}, not signed", Age(seconds))?;
        }
        let scheme = self.scheme;
        let secret = self.secret_index + 1;
        write!(f, ", {scheme} form, secret {secret} of {}", self.secrets)
    }
}

impl Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_good = (200..300).contains(&self.status);
        let status = Painted(if is_good { GOOD } else { BAD }, self.status);
        write!(f, "{} ← #{} {status}", Clock(self.at), self.number)?;
        if let Some(from) = &self.from {
            write!(f, " from {from}")?;
        }
        match self.latency_ms {
            short if short < 9.95 => write!(f, ", {short:.1} ms")?,
            long => write!(f, ", {long:.0} ms")?,
        }
        if let Some(path) = &self.saved {
            write!(f, "; saved as {path}")?;
        }
        match &self.trouble {
            Some(trouble) => write!(f, "; {}", Painted(BAD, trouble)),
            None => Ok(()),
        }
    }
}

impl Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} accepted, {} refused", self.accepted, self.refused)?;
        for (n, (code, count)) in self.reasons.iter().enumerate() {
            let before = if n == 0 { " (" } else { ", " };
            write!(f, "{before}{code}: {count}")?;
        }
        if !self.reasons.is_empty() {
            f.write_str(")")?;
        }
        if self.unexpected > 0 {
            let unexpected = self.unexpected;
            write!(f, ", {unexpected} with an unexpected path or method")?;
        }
        for (n, (status, count)) in self.answers.iter().enumerate() {
            let before = if n == 0 { "; answered " } else { ", " };
            write!(f, "{before}{status}: {count}")?;
        }
        Ok(())
    }
}

/// A time of day here.
struct Clock(Timestamp);

impl Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.0.to_zoned_datetime(TimeZone::system());
        write!(f, "{}", Painted(FAINT, local.strftime("%H:%M:%S")))
    }
}

/// How long ago, in seconds.
struct Age(i64);

impl Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = Written(SignedDuration::from_secs(self.0).unsigned_abs());
        if self.0 < 0 {
            write!(f, "{length} ahead")
        } else {
            write!(f, "{length} ago")
        }
    }
}
