//! Any request gets the same answer from the three adapters: that of the verifier.

use std::{cell::RefCell, time::SystemTime};

use bytes::Bytes;
use proptest::{collection::vec, prelude::*, sample::Index, test_runner::TestRunner};
use trackingmore_webhook::{
    Error, Event, PROBLEM_CONTENT_TYPE, Scheme, Signer, Verifier, WWW_AUTHENTICATE,
    testing::{Connection, Framing, SECRET, conformance::PATH},
};

use crate::server::{self, Framework, LIMIT, PINNED, Server};

const EVENT: &str = r#"{"code":200,"data":{"tracking_number":"LX405512873SE"}}"#;

#[derive(Clone, Debug)]
struct Request {
    path: &'static str,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Bytes,
    framing: Framing,
}

/// A change that makes a genuine request odd.
#[derive(Clone, Debug)]
enum Change {
    /// Changes one byte of a header's value.
    Byte(Index, Index, u8),
    /// Replaces a header's value.
    Value(Index, Vec<u8>),
    Without(Index),
    Repeated(Index),
    Capital(Index),
}

fn request() -> impl Strategy<Value = Request> {
    let path = prop_oneof![Just(PATH), Just(PINNED)];
    let scheme = prop_oneof![Just(Scheme::Timestamp), Just(Scheme::Body)];
    let framing = prop_oneof![
        Just(Framing::Length),
        (1..3_000usize).prop_map(Framing::Chunked)
    ];
    (path, scheme, body(), vec(change(), 0..3), framing).prop_map(
        |(path, scheme, body, changes, framing)| {
            let signer = Signer::new(SECRET).unwrap();
            let mut headers = vec![("timestamp", Vec::new()), ("signature", Vec::new())];
            for (name, value) in signer.headers(scheme, SystemTime::now(), &body) {
                let header = headers.iter_mut().find(|(known, _)| *known == name);
                header.unwrap().1 = value.into_bytes();
            }
            for change in changes {
                change.apply(&mut headers);
            }
            Request {
                path,
                headers,
                body,
                framing,
            }
        },
    )
}

fn body() -> impl Strategy<Value = Bytes> {
    let spaces = |len| {
        let mut body = EVENT.as_bytes().to_vec();
        body.resize(len, b' ');
        body
    };
    prop_oneof![
        6 => Just(EVENT.as_bytes().to_vec()),
        6 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| {
            let mut body = EVENT.as_bytes().to_vec();
            body[at.index(EVENT.len())] = byte;
            body
        }),
        6 => vec(any::<u8>(), 0..3_000),
        2 => "[0-9]{0,20}".prop_map(String::into_bytes),
        1 => Just(spaces(LIMIT)),
        1 => Just(spaces(LIMIT + 1)),
    ]
    .prop_map(Bytes::from)
}

fn change() -> impl Strategy<Value = Change> {
    let header = any::<Index>;
    prop_oneof![
        (header(), any::<Index>(), byte()).prop_map(|(at, of, byte)| Change::Byte(at, of, byte)),
        (header(), vec(byte(), 0..100)).prop_map(|(at, value)| Change::Value(at, value)),
        (header(), "[0-9]{0,22}").prop_map(|(at, value)| Change::Value(at, value.into_bytes())),
        header().prop_map(Change::Without),
        header().prop_map(Change::Repeated),
        header().prop_map(Change::Capital),
    ]
}

/// Any byte except those that end a line, after which the request would be a different one.
fn byte() -> impl Strategy<Value = u8> {
    any::<u8>().prop_filter("ends a line", |byte| !b"\r\n".contains(byte))
}

impl Change {
    fn apply(self, headers: &mut Vec<(&'static str, Vec<u8>)>) {
        let (Self::Byte(at, ..)
        | Self::Value(at, _)
        | Self::Without(at)
        | Self::Repeated(at)
        | Self::Capital(at)) = self;
        if headers.is_empty() {
            return;
        }
        let at = at.index(headers.len());
        let (name, value) = &mut headers[at];
        match self {
            Self::Byte(_, of, byte) if !value.is_empty() => {
                let of = of.index(value.len());
                value[of] = byte;
            }
            Self::Byte(..) => {}
            Self::Value(_, new) => *value = new,
            Self::Without(_) => _ = headers.remove(at),
            Self::Repeated(_) => headers.push(headers[at].clone()),
            Self::Capital(_) => {
                *name = match *name {
                    "timestamp" => "Timestamp",
                    "signature" => "SIGNATURE",
                    other => other,
                }
            }
        }
    }
}

impl Request {
    /// Whether HTTP allows this. If not, the framework answers before the adapter sees the request.
    fn is_http(&self) -> bool {
        let is_text = |byte: &u8| *byte == b'\t' || !byte.is_ascii_control();
        self.headers
            .iter()
            .all(|(_, value)| value.iter().all(is_text))
    }

    fn judged_by(&self, verifier: &Verifier) -> Result<(), Error> {
        // Whitespace around a value is not part of it.
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (*name, value.trim_ascii()))
            .collect();
        let received = verifier.receive::<Event>(&headers[..], self.body.clone());
        received.map(|_| ())
    }
}

/// A server, and a connection to it that is kept open for as long as the server keeps it.
struct Kept {
    server: Server,
    connection: RefCell<Connection>,
}

impl Kept {
    fn check(&self, request: &Request, expected: &Result<(), Error>) {
        let framework = self.server.framework();
        let mut connection = self.connection.borrow_mut();
        let answer = connection.post(
            request.path,
            &request.headers,
            &request.body,
            request.framing,
        );
        let answer = answer.unwrap_or_else(|error| panic!("{framework:?}: {error}"));
        let closes = answer.announces_close() || !request.is_http();
        let handled = if closes {
            *connection = self.server.connect();
            self.server.handled()
        } else {
            self.server.handled_before(&mut connection)
        };

        let text = String::from_utf8_lossy(&answer.body);
        let scheme = answer.header("www-authenticate");
        match expected {
            _ if !request.is_http() => {
                assert_eq!(answer.status, 400, "{framework:?}");
                assert!(handled.is_empty(), "{framework:?}");
            }
            Ok(()) => {
                assert_eq!((answer.status, &*text), (204, ""), "{framework:?}");
                assert_eq!(handled, [server::handled(&request.body)], "{framework:?}");
            }
            Err(error) => {
                assert_eq!(text, error.problem(), "{framework:?}");
                assert_eq!(answer.status, error.status(), "{framework:?}");
                let content_type = answer.header("content-type");
                assert_eq!(content_type, Some(PROBLEM_CONTENT_TYPE), "{framework:?}");
                let expected = (answer.status == 401).then_some(WWW_AUTHENTICATE);
                assert_eq!(scheme, expected, "{framework:?}");
                assert!(handled.is_empty(), "{framework:?}");
            }
        }
    }
}

#[test]
fn any_request_gets_the_verifiers_answer_from_all_three() {
    let servers = Framework::ALL.map(|framework| {
        let server = Server::start(framework);
        let connection = RefCell::new(server.connect());
        Kept { server, connection }
    });
    let all = Verifier::new(SECRET).unwrap();
    let pinned = Verifier::builder().secret(SECRET).scheme(Scheme::Timestamp);
    let pinned = pinned.build().unwrap();
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&request(), |request| {
        let verifier = if request.path == PATH { &all } else { &pinned };
        let expected = request.judged_by(verifier);
        for server in &servers {
            server.check(&request, &expected);
        }
        Ok(())
    });
    outcome.unwrap();
    servers.into_iter().for_each(|kept| kept.server.stop());
}
