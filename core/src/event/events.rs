//! The parcels of a delivery, one or several.

use std::{slice, vec};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Event, envelope};

/// All parcels of a delivery, in the order in which they were sent.
///
/// An [`Event`] is read only from a body with exactly one parcel, which is all that the vendor has
/// been seen to deliver. `Events` can be read from a body with several as well: from an array in
/// `data` or as the whole body, and from the pages with which the vendor's API answers a poll. Each
/// event has the code and the message of the envelope that its parcel was in.
///
/// There is at least one parcel. The same number with two couriers is two parcels.
///
/// # Errors
///
/// Deserialising fails as it does for an [`Event`], except that several parcels are allowed. No
/// parcel is dropped: it fails if there is none (`"data": []`), or if one of several cannot be
/// read.
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

/// Serialises as an array of events.
impl Serialize for Events {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
