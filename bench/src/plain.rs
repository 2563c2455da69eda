//! The fields of [`Event`](trackingmore_webhook::Event), written in the simplest way.

#![allow(dead_code)]

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Plain {
    code: Option<i64>,
    message: Option<String>,
    data: Tracking,
}

#[derive(Deserialize)]
struct Tracking {
    id: Option<String>,
    tracking_number: Option<String>,
    courier_code: Option<String>,
    order_number: Option<String>,
    order_id: Option<String>,
    order_date: Option<String>,
    created_at: Option<String>,
    update_at: Option<String>,
    delivery_status: Option<String>,
    substatus: Option<String>,
    archived: Option<String>,
    updating: Option<bool>,
    source: Option<String>,
    origin_country: Option<String>,
    destination_country: Option<String>,
    origin_state: Option<String>,
    origin_city: Option<String>,
    destination_state: Option<String>,
    destination_city: Option<String>,
    tracking_postal_code: Option<String>,
    tracking_ship_date: Option<String>,
    tracking_origin_country: Option<String>,
    tracking_destination_country: Option<String>,
    tracking_key: Option<String>,
    tracking_courier_account: Option<String>,
    customer_name: Option<String>,
    customer_email: Option<String>,
    customer_sms: Option<String>,
    recipient_postcode: Option<String>,
    title: Option<String>,
    logistics_channel: Option<String>,
    note: Option<String>,
    label: Option<String>,
    signed_by: Option<String>,
    service_code: Option<String>,
    product_type: Option<String>,
    dimension: Option<String>,
    previously: Option<String>,
    weight: Option<String>,
    weight_kg: Option<String>,
    pieces: Option<i64>,
    destination_track_number: Option<String>,
    exchange_number: Option<String>,
    scheduled_delivery_date: Option<String>,
    scheduled_address: Option<String>,
    status_info: Option<String>,
    latest_event: Option<String>,
    latest_checkpoint_time: Option<String>,
    transit_time: Option<i64>,
    stay_time: Option<i64>,
    origin_info: Option<Leg>,
    destination_info: Option<Leg>,
}

#[derive(Deserialize)]
struct Leg {
    courier_code: Option<String>,
    courier_phone: Option<String>,
    weblink: Option<String>,
    reference_number: Option<String>,
    milestone_date: Option<Milestones>,
    pickup_date: Option<String>,
    dispatched_date: Option<String>,
    departed_airport_date: Option<String>,
    arrived_abroad_date: Option<String>,
    customs_received_date: Option<String>,
    arrived_destination_date: Option<String>,
    trackinfo: Option<Vec<Checkpoint>>,
}

#[derive(Deserialize)]
struct Milestones {
    inforeceived_date: Option<String>,
    pickup_date: Option<String>,
    outfordelivery_date: Option<String>,
    delivery_date: Option<String>,
    returning_date: Option<String>,
    returned_date: Option<String>,
}

#[derive(Deserialize)]
struct Checkpoint {
    checkpoint_date: Option<String>,
    checkpoint_delivery_status: Option<String>,
    checkpoint_delivery_substatus: Option<String>,
    tracking_detail: Option<String>,
    location: Option<String>,
    country_iso2: Option<String>,
    state: Option<String>,
    city: Option<String>,
    zip: Option<String>,
    raw_status: Option<String>,
    #[serde(rename = "ItemNode")]
    item_node: Option<String>,
}
