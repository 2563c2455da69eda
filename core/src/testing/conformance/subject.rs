use std::{io, net::SocketAddr, time::SystemTime};

use bytes::Bytes;

use super::{Receiver, SECRET};
use crate::{
    Error, ErrorKind, Event, PROBLEM_CONTENT_TYPE, Scheme, Signer, Verifier, VerifierBuilder,
    WWW_AUTHENTICATE,
    testing::{Answer, Connection, Framing, cases, vectors},
};

const UNSIGNED: &[(String, String)] = &[];

/// How often a delivery is sent that the receiver cannot store.
const ATTEMPTS: usize = 3;

/// A receiver that is served behind one verifier.
pub(super) struct Subject<'a, R: ?Sized> {
    receiver: &'a R,
    addr: SocketAddr,
    verifier: Verifier,
    scheme: Option<Scheme>,
}

/// What was sent, in words, and what came back.
struct Exchange {
    sent: String,
    answer: io::Result<Answer>,
}

impl<'a, R: Receiver + ?Sized> Subject<'a, R> {
    /// Serves a receiver behind a verifier which is pinned to `scheme`, if any.
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
                let mut outcome = case.verification(self.scheme);
                if !self.receiver.accepts_unread() {
                    outcome = outcome.and(case.reading());
                }
                let connection = &mut self.connect();
                let (name, headers, body) = (case.name, &case.headers, &case.body);
                let Err(kind) = outcome else {
                    self.deliver(connection, name, headers, body, framing);
                    continue;
                };
                let error = match kind {
                    // Names the place in the body.
                    ErrorKind::UnexpectedShape => self
                        .verifier
                        .receive::<Event>(headers, body.clone())
                        .expect_err("a case of another shape"),
                    kind => kind.into(),
                };
                let exchange = self.post(connection, name, headers, body, framing);
                self.check_refused(&exchange, &error);
            }
        }
    }

    pub(super) fn accepts_what_others_signed(&self) {
        println!("what others signed");
        for vector in vectors() {
            self.deliver(
                &mut self.connect(),
                &format!("signed by {}", vector.signed_by),
                &vector.headers(),
                &vector.body,
                Framing::Length,
            );
        }
    }

    pub(super) fn accepts_any_secret(&self, secrets: &[&str]) {
        println!("any secret of a rotation");
        for (index, secret) in secrets.iter().enumerate() {
            let (headers, body) = genuine(secret);
            let name = format!("signed with secret {index} of a rotation");
            self.deliver(&mut self.connect(), &name, &headers, &body, Framing::Length);
        }
    }

    pub(super) fn refuses_unread_what_headers_refuse(&self) {
        println!("3 MB announced, unsigned: answered before any of it is sent");
        self.check_refused_unread("unsigned", 3_000_000, UNSIGNED, ErrorKind::MissingHeader);
    }

    pub(super) fn refuses_unread_what_is_announced_too_large(&self) {
        println!("1 TB announced: answered before any of it is sent");
        let (signed, _) = genuine(SECRET);
        const TERABYTE: u64 = 1_000_000_000_000;
        self.check_refused_unread("unsigned", TERABYTE, UNSIGNED, ErrorKind::MissingHeader);
        self.check_refused_unread("signed", TERABYTE, &signed, ErrorKind::BodyTooLarge);
    }

    pub(super) fn refuses_large_bodies_however_they_come(&self) {
        println!("3 MB, signed and unsigned");
        let (signed, _) = genuine(SECRET);
        let body = vec![b' '; 3_000_000];
        for framing in [Framing::Length, Framing::Chunked(10_000)] {
            for (name, headers, kind) in [
                ("3 MB, unsigned", UNSIGNED, ErrorKind::MissingHeader),
                ("3 MB, signed", &signed, ErrorKind::BodyTooLarge),
            ] {
                let mut connection = self.connect();
                let exchange = self.post(&mut connection, name, headers, &body, framing);
                let answer = self.check_refused(&exchange, &kind.into());
                self.check_order(&exchange, &mut connection, answer);
            }
        }
    }

    pub(super) fn refuses_an_endless_body_once_it_is_too_large(&self) {
        println!("a chunked body that goes on, answered at the limit");
        let (headers, _) = genuine(SECRET);
        let chunk = b" ".repeat(300_000);
        let start = [format!("{:x}\r\n", chunk.len()).as_bytes(), &chunk].concat();
        let mut connection = self.connect();
        let exchange = self.start(
            &mut connection,
            "signed, goes on after 300,000 bytes",
            &headers,
            "transfer-encoding: chunked",
            &start,
        );
        let answer = self.check_refused(&exchange, &ErrorKind::BodyTooLarge.into());
        if !answer.announces_close() && connection.send(b"\r\n0\r\n\r\n").is_err() {
            self.fail(
                &exchange,
                "a connection that stays open, or announces that it closes",
            );
        }
        self.check_order(&exchange, &mut connection, answer);
    }

    pub(super) fn never_accepts_half_a_body(&self) {
        println!("client that goes away in the middle of a body");
        // What arrives is an event, so that only its missing end is wrong.
        let (headers, event) = genuine(SECRET);
        let length = format!("content-length: {}", event.len() + 1);
        let size = format!("{:x}\r\n", event.len());
        let chunk = [size.as_bytes(), &event, b"\r\n"].concat();
        for (framing, part) in [
            (length.as_str(), &event[..]),
            ("transfer-encoding: chunked", &chunk),
        ] {
            let mut connection = self.connect();
            let sent = self.sent(
                "signed, and closed before the end of the body",
                &headers,
                framing,
            );
            let started = connection
                .send_head(self.receiver.path(), &headers, &[framing])
                .and_then(|()| connection.send(part))
                .and_then(|()| connection.finish_sending());
            let mut exchange = Exchange {
                sent,
                answer: started.and_then(|()| connection.read_answer()),
            };
            while let Ok(answer) = &exchange.answer {
                if !(400..500).contains(&answer.status) {
                    self.fail(&exchange, "a status from 400 to 499, or none");
                }
                exchange.answer = connection.read_answer();
            }
            self.check_not_handled(&exchange);
        }
    }

    pub(super) fn keeps_the_connection_in_order(&self) {
        println!("a genuine delivery on the connection of a refused one");
        for refused_body in [&b" ".repeat(200_000)[..], b""] {
            for framing in [Framing::Length, Framing::Chunked(10_000)] {
                let mut connection = self.connect();
                let exchange =
                    self.post(&mut connection, "unsigned", UNSIGNED, refused_body, framing);
                let answer = self.check_refused(&exchange, &ErrorKind::MissingHeader.into());
                self.check_order(&exchange, &mut connection, answer);
            }
        }
        println!("two genuine deliveries on one connection");
        let (headers, body) = genuine(SECRET);
        let mut connection = self.connect();
        for framing in [Framing::Chunked(7), Framing::Length] {
            let name = "one of two on a connection";
            self.deliver(&mut connection, name, &headers, &body, framing);
        }
    }

    fn connect(&self) -> Connection {
        Connection::open(self.addr).expect("the receiver listens where it says")
    }

    /// Sends a genuine delivery, again if it cannot be stored, and checks that it is accepted.
    fn deliver(
        &self,
        connection: &mut Connection,
        name: &str,
        headers: &[(impl AsRef<str>, impl AsRef<[u8]>)],
        body: &Bytes,
        framing: Framing,
    ) {
        let mut exchange = self.post(connection, name, headers, body, framing);
        for _ in 1..ATTEMPTS {
            if !matches!(&exchange.answer, Ok(answer) if answer.status == 503) {
                break;
            }
            self.handled();
            exchange = self.post(connection, name, headers, body, framing);
        }
        match &exchange.answer {
            Ok(answer) if (200..300).contains(&answer.status) => {}
            _ => self.fail(&exchange, "a status from 200 to 299"),
        }
        if self.handled().is_some_and(|handled| handled != [body]) {
            self.fail(&exchange, "the handler to be given exactly this body, once");
        }
    }

    fn post(
        &self,
        connection: &mut Connection,
        name: &str,
        headers: &[(impl AsRef<str>, impl AsRef<[u8]>)],
        body: &[u8],
        framing: Framing,
    ) -> Exchange {
        let what = format!("{} ({framing:?})", excerpt(body));
        Exchange {
            sent: self.sent(name, headers, &what),
            answer: connection.post(self.receiver.path(), headers, body, framing),
        }
    }

    /// Sends a head and part of a body, and reads the answer.
    fn start(
        &self,
        connection: &mut Connection,
        name: &str,
        headers: &[(impl AsRef<str>, impl AsRef<[u8]>)],
        framing: &str,
        part: &[u8],
    ) -> Exchange {
        let head = connection.send_head(self.receiver.path(), headers, &[framing]);
        // May fail because the answer is there.
        let _ = connection.send(part);
        Exchange {
            sent: self.sent(name, headers, framing),
            answer: head.and_then(|()| connection.read_answer()),
        }
    }

    fn check_refused_unread(
        &self,
        name: &str,
        len: u64,
        headers: &[(String, String)],
        kind: ErrorKind,
    ) {
        let mut connection = self.connect();
        let length = format!("content-length: {len}");
        let exchange = self.start(&mut connection, name, headers, &length, b"");
        let answer = self.check_refused(&exchange, &kind.into());
        if !answer.announces_close() {
            self.fail(&exchange, "connection: close, since the body is unread");
        }
        self.check_order(&exchange, &mut connection, answer);
    }

    fn check_refused<'e>(&self, exchange: &'e Exchange, error: &Error) -> &'e Answer {
        let answer = match &exchange.answer {
            Ok(answer) if self.receiver.is_refusal(answer, error) => answer,
            _ => {
                let challenge = match error.status() {
                    401 => format!(", www-authenticate: {WWW_AUTHENTICATE}"),
                    _ => String::new(),
                };
                let headers = format!("content-type: {PROBLEM_CONTENT_TYPE}{challenge}");
                let problem = error.problem();
                self.fail(
                    exchange,
                    &format!("{} {headers}\n  {problem}", error.status()),
                )
            }
        };
        self.check_not_handled(exchange);
        answer
    }

    fn check_not_handled(&self, exchange: &Exchange) {
        if self.handled().is_some_and(|handled| !handled.is_empty()) {
            self.fail(exchange, "the handler not to be called");
        }
    }

    /// Checks that a connection is either announced closed and closed, or good for a delivery.
    fn check_order(&self, exchange: &Exchange, connection: &mut Connection, answer: &Answer) {
        if !answer.announces_close() {
            let (headers, body) = genuine(SECRET);
            let name = "genuine, on the connection of a refused one";
            self.deliver(connection, name, &headers, &body, Framing::Length);
        } else if !connection.is_closed() {
            self.fail(exchange, "the connection to be closed, as announced");
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

    fn sent(
        &self,
        name: &str,
        headers: &[(impl AsRef<str>, impl AsRef<[u8]>)],
        body: &str,
    ) -> String {
        let headers: String = headers
            .iter()
            .map(|(name, value)| format!("\n  {}: {}", name.as_ref(), excerpt(value.as_ref())))
            .collect();
        let path = self.receiver.path();
        let verified_by = self.verified_by();
        format!("{name}\nverifier: {verified_by}\nsent: POST {path}{headers}\n  {body}")
    }

    #[track_caller]
    fn fail(&self, exchange: &Exchange, expected: &str) -> ! {
        let answered = match &exchange.answer {
            Ok(answer) => format!(
                "{} {:?}\n  {}",
                answer.status,
                answer.headers,
                excerpt(&answer.body)
            ),
            Err(error) => format!("nothing whole: {error}"),
        };
        panic!(
            "{}\nanswered: {answered}\nexpected: {expected}",
            exchange.sent
        )
    }
}

/// A small delivery of now, and its headers.
fn genuine(secret: &str) -> (Vec<(String, String)>, Bytes) {
    let body = Bytes::from_static(br#"{"code":200,"data":{"tracking_number":"LX405512873SE"}}"#);
    let signer = Signer::new(secret).expect("a good secret");
    let headers = signer.headers(Scheme::Timestamp, SystemTime::now(), &body);
    (headers, body)
}

/// Gives the beginning of a text that may be long.
fn excerpt(text: &[u8]) -> String {
    const LONGEST: usize = 300;
    match text.get(..LONGEST) {
        Some(start) => format!("{:?}… {} bytes", String::from_utf8_lossy(start), text.len()),
        None => format!("{:?}", String::from_utf8_lossy(text)),
    }
}
