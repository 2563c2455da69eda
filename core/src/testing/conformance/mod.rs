//! What every receiver must do, checked from outside, over real sockets.
//!
//! # Examples
//!
//! An adapter, or an application, is put to the test by serving it behind a given verifier:
//!
//! ```no_run
//! use std::net::SocketAddr;
//! use trackingmore_webhook::{Verifier, testing::conformance::{self, Handled, Receiver}};
//!
//! struct MyApp;
//!
//! impl Receiver for MyApp {
//!     fn serve(&self, verifier: Verifier, handled: Handled) -> SocketAddr {
//!         // Start the application on a free port of the loopback interface, in the background.
//!         // Its handler calls `handled.record(&delivery.body)` and answers 204.
//! #       let _ = (verifier, handled);
//! #       ([127, 0, 0, 1], 0).into()
//!     }
//! }
//!
//! conformance::run(&MyApp);
//! ```

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;

use super::{Answer, Case, Connection, Framing, SECRET, cases, vectors};
use crate::{Error, ErrorKind, Event, PROBLEM_CONTENT_TYPE, Scheme, Verifier, WWW_AUTHENTICATE};

/// Where the receiver must take deliveries.
pub const PATH: &str = "/webhooks/trackingmore";

const UNSIGNED: [(&str, &str); 0] = [];

/// A receiver to put to the test.
pub trait Receiver {
    /// Whether the handler receives the body as an [`Event`]; `false` if it receives just the
    /// bytes, so that bodies which are not events reach it.
    const READS_EVENTS: bool = true;

    /// Serves `POST` [`PATH`] behind `verifier`, in the background until the process ends, and
    /// tells where.
    ///
    /// The handler calls [`Handled::record`] with the body it was given and then answers 204. It
    /// is called several times, each time with another verifier.
    fn serve(&self, verifier: Verifier, handled: Handled) -> SocketAddr;
}

/// The bodies that reached the handler.
#[derive(Clone, Debug, Default)]
pub struct Handled(Arc<Mutex<Vec<Bytes>>>);

impl Handled {
    /// Notes a body, exactly as the handler was given it.
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

/// Runs the whole suite, and prints what it is at.
///
/// # Panics
///
/// At the first answer that is not as it must be.
pub fn run<R: Receiver>(receiver: &R) {
    for scheme in [None, Some(Scheme::Timestamp), Some(Scheme::Body)] {
        let subject = Subject::new(receiver, scheme, None);
        for framing in [
            Framing::Length,
            Framing::Chunked(64),
            Framing::Chunked(5000),
        ] {
            subject.answers_every_case(framing);
        }
    }
    Subject::new(receiver, None, Some(Duration::MAX)).accepts_what_others_signed();

    let subject = Subject::new(receiver, Some(Scheme::Timestamp), None);
    subject.refuses_unread_what_headers_refuse();
    subject.refuses_unread_what_is_announced_too_large();
    subject.refuses_large_bodies_however_they_come();
    subject.refuses_an_endless_body_once_it_is_too_large();
    subject.never_hands_on_half_a_body();
    subject.keeps_the_connection_in_order();

    Subject::new(receiver, None, None).accepts_any_secret_of_a_rotation();
}

struct Subject {
    addr: SocketAddr,
    handled: Handled,
    verifier: Verifier,
    scheme: Option<Scheme>,
    reads_events: bool,
}

impl Subject {
    fn new<R: Receiver>(receiver: &R, scheme: Option<Scheme>, max_age: Option<Duration>) -> Self {
        let mut builder = Verifier::builder().secret("another secret").secret(SECRET);
        if let Some(scheme) = scheme {
            builder = builder.scheme(scheme);
        }
        if let Some(max_age) = max_age {
            builder = builder.max_age(max_age);
        }
        let verifier = builder
            .build()
            .expect("the suite's verifier is well configured");
        let handled = Handled::default();
        Self {
            addr: receiver.serve(verifier.clone(), handled.clone()),
            handled,
            verifier,
            scheme,
            reads_events: R::READS_EVENTS,
        }
    }

    fn answers_every_case(&self, framing: Framing) {
        println!("every case, {:?}, {framing:?}", self.scheme);
        for case in cases(SystemTime::now()) {
            let context = format!("{}, {:?}, {framing:?}", case.name, self.scheme);
            let answer = self
                .connect()
                .post(PATH, &case.headers, &case.body, framing);
            let answer = answer.unwrap_or_else(|error| panic!("{context}: {error}"));
            self.check(&context, &case, &answer);
        }
    }

    fn accepts_what_others_signed(&self) {
        println!("what others signed");
        for vector in vectors() {
            let answer =
                self.connect()
                    .post(PATH, &vector.headers(), &vector.body, Framing::Length);
            let answer = answer.expect("an answer");
            self.check_handled(vector.signed_by, &answer, &vector.body);
        }
    }

    fn accepts_any_secret_of_a_rotation(&self) {
        println!("any secret of a rotation");
        for secret in ["another secret", SECRET] {
            let (headers, body) = self.genuine(secret);
            let answer = self.connect().post(PATH, &headers, &body, Framing::Length);
            self.check_handled("rotation", &answer.expect("an answer"), &body);
        }
    }

    fn refuses_unread_what_headers_refuse(&self) {
        println!("3 MB announced, unsigned: answered before any of it is sent");
        let mut connection = self.connect();
        let sent = connection.send_head(PATH, &UNSIGNED, &["content-length: 3000000"]);
        sent.expect("the head is taken");
        let answer = connection.read_answer().expect("an answer before the body");
        self.check_refused("3 MB unsigned", ErrorKind::MissingHeader, &answer);
        self.check_closed("3 MB unsigned", &mut connection, &answer);
    }

    fn refuses_unread_what_is_announced_too_large(&self) {
        println!("1 TB announced: answered before any of it is sent");
        let (signed, _) = self.genuine(SECRET);
        for (headers, kind) in [
            (&[][..], ErrorKind::MissingHeader),
            (&signed, ErrorKind::BodyTooLarge),
        ] {
            let mut connection = self.connect();
            let sent = connection.send_head(PATH, headers, &["content-length: 1000000000000"]);
            sent.expect("the head is taken");
            let answer = connection.read_answer().expect("an answer before the body");
            self.check_refused("1 TB announced", kind, &answer);
            self.check_closed("1 TB announced", &mut connection, &answer);
        }
    }

    fn refuses_large_bodies_however_they_come(&self) {
        println!("3 MB, signed and unsigned");
        let (signed, _) = self.genuine(SECRET);
        let body = vec![b' '; 3_000_000];
        for framing in [Framing::Length, Framing::Chunked(10_000)] {
            for (headers, kind) in [
                (&[][..], ErrorKind::MissingHeader),
                (&signed, ErrorKind::BodyTooLarge),
            ] {
                let mut connection = self.connect();
                let answer = connection.post(PATH, headers, &body, framing);
                let answer = answer.expect("the whole answer");
                self.check_refused("3 MB", kind, &answer);
                self.check_order("3 MB", &mut connection, &answer);
            }
        }
    }

    fn refuses_an_endless_body_once_it_is_too_large(&self) {
        println!("a chunked body that goes on, answered at the limit");
        let (headers, _) = self.genuine(SECRET);
        let mut connection = self.connect();
        let chunk = vec![b' '; 300_000];
        let sent = connection
            .send_head(PATH, &headers, &["transfer-encoding: chunked"])
            .and_then(|()| connection.send(format!("{:x}\r\n", chunk.len()).as_bytes()));
        sent.expect("the head is taken");
        let _ = connection.send(&chunk);
        let answer = connection.read_answer().expect("an answer before the end");
        self.check_refused("endless", ErrorKind::BodyTooLarge, &answer);
        if !answer.announces_close() {
            connection
                .send(b"\r\n0\r\n\r\n")
                .expect("an open connection");
        }
        self.check_order("endless", &mut connection, &answer);
    }

    fn never_hands_on_half_a_body(&self) {
        println!("client that goes away in the middle of a body");
        let (headers, body) = self.genuine(SECRET);
        let length = format!("content-length: {}", body.len());
        for framing in [length.as_str(), "transfer-encoding: chunked"] {
            let mut connection = self.connect();
            connection
                .send_head(PATH, &headers, &[framing])
                .expect("the head is taken");
            let part = match framing {
                "transfer-encoding: chunked" => b"4\r\n{}  \r\n".as_slice(),
                _ => &body[..body.len() - 1],
            };
            connection.send(part).expect("half the body is taken");
            connection.finish_sending().expect("the connection is open");
            while connection.read_answer().is_ok_and(|answer| {
                assert_eq!(answer.status, 400, "half a body");
                true
            }) {}
            assert!(
                self.handled.take().is_empty(),
                "half a body reached the handler"
            );
        }
    }

    fn keeps_the_connection_in_order(&self) {
        println!("a genuine delivery on the connection of a refused one");
        let (headers, body) = self.genuine(SECRET);
        let forged = vec![b' '; 200_000];
        for refused_body in [&forged[..], b""] {
            for framing in [Framing::Length, Framing::Chunked(10_000)] {
                let mut connection = self.connect();
                let answer = connection.post(PATH, &UNSIGNED, refused_body, framing);
                let answer = answer.expect("the whole answer");
                self.check_refused("kept-alive", ErrorKind::MissingHeader, &answer);
                self.check_order("kept-alive", &mut connection, &answer);
            }
        }
        println!("two genuine deliveries on one connection");
        let mut connection = self.connect();
        for framing in [Framing::Chunked(7), Framing::Length] {
            let answer = connection.post(PATH, &headers, &body, framing);
            self.check_handled("kept-alive", &answer.expect("an answer"), &body);
        }
    }

    fn connect(&self) -> Connection {
        Connection::open(self.addr).expect("the receiver listens")
    }

    fn genuine(&self, secret: &str) -> (Vec<(String, String)>, Bytes) {
        let body =
            Bytes::from_static(br#"{"code":200,"data":{"tracking_number":"LX405512873SE"}}"#);
        let signer = crate::Signer::new(secret).expect("a good secret");
        let headers = signer.headers(Scheme::Timestamp, SystemTime::now(), &body);
        (headers, body)
    }

    fn check(&self, context: &str, case: &Case, answer: &Answer) {
        let outcome = match case.verification(self.scheme) {
            Ok(()) if self.reads_events => case.reading(),
            verification => verification,
        };
        match outcome {
            Ok(()) => self.check_handled(context, answer, &case.body),
            Err(ErrorKind::UnexpectedShape) => {
                let problem = self.shape_error(case).problem();
                self.check_problem(context, ErrorKind::UnexpectedShape, &problem, answer);
            }
            Err(kind) => self.check_refused(context, kind, answer),
        }
    }

    fn shape_error(&self, case: &Case) -> Error {
        let received = self
            .verifier
            .receive::<Event>(&case.headers, case.body.clone());
        received.expect_err("a case of another shape")
    }

    fn check_handled(&self, context: &str, answer: &Answer, body: &Bytes) {
        assert_eq!(answer.status, 204, "{context}: {answer:?}");
        assert_eq!(
            self.handled.take(),
            [body],
            "{context}: what the handler saw"
        );
    }

    fn check_refused(&self, context: &str, kind: ErrorKind, answer: &Answer) {
        self.check_problem(context, kind, &Error::from(kind).problem(), answer);
    }

    fn check_problem(&self, context: &str, kind: ErrorKind, problem: &str, answer: &Answer) {
        assert_eq!(
            answer.status,
            Error::from(kind).status(),
            "{context}: {answer:?}"
        );
        assert_eq!(String::from_utf8_lossy(&answer.body), problem, "{context}");
        assert_eq!(
            answer.header("content-type"),
            Some(PROBLEM_CONTENT_TYPE),
            "{context}"
        );
        let scheme = (answer.status == 401).then_some(WWW_AUTHENTICATE);
        assert_eq!(answer.header("www-authenticate"), scheme, "{context}");
        assert!(
            self.handled.take().is_empty(),
            "{context}: it reached the handler"
        );
    }

    /// Checks that a connection is either announced closed and closed, or good for a delivery.
    fn check_order(&self, context: &str, connection: &mut Connection, answer: &Answer) {
        if answer.announces_close() {
            self.check_closed(context, connection, answer);
        } else {
            let (headers, body) = self.genuine(SECRET);
            let answer = connection.post(PATH, &headers, &body, Framing::Length);
            self.check_handled(context, &answer.expect("an answer"), &body);
        }
    }

    fn check_closed(&self, context: &str, connection: &mut Connection, answer: &Answer) {
        assert!(
            answer.announces_close(),
            "{context}: the body is unread, and no close announced"
        );
        assert!(
            connection.is_closed(),
            "{context}: close is announced, not done"
        );
    }
}
