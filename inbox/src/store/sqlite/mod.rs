//! SQLite. It has one writer at a time, so writers queue in this process, and wait for the lock of
//! the file only if another process holds it.

mod file;

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
    time::Duration,
};

use serde_json::json;
use sqlx::{
    Connection as _, Executor as _, Pool, Row as _, Sqlite, SqliteConnection, Transaction,
    TypeInfo as _, ValueRef as _,
    pool::PoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous},
};

use super::{Arg, Engine, Purpose, Record, Statements, Store, Tx, dialect, value::Value};
use crate::{
    Inbox, InboxError, InboxErrorKind, InboxOptions, accept::Entry, schema, time::process_clock,
};

/// How long to wait for the turn to write. Accepting waits only until its deadline.
const TURN: Duration = Duration::from_secs(30);

/// An open file. The only connection of `writer` is the turn to write.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    writer: Pool<Sqlite>,
    /// Its commits are not synced. They survive the death of the process. A power cut may undo
    /// them, which repeats work and loses none. Used only with the turn to write.
    unsynced: Pool<Sqlite>,
    others: Pool<Sqlite>,
}

impl Inbox<Sqlite> {
    /// Opens the inbox in a file. Creates the file and its tables, or migrates them.
    ///
    /// Only its owner can read and write a new file. It is in WAL mode, and it can hold your own
    /// tables too. Any number of processes can accept into one file; only one can run a worker.
    ///
    /// # Errors
    ///
    /// [`Database`](InboxErrorKind::Database) if the file cannot be opened or written, or is
    /// locked for longer than the accept deadline;
    /// [`NetworkFileSystem`](InboxErrorKind::NetworkFileSystem), where that can be detected;
    /// [`NewerSchema`](InboxErrorKind::NewerSchema).
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, InboxError> {
        Self::open_with(path, InboxOptions::new()).await
    }

    /// As [`open`](Self::open), with options of your own.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`InvalidOptions`](InboxErrorKind::InvalidOptions).
    pub async fn open_with(
        path: impl AsRef<Path>,
        options: InboxOptions,
    ) -> Result<Self, InboxError> {
        options.check()?;
        let path = file::create(path.as_ref())?;
        let file = File::open(path, options.patience()).await?;
        Ok(Self::over(file, options))
    }
}

impl File {
    async fn open(path: PathBuf, patience: Duration) -> Result<Self, InboxError> {
        let deadline = tokio::time::Instant::now() + patience;
        let synced = SqliteConnectOptions::new()
            .filename(&path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("secure_delete", "ON")
            .busy_timeout(patience);
        let unsynced = synced.clone().synchronous(SqliteSynchronous::Normal);
        let file = Self {
            path,
            writer: pool(1, TURN.max(patience)).connect_lazy_with(synced.clone()),
            unsynced: pool(1, patience).connect_lazy_with(unsynced),
            others: pool(4, patience).connect_lazy_with(synced),
        };
        // Unlike everything else, the change to WAL mode does not wait for a lock.
        while let Err(error) = file.set_up().await {
            if !is_locked(&error) || tokio::time::Instant::now() >= deadline {
                file.close().await;
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(file)
    }

    async fn set_up(&self) -> Result<(), InboxError> {
        self.check_settings().await?;
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        transaction
            .execute("CREATE TABLE IF NOT EXISTS trackingmore_schema (version INTEGER NOT NULL)")
            .await?;
        schema::bring_up_to_date::<Sqlite>(&mut transaction, MIGRATIONS).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Checks the settings, since SQLite silently ignores what it cannot do.
    async fn check_settings(&self) -> Result<(), InboxError> {
        let mut connection = self.writer.acquire().await?;
        let settings = "SELECT journal_mode = 'wal' AND synchronous = 2 AND secure_delete = 1
            FROM pragma_journal_mode, pragma_synchronous, pragma_secure_delete";
        let kept: bool = sqlx::query_scalar(settings)
            .fetch_one(&mut *connection)
            .await?;
        if !kept {
            return Err(InboxError::with_detail(
                InboxErrorKind::Database,
                "SQLite refuses WAL mode or full syncing for this file",
            ));
        }
        Ok(())
    }

    async fn close(&self) {
        self.others.close().await;
        self.unsynced.close().await;
        self.writer.close().await;
    }
}

/// In order; the position in this list, from 1, is the version.
const MIGRATIONS: &[&str] = &[include_str!("1.sql")];

impl Engine for Sqlite {}

impl Store for Sqlite {
    type Base = File;
    type Appender = Transaction<'static, Sqlite>;

    const ONE_WORKER: bool = true;

    fn sql() -> &'static Statements {
        static SQL: LazyLock<Statements> = LazyLock::new(|| {
            Statements::in_dialect(|text| {
                let text = text
                    .replace('@', "trackingmore_")
                    .replace(" NOT LOCKED", "")
                    .replace(" LOCKING", "");
                let text = dialect::expand(&text, "AT", |arg| arg.to_owned());
                let text = dialect::expand(&text, "IF_FREE", |_| "true".to_owned());
                let text = dialect::expand(&text, "WHEN_FREE", |_| "true".to_owned());
                let list = |arg: &str| format!("IN (SELECT value FROM json_each({arg}))");
                let text = dialect::expand(&text, "LIST", |arg| format!("json_group_array({arg})"));
                let text = dialect::expand(&text, "IN INTS", list);
                let text = dialect::expand(&text, "IN TEXTS", list);
                dialect::expand(&text, "ROWS", |arg| format!("json_each({arg})"))
            })
        });
        &SQL
    }

    fn pool(file: &File) -> &Pool<Sqlite> {
        &file.others
    }

    fn reader(file: &File) -> &Pool<Sqlite> {
        &file.others
    }

    async fn close(file: &File) {
        file.close().await;
    }

    async fn appender(file: &File) -> Result<Self::Appender, sqlx::Error> {
        file.writer.begin_with("BEGIN IMMEDIATE").await
    }

    fn connection(transaction: &mut Self::Appender) -> &mut SqliteConnection {
        transaction
    }

    async fn append(
        mut transaction: Self::Appender,
        entries: &[Entry],
    ) -> Result<Vec<bool>, sqlx::Error> {
        let sizes = entries.iter().flat_map(|entry| &entry.body).map(Vec::len);
        let mut bodies = Vec::with_capacity(sizes.sum());
        let mut rows = Vec::with_capacity(entries.len());
        for entry in entries {
            rows.push(json!([
                &*entry.account,
                entry.id.to_string(),
                entry.received_at,
                entry.is_unread,
                entry.parcels(),
                bodies.len() + 1,
                entry.body.as_ref().map(Vec::len),
            ]));
            bodies.extend_from_slice(entry.body.as_deref().unwrap_or_default());
        }
        let added = sqlx::query(
            "INSERT INTO trackingmore_delivery (account, id, received_at, unread, parcels, body)
            SELECT value->>0, unhex(value->>1), value->>2, value->>3, value->>4,
                substr($1, value->>5, value->>6)
            FROM json_each($2) AS entry WHERE true ORDER BY entry.key
            ON CONFLICT DO NOTHING RETURNING account, id, seq, parcels <> '[]'",
        )
        .bind(bodies)
        .bind(json!(rows).to_string())
        .fetch_all(&mut *transaction)
        .await?;
        let mut fresh = Vec::with_capacity(added.len());
        let mut new = super::New::default();
        for row in added {
            new.add(row.try_get(0)?, row.try_get(1)?);
            if row.try_get(3)? {
                fresh.push(row.try_get::<i64, _>(2)?);
            }
        }
        sqlx::query("INSERT INTO trackingmore_fresh (seq) SELECT value FROM json_each($1)")
            .bind(json!(fresh).to_string())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(new.among(entries))
    }

    fn is_about_data(error: &sqlx::Error) -> bool {
        const TOO_BIG: i32 = 18;
        const CONSTRAINT: i32 = 19;
        const MISMATCH: i32 = 20;
        code(error).is_some_and(|code| [TOO_BIG, CONSTRAINT, MISMATCH].contains(&code))
    }

    async fn begin(file: &File, purpose: Purpose) -> Result<Tx<Sqlite>, sqlx::Error> {
        let (pool, turn) = match purpose {
            Purpose::Effect | Purpose::Care => (&file.writer, None),
            Purpose::Work | Purpose::Renew => (&file.unsynced, Some(file.writer.acquire().await?)),
        };
        Ok(Tx {
            transaction: pool.begin_with("BEGIN IMMEDIATE").await?,
            turn,
        })
    }

    async fn run(
        connection: &mut SqliteConnection,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<Record>, sqlx::Error> {
        let mut query = sqlx::query(sql);
        for arg in args {
            query = match arg {
                Arg::In(millis) => query.bind(process_clock() + millis),
                Arg::Int(int) => query.bind(int),
                Arg::Flag(flag) => query.bind(flag),
                Arg::Text(text) => query.bind(text),
                Arg::Bytes(bytes) => query.bind(bytes),
                Arg::MaybeBytes(bytes) => query.bind(bytes),
                Arg::Ints(ints) => query.bind(json!(ints).to_string()),
                Arg::Texts(texts) => query.bind(json!(texts).to_string()),
            };
        }
        let rows = query.fetch_all(connection).await?;
        rows.iter().map(record).collect()
    }

    async fn run_script(
        connection: &mut SqliteConnection,
        script: &'static str,
    ) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(script).execute(connection).await?;
        Ok(())
    }

    fn work(file: &File) -> Result<impl Send + 'static, InboxError> {
        file::lock_for_work(&file.path)
    }

    async fn scrub(file: &File) -> Result<(), InboxError> {
        let _turn = file.writer.acquire().await?;
        let mut connection = file.others.acquire().await?;
        let (readers,): (bool,) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&mut *connection)
            .await?;
        if readers {
            return Err(InboxError::new(InboxErrorKind::LogNotEmptied));
        }
        Ok(())
    }
}

fn pool(most: u32, patience: Duration) -> PoolOptions<Sqlite> {
    PoolOptions::new()
        .max_connections(most)
        .acquire_timeout(patience)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // After a commit that failed for a full disk, SQLite has no transaction any more while sqlx
        // still counts one, and cannot begin another.
        .after_release(|connection: &mut SqliteConnection, _| {
            Box::pin(async move {
                if connection.is_in_transaction() {
                    connection.ping().await?;
                }
                Ok(!connection.is_in_transaction())
            })
        })
}

fn is_locked(error: &InboxError) -> bool {
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    let code = error.database().and_then(code);
    code.is_some_and(|code| code == BUSY || code == LOCKED)
}

/// SQLite's primary result code.
fn code(error: &sqlx::Error) -> Option<i32> {
    let extended = error.as_database_error()?.code()?;
    Some(extended.parse::<i32>().ok()? & 0xff)
}

fn record(row: &SqliteRow) -> Result<Record, sqlx::Error> {
    let columns = 0..row.columns().len();
    let values = columns.map(|column| {
        let raw = row.try_get_raw(column)?;
        if raw.is_null() {
            return Ok(Value::Null);
        }
        Ok(match raw.type_info().name() {
            "INTEGER" | "BOOLEAN" => Value::Int(row.try_get_unchecked(column)?),
            "TEXT" => Value::Text(row.try_get_unchecked(column)?),
            _ => Value::Bytes(row.try_get_unchecked(column)?),
        })
    });
    values.collect::<Result<_, _>>().map(Record)
}
