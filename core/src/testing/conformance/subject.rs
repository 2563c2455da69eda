use std::{io, net::SocketAddr, time::SystemTime};

use bytes::Bytes;

use super::{
    Receiver, SECRET,
    exchange::{Exchange, Request, excerpt},
};
use crate::{
    Error, ErrorKind, Event, PROBLEM_CONTENT_TYPE, Scheme, Verifier, VerifierBuilder,
    WWW_AUTHENTICATE,
    testing::{Case, Connection, Framing, cases, vectors},
};

/// How often to send a delivery that the receiver cannot store.
const ATTEMPTS: usize = 3;

/// A receiver that is served behind one verifier.
pub(super) struct Subject<'a, R: ?Sized> {
    receiver: &'a R,
    addr: SocketAddr,
    verifier: Verifier,
    scheme: Option<Scheme>,
}

impl<'a, R: Receiver + ?Sized> Subject<'a, R> {
    /// Serves a receiver behind a verifier that is pinned to `scheme`, if any.
    pub(super) fn new(receiver: &'a R, verifier: VerifierBuilder, scheme: Option<Scheme>) -> Self {
        let verifier = verifier.build().expect("a well configured verifier");
        Self {
            receiver,
            addr: receiver.serve(verifier.clone()),
            verifier,
            scheme,
        }
    }

    pub(super) fn answers_every_case(&self) {
        for framing in [
            Framing::Length,
            Framing::Chunked(64),
            Framing::Chunked(5000),
        ] {
            println!("every case, {}, {framing:?}", self.verified_by());
            for case in cases(SystemTime::now()) {
                let request = Request::new(case.name, &case.headers, &case.body);
                match self.expected(&case) {
                    Ok(()) => drop(self.deliver(self.connect(), &request, framing)),
                    Err(error) => {
                        let exchange = self.post(self.connect(), &request, framing);
                        self.check_refused(&exchange, &error);
                    }
                }
            }
        }
    }

    pub(super) fn accepts_what_others_signed(&self) {
        println!("what others signed");
        for vector in vectors() {
            let name = format!("signed by {}", vector.signed_by);
            let request = Request::new(name, &vector.headers(), &vector.body);
            self.deliver(self.connect(), &request, Framing::Length);
        }
    }

    pub(super) fn accepts_any_secret(&self, secrets: &[&str]) {
        println!("any secret of a rotation");
        for secret in secrets {
            let request = Request::genuine("signed with a secret of a rotation", secret);
            self.deliver(self.connect(), &request, Framing::Length);
        }
    }

    pub(super) fn refuses_unread_what_headers_refuse(&self) {
        println!("3 MB announced, unsigned: answered before any of it is sent");
        let unsigned = Request::unsigned("unsigned", Vec::new());
        self.check_refused_unread(&unsigned, 3_000_000, ErrorKind::MissingHeader);
    }

    pub(super) fn refuses_unread_what_is_announced_too_large(&self) {
        const TERABYTE: u64 = 1_000_000_000_000;
        println!("1 TB announced: answered before any of it is sent");
        let unsigned = Request::unsigned("unsigned", Vec::new());
        self.check_refused_unread(&unsigned, TERABYTE, ErrorKind::MissingHeader);
        let signed = Request::genuine("signed", SECRET);
        self.check_refused_unread(&signed, TERABYTE, ErrorKind::BodyTooLarge);
    }

    pub(super) fn refuses_large_bodies_however_they_come(&self) {
        println!("3 MB, signed and unsigned");
        let unsigned = Request::unsigned("3 MB, unsigned", b" ".repeat(3_000_000));
        let signed = Request {
            body: unsigned.body.clone(),
            ..Request::genuine("3 MB, signed", SECRET)
        };
        for framing in [Framing::Length, Framing::Chunked(10_000)] {
            for (request, kind) in [
                (&unsigned, ErrorKind::MissingHeader),
                (&signed, ErrorKind::BodyTooLarge),
            ] {
                let exchange = self.post(self.connect(), request, framing);
                self.check_refused(&exchange, &kind.into());
                self.check_order(exchange);
            }
        }
    }

    pub(super) fn refuses_an_endless_body_once_it_is_too_large(&self) {
        println!("a chunked body that goes on, answered at the limit");
        let signed = Request::genuine("signed, goes on after 300,000 bytes", SECRET);
        let start = [b"493e0\r\n", &b" ".repeat(300_000)[..]].concat();
        let mut exchange = self.start(&signed, "transfer-encoding: chunked", &start, |_| Ok(()));
        self.check_refused(&exchange, &ErrorKind::BodyTooLarge.into());
        if !exchange.announces_close() && exchange.connection.send(b"\r\n0\r\n\r\n").is_err() {
            exchange.fail("a connection that stays open, or announces that it closes");
        }
        self.check_order(exchange);
    }

    pub(super) fn never_accepts_half_a_body(&self) {
        println!("client that goes away in the middle of a body");
        let signed = Request::genuine("signed, and gone before the end of the body", SECRET);
        // The part that arrives is an event, so only the missing end is wrong.
        let event = &signed.body;
        let length = format!("content-length: {}", event.len() + 1);
        let size = format!("{:x}\r\n", event.len());
        let chunk = [size.as_bytes(), event, b"\r\n"].concat();
        for (framing, part) in [
            (length.as_str(), &event[..]),
            ("transfer-encoding: chunked", &chunk),
        ] {
            let mut exchange = self.start(&signed, framing, part, Connection::finish_sending);
            while exchange.answer.is_ok() {
                if !exchange.has_status(400..500) {
                    exchange.fail("a status from 400 to 499, or none");
                }
                exchange.answer = exchange.connection.read_answer();
            }
            self.check_not_handled(&exchange);
        }
    }

    pub(super) fn keeps_the_connection_in_order(&self) {
        println!("a genuine delivery on the connection of a refused one");
        for len in [200_000, 0] {
            let unsigned = Request::unsigned("unsigned", b" ".repeat(len));
            for framing in [Framing::Length, Framing::Chunked(10_000)] {
                let exchange = self.post(self.connect(), &unsigned, framing);
                self.check_refused(&exchange, &ErrorKind::MissingHeader.into());
                self.check_order(exchange);
            }
        }
        println!("two genuine deliveries on one connection");
        let genuine = Request::genuine("one of two on a connection", SECRET);
        let exchange = self.deliver(self.connect(), &genuine, Framing::Chunked(7));
        self.deliver(exchange.connection, &genuine, Framing::Length);
    }
    /// Returns how a case must be judged.
    fn expected(&self, case: &Case) -> Result<(), Error> {
        case.verification(self.scheme)?;
        match case.reading() {
            Err(_) if self.receiver.accepts_unread() => Ok(()),
            // With the path in the body.
            Err(ErrorKind::UnexpectedShape) => {
                let received = self
                    .verifier
                    .receive::<Event>(&case.headers, case.body.clone());
                received.map(drop)
            }
            reading => Ok(reading?),
        }
    }

    fn connect(&self) -> Connection {
        Connection::open(self.addr).expect("the receiver listens where it says")
    }

    /// Sends a genuine delivery, repeatedly if it cannot be stored, and checks that it is accepted.
    fn deliver(&self, connection: Connection, request: &Request, framing: Framing) -> Exchange {
        let mut exchange = self.post(connection, request, framing);
        for _ in 1..ATTEMPTS {
            if exchange.has_status(503..504) {
                self.handled();
                exchange = self.post(exchange.connection, request, framing);
            }
        }
        if !exchange.has_status(200..300) {
            exchange.fail("a status from 200 to 299");
        }
        let body = &request.body;
        if self.handled().is_some_and(|handled| handled != [body]) {
            exchange.fail("the handler to be given exactly this body, once");
        }
        exchange
    }

    fn post(&self, mut connection: Connection, request: &Request, framing: Framing) -> Exchange {
        let path = self.receiver.path();
        Exchange {
            sent: self.described(
                request,
                &format!("{} ({framing:?})", excerpt(&request.body)),
            ),
            answer: connection.post(path, &request.headers, &request.body, framing),
            connection,
        }
    }

    /// Sends a head and the start of a body, calls `then`, and reads the answer.
    fn start(
        &self,
        request: &Request,
        framing: &str,
        start: &[u8],
        then: fn(&mut Connection) -> io::Result<()>,
    ) -> Exchange {
        let mut connection = self.connect();
        let path = self.receiver.path();
        // The answer may come before everything is sent.
        let _ = connection
            .send_head(path, &request.headers, &[framing])
            .and_then(|()| connection.send(start))
            .and_then(|()| then(&mut connection));
        Exchange {
            sent: self.described(request, framing),
            answer: connection.read_answer(),
            connection,
        }
    }

    fn check_refused_unread(&self, request: &Request, len: u64, kind: ErrorKind) {
        let exchange = self.start(request, &format!("content-length: {len}"), b"", |_| Ok(()));
        self.check_refused(&exchange, &kind.into());
        if !exchange.announces_close() {
            exchange.fail("connection: close, since the body is unread");
        }
        self.check_order(exchange);
    }

    fn check_refused(&self, exchange: &Exchange, error: &Error) {
        let is_refusal = |answer| self.receiver.is_refusal(answer, error);
        if !exchange.answer.as_ref().is_ok_and(is_refusal) {
            let challenge = match error.status() {
                401 => format!(", www-authenticate: {WWW_AUTHENTICATE}"),
                _ => String::new(),
            };
            exchange.fail(&format!(
                "{} content-type: {PROBLEM_CONTENT_TYPE}{challenge}\n  {}",
                error.status(),
                error.problem()
            ));
        }
        self.check_not_handled(exchange);
    }

    fn check_not_handled(&self, exchange: &Exchange) {
        if self.handled().is_some_and(|handled| !handled.is_empty()) {
            exchange.fail("the handler not to be called");
        }
    }

    /// Checks that a connection is either closed as announced, or can take another delivery.
    fn check_order(&self, mut exchange: Exchange) {
        if !exchange.announces_close() {
            let genuine = Request::genuine("genuine, on the connection of a refused one", SECRET);
            self.deliver(exchange.connection, &genuine, Framing::Length);
        } else if !exchange.connection.is_closed() {
            exchange.fail("the connection to be closed, as announced");
        }
    }

    fn handled(&self) -> Option<Vec<Bytes>> {
        Some(self.receiver.handled()?.take())
    }

    fn verified_by(&self) -> String {
        match self.scheme {
            None => "both schemes accepted".to_owned(),
            Some(scheme) => format!("pinned to Scheme::{scheme:?}"),
        }
    }

    fn described(&self, request: &Request, body: &str) -> String {
        request.described(&self.verified_by(), self.receiver.path(), body)
    }
}
