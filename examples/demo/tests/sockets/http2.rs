//! HTTP/2, where many requests share a connection.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use h2::{
    Reason, SendStream,
    client::{ResponseFuture, SendRequest},
};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use tokio::{net::TcpStream, runtime::Runtime, time::timeout};
use trackingmore_webhook::{
    Error, ErrorKind, Event, Verifier,
    testing::{SECRET, cases, conformance::PATH},
};

use crate::{
    server::{Framework, LIMIT, Server, forged, genuine, handled},
    starvation::{self, MARGIN_OF_LONG},
};

const EVENT: &[u8] = br#"{"data":{"tracking_number":"LX405512873SE"}}      "#;

struct Client {
    requests: SendRequest<Bytes>,
}

impl Client {
    async fn connect(server: &Server) -> Self {
        let stream = TcpStream::connect(server.addr()).await.unwrap();
        let (requests, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        Self { requests }
    }

    async fn begin(
        &mut self,
        path: &str,
        headers: &[(impl AsRef<str>, impl AsRef<[u8]>)],
    ) -> (ResponseFuture, SendStream<Bytes>) {
        let mut request = Request::post(format!("http://localhost{path}"))
            .body(())
            .unwrap();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_ref().to_ascii_lowercase().as_bytes());
            let value = HeaderValue::from_bytes(value.as_ref()).unwrap();
            request.headers_mut().append(name.unwrap(), value);
        }
        let mut requests = self.requests.clone().ready().await.unwrap();
        requests.send_request(request, false).unwrap()
    }
}

/// Sends data as fast as the server takes it, and fails once it wants no more.
async fn send(
    stream: &mut SendStream<Bytes>,
    mut data: Bytes,
    ends: bool,
) -> Result<(), h2::Error> {
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        let capacity = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await;
        let Some(capacity) = capacity else {
            return Err(Reason::NO_ERROR.into());
        };
        let part = data.split_to(capacity?.min(data.len()));
        stream.send_data(part, false)?;
    }
    if ends {
        stream.send_data(Bytes::new(), true)?;
    }
    Ok(())
}

/// The status, the headers and the body of an answer.
async fn read(answer: ResponseFuture) -> Result<(u16, HeaderMap, String), h2::Error> {
    let (head, mut body) = answer.await?.into_parts();
    let mut text = Vec::new();
    while let Some(data) = body.data().await {
        text.extend_from_slice(&data?);
    }
    let text = String::from_utf8(text).unwrap();
    Ok((head.status.as_u16(), head.headers, text))
}

/// Runs a check against all three. The timeout only limits how long a broken server can hang it.
fn for_each(check: impl AsyncFn(&Server, &mut Client)) {
    for framework in Framework::ALL {
        let server = Server::start_http_2(framework);
        Runtime::new().unwrap().block_on(async {
            let mut client = Client::connect(&server).await;
            let checked = timeout(Duration::from_secs(60), check(&server, &mut client)).await;
            checked.expect("an answer");
        });
        server.stop();
    }
}

#[test]
fn every_case_has_its_answer_on_one_connection() {
    let verifier = Verifier::new(SECRET).unwrap();
    for_each(async |server, client| {
        for case in cases(SystemTime::now()) {
            let name = format!("{:?}: {}", server.framework(), case.name);
            let (answer, mut stream) = client.begin(PATH, &case.headers).await;
            _ = send(&mut stream, case.body.clone(), true).await;
            let (status, headers, body) = read(answer).await.unwrap();
            match case.verification(None).and_then(|()| case.reading()) {
                Ok(()) => {
                    assert_eq!((status, &*body), (204, ""), "{name}");
                    assert_eq!(server.handled(), [handled(&case.body)], "{name}");
                }
                Err(kind) => {
                    let received = verifier.receive::<Event>(&case.headers, case.body);
                    let error = received.unwrap_err();
                    assert_eq!(error.kind(), kind, "{name}");
                    assert_eq!(status, error.status(), "{name}");
                    assert_eq!(body, error.problem(), "{name}");
                    assert!(!headers.contains_key("connection"), "{name}");
                    assert!(server.handled().is_empty(), "{name}");
                }
            }
        }
    });
}

#[test]
fn half_sent_deliveries_delay_no_others_and_reach_the_handler_once_complete() {
    for_each(async |server, client| {
        // All but three of the spaces at the end, so the event is complete.
        let half = EVENT.len() - 3;
        let mut waiting = Vec::new();
        for _ in 0..100 {
            let (answer, mut stream) = client.begin(PATH, &genuine()).await;
            let begin = Bytes::from_static(&EVENT[..half]);
            send(&mut stream, begin, false).await.unwrap();
            waiting.push((answer, stream));
        }
        // On the same connection as the others.
        let (answer, mut stream) = client.begin(PATH, &genuine()).await;
        send(&mut stream, EVENT.into(), true).await.unwrap();
        assert_eq!(read(answer).await.unwrap().0, 204);
        assert_eq!(
            server.handled(),
            [handled(EVENT)],
            "{:?}",
            server.framework()
        );

        for (at, (answer, mut stream)) in waiting.into_iter().enumerate() {
            if at % 2 == 0 {
                stream.send_reset(Reason::CANCEL);
            } else {
                let end = Bytes::from_static(&EVENT[half..]);
                send(&mut stream, end, true).await.unwrap();
                assert_eq!(read(answer).await.unwrap().0, 204);
            }
        }
        assert_eq!(
            server.handled(),
            vec![handled(EVENT); 50],
            "{:?}",
            server.framework()
        );
    });
}

#[test]
fn a_terabyte_announced_and_a_body_without_an_end_are_refused() {
    for_each(async |server, client| {
        let too_large = Error::from(ErrorKind::BodyTooLarge);
        for _ in 0..100 {
            let mut headers = genuine();
            headers.push(("content-length".to_owned(), "1000000000000".to_owned()));
            let (answer, _stream) = client.begin(PATH, &headers).await;
            assert_eq!(read(answer).await.unwrap().2, too_large.problem());
        }
        for _ in 0..20 {
            let (answer, mut stream) = client.begin(PATH, &forged()).await;
            let part = Bytes::from(vec![b' '; LIMIT]);
            // Fails once the server has refused.
            while send(&mut stream, part.clone(), false).await.is_ok() {}
            assert_eq!(read(answer).await.unwrap().2, too_large.problem());
        }
        let (answer, mut stream) = client.begin(PATH, &genuine()).await;
        send(&mut stream, EVENT.into(), true).await.unwrap();
        assert_eq!(read(answer).await.unwrap().0, 204);
        assert_eq!(server.handled(), [handled(EVENT)]);
    });
}

#[test]
fn unfinished_bodies_cost_their_length_in_memory() {
    const CONNECTIONS: usize = 25;
    const STREAMS: usize = 4;
    starvation::check_on(
        Server::start_http_2,
        "HTTP/2, a byte before the end, 4 streams a connection",
        (CONNECTIONS * STREAMS) as u64 * MARGIN_OF_LONG,
        |server, path| {
            let runtime = Runtime::new().unwrap();
            let held_back = runtime.block_on(async {
                let mut held_back = Vec::new();
                for _ in 0..CONNECTIONS {
                    let mut client = Client::connect(server).await;
                    for _ in 0..STREAMS {
                        let (answer, mut stream) = client.begin(path, &genuine()).await;
                        let part = Bytes::from(vec![b' '; LIMIT - 1]);
                        send(&mut stream, part, false).await.unwrap();
                        held_back.push((answer, stream));
                    }
                }
                held_back
            });
            server.wait_until_all_is_read();
            drop(held_back);
            0
        },
    );
}

#[test]
fn the_server_itself_refuses_headers_that_are_too_large() {
    for_each(async |server, client| {
        let headers = vec![("signature", "0".repeat(1_000)); 1_000];
        let (answer, _stream) = client.begin(PATH, &headers).await;
        if let Ok((status, ..)) = read(answer).await {
            assert!([401, 431].contains(&status), "{status}");
        }
        assert!(server.handled().is_empty());
    });
}
