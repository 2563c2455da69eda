//! The parcels of a delivery, one or several.

use std::{slice, vec};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Event, envelope};

/// Each parcel of a delivery, in the order in which they were sent.
///
/// An [`Event`] is read only from a body with exactly one parcel, which is all that the vendor was
/// seen to deliver. This is read from one with several as well: from an array in `data` or in place
/// of the whole body, and from the pages that the vendor's API answers to a poll. Each event has
/// the code and the message of the envelope that its parcel was in.
///
/// There is at least one. The same number with two couriers is two parcels.
///
/// # Errors
///
/// Deserialising fails where it does for an [`Event`], other than over several parcels. Nothing
/// vanishes: it fails if there is no parcel (`"data": []`), or if one of several cannot be read.
///
/// # Examples
///
/// ```
/// use trackingmore_webhook::Events;
///
/// let events: Events = serde_json::from_str(
///     r#"{"code": 200, "data": [
///         {"tracking_number": "7712004418830097", "courier_code": "usps"},
///         {"tracking_number": "LX405512873SE", "courier_code": "sweden-posten"}
///     ]}"#,
/// )?;
/// for event in &events {
///     assert_eq!(event.code, Some(200));
/// }
/// assert_eq!(events.as_slice()[1].tracking.tracking_number, "LX405512873SE");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Events(Vec<Event>);

impl Events {
    /// Returns the events: at least one.
    #[must_use]
    pub fn as_slice(&self) -> &[Event] {
        &self.0
    }
}

impl IntoIterator for Events {
    type Item = Event;
    type IntoIter = vec::IntoIter<Event>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Events {
    type Item = &'a Event;
    type IntoIter = slice::Iter<'a, Event>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'de> Deserialize<'de> for Events {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        envelope::read(deserializer).map(Self)
    }
}

/// Written as an array of events.
impl Serialize for Events {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
