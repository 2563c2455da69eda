//! A parcel.

use super::json_object::json_object;
use super::latest_event::LatestEvent;
use super::object::Object;
use super::values::FirstText;
use super::{Checkpoint, DeliveryStatus, Leg, Substatus, Time};

json_object! {
    /// A parcel, as the vendor sees it now: the `data` of a delivery.
    ///
    /// Only the [`tracking_number`](Self::tracking_number) is always there, and reading fails
    /// without one. **In real data nearly every other field is null.** The names are the vendor's
    /// names in V4. Where the table has no type, it is text. What the vendor sends comes from real
    /// data, or from the TrackingMore docs where there was none.
    ///
    /// | field | type | the vendor sends | older names |
    /// |---|---|---|---|
    /// | `id` | | 32 hex digits | |
    /// | `tracking_number` | `String` | text, always | |
    /// | `courier_code` | | text | `carrier_code` (V2) |
    /// | `order_number` | | text or null | `order_id` (V2) |
    /// | `order_id` | | text or null | |
    /// | `order_date` | [`Time`] | null | `order_create_time` (V2) |
    /// | `created_at` | [`Time`] | a time with offset | |
    /// | `update_at` | [`Time`] | a time with offset | `updated_at` (V2), `update_date` (V3) |
    /// | `delivery_status` | [`DeliveryStatus`] | text | `status` (V2) |
    /// | `substatus` | [`Substatus`] | text, `""` or null | |
    /// | `archived` | | `"tracking"`; a boolean in V2 and V3 | |
    /// | `updating` | `bool` | a boolean | `track_update` (V2) |
    /// | `source` | | `"API"` or `"WEB"` | |
    /// | `origin_country` | | ISO 3166-1 alpha-2 or null; a name in V2 | `original_country` (V2), `original` (V3) |
    /// | `destination_country` | | ISO 3166-1 alpha-2 or null | `destination` (V3) |
    /// | `origin_state`, `origin_city` | | free text or null; V4 only | |
    /// | `destination_state`, `destination_city` | | free text or null; V4 only | |
    /// | `tracking_postal_code` | | text or null | |
    /// | `tracking_ship_date` | [`Time`] | `YYYYMMDD` or null | |
    /// | `tracking_origin_country` | | text or null | |
    /// | `tracking_destination_country` | | text or null | |
    /// | `tracking_key`, `tracking_courier_account` | | text or null | |
    /// | `customer_name` | | text or null | |
    /// | `customer_email` | | text or null; in V2 also an array: its first usable text | |
    /// | `customer_sms` | | text or null | `customer_phone` (V3) |
    /// | `recipient_postcode` | | text or null | |
    /// | `title`, `logistics_channel`, `label` | | text or null | |
    /// | `note` | | text or null | `comment` (V2) |
    /// | `signed_by` | | text or null | `consignee` (V3), `SignedForByName` (carriers) |
    /// | `service_code`, `product_type`, `dimension`, `previously` | | text or null | |
    /// | `weight`, `weight_kg` | | text with a unit (`12.10LBS`), perhaps a number, or null | |
    /// | `pieces` | `i64` | a number, or text, or null | |
    /// | `destination_track_number` | | text or null | |
    /// | `exchange_number` | | text or null | `exchangeNumber` (V3) |
    /// | `scheduled_delivery_date` | [`Time`] | a date, a time with offset, or null | |
    /// | `scheduled_address` | | text or null | `Scheduled_Address` (V3) |
    /// | `status_info` | | text or null | |
    /// | `latest_event` | | "detail, place, time" in one text, or null; for an object, its description | `lastEvent` (V2) |
    /// | `latest_checkpoint_time` | [`Time`] | a time, mostly without zone, or null | `lastest_checkpoint_time` (V3), `lastUpdateTime` (V2) |
    /// | `transit_time` | `i64` | a number of days; in V2 also text or null | `itemTimeLength` (V2) |
    /// | `stay_time` | `i64` | a number of days; V2 and V3 only | `stayTimeLength` (V2) |
    /// | `origin_info`, `destination_info` | [`Leg`] | an object, null, or absent | |
    ///
    /// V2 has no order number beside its `order_id`: if no `order_number` is sent, an `order_id` is
    /// used for both. A `trackinfo` beside the legs becomes that of `origin_info`, if neither leg
    /// has one.
    ///
    /// Every name is read in other spellings too: [`Event`](super::Event) explains how, and which
    /// value counts.
    ///
    /// `Debug` leaves out absent fields. For everything that can hold a customer's name, e-mail
    /// address, phone number, postcode, address, note or signature, it shows only that there is a
    /// value.
    ///
    /// # Examples
    ///
    /// Tests can make their own:
    ///
    /// ```
    /// use trackingmore_webhook::{DeliveryStatus, Tracking};
    ///
    /// let mut tracking = Tracking::new("7712004418830097");
    /// tracking.delivery_status = Some(DeliveryStatus::Pickup);
    /// tracking.customer_name = Some("Jane Doe".into());
    /// assert!(!format!("{tracking:?}").contains("Jane"));
    /// ```
    pub struct Tracking {
        /// The vendor's id of this tracking.
        id: Option<String> = "id";
        /// The number the carrier gave the parcel.
        ///
        /// The only required field. Whitespace around it is trimmed. A whole number is accepted as
        /// its text, unless it does not fit into 64 bits: JSON readers round it, and a rounded
        /// number is another parcel. If the field is sent twice, an unusable value is refused if it
        /// comes first, and ignored if it comes second.
        tracking_number: String = "tracking_number";
        /// The vendor's code for the carrier, such as `usps`.
        courier_code: Option<String> = "courier_code" | "carrier_code";
        /// The number of your order, as you gave it; filled from `order_id` where none is sent.
        order_number: Option<String> = "order_number";
        /// The id of your order, as you gave it.
        order_id: Option<String> = "order_id";
        /// When the order was made, as you gave it.
        order_date: Option<Time> = "order_date" | "order_create_time";
        /// When the tracking was created at the vendor.
        created_at: Option<Time> = "created_at";
        /// When the vendor last updated the tracking.
        update_at: Option<Time> = "update_at" | "updated_at" | "update_date";
        /// Where the parcel is in its life.
        delivery_status: Option<DeliveryStatus> = "delivery_status" | "status";
        /// What exactly happened last.
        substatus: Option<Substatus> = "substatus";
        /// `tracking` in V4, `true` or `false` in older versions; other values are unknown.
        archived: Option<String> = "archived";
        /// Whether the vendor still looks for news.
        updating: Option<bool> = "updating" | "track_update";
        /// How the tracking was created: `API` or `WEB`.
        source: Option<String> = "source";
        /// The country the parcel comes from: an ISO 3166-1 alpha-2 code, in V2 a name.
        origin_country: Option<String> = "origin_country" | "original_country" | "original";
        /// The country the parcel goes to: an ISO 3166-1 alpha-2 code, in V2 a name.
        destination_country: Option<String> = "destination_country" | "destination";
        /// The state the parcel comes from.
        origin_state: Option<String> = personal "origin_state";
        /// The city the parcel comes from.
        origin_city: Option<String> = personal "origin_city";
        /// The state the parcel goes to.
        destination_state: Option<String> = personal "destination_state";
        /// The city the parcel goes to.
        destination_city: Option<String> = personal "destination_city";
        /// The postcode you gave, which some carriers ask for.
        tracking_postal_code: Option<String> = personal "tracking_postal_code";
        /// The ship date you gave, which some carriers ask for.
        tracking_ship_date: Option<Time> = "tracking_ship_date";
        /// The country of origin you gave, which some carriers ask for.
        tracking_origin_country: Option<String> = "tracking_origin_country";
        /// The country of destination you gave, which some carriers ask for.
        tracking_destination_country: Option<String> = "tracking_destination_country";
        /// Whatever else you gave because a carrier asks for it.
        tracking_key: Option<String> = personal "tracking_key";
        /// Your account at the carrier, which some carriers ask for.
        tracking_courier_account: Option<String> = personal "tracking_courier_account";
        /// The customer's name, as you gave it.
        customer_name: Option<String> = personal "customer_name";
        /// The customer's e-mail address, as you gave it; the first one if there are more.
        customer_email: Option<String> = personal "customer_email" by FirstText;
        /// The customer's phone number for text messages, as you gave it.
        customer_sms: Option<String> = personal "customer_sms" | "customer_phone";
        /// The recipient's postcode.
        recipient_postcode: Option<String> = personal "recipient_postcode";
        /// The title you gave the tracking.
        title: Option<String> = personal "title";
        /// The logistics channel you gave.
        logistics_channel: Option<String> = "logistics_channel";
        /// Your note.
        note: Option<String> = personal "note" | "comment";
        /// The labels of the tracking in the dashboard, such as `1,2`.
        label: Option<String> = "label";
        /// Who signed for the parcel.
        signed_by: Option<String> = personal "signed_by" | "consignee" | "SignedForByName";
        /// The carrier's service.
        service_code: Option<String> = "service_code";
        /// The carrier's kind of product.
        product_type: Option<String> = "product_type";
        /// The parcel's dimensions, in the carrier's words.
        dimension: Option<String> = "dimension";
        /// The vendor does not say what this means.
        previously: Option<String> = personal "previously";
        /// The parcel's weight, with a unit of the carrier's choice.
        weight: Option<String> = "weight";
        /// The parcel's weight in kilograms.
        weight_kg: Option<String> = "weight_kg";
        /// How many pieces the shipment has.
        pieces: Option<i64> = "pieces";
        /// The number the parcel has on its second leg.
        destination_track_number: Option<String> = "destination_track_number";
        /// The number under which the carriers hand the parcel over.
        exchange_number: Option<String> = "exchange_number" | "exchangeNumber";
        /// When the carrier expects to deliver.
        scheduled_delivery_date: Option<Time> = "scheduled_delivery_date";
        /// Where the carrier expects to deliver.
        scheduled_address: Option<String> = personal "scheduled_address" | "Scheduled_Address";
        /// More about the status, in free text.
        status_info: Option<String> = personal "status_info";
        /// The latest checkpoint in one text, with its detail, place and time.
        latest_event: Option<String> = personal "latest_event" | "lastEvent" by LatestEvent;
        /// The time of the latest checkpoint.
        latest_checkpoint_time: Option<Time> =
            "latest_checkpoint_time" | "lastest_checkpoint_time" | "lastUpdateTime";
        /// How long the parcel has been on its way, in days.
        transit_time: Option<i64> = "transit_time" | "itemTimeLength";
        /// How long there has been no news of the parcel, in days.
        stay_time: Option<i64> = "stay_time" | "stayTimeLength";
        /// The leg in the country of origin.
        origin_info: Option<Leg> = "origin_info";
        /// The leg in the country of destination.
        destination_info: Option<Leg> = "destination_info";
    }
    then complete_from(trackinfo: Vec<Checkpoint> = "trackinfo")
}

impl Tracking {
    /// Makes a parcel with nothing but its number.
    #[must_use]
    pub fn new(tracking_number: impl Into<String>) -> Self {
        let mut tracking = Self::empty();
        tracking.tracking_number = tracking_number.into();
        tracking
    }

    /// Returns the legs that were sent: the one in the country of origin first.
    pub fn legs(&self) -> impl Iterator<Item = &Leg> {
        self.origin_info.iter().chain(&self.destination_info)
    }

    /// Returns the vendor's code for the carrier in the country of origin.
    #[must_use]
    pub fn origin_courier(&self) -> Option<&str> {
        self.origin_info.as_ref()?.courier_code.as_deref()
    }

    /// Returns the vendor's code for the carrier in the country of destination.
    #[must_use]
    pub fn destination_courier(&self) -> Option<&str> {
        self.destination_info.as_ref()?.courier_code.as_deref()
    }

    /// Fills what V2 sends under one name for two fields, and what some proxies move out of the
    /// legs.
    fn complete_from(&mut self, trackinfo: Vec<Checkpoint>) {
        if self.order_number.is_none() {
            self.order_number.clone_from(&self.order_id);
        }
        if !trackinfo.is_empty() && self.legs().all(|leg| leg.trackinfo.is_empty()) {
            self.origin_info.get_or_insert_default().trackinfo = trackinfo;
        }
    }
}
