//! The stream of what arrives. An id is the run of the program and how many lines came before, so
//! that a page whose stream was cut goes on where it was.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{
        IntoResponse as _, Response,
        sse::{Event, Sse},
    },
};
use clap::ValueEnum as _;
use futures_util::stream::unfold;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Interval, interval},
};

use super::{Inspector, Shared};
use crate::{
    client::Target,
    commands::listen::store::{ACCEPTED, Kept, Line, REFUSED, Subscriber},
    duration::Written,
    event::Status,
};

/// How often an event shows the page that the stream is alive. A page does not see comments.
const HEARTBEAT: Duration = Duration::from_secs(3);

/// How soon a page whose stream was cut tries again.
const RETRY: Duration = Duration::from_millis(500);

struct Reader {
    inspector: Shared,
    /// `None` until the list has been sent.
    lines: Option<Subscriber>,
    heartbeat: Interval,
    _permit: OwnedSemaphorePermit,
}

pub(super) async fn events(
    State(inspector): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Ok(permit) = inspector.streams.clone().try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let last = headers.get("last-event-id");
    let last = last.and_then(|id| id.to_str().ok());
    // A page that opens its stream again cannot set the header.
    let asked = uri.query().and_then(|query| query.strip_prefix("after="));
    let seen = last.or(asked).and_then(|id| inspector.seen(id));
    let reader = Reader {
        lines: seen.map(|seen| inspector.store.subscribe(seen)),
        inspector,
        heartbeat: interval(HEARTBEAT),
        _permit: permit,
    };
    let events = unfold(reader, |mut reader| async {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    Sse::new(events).into_response()
}

impl Reader {
    /// Returns the next event, or `None` at the end of the program, which must not wait for pages.
    async fn next(&mut self) -> Option<Event> {
        let Some(lines) = &mut self.lines else {
            return Some(self.list());
        };
        let mut stopping = self.inspector.stopping.clone();
        let line = tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => return None,
            line = lines.next() => line?,
            _ = self.heartbeat.tick() => return Some(event("heartbeat", &())),
        };
        let id = self.inspector.id(lines.seen());
        Some(match line {
            Line::Arrived(arrived) => event("arrived", &*arrived).id(id),
            Line::Answered(answered) => event("answered", &*answered).id(id),
            Line::Missed(_) => self.list(),
        })
    }

    /// Returns everything that is kept, and goes on from there.
    fn list(&mut self) -> Event {
        let (seen, kept) = self.inspector.store.snapshot();
        self.lines = Some(self.inspector.store.subscribe(seen));
        let requests: Vec<_> = kept.iter().map(row).collect();
        let list = json!({
            "epoch": self.inspector.epoch,
            "requests": requests,
            "accepted_kept": ACCEPTED.count,
            "refused_kept": REFUSED.count,
            "about": self.inspector.about(),
        });
        event("list", &list)
            .id(self.inspector.id(seen))
            .retry(RETRY)
    }
}

fn row(kept: &Kept) -> Value {
    json!({"arrived": &*kept.record.arrived, "answered": kept.answered.as_deref()})
}

fn event(name: &str, data: &impl Serialize) -> Event {
    let event = Event::default().event(name);
    // Never fails: all keys are text.
    event.json_data(data).unwrap_or_default()
}

impl Inspector {
    fn id(&self, seen: u64) -> String {
        format!("{}-{seen}", self.epoch)
    }

    /// Reads an id that this run has given.
    fn seen(&self, id: &str) -> Option<u64> {
        let (_, seen) = id.split_once('-')?;
        let seen = seen.parse().ok()?;
        (self.id(seen) == id && seen <= self.store.written()).then_some(seen)
    }

    fn about(&self) -> Value {
        let statuses = Status::value_variants().iter();
        let statuses = statuses.filter_map(|status| status.to_possible_value());
        let statuses: Vec<_> = statuses.map(|value| value.get_name().to_owned()).collect();
        json!({
            "url": self.own.shown(),
            "target": self.target.as_ref().map(Target::shown),
            "max_age": Written(self.max_age).to_string(),
            "statuses": statuses,
        })
    }
}
