//! The suite for receivers, run on some that do everything right, and on others with one fault
//! each.

#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use trackingmore_webhook::testing::Answer;
use trackingmore_webhook::testing::conformance::{self, Handled, PATH, Receiver};
use trackingmore_webhook::{
    DeliveryId, Error, ErrorKind, Event, Headers as _, PROBLEM_CONTENT_TYPE, VerifiedBody,
    Verifier, WWW_AUTHENTICATE,
};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Accepts(ErrorKind),
    AcceptsZeros,
    RefusesUpperCase,
    RefusesLastMonth,
    RefusesFirstSecret,
    RefusesDuplicates,
    RefusesNulls,
    RefusesUnread,
    NeverStores,
    BlamesTheConnectionForChunksOf(usize),
    NoContentType,
    NoChallenge,
    NoWords,
    HandsOnNothing,
    HandsOnRefused,
    HandsOnRewritten,
    HandsOnTwice,
    HandsOnHalf,
    KeepsUnread(u64),
    ForgetsBodyOf(u64),
    TalksAfterClose,
}

/// The faults that show in the answers.
const SEEN_IN_ANSWERS: [Fault; 22] = [
    Fault::Accepts(ErrorKind::MissingHeader),
    Fault::Accepts(ErrorKind::RepeatedHeader),
    Fault::Accepts(ErrorKind::SignatureMismatch),
    Fault::Accepts(ErrorKind::StaleTimestamp),
    Fault::AcceptsZeros,
    Fault::RefusesUpperCase,
    Fault::RefusesLastMonth,
    Fault::RefusesFirstSecret,
    Fault::RefusesDuplicates,
    Fault::RefusesNulls,
    Fault::NeverStores,
    Fault::BlamesTheConnectionForChunksOf(10_000),
    Fault::BlamesTheConnectionForChunksOf(300_000),
    Fault::NoContentType,
    Fault::NoChallenge,
    Fault::NoWords,
    Fault::HandsOnHalf,
    Fault::KeepsUnread(3_000_000),
    Fault::KeepsUnread(1_000_000_000_000),
    Fault::ForgetsBodyOf(200_000),
    Fault::TalksAfterClose,
    Fault::Accepts(ErrorKind::BodyTooLarge),
];

/// The faults that show only in what the handler received.
const SEEN_BY_THE_HANDLER: [Fault; 4] = [
    Fault::HandsOnNothing,
    Fault::HandsOnRefused,
    Fault::HandsOnRewritten,
    Fault::HandsOnTwice,
];

#[test]
fn good_receivers_pass() {
    for reads_on in [false, true] {
        let plain = Plain {
            reads_on,
            ..Plain::new()
        };
        conformance::run(&plain);
        conformance::run(&plain.reading(Reading::Bytes));
    }
}

#[test]
fn a_function_is_a_receiver() {
    conformance::run(&|verifier| Plain::new().serve(verifier));
}

#[test]
fn any_path_and_any_success_will_do_with_and_without_a_hook() {
    let elsewhere = Plain {
        path: "/hooks/parcels?key=1",
        accepted: 299,
        ..Plain::new()
    };
    for receiver in [elsewhere.clone(), elsewhere.without_hook()] {
        for reading in [Reading::Events, Reading::Bytes, Reading::KeepsUnread(200)] {
            conformance::run(&receiver.reading(reading));
        }
    }
}

#[test]
fn a_receiver_may_fail_to_store_a_delivery_at_first() {
    for receiver in [Plain::new(), Plain::new().without_hook()] {
        conformance::run(&Plain {
            stores_at: 3,
            ..receiver
        });
    }
}

#[test]
fn a_receiver_that_takes_only_the_secret_passes_its_part() {
    let addr = Plain::new().serve(Verifier::new(trackingmore_webhook::testing::SECRET).unwrap());
    conformance::run_with_secret(&|_: Verifier| addr);

    let message = failure(|| conformance::run(&|_: Verifier| addr));
    assert!(message.contains("pinned to Scheme::Timestamp"), "{message}");
}

#[test]
fn every_fault_is_found() {
    for fault in SEEN_IN_ANSWERS.into_iter().chain(SEEN_BY_THE_HANDLER) {
        println!("looking for {fault:?}");
        let message = failure(|| conformance::run(&Plain::new().with(fault)));
        assert!(message.contains("\nexpected: "), "{fault:?}: {message}");
    }
}

#[test]
fn every_fault_in_the_answers_is_found_without_a_hook() {
    for fault in SEEN_IN_ANSWERS {
        println!("looking for {fault:?}");
        failure(|| conformance::run(&Plain::new().without_hook().with(fault)));
    }
}

#[test]
fn a_receiver_is_held_to_what_it_says() {
    let plain = Plain::new();
    for wrong in [
        Plain {
            accepted: 199,
            ..plain.clone()
        },
        Plain {
            accepted: 300,
            ..plain.clone()
        },
        plain.with(Fault::Accepts(ErrorKind::InvalidJson)),
        plain.with(Fault::Accepts(ErrorKind::UnexpectedShape)),
        plain.reading(Reading::Bytes).with(Fault::RefusesUnread),
        plain
            .reading(Reading::KeepsUnread(200))
            .with(Fault::Accepts(ErrorKind::MalformedTimestamp)),
        plain.reading(Reading::KeepsUnread(404)),
    ] {
        failure(|| conformance::run(&wrong));
        failure(|| conformance::run(&wrong.without_hook()));
    }
}

/// A receiver that refuses with its own answers.
struct Own(Plain);

impl Receiver for Own {
    fn serve(&self, verifier: Verifier) -> SocketAddr {
        self.0.serve(verifier)
    }

    fn is_refusal(&self, answer: &Answer, error: &Error) -> bool {
        answer.status == error.status() && answer.body == b"{}"
    }
}

#[test]
fn a_receiver_may_refuse_in_its_own_words() {
    let plain = Plain::new().without_hook();
    conformance::run(&Own(plain.with(Fault::NoWords)));
    failure(|| conformance::run(&Own(plain)));
}

#[test]
fn a_failure_shows_what_was_sent_answered_and_expected() {
    let receiver = Plain {
        path: "/hooks/parcels",
        ..Plain::new()
    };
    let fault = Fault::Accepts(ErrorKind::MissingHeader);
    let message = failure(|| conformance::run(&receiver.with(fault)));
    let (sent, rest) = message.split_once("\nanswered: ").unwrap();
    let start =
        "no header at all\nverifier: both schemes accepted\nsent: POST /hooks/parcels\n  \"{";
    assert!(sent.starts_with(start), "{sent}");
    assert!(sent.ends_with(" bytes (Length)"), "{sent}");
    assert_eq!(
        rest,
        "204 []\n  \"\"\nexpected: 401 content-type: application/problem+json, \
         www-authenticate: TrackingMore-Signature\n  {\"title\":\"Unauthorized\",\"status\":401,\
         \"detail\":\"signature or timestamp header is missing\",\"code\":\"missing_header\"}"
    );

    let message = failure(|| conformance::run(&Plain::new().with(Fault::RefusesUpperCase)));
    let start = "timestamp signed, upper-case hex\nverifier: both schemes accepted\n\
                 sent: POST /webhooks/trackingmore\n  timestamp: \"";
    assert!(message.starts_with(start), "{message}");
    assert!(
        message.ends_with("\nexpected: a status from 200 to 299"),
        "{message}"
    );
}

/// Returns the message with which a run fails.
fn failure(run: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("nothing is found");
    *panic.downcast::<String>().unwrap()
}

/// A receiver made only of sockets.
#[derive(Clone)]
struct Plain {
    path: &'static str,
    /// How it answers what it accepts.
    accepted: u16,
    reading: Reading,
    /// At which attempt it stores a delivery.
    stores_at: usize,
    /// Whether it reads a body that turned out too large to its end, instead of closing.
    reads_on: bool,
    handled: Option<Handled>,
    fault: Option<Fault>,
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Reading {
    Events,
    Bytes,
    /// Events; any other body is kept and answered with this status.
    KeepsUnread(u16),
}

#[derive(Default)]
struct State {
    attempts: usize,
    seen: HashSet<DeliveryId>,
}

impl Receiver for Plain {
    fn serve(&self, verifier: Verifier) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let receiver = self.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (receiver, verifier) = (receiver.clone(), verifier.clone());
                // A client that goes away ends only its own conversation with an error.
                thread::spawn(move || receiver.converse(&stream?, &verifier));
            }
        });
        addr
    }

    fn path(&self) -> &str {
        self.path
    }

    fn handled(&self) -> Option<&Handled> {
        self.handled.as_ref()
    }

    fn accepts_unread(&self) -> bool {
        self.reading != Reading::Events
    }
}

/// The status to answer with, or an error with its own.
type Outcome = Result<u16, Error>;
type Headers = Vec<(String, Vec<u8>)>;

impl Plain {
    fn new() -> Self {
        Self {
            path: PATH,
            accepted: 204,
            reading: Reading::Events,
            stores_at: 1,
            reads_on: false,
            handled: Some(Handled::default()),
            fault: None,
            state: Arc::default(),
        }
    }

    fn without_hook(&self) -> Self {
        Self {
            handled: None,
            ..self.clone()
        }
    }

    fn reading(&self, reading: Reading) -> Self {
        Self {
            reading,
            ..self.clone()
        }
    }

    fn with(&self, fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..self.clone()
        }
    }

    fn converse(&self, stream: &TcpStream, verifier: &Verifier) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let headers = read_headers(&mut reader, self.path)?;
            let mut body = Body::announced_by(&headers);
            let received = self.receive(verifier, &headers, &mut body, &mut reader);
            let outcome = received.and_then(|received| self.handle(&received));
            if outcome.is_err() && self.fault == Some(Fault::HandsOnRefused) {
                self.record(b"");
            }
            let closes = outcome.is_err() && !body.ended && !self.keeps(&body);
            self.answer(stream, self.misjudge(&headers, outcome), closes)?;
            if closes {
                stream.shutdown(Shutdown::Write)?;
                io::copy(&mut reader, &mut io::sink())?;
                return Ok(());
            }
            if !matches!(self.fault, Some(Fault::ForgetsBodyOf(_))) {
                while body.next_chunk(&mut reader)?.is_some() {}
            }
        }
    }

    fn handle(&self, received: &VerifiedBody) -> Outcome {
        let accepted = match (received.parse::<Event>(), self.reading) {
            (Err(error), Reading::Events) => return Err(error),
            (Err(error), _) if self.fault == Some(Fault::RefusesUnread) => return Err(error),
            (Err(_), Reading::KeepsUnread(status)) => status,
            _ => self.accepted,
        };
        let mut state = self.state.lock().unwrap();
        state.attempts += 1;
        let is_duplicate = !state.seen.insert(received.id());
        let bytes = received.bytes();
        match self.fault {
            Some(Fault::NeverStores) => return Ok(503),
            Some(Fault::RefusesDuplicates) if is_duplicate => return Ok(409),
            Some(Fault::RefusesNulls) if bytes.windows(5).any(|text| text == b":null") => {
                return Ok(500);
            }
            Some(Fault::HandsOnNothing) => {}
            Some(Fault::HandsOnRewritten) => {
                self.record(&serde_json::to_vec(&received.parse::<Event>()?.event).unwrap());
            }
            Some(Fault::HandsOnTwice) => [bytes; 2].iter().for_each(|bytes| self.record(bytes)),
            _ if !state.attempts.is_multiple_of(self.stores_at) => return Ok(503),
            _ => self.record(bytes),
        }
        Ok(accepted)
    }

    fn record(&self, body: &[u8]) {
        if let Some(handled) = &self.handled {
            handled.record(body);
        }
    }

    fn receive(
        &self,
        verifier: &Verifier,
        headers: &Headers,
        body: &mut Body,
        reader: &mut impl BufRead,
    ) -> Result<VerifiedBody, Error> {
        let mut incoming = verifier.begin(headers)?;
        loop {
            match body.next_chunk(reader) {
                Ok(Some(chunk)) => {
                    let len = chunk.len();
                    incoming.push(chunk.into()).map_err(|error| {
                        if self.fault == Some(Fault::BlamesTheConnectionForChunksOf(len)) {
                            ErrorKind::BodyUnreadable.into()
                        } else {
                            error
                        }
                    })?;
                }
                Err(error)
                    if self.fault != Some(Fault::HandsOnHalf)
                        || error.kind() != io::ErrorKind::UnexpectedEof =>
                {
                    return Err(incoming.refuse(ErrorKind::BodyUnreadable));
                }
                Ok(None) | Err(_) => break,
            }
        }
        let received = incoming.finish()?;
        let verified = received.verified();
        let month_ago = SystemTime::now() - Duration::from_secs(30 * 24 * 60 * 60);
        match self.fault {
            Some(Fault::RefusesLastMonth)
                if verified
                    .timestamp()
                    .is_some_and(|signed| signed < month_ago) =>
            {
                Err(ErrorKind::StaleTimestamp.into())
            }
            Some(Fault::RefusesFirstSecret) if verified.secret_index() == 0 => {
                Err(ErrorKind::SignatureMismatch.into())
            }
            _ => Ok(received),
        }
    }

    fn misjudge(&self, headers: &Headers, outcome: Outcome) -> Outcome {
        let signature = headers.values("signature").next().unwrap_or_default();
        match (self.fault, &outcome) {
            (Some(Fault::Accepts(kind)), Err(error)) if error.kind() == kind => Ok(self.accepted),
            (Some(Fault::AcceptsZeros), _) if signature == [b'0'; 64] => Ok(self.accepted),
            (Some(Fault::RefusesUpperCase), Ok(_))
                if signature.iter().any(u8::is_ascii_uppercase) && signature.len() == 64 =>
            {
                Err(ErrorKind::MalformedSignature.into())
            }
            _ => outcome,
        }
    }

    fn keeps(&self, body: &Body) -> bool {
        match self.fault {
            Some(Fault::KeepsUnread(len) | Fault::ForgetsBodyOf(len)) => body.len == Some(len),
            _ => self.reads_on && body.len.is_none() && body.read > 0,
        }
    }

    fn answer(&self, mut stream: &TcpStream, outcome: Outcome, closes: bool) -> io::Result<()> {
        let error = match outcome {
            Ok(204) => return stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n"),
            Ok(status) => {
                let answer = format!("HTTP/1.1 {status} \r\nContent-Length: 2\r\n\r\nok");
                return stream.write_all(answer.as_bytes());
            }
            Err(error) => error,
        };
        let problem = match self.fault {
            Some(Fault::NoWords) => "{}".to_owned(),
            _ => error.problem(),
        };
        let len = problem.len();
        let mut answer = format!("HTTP/1.1 {} \r\nContent-Length: {len}\r\n", error.status());
        if self.fault != Some(Fault::NoContentType) {
            answer += &format!("Content-Type: {PROBLEM_CONTENT_TYPE}\r\n");
        }
        if error.status() == 401 && self.fault != Some(Fault::NoChallenge) {
            answer += &format!("WWW-Authenticate: {WWW_AUTHENTICATE}\r\n");
        }
        if closes {
            answer += "Connection: close\r\n";
        }
        answer += &format!("\r\n{problem}");
        if closes && self.fault == Some(Fault::TalksAfterClose) {
            answer += "and more";
        }
        stream.write_all(answer.as_bytes())
    }
}

/// How much of a body was announced, if any, and how much was read.
struct Body {
    len: Option<u64>,
    read: u64,
    ended: bool,
}

impl Body {
    fn announced_by(headers: &Headers) -> Self {
        let len = headers.values("content-length").next();
        Self {
            len: len.map(|len| str::from_utf8(len).unwrap().parse().unwrap()),
            read: 0,
            ended: false,
        }
    }

    fn next_chunk(&mut self, reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
        let size = match self.len {
            _ if self.ended => 0,
            Some(len) => (len - self.read).min(16 * 1024),
            None => {
                if self.read > 0 {
                    read_line(reader)?;
                }
                let size = String::from_utf8_lossy(&read_line(reader)?).into_owned();
                u64::from_str_radix(&size, 16).map_err(|_| io::ErrorKind::InvalidData)?
            }
        };
        if size == 0 {
            if self.len.is_none() && !self.ended {
                read_line(reader)?;
            }
            self.ended = true;
            return Ok(None);
        }
        let mut chunk = Vec::new();
        reader.take(size).read_to_end(&mut chunk)?;
        if chunk.len() as u64 != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.read += size;
        Ok(Some(chunk))
    }
}

fn read_headers(reader: &mut impl BufRead, path: &str) -> io::Result<Headers> {
    if read_line(reader)? != format!("POST {path} HTTP/1.1").as_bytes() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader)?;
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            return Ok(headers);
        };
        let name = String::from_utf8_lossy(&line[..colon]).into_owned();
        headers.push((name, line[colon + 1..].trim_ascii().to_vec()));
    }
}

fn read_line(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    match line.strip_suffix(b"\r\n") {
        Some(line) => Ok(line.to_vec()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
