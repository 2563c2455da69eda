//! Tests for a receiver: genuine and hostile requests, and a suite that sends them.
//!
//! - [`event()`] makes deliveries for the test of your handler: already verified, or as requests to
//!   send.
//! - [`cases`] makes signed, forged, stale and malformed requests, each with the judgement that a
//!   [`Verifier`](crate::Verifier) with the secret [`SECRET`] must reach.
//! - [`vectors`] are deliveries that other software signed.
//! - [`conformance::run`] sends all of them, and requests that are sent in odd ways, to your
//!   application over real sockets.
//! - [`Connection`] is the small HTTP/1.1 client that it uses.
//!
//! Nothing here bypasses a verifier: the deliveries are signed, and only a verifier with the same
//! secret accepts them.
//!
//! # Examples
//!
//! ```
//! use std::time::SystemTime;
//! use trackingmore_webhook::{Verifier, testing};
//!
//! let now = SystemTime::now();
//! let verifier = Verifier::new(testing::SECRET)?;
//! for case in testing::cases(now) {
//!     let verified = verifier.verify_at(&case.headers, &case.body, now);
//!     let kind = verified.map(|_| ()).map_err(|error| error.kind());
//!     assert_eq!(kind, case.verification(None), "{}", case.name);
//! }
//! # Ok::<(), trackingmore_webhook::ConfigError>(())
//! ```

mod cases;
mod client;
pub mod conformance;
mod event;
mod vectors;

pub use self::{
    cases::{Case, cases},
    client::{Answer, Connection, Framing},
    event::{EventBuilder, SignedRequest, event},
    vectors::{Vector, vectors},
};

/// The secret of all cases and vectors, which the vendor's documentation uses in its example.
pub const SECRET: &str = "2e55b9a3-4dd1-4416-9897-c4bd1e3d738f";
