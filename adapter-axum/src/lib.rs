#![doc = include_str!("../README.md")]

mod extract;
mod layer;
mod receive;
mod rejection;
mod service;

pub use trackingmore_webhook::{
    self, Checkpoint, ConfigError, Delivery, DeliveryId, DeliveryStatus, Error, ErrorKind, Event,
    Freshness, Leg, Milestones, Scheme, Signer, Substatus, Time, TimeKind, Tracking, Verified,
    VerifiedBody, Verifier,
};

pub use self::{
    extract::{RawWebhook, Webhook},
    layer::VerifyLayer,
    rejection::WebhookRejection,
    service::Verify,
};
