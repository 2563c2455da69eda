//! What is said of each request, and of all.

use std::{collections::BTreeMap, fmt};

use axum::http::HeaderMap;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::Serialize;
use trackingmore_webhook_axum::{Delivery, DeliveryStatus, Error, Scheme, Substatus};

use crate::{
    duration::Written,
    output::{BAD, FAINT, Foreign, GOOD, Painted},
};

#[derive(Serialize)]
pub(super) struct Report {
    #[serde(flatten)]
    pub(super) outcome: Outcome,
    pub(super) received: Timestamp,
    /// The status of the answer.
    pub(super) answered: u16,
    pub(super) bytes: usize,
    #[serde(flatten)]
    pub(super) effects: Effects,
}

/// What else came of a request.
#[derive(Default, Serialize)]
pub(super) struct Effects {
    /// The file it is kept in.
    pub(super) saved: Option<String>,
    /// Why it could not be kept or passed on.
    pub(super) trouble: Option<String>,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Outcome {
    Accepted(Box<Accepted>),
    Refused {
        code: &'static str,
        reason: String,
        /// How old the timestamp is, if it is one; nothing proves it.
        age_seconds: Option<i64>,
    },
    /// Another path, or another method.
    Misplaced {
        method: String,
        path: String,
    },
}

#[derive(Serialize)]
pub(super) struct Accepted {
    parcel: String,
    courier: Option<String>,
    status: Option<DeliveryStatus>,
    status_meaning: Option<&'static str>,
    substatus: Option<Substatus>,
    substatus_meaning: Option<&'static str>,
    latest_event: Option<String>,
    age_seconds: Option<i64>,
    /// How old the timestamp is where nothing proves it.
    claimed_age_seconds: Option<i64>,
    scheme: &'static str,
    secret_index: usize,
    #[serde(skip)]
    secrets: usize,
    delivery_id: String,
}

impl Outcome {
    pub(super) fn accepted(
        delivery: &Delivery,
        headers: &HeaderMap,
        received: Timestamp,
        secrets: usize,
    ) -> Self {
        let tracking = &delivery.event.tracking;
        let status = tracking.delivery_status.clone();
        let substatus = tracking.substatus.clone();
        let verified = &delivery.verified;
        let signed = verified.timestamp();
        let signed = signed.and_then(|time| Timestamp::try_from(time).ok());
        Self::Accepted(Box::new(Accepted {
            parcel: tracking.tracking_number.clone(),
            courier: tracking.courier_code.clone(),
            status_meaning: status.as_ref().and_then(DeliveryStatus::meaning),
            status,
            substatus_meaning: substatus.as_ref().and_then(Substatus::meaning),
            substatus,
            latest_event: tracking.latest_event.clone().or_else(|| {
                let checkpoint = tracking.latest_checkpoint()?;
                checkpoint.tracking_detail.clone()
            }),
            age_seconds: signed.map(|signed| received.as_second() - signed.as_second()),
            claimed_age_seconds: match signed {
                Some(_) => None,
                None => claimed_age(headers, received),
            },
            scheme: match verified.scheme() {
                Scheme::Timestamp => "timestamp",
                Scheme::Body => "body",
                _ => "unknown",
            },
            secret_index: verified.secret_index(),
            secrets,
            delivery_id: delivery.id().to_string(),
        }))
    }

    pub(super) fn refused(error: &Error, headers: &HeaderMap, received: Timestamp) -> Self {
        Self::Refused {
            code: error.code(),
            reason: error.to_string(),
            age_seconds: claimed_age(headers, received),
        }
    }
}

fn claimed_age(headers: &HeaderMap, received: Timestamp) -> Option<i64> {
    let claimed: i64 = headers.get("timestamp")?.to_str().ok()?.parse().ok()?;
    received.as_second().checked_sub(claimed)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.received.to_zoned_datetime(TimeZone::system());
        let time = local.strftime("%H:%M:%S").to_string();
        let answered = self.answered;
        let time = Painted(FAINT, time);
        match &self.outcome {
            Outcome::Accepted(accepted) => {
                let outcome = Painted(GOOD, "accepted");
                write!(f, "{time} {outcome}, answered {answered}: {accepted}")?;
            }
            Outcome::Refused {
                code,
                reason,
                age_seconds,
            } => {
                let outcome = Painted(BAD, "refused");
                write!(
                    f,
                    "{time} {outcome}, answered {answered}: {code}, {reason}; {} bytes",
                    self.bytes
                )?;
                if let Some(seconds) = age_seconds {
                    write!(f, ", timestamp {}", Age(*seconds))?;
                }
            }
            Outcome::Misplaced { method, path } => {
                let outcome = Painted(BAD, "misplaced");
                let (method, path) = (Foreign(method), Foreign(path));
                write!(f, "{time} {outcome}, answered {answered}: {method} {path}")?;
            }
        }
        if let Some(path) = &self.effects.saved {
            write!(f, "; saved as {path}")?;
        }
        if let Some(trouble) = &self.effects.trouble {
            write!(f, "; {}", Painted(BAD, trouble))?;
        }
        Ok(())
    }
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn or_dash(text: Option<&str>) -> Foreign<'_> {
            Foreign(text.unwrap_or("-"))
        }
        let courier = or_dash(self.courier.as_deref());
        write!(f, "{} {courier}", Foreign(&self.parcel))?;
        let status = self.status.as_ref().map(DeliveryStatus::as_str);
        write!(f, " {}", or_dash(status))?;
        if let Some(substatus) = &self.substatus {
            write!(f, "/{}", Foreign(substatus.as_str()))?;
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

/// How long ago, in seconds.
struct Age(i64);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = Written(SignedDuration::from_secs(self.0).unsigned_abs());
        if self.0 < 0 {
            write!(f, "{length} ahead")
        } else {
            write!(f, "{length} ago")
        }
    }
}

/// What all requests came to.
#[derive(Serialize)]
pub(super) struct Totals {
    event: &'static str,
    accepted: u64,
    refused: u64,
    misplaced: u64,
    /// The refused ones by their code.
    reasons: BTreeMap<&'static str, u64>,
}

impl Totals {
    pub(super) fn new() -> Self {
        Self {
            event: "summary",
            accepted: 0,
            refused: 0,
            misplaced: 0,
            reasons: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, report: &Report) {
        match &report.outcome {
            Outcome::Accepted(_) => self.accepted += 1,
            Outcome::Refused { code, .. } => {
                self.refused += 1;
                *self.reasons.entry(code).or_default() += 1;
            }
            Outcome::Misplaced { .. } => self.misplaced += 1,
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} accepted, {} refused", self.accepted, self.refused)?;
        for (n, (code, count)) in self.reasons.iter().enumerate() {
            let before = if n == 0 { " (" } else { ", " };
            write!(f, "{before}{code}: {count}")?;
        }
        if !self.reasons.is_empty() {
            f.write_str(")")?;
        }
        match self.misplaced {
            0 => Ok(()),
            misplaced => write!(f, ", {misplaced} to another path or with another method"),
        }
    }
}
