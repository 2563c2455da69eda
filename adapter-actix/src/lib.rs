#![doc = include_str!("../README.md")]

mod error;
mod extract;
mod middleware;
mod receive;

pub use trackingmore_webhook::{
    self, ConfigError, Delivery, DeliveryId, Error, ErrorKind, Event, Scheme, VerifiedBody,
    Verifier,
};

pub use self::{
    error::WebhookError,
    extract::{RawWebhook, Webhook},
    middleware::VerifyWebhook,
};
