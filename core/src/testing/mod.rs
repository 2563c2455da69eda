//! For the tests of a receiver: genuine and hostile requests, and a suite that sends them.
//!
//! - [`event()`] makes the deliveries that the test of your handler needs: already verified, or as
//!   requests to send.
//! - [`cases`] makes signed, forged, stale and malformed requests, each with the answer that a
//!   [`Verifier`](crate::Verifier) of the secret [`SECRET`] must give.
//! - [`vectors`] are deliveries that other software signed.
//! - [`conformance::run`] sends all of them, and requests that are odd in how they are sent, over
//!   real sockets to an application of yours.
//! - [`Connection`] is the small HTTP/1.1 client it does that with.
//!
//! Nothing here gets around a verifier: what it makes is signed, and accepted only by one that was
//! built with the same secret.
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
