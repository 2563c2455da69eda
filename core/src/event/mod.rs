//! What a delivery says.

mod checkpoint;
mod checkpoint_key;
mod delivery_status;
mod field;
mod freshness;
mod history;
mod json_object;
mod leg;
mod lenient;
mod milestones;
mod moment;
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

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use checkpoint::Checkpoint;
pub use checkpoint_key::CheckpointKey;
pub use delivery_status::DeliveryStatus;
pub use freshness::Freshness;
pub use leg::Leg;
pub use milestones::Milestones;
pub use substatus::Substatus;
pub use time::{Time, TimeKind};
pub use tracking::Tracking;
pub use update::{StatusChange, Update};

use field::Fill;
use json_object::json_object;
use object::{Key, Object};

/// One delivery: a parcel, as the vendor sees it now.
///
/// Read from both envelopes that are in use, `{"code", "message", "data"}` and `{"meta": {"code", "message"}, "data"}`,
/// with their members in any order; written in the first. `data` is one parcel, or an array of exactly one. Where both
/// envelopes give a code or a message, the outer one counts. Absent values are not written.
///
/// # Nothing is lost over a field
///
/// The one thing an event needs is a [`tracking_number`](Tracking::tracking_number). For every other field:
///
/// - `null`, `""` and the text `"null"` are `None`.
/// - A number or boolean in a text field is its text: the number's value, not its digits (`12.10` is `12.1`). Numeric text in a number field is that number, and `0`, `1`,
///   `"true"` and `"false"` in a boolean field are booleans.
/// - Older names are read too, and written as the V4 name. If a field comes under both, the V4 name wins, unless its
///   value is one of the above nothings; if it comes twice under the same name, the last usable value wins.
/// - What cannot be understood is `None`, and unknown members are passed over.
///
/// What the model has no field for is still in the body as it was sent, and a type of your own can read it:
/// [`VerifiedBody::parse`](crate::VerifiedBody::parse).
///
/// # Errors
///
/// Deserialising fails if the JSON is broken, if a known field holds a number out of range, a lone surrogate or bad UTF-8,
/// if the body is not an object, if `data` is not one object, or if its
/// [`tracking_number`](Tracking::tracking_number) is missing or cannot be used; one that cannot be used is refused even
/// before a second one that can. No message quotes a value.
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
    /// An event about a parcel, with nothing in its envelope.
    #[must_use]
    pub fn new(tracking: Tracking) -> Self {
        Self {
            code: None,
            message: None,
            tracking,
        }
    }
}

impl Object for Event {
    const NAME: &'static str = "Event";
    const MEMBERS: &'static [&'static str] = &["code", "message", "meta", "data"];

    fn from_members<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut outer = Meta::empty();
        let mut meta: Option<Meta> = None;
        let mut tracking = None;
        let member = |name: &str| Self::MEMBERS.iter().copied().find(|known| *known == name);
        while let Some(member) = map.next_key_seed(Key(member))? {
            match member {
                Some("code") => map.next_value_seed(Fill(&mut outer.code)).map(drop)?,
                Some("message") => map.next_value_seed(Fill(&mut outer.message)).map(drop)?,
                Some("meta") => map.next_value_seed(Fill(&mut meta)).map(drop)?,
                Some(_) => tracking = Some(map.next_value_seed(Data)?),
                None => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        let meta = meta.unwrap_or_else(Meta::empty);
        Ok(Self {
            code: outer.code.or(meta.code),
            message: outer.message.or(meta.message),
            tracking: tracking.ok_or_else(|| A::Error::missing_field("data"))?,
        })
    }
}

json_object! {
    struct Meta {
        code: Option<i64> = "code";
        message: Option<String> = "message";
    }
}

struct Data;

impl<'de> DeserializeSeed<'de> for Data {
    type Value = Tracking;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tracking, D::Error> {
        object::object_or_array_of_one(deserializer)
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object::object(deserializer)
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
