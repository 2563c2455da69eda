//! All that is known of one request.

use std::{collections::HashSet, time::SystemTime};

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;
use trackingmore_webhook_axum::{Event, Freshness, Tracking, Update, VerifiedBody};

use super::{Inspector, Shared, timeline::Timeline};
use crate::commands::{
    listen::{
        store::{Kept, Record},
        verdict::Verdict,
    },
    verify::{Mistake, Suspect, advice, is_signature},
};

/// How many members of a parcel are looked at, one by one.
const MEMBERS: usize = 200;

/// How much of a body that is no text is shown.
const SHOWN: usize = 4096;

pub(super) async fn details(
    State(inspector): State<Shared>,
    Path(number): Path<u64>,
    uri: Uri,
) -> Response {
    let Some(kept) = inspector.store.kept(number) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let shows_signatures = uri.query() == Some("signatures=shown");
    // Trying mistakes takes its time, and must not delay what arrives meanwhile.
    let details = spawn_blocking(move || inspector.details(&kept, shows_signatures)).await;
    match details {
        Ok(details) => Json(details).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl Inspector {
    fn details(&self, kept: &Kept, shows_signatures: bool) -> Value {
        let record = &*kept.record;
        let arrived = &record.arrived;
        let headers = record.request.headers.iter().map(|(name, value)| {
            let is_masked = !shows_signatures && is_private(name, value);
            let value = match is_masked {
                true => format!("•••••••• ({} characters)", value.len()),
                false => shown(value),
            };
            json!({"name": name, "value": value, "masked": is_masked})
        });
        let body = record.request.body();
        let text = str::from_utf8(body).ok();
        json!({
            "arrived": &**arrived,
            "answered": kept.answered.as_deref(),
            "method": record.request.method,
            "target": record.request.target,
            "headers": headers.collect::<Vec<_>>(),
            "sha256": hex::encode(record.sha256),
            "text": text,
            "hex": match text {
                Some(_) => None,
                None => Some(hex::encode(&body[..body.len().min(SHOWN)])),
            },
            "why": self.why(record),
            "lifetime": self.lifetime(record),
            "parcel": self.parcel(record),
            "resent": kept.resent.iter().map(|resent| &**resent).collect::<Vec<_>>(),
        })
    }

    /// Lists what was tried and what was found.
    fn why(&self, record: &Record) -> Value {
        let schemes: &[&str] = match self.scheme {
            Some(scheme) => &[scheme.name()],
            None => &["timestamp", "body"],
        };
        let mistakes = match record.arrived.verdict {
            Verdict::Refused { .. } => self.mistakes(record),
            Verdict::Accepted(_) | Verdict::Unexpected { .. } => Vec::new(),
        };
        let mistakes = mistakes.iter().map(|mistake| {
            json!({
                "code": mistake.code,
                "detail": mistake.detail,
                "advice": advice(mistake.code),
            })
        });
        let code = match record.arrived.verdict {
            Verdict::Refused { code, .. } => advice(code),
            _ => None,
        };
        json!({
            "schemes": schemes,
            "secrets": self.secrets.len(),
            "mistakes": mistakes.collect::<Vec<_>>(),
            "advice": code,
        })
    }

    /// Judges as `verify` does, with each secret. Returns the best explanation of the refusal.
    fn mistakes(&self, record: &Record) -> Vec<Mistake> {
        let mut first = None;
        for secret in &self.secrets {
            let Some(suspect) = self.suspect(record, secret) else {
                continue;
            };
            match suspect.judge() {
                // It was refused for what it holds, not for its signature.
                Ok(_) => return Vec::new(),
                Err(mistakes) if mistakes.iter().any(Mistake::explains) => return mistakes,
                Err(mistakes) => first = first.or(Some(mistakes)),
            }
        }
        first.unwrap_or_default()
    }

    fn suspect<'a>(&self, record: &'a Record, secret: &'a [u8]) -> Option<Suspect<'a>> {
        Some(Suspect {
            headers: &record.request.headers,
            body: record.request.body(),
            secret,
            scheme: self.scheme,
            encoding: None,
            max_age: self.max_age,
            now: SystemTime::try_from(record.arrived.received).ok()?,
        })
    }

    fn verified(&self, record: &Record) -> Option<VerifiedBody> {
        let mut secrets = self.secrets.iter();
        secrets.find_map(|secret| self.suspect(record, secret)?.verified())
    }

    /// Returns how long a captured request stays valid.
    pub(super) fn lifetime(&self, record: &Record) -> String {
        let Some(body) = self.verified(record) else {
            return "The signature was not valid when the request arrived.".to_owned();
        };
        let Some(signed) = body.verified().timestamp() else {
            return "The signature stays valid until the secret is changed.".to_owned();
        };
        let max_age = SignedDuration::try_from(self.max_age).unwrap_or(SignedDuration::MAX);
        let end = Timestamp::try_from(signed).and_then(|signed| signed.checked_add(max_age));
        match end {
            Ok(end) if end < Timestamp::now() => {
                format!("The signature was valid here until {end:.0}.")
            }
            Ok(end) => format!("The signature stays valid here until {end:.0}."),
            Err(_) => "The signature stays valid.".to_owned(),
        }
    }

    /// Shows what a handler gets, and what is new in it.
    fn parcel(&self, record: &Record) -> Option<Value> {
        let event = event(record)?;
        let sent = &event.tracking;
        let (update, against) = self.update(record, sent);
        let new: HashSet<_> = update
            .checkpoints()
            .iter()
            .chain(update.backfilled())
            .map(|checkpoint| checkpoint.key())
            .collect();
        let timeline = Timeline::of(sent, |checkpoint| new.contains(&checkpoint.key()));
        let status = update.status();
        Some(json!({
            "fields": fields(sent),
            "unknown": unknown(record.request.body(), &event),
            "timeline": timeline,
            "update": {
                "against": against,
                "from": status.as_ref().and_then(|status| status.from.clone()),
                "to": status.map(|status| status.to),
                "new": update.checkpoints().len(),
                "backfilled": update.backfilled().len(),
                "is_news": update.is_news(),
                "is_older": update.freshness() == Freshness::Older,
            },
        }))
    }

    /// Takes in all deliveries of the parcel that are kept, up to this one; and gives the number of
    /// the last one before it.
    fn update(&self, record: &Record, sent: &Tracking) -> (Update, Option<u64>) {
        let (_, kept) = self.store.snapshot();
        let before = kept.iter().map(|kept| &*kept.record);
        let before = before.take_while(|before| before.arrived.number < record.arrived.number);
        let mut known = None;
        let mut against = None;
        for before in before {
            let of_the_parcel = event(before)
                .map(|event| event.tracking)
                .filter(|tracking| tracking.tracking_number == sent.tracking_number)
                .filter(
                    |tracking| match (&tracking.courier_code, &sent.courier_code) {
                        (Some(one), Some(other)) => one == other,
                        _ => true,
                    },
                );
            if let Some(tracking) = of_the_parcel {
                known = Some(Update::new(known, tracking).into_tracking());
                against = Some(before.arrived.number);
            }
        }
        (Update::new(known, sent.clone()), against)
    }
}

fn event(record: &Record) -> Option<Event> {
    let is_accepted = record.arrived.verdict.is_accepted();
    is_accepted
        .then(|| serde_json::from_slice(record.request.body()).ok())
        .flatten()
}

/// Returns the fields that are set. Those of legs come without checkpoints, which the timeline has.
fn fields(tracking: &Tracking) -> Vec<(String, Value)> {
    let mut fields = Vec::new();
    if let Ok(Value::Object(members)) = serde_json::to_value(tracking) {
        collect("", members, &mut fields);
    }
    fields
}

fn collect(path: &str, members: Map<String, Value>, fields: &mut Vec<(String, Value)>) {
    for (name, value) in members {
        let name = format!("{path}{name}");
        match value {
            Value::Null => {}
            Value::Object(members) => collect(&format!("{name}."), members, fields),
            Value::Array(_) if name.ends_with(".trackinfo") => {}
            value => fields.push((name, value)),
        }
    }
}

/// Gives the members of the parcel that the model does not read: without one, the event is the
/// same.
fn unknown(body: &[u8], event: &Event) -> Vec<(String, Value)> {
    let Ok(mut root) = serde_json::from_slice::<Value>(body) else {
        return Vec::new();
    };
    let known = serde_json::to_value(&event.tracking).unwrap_or_default();
    let names: Vec<String> = match parcel(&mut root) {
        Some(parcel) => parcel.keys().take(MEMBERS).cloned().collect(),
        None => return Vec::new(),
    };
    let mut unknown = Vec::new();
    for name in names {
        let is_known = known.get(&name).is_some();
        let Some(value) = parcel(&mut root).and_then(|parcel| parcel.remove(&name)) else {
            continue;
        };
        let is_set = !matches!(&value, Value::Null) && value != "" && value != "null";
        let is_read = || Event::deserialize(&root).is_ok_and(|read| read == *event);
        if is_set && !is_known && is_read() {
            unknown.push((name.clone(), value.clone()));
        }
        if let Some(parcel) = parcel(&mut root) {
            parcel.insert(name, value);
        }
    }
    unknown
}

fn parcel(root: &mut Value) -> Option<&mut Map<String, Value>> {
    let data = root.get_mut("data")?;
    match data {
        Value::Array(parcels) => parcels.first_mut()?.as_object_mut(),
        data => data.as_object_mut(),
    }
}

/// Returns whether a header holds credentials.
fn is_private(name: &str, value: &[u8]) -> bool {
    name.contains("signature")
        || matches!(name, "authorization" | "proxy-authorization" | "cookie")
        || is_signature(value)
}

fn shown(value: &[u8]) -> String {
    match str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => value.escape_ascii().to_string(),
    }
}
