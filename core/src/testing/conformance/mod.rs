//! What every receiver must do, checked from outside, over real sockets.
//!
//! # Examples
//!
//! An application is served behind each verifier that the suite makes:
//!
//! ```no_run
//! use std::net::SocketAddr;
//! use trackingmore_webhook::{Verifier, testing::conformance};
//!
//! fn serve(verifier: Verifier) -> SocketAddr {
//!     // Start the application on a free port of the loopback interface, in the background.
//! #   let _ = verifier;
//! #   ([127, 0, 0, 1], 0).into()
//! }
//!
//! conformance::run(&serve);
//! ```
//!
//! If it takes deliveries on another path, or tells the suite which of them reached its handler,
//! implement [`Receiver`]:
//!
//! ```no_run
//! use std::net::SocketAddr;
//! use trackingmore_webhook::{Verifier, testing::conformance::{self, Handled, Receiver}};
//!
//! #[derive(Default)]
//! struct MyApp {
//!     handled: Handled,
//! }
//!
//! impl Receiver for MyApp {
//!     fn serve(&self, verifier: Verifier) -> SocketAddr {
//!         let handled = self.handled.clone();
//!         // As above. The handler calls `handled.record(&delivery.body)`.
//! #       let _ = (verifier, handled);
//! #       ([127, 0, 0, 1], 0).into()
//!     }
//!
//!     fn path(&self) -> &str {
//!         "/hooks/parcels"
//!     }
//!
//!     fn handled(&self) -> Option<&Handled> {
//!         Some(&self.handled)
//!     }
//! }
//!
//! conformance::run(&MyApp::default());
//! ```
//!
//! If it makes its own verifier from a secret in its environment, start it with [`SECRET`], and run
//! what can be tested with one secret:
//!
//! ```no_run
//! # use std::net::SocketAddr;
//! # use trackingmore_webhook::{Verifier, testing::conformance};
//! # let addr: SocketAddr = ([127, 0, 0, 1], 3000).into();
//! conformance::run_with_secret(&|_: Verifier| addr);
//! ```

mod exchange;
mod subject;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;

use self::subject::Subject;
use super::{Answer, SECRET};
use crate::{Error, PROBLEM_CONTENT_TYPE, Scheme, Verifier, WWW_AUTHENTICATE};

/// The path on which a receiver takes deliveries by default.
pub const PATH: &str = "/webhooks/trackingmore";

const OTHER_SECRET: &str = "another secret";

/// A receiver to test. A function or closure from a [`Verifier`] to an address is one.
pub trait Receiver {
    /// Serves the application behind `verifier`, in the background until the process ends, and
    /// returns its address.
    ///
    /// It is called several times, each time with another verifier. The application answers genuine
    /// deliveries with any status from 200 to 299. It may answer 503 when it cannot store one: the
    /// suite then sends it again, as the vendor does, but not forever.
    fn serve(&self, verifier: Verifier) -> SocketAddr;

    /// Returns the path on which it takes deliveries: by default [`PATH`].
    fn path(&self) -> &str {
        PATH
    }

    /// Returns the record in which the handler notes its deliveries. Without one, the suite judges
    /// by the answers alone: it cannot see that a handler is called for a refused request, or gets
    /// other bytes than were sent.
    fn handled(&self) -> Option<&Handled> {
        None
    }

    /// Returns whether it also answers 2xx to genuine deliveries whose body is not an
    /// [`Event`](crate::Event), because the handler takes only the bytes, or keeps those that
    /// cannot be read.
    fn accepts_unread(&self) -> bool {
        false
    }

    /// Returns whether `answer` is the right refusal for `error`: by default exactly the answer of
    /// the adapters. An application with its own answers says here what they are.
    fn is_refusal(&self, answer: &Answer, error: &Error) -> bool {
        let scheme = (error.status() == 401).then_some(WWW_AUTHENTICATE);
        answer.status == error.status()
            && answer.body == error.problem().as_bytes()
            && answer.header("content-type") == Some(PROBLEM_CONTENT_TYPE)
            && answer.header("www-authenticate") == scheme
    }
}

impl<F: Fn(Verifier) -> SocketAddr> Receiver for F {
    fn serve(&self, verifier: Verifier) -> SocketAddr {
        self(verifier)
    }
}

/// The bodies that reached the handler.
#[derive(Clone, Debug, Default)]
pub struct Handled(Arc<Mutex<Vec<Bytes>>>);

impl Handled {
    /// Notes a body, exactly as the handler received it, before the request is answered 2xx. The
    /// suite sends some bodies several times: note them before you drop duplicates.
    pub fn record(&self, body: &[u8]) {
        self.lock().push(Bytes::copy_from_slice(body));
    }

    fn take(&self) -> Vec<Bytes> {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the whole suite, and prints its progress.
///
/// # Panics
///
/// At the first wrong answer. The message has what was sent, what was answered, and what was
/// expected.
pub fn run<R: Receiver + ?Sized>(receiver: &R) {
    run_with_secret(receiver);

    let rotation = || Verifier::builder().secret(OTHER_SECRET).secret(SECRET);
    for scheme in [Scheme::Timestamp, Scheme::Body] {
        let verifier = rotation().scheme(scheme);
        Subject::new(receiver, verifier, Some(scheme)).answers_every_case();
    }
    Subject::new(receiver, rotation(), None).accepts_any_secret(&[OTHER_SECRET, SECRET]);
    let verifier = rotation().max_age(Duration::MAX);
    Subject::new(receiver, verifier, None).accepts_what_others_signed();
}

/// Runs the part of the suite that works with the verifier `Verifier::new(SECRET)`: for an
/// application that makes its own verifier and so ignores the one that it is given.
///
/// It leaves out pinned schemes, the rotation of secrets, and deliveries that others signed long
/// ago.
///
/// # Panics
///
/// As [`run`].
pub fn run_with_secret<R: Receiver + ?Sized>(receiver: &R) {
    let subject = Subject::new(receiver, Verifier::builder().secret(SECRET), None);
    subject.answers_every_case();
    subject.refuses_unread_what_headers_refuse();
    subject.refuses_unread_what_is_announced_too_large();
    subject.refuses_large_bodies_however_they_come();
    subject.refuses_an_endless_body_once_it_is_too_large();
    subject.never_accepts_half_a_body();
    subject.keeps_the_connection_in_order();
}
