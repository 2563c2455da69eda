#![doc = include_str!("../README.md")]

mod extract;
mod layer;
mod receive;
mod rejection;
mod service;

pub use trackingmore_webhook::{
    self, Checkpoint, CheckpointKey, ConfigError, Delivery, DeliveryId, DeliveryStatus, Error,
    ErrorKind, Event, Events, Freshness, Leg, Milestones, Scheme, Signer, StatusChange, Substatus,
    Time, TimeKind, Tracking, Update, Verified, VerifiedBody, Verifier,
};

#[cfg(feature = "testing")]
pub use trackingmore_webhook::testing;

pub use self::{
    extract::{RawWebhook, Webhook},
    layer::VerifyLayer,
    rejection::WebhookRejection,
    service::Verify,
};
