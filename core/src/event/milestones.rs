//! The dates of a leg's milestones.

use super::Time;
use super::json_object::json_object;

json_object! {
    /// When a leg reached its milestones: the vendor's `milestone_date`. Only V4 sends it. Most of
    /// its fields are null.
    #[derive(Default)]
    pub struct Milestones {
        /// When the carrier was told of the parcel.
        inforeceived_date: Option<Time> = "inforeceived_date";
        /// When the carrier took over the parcel.
        pickup_date: Option<Time> = "pickup_date";
        /// When the parcel went out for delivery.
        outfordelivery_date: Option<Time> = "outfordelivery_date";
        /// When the parcel was delivered.
        delivery_date: Option<Time> = "delivery_date";
        /// When the parcel started back to the sender.
        returning_date: Option<Time> = "returning_date";
        /// When the parcel was back at the sender.
        returned_date: Option<Time> = "returned_date";
    }
    else empty
}
