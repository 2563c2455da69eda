//! A rolling change of the tables: processes before and after it work together on one database.
#![allow(clippy::unwrap_used)]

use std::{
    env,
    time::{Duration, Instant},
};

use serde_json::json;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, PgPool, Postgres, postgres::PgConnectOptions,
};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{Accepted, BoxError, Done, InboxErrorKind, InboxOptions, Job, PgInbox};

const FIRST: &str = include_str!("1.sql");

/// It stops before it locks the parcels, and again while it has them locked.
const SECOND: &str = "
    SELECT pg_advisory_xact_lock(1);
    ALTER TABLE trackingmore.parcel ADD COLUMN weight bigint NOT NULL DEFAULT 0;
    CREATE INDEX parcel_weight ON trackingmore.parcel (weight);
    CREATE TABLE trackingmore.note (parcel bigint PRIMARY KEY, note text NOT NULL);
    SELECT pg_advisory_xact_lock(2)";

/// How many parcels have news at once. After some minutes, others follow.
const PARCELS: u32 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_before_and_after_a_migration_work_together() {
    let Some(server) = server() else {
        return;
    };
    let mut connection = PgConnection::connect_with(&server).await.unwrap();
    let name = format!("inbox_test_rolling_{}", std::process::id());
    execute(&mut connection, format!("CREATE DATABASE {name}")).await;
    roll(server.database(&name)).await;
    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
    execute(&mut connection, drop).await;
}

async fn roll(database: PgConnectOptions) {
    let open = async |migrations| {
        let pool = PgPool::connect_with(database.clone()).await.unwrap();
        PgInbox::of_version(migrations, pool, InboxOptions::new()).await
    };
    let mut connection = PgConnection::connect_with(&database).await.unwrap();
    let table = "CREATE TABLE message (n bigserial, number text NOT NULL, minute text NOT NULL)";
    execute(&mut connection, table).await;

    let old = open(&[FIRST]).await.unwrap();
    let old_works = Working::start(&old);
    send(&old, 1..3).await;
    until_messages(&mut connection, 1..3).await;

    // The migration has begun.
    let locks = "SELECT pg_advisory_lock(1), pg_advisory_lock(2)";
    execute(&mut connection, locks).await;
    let pool = PgPool::connect_with(database.clone()).await.unwrap();
    let migrating = PgInbox::of_version(&[FIRST, SECOND], pool, InboxOptions::new());
    let migrating = tokio::spawn(migrating);
    until_it_waits_for(&mut connection, 1).await;
    send(&old, 3..5).await;
    until_messages(&mut connection, 1..5).await;

    // It changes the table of parcels while the old process works on it.
    send(&old, 5..7).await;
    execute(&mut connection, "SELECT pg_advisory_unlock(1)").await;
    until_it_waits_for(&mut connection, 2).await;
    send(&old, 7..9).await;
    execute(&mut connection, "SELECT pg_advisory_unlock(2)").await;
    let new = migrating.await.unwrap().unwrap();
    let refused = open(&[FIRST]).await.unwrap_err();
    assert_eq!(refused.kind(), InboxErrorKind::NewerSchema);

    // Each process handles what the other has accepted, first alone and then beside it.
    send(&new, 9..11).await;
    until_messages(&mut connection, 1..11).await;
    let new_works = Working::start(&new);
    for minute in 11..21 {
        let by = if minute % 2 == 0 { &old } else { &new };
        send(by, minute..minute + 1).await;
    }
    until_messages(&mut connection, 1..21).await;
    old_works.end().await;
    send(&old, 21..23).await;
    until_messages(&mut connection, 1..23).await;
    new_works.end().await;

    let again = new.record(&state(0, 1)).await.unwrap();
    assert_eq!(again, Accepted::Duplicate);
    let stats = new.stats().await.unwrap();
    assert_eq!((stats.pending, stats.running, stats.dead), (0, 0, 0));
    assert_eq!(stats.stored, 22 * u64::from(PARCELS));
    old.close().await;
    new.close().await;
}

/// The server of `DATABASE_URL`.
fn server() -> Option<PgConnectOptions> {
    let Ok(url) = env::var("DATABASE_URL") else {
        let must = env::var_os("INBOX_TEST_REQUIRE_ALL").is_some();
        assert!(
            !must,
            "INBOX_TEST_REQUIRE_ALL is set, and DATABASE_URL is not"
        );
        return None;
    };
    Some(url.parse().unwrap())
}

/// A worker that writes a message for each new checkpoint.
struct Working {
    stop: oneshot::Sender<()>,
    worker: JoinHandle<()>,
}

impl Working {
    fn start(inbox: &PgInbox) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let worker = inbox.worker(handle).poll(Duration::from_millis(20));
        let worker = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            worker.run_until(stopped).await.unwrap();
        });
        Self { stop, worker }
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.worker.await.unwrap();
    }
}

async fn handle(job: Job<Postgres>) -> Result<Done, BoxError> {
    let update = job.update().clone();
    let mut transaction = job.begin().await?;
    for checkpoint in update.backfilled().iter().chain(update.checkpoints()) {
        sqlx::query("INSERT INTO message (number, minute) VALUES ($1, $2)")
            .bind(&update.tracking().tracking_number)
            .bind(&checkpoint.tracking_detail)
            .execute(&mut *transaction)
            .await?;
    }
    Ok(job.done_in(transaction).await?)
}

fn number(parcel: u32, minute: u32) -> String {
    format!("AB{parcel}-{}", minute / 5)
}

fn state(parcel: u32, minute: u32) -> trackingmore_webhook::Tracking {
    let time = format!("2026-01-01T10:{minute:02}:00+00:00");
    let checkpoint = json!({"checkpoint_date": time, "tracking_detail": minute.to_string()});
    serde_json::from_value(json!({
        "tracking_number": number(parcel, minute),
        "courier_code": "postnord",
        "delivery_status": "transit",
        "update_at": time,
        "origin_info": {"trackinfo": [checkpoint]},
    }))
    .unwrap()
}

async fn send(inbox: &PgInbox, minutes: std::ops::Range<u32>) {
    for minute in minutes {
        for parcel in 0..PARCELS {
            let accepted = inbox.record(&state(parcel, minute)).await;
            assert_eq!(accepted.unwrap(), Accepted::New);
        }
    }
}

/// Waits for the messages of these minutes, each once and in order, and for no others.
async fn until_messages(connection: &mut PgConnection, minutes: std::ops::Range<u32>) {
    let expected = minutes.flat_map(|minute| {
        (0..PARCELS).map(move |parcel| (number(parcel, minute), minute.to_string()))
    });
    let mut expected: Vec<_> = expected.collect();
    // The messages about a parcel are in order.
    expected.sort_by(|(number, _), (other, _)| number.cmp(other));
    let messages = "SELECT number, minute FROM message ORDER BY number COLLATE \"C\", n";
    let mut found: Vec<(String, String)> = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(60);
    while found.len() < expected.len() {
        assert!(Instant::now() < deadline, "{found:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
        found = sqlx::query_as(messages)
            .fetch_all(&mut *connection)
            .await
            .unwrap();
    }
    assert_eq!(found, expected);
}

/// Waits until the migration waits for this lock of the test.
async fn until_it_waits_for(connection: &mut PgConnection, lock: i64) {
    let waiting = "SELECT EXISTS (SELECT 1 FROM pg_locks
        WHERE locktype = 'advisory' AND NOT granted AND objid::bigint = $1
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut waits = false;
    while !waits {
        assert!(
            Instant::now() < deadline,
            "the migration does not wait for {lock}"
        );
        waits = sqlx::query_scalar(waiting)
            .bind(lock)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
    }
}

async fn execute(connection: &mut PgConnection, statement: impl Into<String>) {
    let statement = AssertSqlSafe(statement.into());
    sqlx::raw_sql(statement).execute(connection).await.unwrap();
}
