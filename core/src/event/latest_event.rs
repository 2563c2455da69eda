//! What happened last, in one text.

use serde::de::MapAccess;

use super::json_object::json_object;
use super::lenient::Lenient;

/// A text, or the description in an object that is sent in place of one.
pub(crate) struct LatestEvent(String);

impl Lenient for LatestEvent {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }

    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        let described = Described::from_map(map)?;
        Ok(described.and_then(|it| it.description).map(Self))
    }
}

impl From<LatestEvent> for String {
    fn from(event: LatestEvent) -> Self {
        event.0
    }
}

json_object! {
    struct Described {
        // The last name is how serde_json passes a number if its feature `arbitrary_precision` is
        // on.
        description: Option<String> = "description" | "tracking_detail" | "StatusDescription"
            | "$serde_json::private::Number";
    }
}
