//! What a delivery says.

mod checkpoint;
mod checkpoint_key;
mod delivery_status;
mod envelope;
mod events;
mod field;
mod freshness;
mod history;
mod json_object;
mod latest_event;
mod leg;
mod lenient;
mod milestones;
mod moment;
mod name;
mod object;
mod open_set;
mod order;
mod scan;
mod substatus;
mod time;
#[cfg(feature = "chrono")]
mod time_chrono;
mod tracking;
mod update;
mod values;

use serde::de::Error;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use checkpoint::Checkpoint;
pub use checkpoint_key::CheckpointKey;
pub use delivery_status::DeliveryStatus;
pub use events::Events;
pub use freshness::Freshness;
pub use leg::Leg;
pub use milestones::Milestones;
pub use substatus::Substatus;
pub use time::{Time, TimeKind};
pub use tracking::Tracking;
pub use update::{StatusChange, Update};

pub(crate) use name::is_spelling_of;

/// What a delivery says: the state of one parcel, and the envelope around it.
///
/// It is read from both envelopes that are in use, `{"code", "message", "data"}` and
/// `{"meta": {"code", "message"}, "data"}`, with their members in any order, and written in the
/// first. If both envelopes have a code or a message, the outer one counts. Absent values are not
/// written.
///
/// # Where the parcel may be
///
/// | body | from |
/// |---|---|
/// | `{"code": 200, "data": {"tracking_number": "1"}}` | deliveries |
/// | `{"code": 200, "data": [{"tracking_number": "1"}]}` | answers of the vendor's API to a poll |
/// | `{"code": 200, "data": {"items": [{"tracking_number": "1"}]}}` | its answers in V2 |
/// | `{"tracking_number": "1"}`, `{"items": [{"tracking_number": "1"}]}` | what proxies make of these |
/// | an array of one of these | queues |
///
/// Members of a parcel that are beside `data` are ignored. A body with several parcels is not an
/// `Event`: read it as [`Events`].
///
/// # Nothing is lost over a field
///
/// The one thing an event needs is a [`tracking_number`](Tracking::tracking_number). For every
/// other field:
///
/// - `null`, `""` and the text `"null"` are `None`.
/// - A number or boolean in a text field becomes text: the number's value, not its digits (`12.10`
///   becomes `12.1`). Numeric text in a number field becomes that number, and `0`, `1`, `"true"`
///   and `"false"` in a boolean field become booleans.
/// - Older names are read too, and written as the V4 name. So is every name in another case, with
///   or without underscores: `CountryIso2`, `countryISO2` and `COUNTRY_ISO2` are `country_iso2`. If
///   a field is sent under several names, the V4 name in its exact spelling wins, unless its value
///   is `None` by these rules; among equals, the last usable value wins.
/// - What cannot be understood is `None`, and unknown members are ignored. A value of the model
///   that is no value at all, such as the text `"\ud800"` or the number `1e999`, is an error.
///
/// Members that the model does not have are still in the body as it was sent; read them with a type
/// of your own and [`VerifiedBody::parse`](crate::VerifiedBody::parse). For every type, it skips a
/// byte order mark before the JSON; `serde_json` alone does not.
///
/// # Errors
///
/// Deserialising fails if the JSON is broken, if a known field holds a number out of range, a lone
/// surrogate or bad UTF-8, if there is no parcel or more than one, or if its
/// [`tracking_number`](Tracking::tracking_number) is missing or unusable, even if a usable one
/// follows. No message quotes a value.
///
/// # Examples
///
/// ```
/// use trackingmore_webhook::{DeliveryStatus, Event};
///
/// let event: Event = serde_json::from_str(
///     r#"{
///         "code": 200,
///         "message": "Request response is successful",
///         "data": {
///             "tracking_number": "7712004418830097",
///             "courier_code": "usps",
///             "delivery_status": "transit",
///             "signed_by": null
///         }
///     }"#,
/// )?;
/// assert_eq!(event.code, Some(200));
/// assert_eq!(event.tracking.delivery_status, Some(DeliveryStatus::Transit));
/// assert_eq!(event.tracking.signed_by, None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Event {
    /// The envelope's code: 200 in every delivery seen.
    pub code: Option<i64>,
    /// The envelope's message, such as `Request response is successful`.
    pub message: Option<String>,
    /// The parcel.
    pub tracking: Tracking,
}

impl Event {
    /// Makes an event about a parcel, with nothing in its envelope.
    #[must_use]
    pub fn new(tracking: Tracking) -> Self {
        Self {
            code: None,
            message: None,
            tracking,
        }
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event: Option<Self> = envelope::read(deserializer)?;
        event.ok_or_else(|| D::Error::missing_field("data"))
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let present = usize::from(self.code.is_some()) + usize::from(self.message.is_some()) + 1;
        let mut event = serializer.serialize_struct("Event", present)?;
        match self.code {
            Some(code) => event.serialize_field("code", &code)?,
            None => event.skip_field("code")?,
        }
        match &self.message {
            Some(message) => event.serialize_field("message", message)?,
            None => event.skip_field("message")?,
        }
        event.serialize_field("data", &self.tracking)?;
        event.end()
    }
}
