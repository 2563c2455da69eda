//! Verified deliveries, as the vendor sends them.

use std::{sync::LazyLock, time::SystemTime};

use serde_json::{Value, json};
use trackingmore_webhook::{Scheme, Signer, Tracking, VerifiedBody, Verifier};

const SECRET: &str = "2e55b9a3-4dd1-4416-9897-c4bd1e3d738f";

/// A state of a parcel, to be sent. By default, it is in transit, has one checkpoint, and was
/// updated at the time of that checkpoint.
#[derive(Clone)]
pub(crate) struct State(Value);

/// Returns the state of a parcel at a minute of its life.
pub(crate) fn state(tracking_number: impl Into<String>, minute: u32) -> State {
    State(json!({
        "tracking_number": tracking_number.into(),
        "courier_code": "postnord",
        "delivery_status": "transit",
        "update_at": format!("{}+00:00", time(minute)),
        "origin_info": {
            "courier_code": "postnord",
            "trackinfo": [checkpoint(minute)],
        },
    }))
}

/// Returns a state with a checkpoint for each minute up to this one, and a status that depends on
/// the minute.
pub(crate) fn life(tracking_number: &str, minute: u32) -> State {
    state(tracking_number, minute)
        .checkpoints((1..=minute).rev())
        .status(status(minute))
}

pub(crate) fn status(minute: u32) -> &'static str {
    ["transit", "pickup", "undelivered", "exception"][minute as usize % 4]
}

impl State {
    /// Sets a field of the tracking object.
    pub(crate) fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.0[member] = value.into();
        self
    }

    pub(crate) fn courier(mut self, code: &str) -> Self {
        self.0["origin_info"]["courier_code"] = code.into();
        self.with("courier_code", code)
    }

    pub(crate) fn without_courier(mut self) -> Self {
        self.0["origin_info"]["courier_code"] = Value::Null;
        self.without("courier_code")
    }

    pub(crate) fn without(self, member: &str) -> Self {
        self.with(member, Value::Null)
    }

    pub(crate) fn status(self, status: &str) -> Self {
        self.with("delivery_status", status)
    }

    /// Replaces the checkpoints: one for each of these minutes.
    pub(crate) fn checkpoints(mut self, minutes: impl IntoIterator<Item = u32>) -> Self {
        let checkpoints: Vec<Value> = minutes.into_iter().map(checkpoint).collect();
        self.0["origin_info"]["trackinfo"] = checkpoints.into();
        self
    }

    pub(crate) fn tracking(&self) -> Tracking {
        serde_json::from_value(self.0.clone()).expect("a parcel")
    }

    pub(crate) fn json(&self) -> Value {
        json!({"code": 200, "message": "Success", "data": self.0})
    }

    pub(crate) fn sent(&self) -> VerifiedBody {
        // In one order, whether or not another crate makes `serde_json` keep the order of members.
        let mut json = self.json();
        json.sort_all_objects();
        sent(json.to_string())
    }
}

/// Returns a delivery of several parcels in one body.
pub(crate) fn several(states: impl IntoIterator<Item = State>) -> VerifiedBody {
    let data: Vec<Value> = states.into_iter().map(|state| state.0).collect();
    sent(json!({"code": 200, "message": "Success", "data": data}).to_string())
}

/// Signs and verifies any bytes.
pub(crate) fn sent(body: impl Into<Vec<u8>>) -> VerifiedBody {
    sent_bytes(body.into().into())
}

pub(crate) fn sent_bytes(body: bytes::Bytes) -> VerifiedBody {
    static VERIFIER: LazyLock<Verifier> =
        LazyLock::new(|| Verifier::new(SECRET).expect("a secret"));
    static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::new(SECRET).expect("a secret"));
    let headers = SIGNER.headers(Scheme::Timestamp, SystemTime::now(), &body);
    let mut incoming = VERIFIER.begin(&headers).expect("a valid signature");
    incoming.push(body).expect("a small body");
    incoming.finish().expect("a genuine delivery")
}

fn checkpoint(minute: u32) -> Value {
    json!({
        "checkpoint_date": time(minute),
        "checkpoint_delivery_status": "transit",
        "tracking_detail": format!("Scanned {minute}"),
        "location": "Malmö",
    })
}

/// Hours start at 1, since a midnight counts as a date without a time.
pub(crate) fn time(minute: u32) -> String {
    let (day, hour, minute) = (minute / 1_380, minute % 1_380 / 60, minute % 60);
    let (month, day) = (day / 28 + 1, day % 28 + 1);
    format!("2026-{month:02}-{day:02}T{:02}:{minute:02}:00", hour + 1)
}

/// Returns the minute that a checkpoint was made for.
pub(crate) fn minute(checkpoint: &trackingmore_webhook::Checkpoint) -> i64 {
    let detail = checkpoint.tracking_detail.as_deref();
    let minute = detail.and_then(|detail| detail.strip_prefix("Scanned "));
    minute
        .and_then(|it| it.parse().ok())
        .expect("a checkpoint of ours")
}
