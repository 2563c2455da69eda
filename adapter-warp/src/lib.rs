#![doc = include_str!("../README.md")]

mod filter;
mod rejection;

pub use trackingmore_webhook::{
    self, Checkpoint, ConfigError, Delivery, DeliveryId, DeliveryStatus, Error, ErrorKind, Event,
    Freshness, Leg, Milestones, Scheme, Signer, Substatus, Time, TimeKind, Tracking, Verified,
    VerifiedBody, Verifier,
};

pub use self::{
    filter::{raw_webhook, webhook, webhook_as},
    rejection::{WebhookRejection, recover},
};
