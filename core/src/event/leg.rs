//! One carrier's part of a parcel's journey.

use super::json_object::json_object;
use super::{Checkpoint, Milestones, Time};

json_object! {
    /// One carrier's part of a parcel's journey: the vendor's `origin_info` or `destination_info`.
    ///
    /// | field | type | the vendor sends | older names |
    /// |---|---|---|---|
    /// | `courier_code` | text | text or null | `carrier_code` (V2) |
    /// | `courier_phone` | text | text or null | `phone` (V2) |
    /// | `weblink` | text | a URL or null | |
    /// | `reference_number` | text | text or null | `ReferenceNumber` (V2) |
    /// | `milestone_date` | [`Milestones`] | an object; V4 only | |
    /// | `pickup_date` | [`Time`] | a time or null | `received_date` (V3), `ItemReceived` (V2) |
    /// | `dispatched_date` | [`Time`] | a time or null | `ItemDispatched` (V2) |
    /// | `departed_airport_date` | [`Time`] | a time or null | `DepartfromAirport` (V2) |
    /// | `arrived_abroad_date` | [`Time`] | a time or null | `ArrivalfromAbroad` (V2) |
    /// | `customs_received_date` | [`Time`] | a time or null | `CustomsClearance` (V2) |
    /// | `arrived_destination_date` | [`Time`] | a time or null | `DestinationArrived` (V2) |
    /// | `trackinfo` | list of [`Checkpoint`] | a list, mostly newest first; `[]`; null in V2 | |
    #[derive(Default)]
    pub struct Leg {
        /// The vendor's code for the carrier, such as `usps`.
        courier_code: Option<String> = "courier_code" | "carrier_code";
        /// The carrier's telephone number.
        courier_phone: Option<String> = "courier_phone" | "phone";
        /// The carrier's website.
        weblink: Option<String> = "weblink";
        /// The carrier's own reference.
        reference_number: Option<String> = "reference_number" | "ReferenceNumber";
        /// When the leg reached its milestones.
        milestone_date: Option<Milestones> = "milestone_date";
        /// When the carrier took over the parcel.
        pickup_date: Option<Time> = "pickup_date" | "received_date" | "ItemReceived";
        /// When the carrier sent the parcel on.
        dispatched_date: Option<Time> = "dispatched_date" | "ItemDispatched";
        /// When the parcel left by air.
        departed_airport_date: Option<Time> = "departed_airport_date" | "DepartfromAirport";
        /// When the parcel arrived from abroad.
        arrived_abroad_date: Option<Time> = "arrived_abroad_date" | "ArrivalfromAbroad";
        /// When customs received the parcel.
        customs_received_date: Option<Time> = "customs_received_date" | "CustomsClearance";
        /// When the parcel arrived in its destination country.
        arrived_destination_date: Option<Time> = "arrived_destination_date" | "DestinationArrived";
        /// What happened on this leg, in the order in which it was sent.
        /// [`Tracking::checkpoints`](super::Tracking::checkpoints) sorts those of both legs.
        trackinfo: Vec<Checkpoint> = "trackinfo";
    }
    else empty
}
