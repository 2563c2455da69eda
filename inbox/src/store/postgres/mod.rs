//! PostgreSQL: any number of processes, each with a few connections of its own beside the user's
//! pool, so that handlers which hold all of that pool's starve neither receiving nor the leases.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _, PgConnection, PgPool, Pool, Postgres,
    Row as _, TypeInfo as _, ValueRef as _,
    pool::PoolOptions,
    postgres::{PgConnectOptions, PgRow},
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{Arg, Engine, Purpose, Record, Statements, Store, Tx, answered, dialect, value::Value};
use crate::{Inbox, InboxError, InboxOptions, accept::Entry, schema};

/// How long a connection may be idle before it is asked whether it is still there.
const IDLE: Duration = Duration::from_millis(500);

/// How long a worker's statement may take at least, however short the deadline of accepting is.
const WORK: Duration = Duration::from_secs(10);

/// A connected server.
#[derive(Debug)]
pub struct Server {
    /// The user's pool, for effects.
    users: PgPool,
    /// For claiming, routing and marking.
    working: PgPool,
    /// For leases alone.
    renewing: PgPool,
    appending: std::sync::Arc<Mutex<Option<Append>>>,
    patience: Duration,
}

#[derive(Debug)]
struct Append {
    connection: PgConnection,
    used: Instant,
}

impl Inbox<Postgres> {
    /// Connects to a server by its URL, `postgres://user:password@host/database`, with a pool of
    /// sqlx's defaults. Creates the inbox's tables, or migrates them.
    ///
    /// They are in a schema of their own, `trackingmore`. For TLS, turn on one of sqlx's TLS
    /// features.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::InboxErrorKind::Database),
    /// [`NewerSchema`](crate::InboxErrorKind::NewerSchema).
    pub async fn connect(url: &str) -> Result<Self, InboxError> {
        Self::connect_with(url, InboxOptions::new()).await
    }

    /// As [`connect`](Self::connect), with options of your own.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), and
    /// [`InvalidOptions`](crate::InboxErrorKind::InvalidOptions).
    pub async fn connect_with(url: &str, options: InboxOptions) -> Result<Self, InboxError> {
        Self::new_with(PgPool::connect(url).await?, options).await
    }

    /// Opens the inbox over a pool of yours, which effects use. For its own work, the inbox opens
    /// up to four connections to the same server.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn new(pool: PgPool) -> Result<Self, InboxError> {
        Self::new_with(pool, InboxOptions::new()).await
    }

    /// As [`new`](Self::new), with options of your own.
    ///
    /// # Errors
    ///
    /// As [`connect_with`](Self::connect_with).
    pub async fn new_with(pool: PgPool, options: InboxOptions) -> Result<Self, InboxError> {
        Self::of_version(MIGRATIONS, pool, options).await
    }

    async fn of_version(
        migrations: &'static [&'static str],
        pool: PgPool,
        options: InboxOptions,
    ) -> Result<Self, InboxError> {
        options.check()?;
        let patience = options.patience();
        let server = Server {
            working: own_pool(&pool, 2, patience.max(WORK)),
            renewing: own_pool(&pool, 1, patience.max(WORK)),
            appending: std::sync::Arc::default(),
            users: pool,
            patience,
        };
        server.set_up(migrations).await?;
        Ok(Self::over(server, options))
    }
}

impl Server {
    async fn set_up(&self, migrations: &'static [&'static str]) -> Result<(), InboxError> {
        let mut transaction = self.users.begin().await?;
        // Several processes can start at once.
        transaction
            .execute("SELECT pg_advisory_xact_lock(7810110005021122)")
            .await?;
        // `IF NOT EXISTS` needs the right to create even if there is nothing to create.
        let is_missing = "SELECT to_regclass('trackingmore.schema') IS NULL";
        if sqlx::query_scalar(is_missing)
            .fetch_one(&mut *transaction)
            .await?
        {
            transaction
                .execute("CREATE SCHEMA IF NOT EXISTS trackingmore")
                .await?;
            transaction
                .execute("CREATE TABLE trackingmore.schema (version bigint NOT NULL)")
                .await?;
        }
        schema::bring_up_to_date::<Postgres>(&mut transaction, migrations).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let mut connection = self.users.connect_options().connect().await?;
        own(&mut connection, self.patience).await?;
        Ok(connection)
    }
}

/// In order; the position in this list, from 1, is the version.
const MIGRATIONS: &[&str] = &[include_str!("1.sql")];

impl Engine for Postgres {}

impl Store for Postgres {
    type Base = Server;
    type Appender = Appender;

    const ONE_WORKER: bool = false;

    fn sql() -> &'static Statements {
        static SQL: LazyLock<Statements> = LazyLock::new(|| {
            Statements::in_dialect(|text| {
                let text = text.replace('@', "trackingmore.");
                let text = text.replace("NOT LOCKED", "LOCKING SKIP LOCKED");
                let text = text.replace("LOCKING", "FOR UPDATE");
                let text =
                    dialect::expand(&text, "AT", |arg| format!("(trackingmore.clock() + {arg})"));
                let text = dialect::expand(&text, "IF_FREE", |arg| {
                    format!("pg_try_advisory_xact_lock({arg})")
                });
                let text = dialect::expand(&text, "WHEN_FREE", |arg| {
                    format!("pg_advisory_xact_lock({arg}) IS NOT NULL")
                });
                let text = dialect::expand(&text, "LIST", |arg| format!("json_agg({arg})::text"));
                let text = dialect::expand(&text, "IN INTS", |arg| format!("= ANY({arg})"));
                let text = dialect::expand(&text, "IN TEXTS", |arg| format!("= ANY({arg})"));
                dialect::expand(&text, "ROWS", |arg| {
                    format!("jsonb_array_elements(CAST({arg} AS jsonb))")
                })
            })
        });
        &SQL
    }

    fn pool(server: &Server) -> &Pool<Postgres> {
        &server.users
    }

    fn reader(server: &Server) -> &Pool<Postgres> {
        &server.working
    }

    async fn close(server: &Server) {
        server.working.close().await;
        server.renewing.close().await;
        if let Some(append) = server.appending.lock().await.take() {
            let _ = append.connection.close().await;
        }
        server.users.close().await;
    }

    async fn appender(server: &Server) -> Result<Appender, sqlx::Error> {
        let mut slot = std::sync::Arc::clone(&server.appending).lock_owned().await;
        let connecting = async {
            if let Some(mut append) = slot.take()
                && (append.used.elapsed() < IDLE || append.connection.ping().await.is_ok())
            {
                return Ok(append.connection);
            }
            server.connect().await
        };
        let connection = tokio::time::timeout(server.patience, connecting)
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)??;
        Ok(Appender { slot, connection })
    }

    fn connection(appender: &mut Appender) -> &mut PgConnection {
        &mut appender.connection
    }

    async fn append(mut appender: Appender, entries: &[Entry]) -> Result<Vec<bool>, sqlx::Error> {
        fn column<'a, T>(entries: &'a [Entry], value: impl Fn(&'a Entry) -> T) -> Vec<T> {
            entries.iter().map(value).collect()
        }
        let added = sqlx::query(
            // Numbered in the order of arrival, but inserted in an order that all processes share:
            // two that insert the same deliveries in different orders would deadlock.
            "WITH entry AS MATERIALIZED (
                SELECT nextval('trackingmore.delivery_seq_seq') AS seq, *
                FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::boolean[], $5::text[],
                    $6::bytea[]) AS entry (account, id, received_at, unread, parcels, body)
            ), added AS (
                INSERT INTO trackingmore.delivery
                    (seq, account, id, received_at, unread, parcels, body)
                SELECT seq, account, id, received_at, unread, parcels, body
                FROM entry ORDER BY account, id, seq
                ON CONFLICT DO NOTHING RETURNING account, id, seq, parcels
            ), fresh AS (
                INSERT INTO trackingmore.fresh (seq) SELECT seq FROM added WHERE parcels <> '[]'
            )
            SELECT account, id FROM added",
        )
        .bind(column(entries, |entry| &*entry.account))
        .bind(column(entries, |entry| entry.id.as_bytes().as_slice()))
        .bind(column(entries, |entry| entry.received_at))
        .bind(column(entries, |entry| entry.is_unread))
        .bind(column(entries, Entry::parcels))
        .bind(column(entries, |entry| entry.body.as_deref()))
        .fetch_all(&mut appender.connection)
        .await?;
        appender.put_back();
        let mut new = super::New::default();
        for row in added {
            new.add(row.try_get(0)?, row.try_get(1)?);
        }
        Ok(new.among(entries))
    }

    fn is_about_data(error: &sqlx::Error) -> bool {
        const DATA: &str = "22";
        const CONSTRAINT: &str = "23";
        const LIMIT: &str = "54";
        const RAISED: &str = "P0001";
        let code = error.as_database_error().and_then(|error| error.code());
        code.is_some_and(|code| {
            let classes = [DATA, CONSTRAINT, LIMIT, RAISED];
            classes.iter().any(|class| code.starts_with(class))
        })
    }

    async fn begin(server: &Server, purpose: Purpose) -> Result<Tx<Postgres>, sqlx::Error> {
        let transaction = match purpose {
            Purpose::Effect => server.users.begin().await?,
            Purpose::Work | Purpose::Care => answered(server.working.begin()).await?,
            Purpose::Renew => answered(server.renewing.begin()).await?,
        };
        let turn = None;
        Ok(Tx { transaction, turn })
    }

    async fn run(
        connection: &mut PgConnection,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<Record>, sqlx::Error> {
        let mut query = sqlx::query(sql);
        for arg in args {
            query = match arg {
                Arg::In(millis) => query.bind(millis),
                Arg::Int(int) => query.bind(int),
                Arg::Flag(flag) => query.bind(flag),
                Arg::Text(text) => query.bind(text),
                Arg::Bytes(bytes) => query.bind(bytes),
                Arg::MaybeBytes(bytes) => query.bind(bytes),
                Arg::Ints(ints) => query.bind(ints),
                Arg::Texts(texts) => query.bind(texts),
            };
        }
        let rows = query.fetch_all(connection).await?;
        rows.iter().map(record).collect()
    }

    async fn run_script(
        connection: &mut PgConnection,
        script: &'static str,
    ) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(script).execute(connection).await?;
        Ok(())
    }

    fn work(_: &Server) -> Result<impl Send + 'static, InboxError> {
        Ok(())
    }

    async fn scrub(_: &Server) -> Result<(), InboxError> {
        Ok(())
    }
}

/// A connection to append with, and the slot that it returns to unless something fails.
#[derive(Debug)]
pub struct Appender {
    slot: OwnedMutexGuard<Option<Append>>,
    connection: PgConnection,
}

impl Appender {
    fn put_back(mut self) {
        *self.slot = Some(Append {
            connection: self.connection,
            used: Instant::now(),
        });
    }
}

fn own_pool(users: &PgPool, most: u32, patience: Duration) -> PgPool {
    let options: PgConnectOptions = (*users.connect_options()).clone();
    PoolOptions::new()
        .max_connections(most)
        .acquire_timeout(patience)
        .after_connect(move |connection, _| Box::pin(own(connection, patience)))
        // sqlx pings a connection itself, but would wait for the answer forever.
        .after_release(|connection: &mut PgConnection, _| {
            Box::pin(async move { answered(connection.ping()).await.map(|()| true) })
        })
        .connect_lazy_with(options)
}

/// Bounds how long a connection of ours can hold others up, and makes its commits durable.
async fn own(connection: &mut PgConnection, patience: Duration) -> Result<(), sqlx::Error> {
    let patience = format!("{}ms", patience.as_millis().clamp(1, 60_000));
    sqlx::query(
        "SELECT set_config('statement_timeout', $1, false),
            set_config('lock_timeout', $1, false),
            set_config('idle_in_transaction_session_timeout', $1, false),
            set_config('synchronous_commit',
                CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                    ELSE current_setting('synchronous_commit') END, false)",
    )
    .bind(patience)
    .execute(connection)
    .await?;
    Ok(())
}

fn record(row: &PgRow) -> Result<Record, sqlx::Error> {
    let columns = 0..row.columns().len();
    let values = columns.map(|column| {
        let raw = row.try_get_raw(column)?;
        if raw.is_null() {
            return Ok(Value::Null);
        }
        Ok(match raw.type_info().name() {
            "INT8" => Value::Int(row.try_get(column)?),
            "BOOL" => Value::Int(i64::from(row.try_get::<bool, _>(column)?)),
            "TEXT" => Value::Text(row.try_get(column)?),
            _ => Value::Bytes(row.try_get(column)?),
        })
    });
    values.collect::<Result<_, _>>().map(Record)
}

#[cfg(test)]
mod tests;
