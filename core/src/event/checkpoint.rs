//! One line of a parcel's history.

use super::json_object::json_object;
use super::{DeliveryStatus, Substatus, Time};

json_object! {
    /// One line of a parcel's history: an entry of a leg's `trackinfo`.
    ///
    /// | field | type | the vendor sends | older names |
    /// |---|---|---|---|
    /// | `checkpoint_date` | [`Time`] | mostly without a zone, sometimes with an offset | `Date` (V2) |
    /// | `checkpoint_delivery_status` | [`DeliveryStatus`] | text | `checkpoint_status` (V2) |
    /// | `checkpoint_delivery_substatus` | [`Substatus`] | text, may be absent | `substatus` (V2) |
    /// | `tracking_detail` | text | the carrier's sentence, in its language | `StatusDescription` (V2) |
    /// | `location` | text | free text, `""` or null | `Details` (V2) |
    /// | `country_iso2`, `state`, `city`, `zip`, `raw_status` | text | null or text; V4 only | |
    /// | `item_node` | text | V2 and V3 only, as `ItemNode` | |
    ///
    /// `Debug` shows that there is a detail or a place, but not the text, which can hold names,
    /// phone numbers and addresses.
    #[derive(Default)]
    pub struct Checkpoint {
        /// When it happened, in local time at the place.
        checkpoint_date: Option<Time> = "checkpoint_date" | "Date";
        /// The status that the parcel had then.
        checkpoint_delivery_status: Option<DeliveryStatus> =
            "checkpoint_delivery_status" | "checkpoint_status";
        /// What exactly happened.
        checkpoint_delivery_substatus: Option<Substatus> =
            "checkpoint_delivery_substatus" | "substatus";
        /// The carrier's own words.
        tracking_detail: Option<String> = personal "tracking_detail" | "StatusDescription";
        /// Where it happened, in free text.
        location: Option<String> = personal "location" | "Details";
        /// The country, as ISO 3166-1 alpha-2.
        country_iso2: Option<String> = "country_iso2";
        /// The state or province.
        state: Option<String> = personal "state";
        /// The city.
        city: Option<String> = personal "city";
        /// The postcode.
        zip: Option<String> = personal "zip";
        /// The carrier's own status, before the vendor read it.
        raw_status: Option<String> = personal "raw_status";
        /// The step of the leg that this entry stands for, such as `ItemReceived`.
        item_node: Option<String> = "ItemNode";
    }
}
