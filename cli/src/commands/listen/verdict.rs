//! The verdict on a request.

use axum::http::HeaderMap;
use jiff::Timestamp;
use serde::Serialize;
use trackingmore_webhook_axum::{Delivery, DeliveryStatus, Error, Scheme, Substatus};

/// How many characters of a foreign text a line keeps.
const SHOWN: usize = 500;

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Verdict {
    Accepted(Box<Accepted>),
    Refused {
        code: &'static str,
        reason: String,
        /// The age of the timestamp, signed or not.
        age_seconds: Option<i64>,
    },
    /// Another path, or another method.
    Unexpected {
        method: String,
        path: String,
    },
}

#[derive(Serialize)]
pub(super) struct Accepted {
    pub(super) parcel: String,
    pub(super) courier: Option<String>,
    pub(super) status: Option<String>,
    pub(super) status_meaning: Option<&'static str>,
    pub(super) substatus: Option<String>,
    pub(super) substatus_meaning: Option<&'static str>,
    pub(super) latest_event: Option<String>,
    pub(super) age_seconds: Option<i64>,
    /// The age of the timestamp if it is not signed.
    pub(super) claimed_age_seconds: Option<i64>,
    pub(super) scheme: &'static str,
    pub(super) secret_index: usize,
    /// The number of secrets.
    #[serde(skip)]
    pub(super) secrets: usize,
    pub(super) delivery_id: String,
}

impl Verdict {
    pub(super) fn accepted(
        delivery: &Delivery,
        headers: &HeaderMap,
        received: Timestamp,
        secrets: usize,
    ) -> Self {
        let tracking = &delivery.event.tracking;
        let status = tracking.delivery_status.as_ref();
        let substatus = tracking.substatus.as_ref();
        let verified = &delivery.verified;
        let signed = verified.timestamp();
        let signed = signed.and_then(|time| Timestamp::try_from(time).ok());
        let latest_event = tracking.latest_event.as_deref().or_else(|| {
            let checkpoint = tracking.latest_checkpoint()?;
            checkpoint.tracking_detail.as_deref()
        });
        Self::Accepted(Box::new(Accepted {
            parcel: short(&tracking.tracking_number),
            courier: tracking.courier_code.as_deref().map(short),
            status: status.map(|status| short(status.as_str())),
            status_meaning: status.and_then(DeliveryStatus::meaning),
            substatus: substatus.map(|substatus| short(substatus.as_str())),
            substatus_meaning: substatus.and_then(Substatus::meaning),
            latest_event: latest_event.map(short),
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

    pub(super) fn unexpected(method: &str, path: &str) -> Self {
        Self::Unexpected {
            method: short(method),
            path: short(path),
        }
    }

    /// The verdict as a saved delivery notes it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Accepted(_) => "accepted".to_owned(),
            Self::Refused { code, .. } => format!("refused {code}"),
            Self::Unexpected { .. } => "unexpected".to_owned(),
        }
    }

    pub(super) fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted(_))
    }
}

fn claimed_age(headers: &HeaderMap, received: Timestamp) -> Option<i64> {
    let claimed: i64 = headers.get("timestamp")?.to_str().ok()?.parse().ok()?;
    received.as_second().checked_sub(claimed)
}

fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
