#![doc = include_str!("../README.md")]

mod builder;
mod config_error;
mod delivery;
mod error;
mod event;
mod headers;
mod incoming;
mod json;
mod key;
mod log;
mod path;
pub mod retry;
mod scheme;
mod signature;
mod signer;
#[cfg(feature = "testing")]
pub mod testing;
mod verified;
mod verifier;

/// The version whose types [`Time`] gives.
pub use jiff;

pub use self::{
    builder::VerifierBuilder,
    config_error::ConfigError,
    delivery::{Delivery, DeliveryId, VerifiedBody},
    error::{Error, ErrorKind, PROBLEM_CONTENT_TYPE, WWW_AUTHENTICATE},
    event::{
        Checkpoint, DeliveryStatus, Event, Events, Freshness, Leg, Milestones, Substatus, Time,
        TimeKind, Tracking,
    },
    headers::Headers,
    incoming::Incoming,
    scheme::Scheme,
    signature::Signature,
    signer::Signer,
    verified::Verified,
    verifier::Verifier,
};
