#![doc = include_str!("../README.md")]

mod filter;
mod rejection;

pub use trackingmore_webhook::{
    self, ConfigError, Delivery, DeliveryId, Error, ErrorKind, Event, Scheme, VerifiedBody,
    Verifier,
};

pub use self::{
    filter::{raw_webhook, webhook, webhook_as},
    rejection::{WebhookRejection, recover},
};
