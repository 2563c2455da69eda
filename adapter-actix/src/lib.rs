#![doc = include_str!("../README.md")]

mod error;
mod extract;
mod middleware;
mod receive;

pub use trackingmore_webhook::{
    self, Checkpoint, ConfigError, Delivery, DeliveryId, DeliveryStatus, Error, ErrorKind, Event,
    Freshness, Leg, Milestones, Scheme, Signer, Substatus, Time, TimeKind, Tracking, Verified,
    VerifiedBody, Verifier,
};

pub use self::{
    error::WebhookError,
    extract::{RawWebhook, Webhook},
    middleware::VerifyWebhook,
};
