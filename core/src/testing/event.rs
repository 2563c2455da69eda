use std::{fmt, time::SystemTime};

use bytes::Bytes;

use super::SECRET;
use crate::{
    Checkpoint, Delivery, DeliveryStatus, Event, Leg, Scheme, Signer, Substatus, Time, Tracking,
    VerifiedBody, Verifier,
};

/// Starts building an event about a parcel, for the test of a handler.
///
/// # Examples
///
/// ```
/// use trackingmore_webhook::{Delivery, DeliveryStatus, testing};
///
/// fn message(delivery: &Delivery) -> Option<&'static str> {
///     match delivery.event.tracking.delivery_status {
///         Some(DeliveryStatus::Delivered) => Some("Your parcel has arrived."),
///         _ => None,
///     }
/// }
///
/// let on_the_way = testing::event("LX405512873SE")
///     .courier("postnord")
///     .status(DeliveryStatus::Transit)
///     .checkpoint("2026-03-01T15:20:00", "Handed over to the carrier")
///     .checkpoint_in("2026-03-02T06:41:00", "Arrived at terminal", "Malmö")
///     .update_at("2026-03-02T06:00:12+00:00");
/// assert_eq!(message(&on_the_way.delivery()), None);
///
/// let delivered = on_the_way.status(DeliveryStatus::Delivered);
/// assert_eq!(message(&delivered.delivery()), Some("Your parcel has arrived."));
/// ```
pub fn event(tracking_number: impl Into<String>) -> EventBuilder {
    EventBuilder {
        tracking: Tracking::new(tracking_number),
        scheme: Scheme::Timestamp,
    }
}

/// An event to test a handler with. Created by [`event()`].
///
/// The same calls make the same body, byte for byte, and so the same
/// [`DeliveryId`](crate::DeliveryId). Fields that are not set are absent.
#[derive(Clone, Debug)]
#[must_use]
pub struct EventBuilder {
    tracking: Tracking,
    scheme: Scheme,
}

impl EventBuilder {
    /// Sets the status: a [`DeliveryStatus`], or its text.
    pub fn status(self, status: impl Into<DeliveryStatus>) -> Self {
        self.with(|tracking| tracking.delivery_status = Some(status.into()))
    }

    /// Sets the substatus: a [`Substatus`], or its text.
    pub fn substatus(self, substatus: impl Into<Substatus>) -> Self {
        self.with(|tracking| tracking.substatus = Some(substatus.into()))
    }

    /// Sets the vendor's code of the carrier, such as `usps`.
    pub fn courier(self, code: impl Into<String>) -> Self {
        self.with(|tracking| tracking.courier_code = Some(code.into()))
    }

    /// Sets the number of your order.
    pub fn order_number(self, number: impl Into<String>) -> Self {
        self.with(|tracking| tracking.order_number = Some(number.into()))
    }

    /// Sets when the tracking was created at the vendor, such as `2026-03-01T10:02:52+00:00`.
    pub fn created_at(self, time: impl Into<Time>) -> Self {
        self.with(|tracking| tracking.created_at = Some(time.into()))
    }

    /// Sets when the vendor last updated the tracking, such as `2026-03-02T06:00:12+00:00`.
    pub fn update_at(self, time: impl Into<Time>) -> Self {
        self.with(|tracking| tracking.update_at = Some(time.into()))
    }

    /// Adds a checkpoint on the leg of origin, above those added before, since the vendor's lists
    /// have the newest first.
    pub fn checkpoint(self, time: impl Into<Time>, detail: impl Into<String>) -> Self {
        self.add(Checkpoint {
            checkpoint_date: Some(time.into()),
            tracking_detail: Some(detail.into()),
            ..Checkpoint::default()
        })
    }

    /// Adds a checkpoint as [`checkpoint`](Self::checkpoint) does, with its place.
    pub fn checkpoint_in(
        self,
        time: impl Into<Time>,
        detail: impl Into<String>,
        location: impl Into<String>,
    ) -> Self {
        self.add(Checkpoint {
            checkpoint_date: Some(time.into()),
            tracking_detail: Some(detail.into()),
            location: Some(location.into()),
            ..Checkpoint::default()
        })
    }

    /// Changes anything else about the parcel, with a closure.
    ///
    /// # Examples
    ///
    /// ```
    /// use trackingmore_webhook::{Checkpoint, Leg, testing};
    ///
    /// let abroad = testing::event("LX405512873SE").with(|tracking| {
    ///     let mut checkpoint = Checkpoint::default();
    ///     checkpoint.country_iso2 = Some("DE".into());
    ///     let mut leg = Leg::default();
    ///     leg.trackinfo = vec![checkpoint];
    ///     tracking.destination_info = Some(leg);
    /// });
    /// assert_eq!(abroad.delivery().event.tracking.checkpoints().len(), 1);
    /// ```
    pub fn with(mut self, change: impl FnOnce(&mut Tracking)) -> Self {
        change(&mut self.tracking);
        self
    }

    /// Signs in this scheme. The default is [`Scheme::Timestamp`].
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Returns the event as a handler receives it: signed with [`SECRET`] and accepted by a
    /// [`Verifier`].
    ///
    /// # Panics
    ///
    /// If no event can have the tracking number, for example because it is empty.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        let delivery = self.verified_body().parse();
        delivery.expect("an event needs a tracking number")
    }

    /// Returns the body as a handler that takes only the bytes receives it: signed with [`SECRET`]
    /// and accepted by a [`Verifier`].
    #[must_use]
    pub fn verified_body(&self) -> VerifiedBody {
        let now = SystemTime::now();
        accept(self.signed_at(now, SECRET.as_bytes()), now)
    }

    /// Returns the request that the vendor would send now to a webhook with this secret.
    ///
    /// # Panics
    ///
    /// If `secret` is empty, or begins or ends with whitespace.
    #[must_use]
    pub fn signed_request(&self, secret: impl AsRef<[u8]>) -> SignedRequest {
        self.signed_at(SystemTime::now(), secret.as_ref())
    }

    fn signed_at(&self, now: SystemTime, secret: &[u8]) -> SignedRequest {
        let event = Event {
            code: Some(200),
            message: Some("Request response is successful".to_owned()),
            tracking: self.tracking.clone(),
        };
        let body = serde_json::to_vec(&event).expect("an event is always JSON");
        let signer = Signer::new(secret).expect("a webhook secret");
        let mut headers = signer.headers(self.scheme, now, &body);
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        SignedRequest {
            headers,
            body: body.into(),
        }
    }

    fn add(self, checkpoint: Checkpoint) -> Self {
        self.with(|tracking| {
            let leg = tracking.origin_info.get_or_insert_with(Leg::default);
            leg.trackinfo.insert(0, checkpoint);
        })
    }
}

/// Receives a request that was signed with [`SECRET`] at this time.
fn accept(request: SignedRequest, now: SystemTime) -> VerifiedBody {
    let verifier = Verifier::builder().secret(SECRET).body_limit(usize::MAX);
    let verifier = verifier.build().expect("a verifier with a good secret");
    let incoming = verifier.begin_at(&request.headers, now);
    let mut incoming = incoming.expect("headers that are not refused");
    incoming
        .push(request.body)
        .expect("a body within the limit");
    incoming.finish().expect("a valid signature")
}

/// A delivery to send with any HTTP client. Created by [`EventBuilder::signed_request`].
///
/// `Debug` shows only the length of the body.
///
/// # Examples
///
/// As a request of the crate `http`, which a test of an axum `Router` sends with `oneshot`:
///
/// ```
/// # #[cfg(feature = "http")] {
/// use http::Request;
/// use trackingmore_webhook::testing;
///
/// let signed = testing::event("LX405512873SE").signed_request("secret");
/// let request = Request::post("/webhooks/trackingmore");
/// let request = signed.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
/// let request = request.body(signed.body)?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct SignedRequest {
    /// The headers: `timestamp`, `signature` and `content-type`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRequest")
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_an_envelope_of_the_current_version() {
        let event = event("AB1")
            .status("delivered")
            .substatus(Substatus::Delivered001)
            .courier("usps")
            .order_number("1001")
            .created_at("2026-03-01T10:02:52+00:00")
            .update_at("2026-03-02T06:00:12+00:00")
            .checkpoint("2026-03-01T15:20:00", "Handed over")
            .checkpoint_in("2026-03-02T06:41:00", "Delivered", "Malmö");
        let body: serde_json::Value =
            serde_json::from_slice(&event.signed_request("secret").body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "code": 200,
                "message": "Request response is successful",
                "data": {
                    "tracking_number": "AB1",
                    "courier_code": "usps",
                    "order_number": "1001",
                    "created_at": "2026-03-01T10:02:52+00:00",
                    "update_at": "2026-03-02T06:00:12+00:00",
                    "delivery_status": "delivered",
                    "substatus": "delivered001",
                    "origin_info": {
                        "trackinfo": [
                            {
                                "checkpoint_date": "2026-03-02T06:41:00",
                                "tracking_detail": "Delivered",
                                "location": "Malmö",
                            },
                            {
                                "checkpoint_date": "2026-03-01T15:20:00",
                                "tracking_detail": "Handed over",
                            },
                        ],
                    },
                },
            })
        );
    }

    #[test]
    #[should_panic(expected = "an event needs a tracking number")]
    fn an_event_without_a_number_is_no_delivery() {
        let _ = event("").delivery();
    }

    #[test]
    fn a_delivery_is_what_was_built_in_either_scheme() {
        for scheme in [Scheme::Timestamp, Scheme::Body] {
            let event = event("AB1").status("transit").scheme(scheme);
            let delivery = event.delivery();
            assert_eq!(delivery.event.tracking, event.tracking);
            assert_eq!(delivery.verified.scheme(), scheme);
            assert_eq!(delivery.body, event.signed_request("other").body);
            assert_eq!(delivery.id(), event.verified_body().id());
        }
    }

    #[test]
    fn a_request_is_accepted_with_its_secret_only() {
        for scheme in [Scheme::Timestamp, Scheme::Body] {
            let request = event("AB1").scheme(scheme).signed_request("secret");
            let receive = |secret: &str| {
                let verifier = Verifier::new(secret).unwrap();
                verifier.receive::<Event>(&request.headers, request.body.clone())
            };
            assert_eq!(receive("secret").unwrap().verified.scheme(), scheme);
            assert!(receive(SECRET).is_err());
        }
    }

    #[test]
    fn an_event_may_be_larger_than_a_receiver_takes() {
        let event = event("AB1").with(|tracking| tracking.note = Some("x".repeat(1_000_000)));
        assert!(event.delivery().body.len() > 1_000_000);
    }

    #[test]
    fn debug_shows_neither_signature_nor_payload() {
        let event = event("AB1").with(|tracking| tracking.customer_name = Some("Jane".to_owned()));
        let request = event.signed_request("secret");
        let len = request.body.len();
        assert_eq!(
            format!("{request:?}"),
            format!("SignedRequest {{ body_len: {len}, .. }}")
        );
        assert!(!format!("{event:?}").contains("Jane"));
    }
}
