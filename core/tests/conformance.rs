//! The suite for receivers, run on some that do everything right and on others with one fault each.

#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used)]

use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::catch_unwind;
use std::thread;
use std::time::{Duration, SystemTime};

use trackingmore_webhook::testing::conformance::{self, Handled, Receiver};
use trackingmore_webhook::{
    Error, ErrorKind, Event, Headers as _, PROBLEM_CONTENT_TYPE, VerifiedBody, Verifier,
    WWW_AUTHENTICATE,
};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Accepts(ErrorKind),
    AcceptsZeros,
    RefusesUpperCase,
    RefusesLastMonth,
    RefusesFirstSecret,
    BlamesTheConnectionForChunksOf(usize),
    NoContentType,
    NoChallenge,
    NoWords,
    HandsOnNothing,
    HandsOnRefused,
    HandsOnHalf,
    KeepsUnread(u64),
    ForgetsBodyOf(u64),
    TalksAfterClose,
}

#[test]
fn good_receivers_pass() {
    for reads_on in [false, true] {
        let fault = None;
        conformance::run(&Plain { reads_on, fault });
        conformance::run(&Raw(Plain { reads_on, fault }));
    }
}

#[test]
fn every_fault_is_found() {
    for fault in [
        Fault::Accepts(ErrorKind::RepeatedHeader),
        Fault::Accepts(ErrorKind::StaleTimestamp),
        Fault::Accepts(ErrorKind::UnexpectedShape),
        Fault::AcceptsZeros,
        Fault::RefusesUpperCase,
        Fault::RefusesLastMonth,
        Fault::RefusesFirstSecret,
        Fault::BlamesTheConnectionForChunksOf(10_000),
        Fault::BlamesTheConnectionForChunksOf(300_000),
        Fault::NoContentType,
        Fault::NoChallenge,
        Fault::NoWords,
        Fault::HandsOnNothing,
        Fault::HandsOnRefused,
        Fault::HandsOnHalf,
        Fault::KeepsUnread(3_000_000),
        Fault::KeepsUnread(1_000_000_000_000),
        Fault::ForgetsBodyOf(200_000),
        Fault::TalksAfterClose,
    ] {
        let receiver = Plain {
            reads_on: false,
            fault: Some(fault),
        };
        let passed = catch_unwind(|| conformance::run(&receiver));
        assert!(passed.is_err(), "{fault:?} is not found");
    }
}

/// A receiver made of nothing but sockets.
#[derive(Clone, Copy)]
struct Plain {
    /// Whether it reads a body that turned out too large to its end, rather than close.
    reads_on: bool,
    fault: Option<Fault>,
}

impl Receiver for Plain {
    fn serve(&self, verifier: Verifier, handled: Handled) -> SocketAddr {
        self.listen(verifier, handled, |body| body.parse::<Event>().map(drop))
    }
}

/// The same, with a handler that takes any bytes.
struct Raw(Plain);

impl Receiver for Raw {
    const READS_EVENTS: bool = false;

    fn serve(&self, verifier: Verifier, handled: Handled) -> SocketAddr {
        self.0.listen(verifier, handled, |_| Ok(()))
    }
}

type Outcome = Result<(), Error>;
type Headers = Vec<(String, Vec<u8>)>;

impl Plain {
    fn listen(
        self,
        verifier: Verifier,
        handled: Handled,
        read: fn(&VerifiedBody) -> Outcome,
    ) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (verifier, handled) = (verifier.clone(), handled.clone());
                // A client that goes away ends its conversation with an error, and nothing else.
                thread::spawn(move || self.converse(&stream?, &verifier, &handled, read));
            }
        });
        addr
    }

    fn converse(
        self,
        stream: &TcpStream,
        verifier: &Verifier,
        handled: &Handled,
        read: fn(&VerifiedBody) -> Outcome,
    ) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let headers = read_headers(&mut reader)?;
            let mut body = Body::announced_by(&headers);
            let received = self.receive(verifier, &headers, &mut body, &mut reader);
            let outcome = received.and_then(|received| {
                read(&received)?;
                if self.fault != Some(Fault::HandsOnNothing) {
                    handled.record(received.bytes());
                }
                Ok(())
            });
            if outcome.is_err() && self.fault == Some(Fault::HandsOnRefused) {
                handled.record(b"");
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

    fn receive(
        self,
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

    fn misjudge(self, headers: &Headers, outcome: Outcome) -> Outcome {
        let signature = headers.values("signature").next().unwrap_or_default();
        match (self.fault, &outcome) {
            (Some(Fault::Accepts(kind)), Err(error)) if error.kind() == kind => Ok(()),
            (Some(Fault::AcceptsZeros), _) if signature == [b'0'; 64] => Ok(()),
            (Some(Fault::RefusesUpperCase), Ok(()))
                if signature.iter().any(u8::is_ascii_uppercase) && signature.len() == 64 =>
            {
                Err(ErrorKind::MalformedSignature.into())
            }
            _ => outcome,
        }
    }

    fn keeps(self, body: &Body) -> bool {
        match self.fault {
            Some(Fault::KeepsUnread(len) | Fault::ForgetsBodyOf(len)) => body.len == Some(len),
            _ => self.reads_on && body.len.is_none() && body.read > 0,
        }
    }

    fn answer(self, mut stream: &TcpStream, outcome: Outcome, closes: bool) -> io::Result<()> {
        let Err(error) = outcome else {
            return stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
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

/// How much of a body was announced, if it was, and read.
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

fn read_headers(reader: &mut impl BufRead) -> io::Result<Headers> {
    if !read_line(reader)?.starts_with(b"POST ") {
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
