use std::{fs::File, path::Path, sync::Arc};

use apalis_core::backend::TaskSink as _;
use apalis_sqlite::SqliteStorage;
use tempfile::TempDir;
use trackingmore_webhook::{Event, VerifiedBody};
use trackingmore_webhook_inbox::{
    BoxError, Done, Job, SqliteInbox,
    sqlx::{
        self, AssertSqlSafe, SqlitePool,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
    },
};

use super::{
    NUMBER,
    database::{Content, Database, now},
};
use crate::deliveries;

/// Rows that one transaction fills in.
const STEP: u64 = 10_000;

/// An inbox in one file, and tables for the code by hand in another.
#[derive(Clone)]
pub struct Sqlite {
    folder: Arc<TempDir>,
    inbox: SqliteInbox,
    by_hand: SqlitePool,
}

impl Sqlite {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let inbox = SqliteInbox::open(folder.path().join("inbox.db")).await;
        let inbox = inbox.expect("a file");
        let by_hand = pool(&folder.path().join("by-hand.db"), SqliteSynchronous::Full);
        let effects = "CREATE TABLE effect (tracking_number TEXT, status TEXT)";
        let tables = "CREATE TABLE delivery (
                seq INTEGER PRIMARY KEY,
                id BLOB NOT NULL UNIQUE,
                received_at INTEGER NOT NULL,
                state INTEGER NOT NULL DEFAULT 0,
                body BLOB NOT NULL
            );
            CREATE INDEX waiting ON delivery (seq) WHERE state = 0;";
        for (pool, sql) in [
            (inbox.pool(), effects),
            (&by_hand, effects),
            (&by_hand, tables),
        ] {
            sqlx::raw_sql(sql).execute(pool).await.expect("a file");
        }
        Self {
            folder: Arc::new(folder),
            inbox,
            by_hand,
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A pool with the settings of the inbox.
fn pool(file: &Path, synchronous: SqliteSynchronous) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous);
    SqlitePoolOptions::new()
        .max_connections(4)
        .connect_lazy_with(options)
}

/// A queue of bodies, with the settings of the inbox.
pub async fn queue(folder: &Path) -> SqliteStorage<String> {
    let file = folder.join("queue.db");
    // Setting it up switches syncing off on that connection.
    let setting_up = pool(&file, SqliteSynchronous::Full);
    SqliteStorage::setup(&setting_up).await.expect("a file");
    setting_up.close().await;
    SqliteStorage::new(&pool(&file, SqliteSynchronous::Full))
}

pub async fn push(mut queue: SqliteStorage<String>, body: &VerifiedBody) {
    let body = str::from_utf8(body.bytes()).expect("UTF-8");
    queue.push(body.to_owned()).await.expect("a file");
}

impl Database for Sqlite {
    type Engine = sqlx::Sqlite;

    const NAME: &str = "SQLite";
    const BY_HAND: &str = "a transaction each, pool of 4";

    fn inbox(&self) -> &SqliteInbox {
        &self.inbox
    }

    async fn store(&self, body: VerifiedBody) {
        let mut tx = self.by_hand.begin_with("BEGIN IMMEDIATE").await.unwrap();
        sqlx::query(
            "INSERT INTO delivery (id, received_at, body) VALUES ($1, $2, $3)
            ON CONFLICT DO NOTHING",
        )
        .bind(body.id().as_bytes().as_slice())
        .bind(now())
        .bind(&body.bytes()[..])
        .execute(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }

    async fn handle(job: Job<sqlx::Sqlite>) -> Result<Done, BoxError> {
        let tracking = job.update().tracking().clone();
        let mut tx = job.begin().await?;
        sqlx::query("INSERT INTO effect (tracking_number, status) VALUES ($1, $2)")
            .bind(tracking.tracking_number)
            .bind(tracking.delivery_status.map(|status| status.to_string()))
            .execute(&mut *tx)
            .await?;
        Ok(job.done_in(tx).await?)
    }

    async fn handle_by_hand(&self) {
        let (seq, body): (i64, Vec<u8>) = sqlx::query_as(
            "UPDATE delivery SET state = 1
            WHERE seq = (SELECT seq FROM delivery WHERE state = 0 ORDER BY seq LIMIT 1)
            RETURNING seq, body",
        )
        .fetch_one(&self.by_hand)
        .await
        .unwrap();
        let event: Event = serde_json::from_slice(&body).unwrap();
        let tracking = event.tracking;
        let mut tx = self.by_hand.begin_with("BEGIN IMMEDIATE").await.unwrap();
        sqlx::query("INSERT INTO effect (tracking_number, status) VALUES ($1, $2)")
            .bind(tracking.tracking_number)
            .bind(tracking.delivery_status.map(|status| status.to_string()))
            .execute(&mut *tx)
            .await
            .unwrap();
        sqlx::query("UPDATE delivery SET state = 2 WHERE seq = $1")
            .bind(seq)
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    async fn fill(&self, count: u64, content: Content) {
        let pool = pool(&self.folder().join("inbox.db"), SqliteSynchronous::Off);
        let mut left = count;
        while left > 0 {
            let step = left.min(STEP);
            left -= step;
            let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
            let last: i64 = sqlx::query_scalar(
                "SELECT max(ifnull((SELECT max(seq) FROM trackingmore_delivery), 0),
                    ifnull((SELECT max(id) FROM trackingmore_parcel), 0))",
            )
            .fetch_one(&mut *tx)
            .await
            .unwrap();
            let script = format!(
                "CREATE TEMP TABLE filling AS WITH RECURSIVE filling (seq) AS (SELECT {last} + 1
                    UNION ALL SELECT seq + 1 FROM filling WHERE seq < {last} + {step})
                    SELECT seq, 'FILL' || seq AS number FROM filling;
                INSERT INTO trackingmore_delivery
                    (seq, account, id, received_at, unread, parcels, body)
                SELECT seq, '', randomblob(32), {at}, FALSE,
                    json_array(json_array(number, 'china-ems')),
                    CAST(replace('{body}', '{NUMBER}', number) AS BLOB) FROM filling;
                INSERT INTO trackingmore_parcel
                    (id, account, tracking_number, courier, state, news, since, last_delivery)
                SELECT seq, '', number, 'china-ems', {waiting}, {waiting}, {at}, {at} FROM filling;
                INSERT INTO trackingmore_news (seq, position, parcel, outcome)
                SELECT seq, 0, seq, 1 - {waiting} FROM filling;
                DROP TABLE filling;",
                at = content.received_at(),
                waiting = i32::from(content == Content::Waiting),
                body = deliveries::ten_checkpoints().replace('\'', "''"),
            );
            let script = sqlx::raw_sql(AssertSqlSafe(script));
            script.execute(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
        }
        // Otherwise the next delivery would wait until all of it is on the disk.
        let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&pool);
        checkpoint.await.unwrap();
        pool.close().await;
        let file = File::open(self.folder().join("inbox.db")).expect("a file");
        file.sync_all().expect("a disk");
    }

    async fn size(&self) -> f64 {
        let size = "SELECT CAST(page_count * page_size AS REAL)
            FROM pragma_page_count, pragma_page_size";
        sqlx::query_scalar(size)
            .fetch_one(self.inbox.pool())
            .await
            .unwrap()
    }
}
