//! What is known about a parcel after a delivery.

use super::super::freshness::differ;
use super::super::moment::Moment;
use super::super::{Checkpoint, Freshness, Leg, Milestones, Tracking};
use super::checkpoints;

/// Puts a value that was sent in place of the known one if there is none yet, or if it `wins`. A
/// missing value erases nothing.
fn take<T>(known: &mut Option<T>, sent: Option<T>, wins: bool) {
    if sent.is_some() && (wins || known.is_none()) {
        *known = sent;
    }
}

/// Takes each listed field of what was sent, and leaves the others to the code after it. Every
/// field must be named, so that none is forgotten.
macro_rules! take_fields {
    ($type:ident, $known:ident <- $sent:ident if $wins:ident: $($field:ident)*; else $($other:tt)*) => {
        let $type { $($field,)* $($other)* } = $sent;
        $(take(&mut $known.$field, $field, $wins);)*
    };
}

/// What is known after `sent`, which is about the same parcel.
pub(super) fn merge(mut known: Tracking, mut sent: Tracking, freshness: Freshness) -> Tracking {
    let wins = freshness != Freshness::Older;
    merge_status(&mut known, &mut sent, freshness);
    take_fields! {
        Tracking, known <- sent if wins:
        id courier_code order_number order_id order_date created_at archived updating source
        origin_country destination_country origin_state origin_city destination_state
        destination_city tracking_postal_code tracking_ship_date tracking_origin_country
        tracking_destination_country tracking_key tracking_courier_account customer_name
        customer_email customer_sms recipient_postcode title logistics_channel note label signed_by
        service_code product_type dimension previously weight weight_kg pieces
        destination_track_number exchange_number scheduled_delivery_date scheduled_address
        status_info latest_event latest_checkpoint_time transit_time stay_time;
        else origin_info, destination_info,
        tracking_number: _, delivery_status: _, substatus: _, update_at: _,
    }
    known.origin_info = merge_leg(known.origin_info, origin_info, wins);
    known.destination_info = merge_leg(known.destination_info, destination_info, wins);
    known
}

/// Status, substatus and `update_at` change together or not at all.
fn merge_status(known: &mut Tracking, sent: &mut Tracking, freshness: Freshness) {
    let update_at = sent
        .update_at
        .take()
        .filter(|time| Moment::of(time).is_some());
    let Some(status) = sent.delivery_status.take() else {
        if known.delivery_status.is_none() && freshness != Freshness::Older {
            take(&mut known.substatus, sent.substatus.take(), true);
            take(&mut known.update_at, update_at, true);
        }
        return;
    };
    let is_same = known.delivery_status.as_ref() == Some(&status);
    let is_delivered = |tracking: &Tracking| {
        let status = tracking.delivery_status.as_ref();
        status.is_some_and(|status| status.is_delivered())
    };
    let moves = match freshness {
        Freshness::Older => false,
        Freshness::CannotTell => !is_delivered(known) || status.is_delivered(),
        Freshness::Newer => true,
    };
    if is_same {
        take(&mut known.substatus, sent.substatus.take(), moves);
    } else if moves {
        known.substatus = sent.substatus.take();
    }
    if moves {
        if update_at.is_none() && !is_same && status.is_delivered() {
            known.update_at = None;
        }
        take(&mut known.update_at, update_at, true);
        known.delivery_status = Some(status);
    }
}

fn merge_leg(known: Option<Leg>, sent: Option<Leg>, wins: bool) -> Option<Leg> {
    let (mut known, mut sent) = match (known, sent) {
        (Some(known), Some(sent)) => (known, sent),
        (known, sent) => return known.or_else(|| sent.map(tidy_leg)),
    };
    let trackinfo = checkpoints::merge(
        std::mem::take(&mut known.trackinfo),
        std::mem::take(&mut sent.trackinfo),
        wins,
    );
    let mut leg = if !differ(known.courier_code.as_ref(), sent.courier_code.as_ref()) {
        merge_facts(known, sent, wins)
    } else if wins {
        sent
    } else {
        known
    };
    leg.trackinfo = trackinfo;
    Some(leg)
}

/// What a leg says beside its checkpoints.
fn merge_facts(mut known: Leg, sent: Leg, wins: bool) -> Leg {
    take_fields! {
        Leg, known <- sent if wins:
        courier_code courier_phone weblink reference_number pickup_date dispatched_date
        departed_airport_date arrived_abroad_date customs_received_date arrived_destination_date;
        else milestone_date, trackinfo: _,
    }
    known.milestone_date = match (known.milestone_date, milestone_date) {
        (Some(known), Some(sent)) => Some(merge_milestones(known, sent, wins)),
        (known, sent) => known.or(sent),
    };
    known
}

fn merge_milestones(mut known: Milestones, sent: Milestones, wins: bool) -> Milestones {
    take_fields! {
        Milestones, known <- sent if wins:
        inforeceived_date pickup_date outfordelivery_date delivery_date returning_date
        returned_date;
        else
    }
    known
}

/// Takes over what was sent about the same scan, except the time and the detail, which the two have
/// in common.
pub(super) fn merge_checkpoint(known: &mut Checkpoint, sent: Checkpoint, wins: bool) {
    take_fields! {
        Checkpoint, known <- sent if wins:
        checkpoint_delivery_status checkpoint_delivery_substatus location country_iso2 state city
        zip raw_status item_node;
        else checkpoint_date: _, tracking_detail: _,
    }
}

/// The parcel as it is stored: with the checkpoints of each leg once, newest first.
pub(super) fn tidy(mut tracking: Tracking) -> Tracking {
    tracking.origin_info = tracking.origin_info.map(tidy_leg);
    tracking.destination_info = tracking.destination_info.map(tidy_leg);
    tracking
}

fn tidy_leg(mut leg: Leg) -> Leg {
    leg.trackinfo = checkpoints::merge(Vec::new(), leg.trackinfo, true);
    leg
}
