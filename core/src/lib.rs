#![doc = include_str!("../README.md")]

mod builder;
mod config_error;
mod delivery;
mod delivery_id;
mod error;
mod event;
mod headers;
mod incoming;
mod json;
mod key;
mod log;
#[cfg(feature = "metrics")]
mod metrics;
mod path;
pub mod retry;
mod scheme;
mod signature;
mod signer;
#[cfg(feature = "testing")]
pub mod testing;
mod verified;
mod verifier;

/// The crate `jiff`, in the version whose types [`Time`] returns.
pub use jiff;

pub use self::{
    builder::VerifierBuilder,
    config_error::ConfigError,
    delivery::{Delivery, VerifiedBody},
    delivery_id::{DeliveryId, InvalidDeliveryId},
    error::{Error, ErrorKind, PROBLEM_CONTENT_TYPE, WWW_AUTHENTICATE},
    event::{
        Checkpoint, CheckpointKey, DeliveryStatus, Event, Events, Freshness, Leg, Milestones,
        StatusChange, Substatus, Time, TimeKind, Tracking, Update,
    },
    headers::Headers,
    incoming::Incoming,
    scheme::Scheme,
    signature::Signature,
    signer::Signer,
    verified::Verified,
    verifier::Verifier,
};
