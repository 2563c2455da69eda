use serde_json::{Value, json};
use trackingmore_webhook_axum::trackingmore_webhook::Signature;

use super::request::Request;
use crate::{
    mac::{Mac, mac},
    secret::Secret,
    signing::{Encoding, SchemeArg as Scheme},
};

/// A form of signing, as the documentation has it: what is signed, and how the signature is
/// written.
pub(super) type Form = (Scheme, Encoding);

/// What `unknown-parcel` is about.
pub(super) const UNKNOWN_PARCEL: &str = "UNKNOWN0000000404";

/// Signs as TrackingMore does, in the forms that the receiver is known to accept.
pub(super) struct Vendor {
    pub(super) secret: Secret,
    pub(super) parcel: String,
    pub(super) accepted: Vec<Form>,
}

impl Vendor {
    /// The scheme for what can be sent in either.
    pub(super) fn scheme(&self) -> Scheme {
        self.accepted
            .first()
            .map_or(Scheme::Timestamp, |form| form.0)
    }

    pub(super) fn is_accepted(&self, scheme: Scheme) -> bool {
        self.accepted.iter().any(|form| form.0 == scheme)
    }

    /// A genuine delivery.
    pub(super) fn genuine(&self, scheme: Scheme) -> Request {
        self.forged(scheme, |_| {})
    }

    /// A genuine delivery of another body.
    pub(super) fn delivery(&self, scheme: Scheme, body: impl Into<Vec<u8>>) -> Request {
        let form = self.form(scheme);
        self.signed(form, &self.secret, unix_now(), body.into(), |_| {})
    }

    /// A genuine delivery in a form that the receiver may not accept.
    pub(super) fn in_form(&self, form: Form) -> Request {
        self.signed(form, &self.secret, unix_now(), self.event_text(), |_| {})
    }

    /// A delivery whose timestamp was signed in another second.
    pub(super) fn signed_at(&self, seconds: u64) -> Request {
        let form = self.form(Scheme::Timestamp);
        self.signed(form, &self.secret, seconds, self.event_text(), |_| {})
    }

    /// A delivery signed with a key that is not the secret.
    pub(super) fn signed_with(&self, scheme: Scheme, key: &[u8]) -> Request {
        self.signed(
            self.form(scheme),
            key,
            unix_now(),
            self.event_text(),
            |_| {},
        )
    }

    /// A delivery whose signature was changed.
    pub(super) fn forged(&self, scheme: Scheme, change: impl FnOnce(&mut Mac)) -> Request {
        let body = self.event_text();
        self.signed(self.form(scheme), &self.secret, unix_now(), body, change)
    }

    /// The text of the right signature of a message, in the encoding that goes with a scheme.
    pub(super) fn signature(&self, scheme: Scheme, message: &[u8]) -> String {
        write(self.form(scheme).1, mac(&self.secret, message))
    }

    pub(super) fn event_text(&self) -> Vec<u8> {
        self.event().to_string().into_bytes()
    }

    /// An event of version V4.
    pub(super) fn event(&self) -> Value {
        json!({
            "code": 200,
            "message": "Success",
            "data": {
                "tracking_number": self.parcel,
                "courier_code": "dhl",
                "order_number": "CHECK/1",
                "delivery_status": "transit",
                "substatus": "transit002",
                "archived": "tracking",
                "updating": false,
                "source": "API",
                "latest_event": "Arrived at sorting centre, Malmö, 2026-03-02T06:41:00",
                "latest_checkpoint_time": "2026-03-02T06:41:00",
                "transit_time": 3,
                "origin_info": {
                    "courier_code": "dhl",
                    "trackinfo": [{
                        "checkpoint_date": "2026-03-02T06:41:00",
                        "checkpoint_delivery_status": "transit",
                        "checkpoint_delivery_substatus": "transit002",
                        "tracking_detail": "Arrived at sorting centre",
                        "location": "Malmö"
                    }]
                },
                "destination_info": null
            }
        })
    }

    /// A scheme in the encoding in which it is accepted, or else in the documented one.
    fn form(&self, scheme: Scheme) -> Form {
        let accepted = self.accepted.iter().find(|form| form.0 == scheme);
        let documented = match scheme {
            Scheme::Timestamp => Encoding::Hex,
            Scheme::Body => Encoding::Base64,
        };
        accepted.copied().unwrap_or((scheme, documented))
    }

    fn signed(
        &self,
        (scheme, encoding): Form,
        key: &[u8],
        seconds: u64,
        body: Vec<u8>,
        change: impl FnOnce(&mut Mac),
    ) -> Request {
        let time = seconds.to_string();
        let mut signature = match scheme {
            Scheme::Timestamp => mac(key, time.as_bytes()),
            Scheme::Body => mac(key, &body),
        };
        change(&mut signature);
        Request::new(body)
            .with("timestamp", time)
            .with("signature", write(encoding, signature))
    }
}

pub(super) fn unix_now() -> u64 {
    jiff::Timestamp::now().as_second().unsigned_abs()
}

fn write(encoding: Encoding, mac: Mac) -> String {
    let signature = Signature::from(mac);
    match encoding {
        Encoding::Hex => signature.to_hex(),
        Encoding::Base64 => signature.to_base64(),
    }
}
