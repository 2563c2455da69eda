//! `inbox` as its user runs it, beside a program with an inbox in SQLite, and in PostgreSQL where
//! `DATABASE_URL` names a server whose user may create databases.

#![allow(clippy::unwrap_used)]

mod program;

use std::{
    env, fs,
    io::{self, Write as _},
    process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
    time::{Duration, SystemTime},
};

use program::{SECRET, assert_wrong_usage, run};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use trackingmore_webhook::{Scheme, Signer, VerifiedBody, Verifier};
use trackingmore_webhook_inbox::{BoxError, Engine, Inbox, PgInbox, SqliteInbox};

/// What only `show` may print: it is in each body, and in what the handlers say.
const PERSONAL: &str = "Anna";

/// Runs each of these tests on both databases.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod sqlite {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                let dir = tempfile::tempdir().unwrap();
                let file = dir.path().join("deliveries.db");
                let inbox = SqliteInbox::open(&file).await.unwrap();
                super::$name(inbox, &format!("sqlite:{}", file.display())).await;
            })*
        }
        mod postgres {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                let Some(database) = Database::new().await else { return };
                let url = database.url();
                let inbox = PgInbox::connect(&url).await.unwrap();
                super::$name(inbox, &url).await;
            })*
        }
    };
}

on_both! {
    stats_counts_what_there_is
    list_has_what_needs_somebody
    show_has_errors_and_bodies
    what_is_dead_waits_again
    what_is_unread_is_tried_again
    what_is_forgotten_is_gone
    what_is_old_enough_is_pruned
    accounts_are_kept_apart
    it_does_not_work_itself
}

async fn stats_counts_what_there_is(inbox: Inbox<impl Engine>, url: &str) {
    let ended = run(&["inbox", "stats", "--database", url]);
    assert_eq!(
        ended.out,
        "pending  0\nrunning  0\ndead     0\nunread   0\nstored   0\n"
    );
    assert_eq!(ended.code, 0, "{}", ended.err);

    fill(&inbox).await;
    accept(&inbox, &parcel("WAITS1")).await;
    let ended = run(&["inbox", "stats", "--json", "--database", url]);
    let [stats] = &ended.json()[..] else {
        panic!("{}", ended.out)
    };
    assert!(stats["oldest_pending_seconds"].is_u64());
    let expected = json!({"event": "stats", "pending": 1, "running": 0, "dead": 2, "unread": 1,
        "stored": 4, "oldest_pending_seconds": stats["oldest_pending_seconds"]});
    assert_eq!(stats, &expected);
    let ended = run(&["inbox", "stats", "--database", url]);
    assert!(
        ended.out.starts_with("pending  1  the oldest for "),
        "{}",
        ended.out
    );
    assert!(!ended.out.contains(PERSONAL));
}

async fn list_has_what_needs_somebody(inbox: Inbox<impl Engine>, url: &str) {
    let ended = run(&["inbox", "list", "--database", url]);
    assert_eq!(ended.out, "nothing is dead or unread\n");
    assert_eq!(run(&["inbox", "list", "--json", "--database", url]).out, "");

    fill(&inbox).await;
    accept(&inbox, &parcel("WAITS1")).await;
    let ended = run(&["inbox", "list", "--json", "--database", url]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(!ended.out.contains(PERSONAL));
    let lines = ended.json();
    let unread = &inbox.unread().await.unwrap()[0];
    let dead = |line: &Value, number| {
        json!({"event": "dead", "account": "", "tracking_number": number, "courier": "postnord",
            "attempts": 1, "last_delivery": line["last_delivery"]})
    };
    assert_eq!(lines[0], dead(&lines[0], "DEAD1"));
    assert_eq!(lines[1], dead(&lines[1], "DEAD2"));
    let expected = json!({"event": "unread", "account": "", "id": unread.id.to_string(),
        "received": lines[2]["received"], "bytes": unread.body.len()});
    assert_eq!(lines[2], expected);
    assert_eq!(lines.len(), 3);

    let ended = run(&["inbox", "list", "--database", url]);
    let lines: Vec<_> = ended.out.lines().collect();
    let dead = "dead    DEAD1 postnord, after 1 attempt, last delivery 20";
    assert!(lines[0].starts_with(dead), "{}", ended.out);
    let size = unread.body.len();
    let unread = format!("unread  {}, {size} bytes, received 20", unread.id);
    assert!(lines[2].starts_with(&unread), "{}", ended.out);
    assert!(!ended.out.contains(PERSONAL) && !ended.out.contains('\u{1b}'));
}

async fn show_has_errors_and_bodies(inbox: Inbox<impl Engine>, url: &str) {
    fill(&inbox).await;
    let ended = run(&["inbox", "show", "DEAD1", "--json", "--database", url]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let lines = ended.json();
    let expected = json!({"event": "last_error", "courier": "postnord", "attempts": 1,
        "error": "no mailbox for Anna"});
    assert_eq!(lines[0], expected);
    let history = &inbox.history("DEAD1").await.unwrap()[0];
    let expected = json!({"event": "delivery", "id": history.id.to_string(),
        "received": lines[1]["received"], "courier": "postnord", "outcome": "waiting",
        "body": parcel("DEAD1")});
    assert_eq!(lines[1], expected);
    assert_eq!(lines.len(), 2);

    let ended = run(&["inbox", "show", "DEAD1", "--database", url]);
    let lines: Vec<_> = ended.out.lines().collect();
    assert_eq!(
        lines[0],
        "dead postnord, after 1 attempt: no mailbox for Anna"
    );
    let id = &history.id;
    assert!(
        lines[1].ends_with(&format!("Z waiting postnord, {id}")),
        "{}",
        lines[1]
    );
    assert_eq!(lines[2], parcel("DEAD1"));

    // By the id of a delivery, also of one that is no event.
    let id = inbox.unread().await.unwrap()[0].id.to_string();
    let ended = run(&["inbox", "show", &id, "--json", "--database", url]);
    let expected = json!({"event": "body", "id": id, "body": "Anna says \u{1b}[2J {"});
    assert_eq!(ended.json(), [expected]);
    let ended = run(&["inbox", "show", &id, "--database", url]);
    assert_eq!(ended.out, "Anna says \\u{1b}[2J {\n");

    assert_no(
        &["show", "AB1", "--database", url],
        "no worker has seen a delivery about AB1; give --account if it belongs to one",
    );
    let id = "0".repeat(64);
    let what = format!("no body is kept of the delivery {id} in the account shoes");
    assert_no(
        &["show", &id, "--account", "shoes", "--database", url],
        &what,
    );
}

async fn what_is_dead_waits_again(inbox: Inbox<impl Engine>, url: &str) {
    fill(&inbox).await;
    let ended = run(&["inbox", "retry", "DEAD1", "--database", url]);
    assert_eq!(
        (ended.out.as_str(), ended.code),
        ("1 parcel waits again\n", 0)
    );
    assert_no(
        &["retry", "DEAD1", "--database", url],
        "there is no dead parcel DEAD1; give --account if it belongs to one",
    );
    let ended = run(&["inbox", "retry", "--all-dead", "--json", "--database", url]);
    assert_eq!(ended.json(), [json!({"event": "retry", "parcels": 1})]);
    let ended = run(&["inbox", "retry", "--all-dead", "--database", url]);
    assert_eq!(
        (ended.out.as_str(), ended.code),
        ("0 parcels wait again\n", 0)
    );
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.pending, stats.dead), (2, 0));
}

async fn what_is_unread_is_tried_again(inbox: Inbox<impl Engine>, url: &str) {
    fill(&inbox).await;
    let ended = run(&["inbox", "reread", "--database", url]);
    assert_eq!(
        (ended.out.as_str(), ended.code),
        ("0 read, 1 still unread\n", 0)
    );
    let ended = run(&["inbox", "reread", "--json", "--database", url]);
    assert_eq!(
        ended.json(),
        [json!({"event": "reread", "read": 0, "unread": 1})]
    );
}

async fn what_is_forgotten_is_gone(inbox: Inbox<impl Engine>, url: &str) {
    fill(&inbox).await;
    // One that no worker has seen counts too.
    accept(&inbox, &parcel("DEAD1").replace("transit", "pickup")).await;
    let ended = run(&["inbox", "forget", "DEAD1", "--database", url]);
    assert_eq!(
        ended.out,
        "erased 1 parcel and the content of 2 deliveries; later deliveries are not kept\n"
    );
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(inbox.history("DEAD1").await.unwrap().is_empty());
    let dead = inbox.dead().await.unwrap();
    assert!(dead.iter().all(|parcel| parcel.tracking_number == "DEAD2"));

    let ended = run(&["inbox", "forget", "DEAD1", "--json", "--database", url]);
    let nothing = json!({"event": "forget", "parcels": 0, "deliveries": 0});
    assert_eq!((ended.json(), ended.code), (vec![nothing], 0));
}

async fn what_is_old_enough_is_pruned(inbox: Inbox<impl Engine>, url: &str) {
    accept(&inbox, &parcel("AB1")).await;
    work(&inbox, true).await;
    let ended = run(&["inbox", "prune", "--database", url]);
    assert_eq!(ended.out, "erased 0 bodies, 0 deliveries and 0 parcels\n");
    assert_eq!(ended.code, 0, "{}", ended.err);
    let prune = [
        "inbox",
        "prune",
        "--json",
        "--keep-bodies",
        "0s",
        "--database",
        url,
    ];
    let erased =
        |bodies| json!({"event": "prune", "bodies": bodies, "deliveries": 0, "parcels": 0});
    assert_eq!(run(&prune).json(), [erased(1)]);
    assert_eq!(run(&prune).json(), [erased(0)]);
    let ended = run(&["inbox", "show", "AB1", "--database", url]);
    assert!(
        ended.out.ends_with("\nits body is no longer kept\n"),
        "{}",
        ended.out
    );

    assert_wrong_usage(
        &["inbox", "prune", "--keep-ids", "29d", "--database", url],
        "keep_ids is less than 30 days",
    );
}

async fn accounts_are_kept_apart(inbox: Inbox<impl Engine>, url: &str) {
    let shoes = inbox.account("shoes");
    accept(&shoes, &parcel("AB1")).await;
    accept(&inbox, &parcel("AB2")).await;
    work(&inbox, false).await;
    let list = ["inbox", "list", "--database", url, "--account", "shoes"];
    let ended = run(&list);
    assert_eq!(ended.out.lines().count(), 1, "{}", ended.out);
    assert!(ended.out.starts_with("dead    AB1 "), "{}", ended.out);
    assert!(ended.out.ends_with(", account shoes\n"), "{}", ended.out);
    for care in ["show", "retry"] {
        let number = ["inbox", care, "AB1", "--database", url];
        let of_it = [&number[..], &["--account", "shoes"]].concat();
        assert_eq!(run(&number).code, 1);
        assert_eq!(run(&of_it).code, 0);
    }
    let forget = ["inbox", "forget", "AB1", "--json", "--database", url];
    assert_eq!(run(&forget).json()[0]["deliveries"], 0);
    let of_it = [&forget[..], &["--account", "shoes"]].concat();
    assert_eq!(run(&of_it).json()[0]["deliveries"], 1);
    assert_wrong_usage(
        &[
            "inbox",
            "retry",
            "--all-dead",
            "--account",
            "shoes",
            "--database",
            url,
        ],
        "cannot be used with",
    );
}

async fn it_does_not_work_itself(inbox: Inbox<impl Engine>, url: &str) {
    accept(&inbox, &parcel("AB1")).await;
    for care in ["stats", "list", "reread", "prune"] {
        assert_eq!(run(&["inbox", care, "--database", url]).code, 0);
    }
    assert_eq!(
        run(&["inbox", "retry", "--all-dead", "--database", url]).code,
        0
    );
    assert!(inbox.history("AB1").await.unwrap().is_empty());
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.pending, stats.running), (1, 0));
    if let Some(file) = url.strip_prefix("sqlite:") {
        assert!(!fs::exists(format!("{file}-worker")).unwrap());
    }
}

#[tokio::test]
async fn what_an_update_can_read_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("deliveries.db");
    let inbox = SqliteInbox::open(&file).await.unwrap();
    accept(&inbox, &parcel("AB1")).await;
    sql(
        &file,
        "UPDATE trackingmore_delivery SET unread = TRUE, parcels = '[]';
        DELETE FROM trackingmore_fresh",
    )
    .await;
    // Two slashes are what other tools write.
    let url = format!("sqlite://{}", file.display());
    let ended = run(&["inbox", "reread", "--database", &url]);
    assert_eq!(ended.out, "1 read, 0 still unread\n");
    assert_eq!(inbox.stats().await.unwrap().pending, 1);
}

#[tokio::test]
async fn more_than_is_listed_is_mentioned() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("deliveries.db");
    SqliteInbox::open(&file).await.unwrap().close().await;
    sql(
        &file,
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1003)
        INSERT INTO trackingmore_parcel (account, tracking_number, courier, state)
        SELECT '', 'AB' || n, '', 3 FROM n",
    )
    .await;
    let url = format!("sqlite:{}", file.display());
    let ended = run(&["inbox", "list", "--json", "--database", &url]);
    let lines = ended.json();
    assert_eq!(lines.len(), 1001);
    assert_eq!(
        lines[1000],
        json!({"event": "more", "dead": 3, "unread": 0})
    );
    let ended = run(&["inbox", "list", "--database", &url]);
    let last = ended.out.lines().last();
    assert_eq!(
        last,
        Some("and 3 more dead parcels and 0 more unread deliveries")
    );
}

#[tokio::test]
async fn an_inbox_that_is_not_there_is_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("deliverys.db");
    let url = format!("sqlite:{}", file.display());
    let args = ["inbox", "stats", "--database", &url];
    assert_wrong_usage(&args, &format!("there is no file {}", file.display()));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);

    // Somebody else's database stays as it is.
    fs::write(&file, "").unwrap();
    sql(&file, "CREATE TABLE mine (number INTEGER)").await;
    let before = fs::read(&file).unwrap();
    assert_wrong_usage(&args, "deliverys.db has no inbox in it");
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);

    let text = "no database at all\n".repeat(100);
    fs::write(&file, &text).unwrap();
    assert_wrong_usage(&args, "file is not a database");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);

    let Some(database) = Database::new().await else {
        return;
    };
    let url = database.url();
    assert_wrong_usage(
        &["inbox", "stats", "--database", &url],
        "has no inbox in it",
    );
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'trackingmore'";
    let schemas: i64 = sqlx::query_scalar(schemas)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(schemas, 0);
    assert_wrong_usage(
        &["inbox", "stats", "--database", &format!("{url}_too")],
        "does not exist",
    );
}

#[test]
fn a_wrong_url_is_reported_without_its_password() {
    for (url, what) in [
        (
            "deliveries.db",
            "--database has no scheme: write sqlite:FILE or postgres://USER@HOST/NAME",
        ),
        ("sqlite3:x.db", "\"sqlite3\": write sqlite:FILE or postgres"),
        (
            "mysql://u:hunter2@h/d",
            "\"mysql\": write sqlite:FILE or postgres://USER@HOST/NAME",
        ),
        ("postgres://u:hunter2@h:port/d", "--database: "),
    ] {
        let ended = run(&["inbox", "stats", "--database", url]);
        ended.assert_wrong_usage(what);
        assert!(!ended.err.contains("hunter2"), "{}", ended.err);
    }
    assert_wrong_usage(
        &["inbox", "stats"],
        "no inbox: give --database sqlite:FILE or postgres://USER@HOST/NAME",
    );
    assert_wrong_usage(
        &["inbox", "retry", "--database", "sqlite:x.db"],
        "not provided: <NUMBER|--all-dead>",
    );
    assert_wrong_usage(
        &["inbox", "prune", "--keep-ids", "-5m"],
        "such as 90s, 15m, 2h or 12d",
    );
    assert_wrong_usage(
        &["inbox", "forget", "", "--database", "sqlite:x.db"],
        "NUMBER",
    );
    // Nothing listens there.
    let url = "postgres://u:hunter2@127.0.0.1:1/d";
    assert_no(
        &["stats", "--database", url],
        "cannot open the database d: error communicating with database",
    );
}

#[tokio::test]
async fn a_newer_or_locked_inbox_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("deliveries.db");
    let inbox = SqliteInbox::open(&file).await.unwrap();
    let url = format!("sqlite:{}", file.display());
    let stats = ["stats", "--database", &url];

    let lock = inbox.pool().begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert_no(&stats, "database is locked");
    lock.rollback().await.unwrap();

    sql(&file, "UPDATE trackingmore_schema SET version = 99").await;
    assert_no(
        &stats,
        "made by a newer version of this library: their version is 99, and this library knows versions up to 1",
    );
}

/// Asserts that the command fails with one line of error that contains `reason`.
#[track_caller]
fn assert_no(args: &[&str], reason: &str) {
    let ended = run(&[&["inbox"], args].concat());
    assert_eq!((ended.code, ended.out.as_str()), (1, ""), "{}", ended.err);
    assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
    assert!(ended.err.contains(reason), "{}", ended.err);
    assert!(!ended.err.contains("hunter2"), "{}", ended.err);
}

/// Two dead parcels and an unread delivery.
async fn fill(inbox: &Inbox<impl Engine>) {
    for body in [&parcel("DEAD1"), &parcel("DEAD2"), "Anna says \u{1b}[2J {"] {
        accept(inbox, body).await;
    }
    work(inbox, false).await;
}

fn parcel(number: &str) -> String {
    let parcel = json!({"tracking_number": number, "courier_code": "postnord",
        "delivery_status": "transit", "customer_name": "Anna"});
    json!({"code": 200, "message": "Success", "data": parcel}).to_string()
}

async fn accept(inbox: &Inbox<impl Engine>, body: &str) {
    inbox.accept(&verified(body)).await.unwrap();
}

fn verified(body: &str) -> VerifiedBody {
    let signer = Signer::new(SECRET).unwrap();
    let headers = signer.headers(Scheme::Timestamp, SystemTime::now(), body.as_bytes());
    let mut incoming = Verifier::new(SECRET).unwrap().begin(&headers).unwrap();
    incoming.push(body.to_owned().into()).unwrap();
    incoming.finish().unwrap()
}

/// Works until nothing waits, and lets each attempt be the last.
async fn work<DB: Engine>(inbox: &Inbox<DB>, succeeds: bool) {
    let worker = inbox.worker(move |job| async move {
        match succeeds {
            true => Ok(job.done().await?),
            false => Err(BoxError::from("no mailbox for Anna")),
        }
    });
    let idle = async {
        loop {
            let stats = inbox.stats().await.unwrap();
            if stats.pending + stats.running == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let idle = tokio::time::timeout(Duration::from_secs(60), idle);
    let worker = worker.max_attempts(1).poll(Duration::from_millis(20));
    let ended = worker.run_until(async { idle.await.unwrap() });
    ended.await.unwrap();
}

/// Runs statements on a SQLite file, around the inbox.
async fn sql(file: &std::path::Path, script: &'static str) {
    let url = format!("sqlite:{}", file.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(script)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// An empty database on the server of `DATABASE_URL`, until it is dropped.
struct Database {
    server: String,
    name: String,
}

impl Database {
    async fn new() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = env::var("DATABASE_URL") else {
            assert!(
                env::var_os("INBOX_TEST_REQUIRE_ALL").is_none(),
                "INBOX_TEST_REQUIRE_ALL is set, and DATABASE_URL is not"
            );
            // Not with a macro: the harness shows its output only if the test fails.
            _ = writeln!(
                io::stderr(),
                "\nskipped, and passed: DATABASE_URL is not set"
            );
            return None;
        };
        let name = format!("cli_test_{}_{}", process::id(), COUNT.fetch_add(1, Relaxed));
        on_server(&server, format!("CREATE DATABASE {name}")).await;
        Some(Self { server, name })
    }

    fn url(&self) -> String {
        let mut url = reqwest::Url::parse(&self.server).unwrap();
        url.set_path(&self.name);
        url.to_string()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let server = self.server.clone();
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        // A runtime cannot wait for another inside of itself.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(on_server(&server, drop));
        });
        _ = dropping.join();
    }
}

async fn on_server(server: &str, statement: String) {
    let mut connection = PgConnection::connect(server).await.unwrap();
    let statement = sqlx::query(AssertSqlSafe(statement));
    statement.execute(&mut connection).await.unwrap();
}
