//! Verify and read TrackingMore webhooks.

mod event;

pub use event::{
    Checkpoint, DeliveryStatus, Event, Freshness, Leg, Milestones, Substatus, Time, TimeKind,
    Tracking,
};
