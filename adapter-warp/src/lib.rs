#![doc = include_str!("../README.md")]

mod filter;
mod rejection;

pub use trackingmore_webhook::{
    self, Checkpoint, CheckpointKey, ConfigError, Delivery, DeliveryId, DeliveryStatus, Error,
    ErrorKind, Event, Events, Freshness, Leg, Milestones, Scheme, Signer, StatusChange, Substatus,
    Time, TimeKind, Tracking, Update, Verified, VerifiedBody, Verifier,
};

#[cfg(feature = "testing")]
pub use trackingmore_webhook::testing;

pub use self::{
    filter::{raw_webhook, webhook, webhook_as},
    rejection::{WebhookRejection, recover},
};
