//! The shop as its operator runs it, and what it must survive.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[path = "../../process.rs"]
mod process;

use std::{
    env, fs,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    time::Duration,
};

use process::{DELIVERY, Example, Server};
use tempfile::TempDir;
use tokio::time::sleep;
use trackingmore_webhook::testing::{self, EventBuilder, SECRET};
use trackingmore_webhook_inbox::{
    Engine, Inbox, PgInbox, SqliteInbox,
    sqlx::{
        self, AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection,
        postgres::PgConnectOptions,
    },
};

const SHOES: &str = "/webhooks/trackingmore/shoes";
const BOOKS: &str = "/webhooks/trackingmore/books";
const BOOKS_SECRET: &str = "secret of the book shop";

const PARCELS: usize = 20;
const CHECKPOINTS: usize = 3;

/// Shop, parcel and text of a message.
type Message = (String, String, String);

const MESSAGES: &str = "SELECT shop, parcel, text FROM message ORDER BY shop, parcel, text";

/// A folder for the database, with the secrets of the two shops.
fn place() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("shoes"), SECRET).unwrap();
    fs::write(place.path().join("books"), BOOKS_SECRET).unwrap();
    place
}

fn shop<'a>(place: &'a Path, settings: &'a [(&'a str, &'a str)]) -> Example<'a> {
    Example {
        settings,
        folder: place,
        path: SHOES,
        accepts_unread: true,
        ..Example::new(env!("CARGO_BIN_EXE_shop"))
    }
}

/// What the carrier has reported about a parcel so far.
fn state(parcel: usize, checkpoints: usize) -> EventBuilder {
    let event = testing::event(format!("AB{parcel:02}")).courier("usps");
    let event = event.update_at(format!("2026-03-0{checkpoints}T12:00:00+00:00"));
    (1..=checkpoints).fold(event, |event, n| {
        event.checkpoint(format!("2026-03-0{n}T10:00:00"), format!("Scan {n}"))
    })
}

/// Sends the states of all parcels to both shops, and kills the server again and again while it
/// handles them.
fn send_and_kill(example: &Example<'_>) -> Server {
    let mut server = example.start();
    let mut sent = 0;
    for checkpoints in 1..=CHECKPOINTS {
        for parcel in 0..PARCELS {
            let body = state(parcel, checkpoints).signed_request(SECRET).body;
            for (path, secret) in [(SHOES, SECRET), (BOOKS, BOOKS_SECRET)] {
                assert_eq!(server.send(path, secret, &body).status, 204);
            }
            sent += 1;
            if sent % 9 == 0 {
                // Like `kill -9`.
                drop(server);
                server = example.start();
            }
        }
    }
    server
}

async fn wait_until_idle<DB: Engine>(inbox: &Inbox<DB>) {
    loop {
        let stats = inbox.stats().await.unwrap();
        assert_eq!(stats.dead, 0);
        if stats.pending + stats.running == 0 {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Each checkpoint of each parcel in each shop once.
fn expected() -> Vec<Message> {
    let mut messages = Vec::new();
    for shop in ["books", "shoes"] {
        for parcel in 0..PARCELS {
            for n in 1..=CHECKPOINTS {
                messages.push((shop.into(), format!("AB{parcel:02}"), format!("Scan {n}")));
            }
        }
    }
    messages
}

#[tokio::test]
async fn the_shop_writes_each_message_once_though_killed_again_and_again_on_sqlite() {
    let place = place();
    let secrets = place.path().to_str().unwrap();
    let settings = [("SECRETS", secrets), ("METRICS_ADDR", "127.0.0.1:0")];
    let server = send_and_kill(&shop(place.path(), &settings));
    let inbox = SqliteInbox::open(place.path().join("shop.db"))
        .await
        .unwrap();
    wait_until_idle(&inbox).await;
    server.stop();
    let messages = sqlx::query_as::<_, Message>(MESSAGES).fetch_all(inbox.pool());
    assert_eq!(messages.await.unwrap(), expected());
}

#[tokio::test]
async fn the_shop_writes_each_message_once_though_killed_again_and_again_on_postgresql() {
    let Ok(url) = env::var("DATABASE_URL") else {
        let is_required = env::var_os("INBOX_TEST_REQUIRE_ALL").is_some();
        assert!(
            !is_required,
            "INBOX_TEST_REQUIRE_ALL is set, and DATABASE_URL is not"
        );
        // Not with a macro: the harness shows its output only if the test fails.
        _ = writeln!(
            io::stderr(),
            "\nskipped, and passed: DATABASE_URL is not set"
        );
        return;
    };
    let mut admin = PgConnection::connect(&url).await.unwrap();
    let database = format!("shop_{}", std::process::id());
    let create = AssertSqlSafe(format!("CREATE DATABASE {database}"));
    sqlx::query(create).execute(&mut admin).await.unwrap();
    let options: PgConnectOptions = url.parse().unwrap();
    let url = options.database(&database).to_url_lossy().to_string();

    let place = place();
    let secrets = place.path().to_str().unwrap();
    let settings = [
        ("SECRETS", secrets),
        ("METRICS_ADDR", "127.0.0.1:0"),
        ("DATABASE_URL", url.as_str()),
    ];
    let server = send_and_kill(&shop(place.path(), &settings));
    let inbox = PgInbox::connect(&url).await.unwrap();
    wait_until_idle(&inbox).await;
    server.stop();
    let messages = sqlx::query_as::<_, Message>(MESSAGES).fetch_all(inbox.pool());
    assert_eq!(messages.await.unwrap(), expected());

    inbox.close().await;
    let drop = AssertSqlSafe(format!("DROP DATABASE {database} WITH (FORCE)"));
    sqlx::query(drop).execute(&mut admin).await.unwrap();
}

#[test]
fn receives_only_genuine_deliveries() {
    let place = place();
    let secrets = place.path().to_str().unwrap();
    let settings = [("SECRETS", secrets), ("METRICS_ADDR", "127.0.0.1:0")];
    shop(place.path(), &settings).check();
}

#[test]
fn an_operator_replaces_a_secret_and_sees_what_happens() {
    let place = place();
    let secrets = place.path().to_str().unwrap();
    let settings = [("SECRETS", secrets), ("METRICS_ADDR", "127.0.0.1:0")];
    let server = shop(place.path(), &settings).start();
    assert_eq!(server.send(BOOKS, SECRET, DELIVERY).status, 401);

    let new = place.path().join("new");
    fs::write(&new, format!("the next\n{SECRET}\n")).unwrap();
    fs::rename(new, place.path().join("shoes")).unwrap();
    while server.send(SHOES, "the next", DELIVERY).status != 204 {}
    assert_eq!(server.send(SHOES, SECRET, DELIVERY).status, 204);
    assert_eq!(server.send(BOOKS, "the next", DELIVERY).status, 401);

    // The address is printed among the log lines.
    let mut printed = server.printed.iter();
    let operations = printed.find_map(|line| line.strip_prefix("metrics on http://"));
    let operations = operations.expect("where the metrics are");
    let get = |path: &str| {
        let mut answer = String::new();
        let mut stream = TcpStream::connect(operations).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(get("/health").ends_with("\r\n\r\nhealthy\n"));
    let metrics = get("/metrics");
    assert!(
        metrics.contains("# HELP trackingmore_inbox_pending "),
        "{metrics}"
    );
    let counted =
        r#"trackingmore_webhook_requests_total{verifier="books",outcome="signature_mismatch"} 2"#;
    assert!(metrics.contains(counted), "{metrics}");
    assert!(
        metrics.contains(r#"trackingmore_inbox_deliveries_total{result="new"} 1"#),
        "{metrics}"
    );
    server.stop();
}
