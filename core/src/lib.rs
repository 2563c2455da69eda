//! Decides whether a webhook of TrackingMore is genuine, reads it, and finds what is new in it.
//!
//! - **Verify.** [`Verifier`] decides whether a request is genuine: all of it at once
//!   ([`receive`](Verifier::receive), [`verify`](Verifier::verify)), or while it arrives
//!   ([`begin`](Verifier::begin)). [`Error`] says why a request is refused, and how to answer it;
//!   [`ConfigError`] says why a verifier could not be built.
//! - **Read.** [`Delivery`] is a verified request with its [`Event`]; [`VerifiedBody`] is its body
//!   before it is parsed. An event is parsed leniently from every shape that the vendor has been
//!   seen to send; [`Events`] takes a body with several parcels. [`Tracking`] is the parcel: its
//!   docs list the fields, and [`checkpoints`](Tracking::checkpoints) returns its history. The docs
//!   of [`DeliveryStatus`] and [`Substatus`] explain the vendor's codes, and those of [`Time`] its
//!   formats of time.
//! - **What is new.** [`Update`] compares a delivery with what you stored:
//!   [`status`](Update::status) says whether the status changed, [`checkpoints`](Update::checkpoints)
//!   which checkpoints are new, and [`backfilled`](Update::backfilled) which come too late to
//!   announce. It handles deliveries that arrive late, twice, out of order or with less than
//!   before.
//! - **Store.** [`tracking`](Update::tracking) is the parcel as it is known now: store it in the
//!   transaction of your effect. [`DeliveryId`] identifies a delivery, so that you can drop
//!   duplicates.
//! - **Test.** [`Signer`] signs as TrackingMore does; the feature `testing` adds deliveries for a
//!   handler and a suite for receivers. [`retry`] has the vendor's retry timetable.
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
