#![doc = include_str!("../README.md")]

mod extract;
mod layer;
mod receive;
mod rejection;
mod service;

pub use trackingmore_webhook::{
    self, ConfigError, Delivery, DeliveryId, Error, ErrorKind, Event, Scheme, VerifiedBody,
    Verifier,
};

pub use self::{
    extract::{RawWebhook, Webhook},
    layer::VerifyLayer,
    rejection::WebhookRejection,
    service::Verify,
};
