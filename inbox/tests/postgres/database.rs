use std::{
    env,
    path::Path,
    process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
};

use tokio::sync::OnceCell;
use trackingmore_webhook_inbox::{
    InboxError, InboxOptions, PgInbox,
    sqlx::{
        self, AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, PgPool,
        postgres::PgConnectOptions,
    },
};

use crate::support::skip;

pub(crate) type Db = sqlx::Postgres;
pub(crate) type Connection = PgConnection;

pub(crate) const IS_SQLITE: bool = false;

/// A database of a test's own, on a server that it shares.
pub(crate) struct Database {
    name: String,
    options: PgConnectOptions,
}

impl Database {
    pub(crate) const COUNT_DELIVERIES: &str = "SELECT count(*) FROM trackingmore.delivery";

    /// Makes an empty one, with a table for effects. If there is no server, it says so.
    pub(crate) async fn new() -> Option<Self> {
        Some(Self::on(server().await?).await)
    }

    /// Makes one on another server.
    pub(crate) async fn on(server: PgConnectOptions) -> Self {
        let database = Self::empty(server).await;
        database.prepare().await;
        database
    }

    async fn prepare(&self) {
        self.open().await.close().await;
        self.run(
            "CREATE TABLE message (n bigserial, account text NOT NULL, tracking_number text NOT NULL,
                minute bigint NOT NULL, is_late boolean NOT NULL, status text NOT NULL)",
        )
        .await;
    }

    /// Makes one with nothing in it.
    pub(crate) async fn empty(server: PgConnectOptions) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "inbox_test_{}_{}",
            process::id(),
            COUNT.fetch_add(1, Relaxed)
        );
        let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        let mut connection = server.connect().await.unwrap();
        sqlx::query(create).execute(&mut connection).await.unwrap();
        let options = server.database(&name);
        Self { name, options }
    }

    /// Makes one whose files are in a folder of their own.
    pub(crate) async fn empty_in(server: PgConnectOptions, folder: &Path) -> Self {
        let mut connection = server.connect().await.unwrap();
        for statement in [
            format!("CREATE TABLESPACE apart LOCATION '{}'", folder.display()),
            "CREATE DATABASE apart TABLESPACE apart".to_owned(),
        ] {
            sqlx::query(AssertSqlSafe(statement))
                .execute(&mut connection)
                .await
                .unwrap();
        }
        let database = Self {
            name: "apart".into(),
            options: server.database("apart"),
        };
        database.prepare().await;
        database
    }

    /// What another process opens it by.
    pub(crate) fn target(&self) -> String {
        self.options.to_url_lossy().into()
    }

    pub(crate) fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    pub(crate) async fn open(&self) -> PgInbox {
        self.open_with(InboxOptions::new()).await
    }

    pub(crate) async fn open_with(&self, options: InboxOptions) -> PgInbox {
        let pool = PgPool::connect_with(self.options()).await.unwrap();
        PgInbox::new_with(pool, options).await.unwrap()
    }

    pub(crate) async fn open_target(
        target: &str,
        options: InboxOptions,
    ) -> Result<PgInbox, InboxError> {
        PgInbox::connect_with(target, options).await
    }

    /// A connection around the inbox.
    pub(crate) async fn raw(&self) -> Connection {
        self.options.connect().await.unwrap()
    }

    /// Keeps everything from being stored, until it is released.
    pub(crate) async fn block(&self) -> Blocked {
        let mut connection = self.raw().await;
        for statement in [
            "BEGIN",
            "LOCK TABLE trackingmore.delivery IN ACCESS EXCLUSIVE MODE",
        ] {
            sqlx::query(statement)
                .execute(&mut connection)
                .await
                .unwrap();
        }
        Blocked(connection)
    }

    /// Makes each commit of a delivery fail at its end, after its statements went well.
    pub(crate) async fn fail_commits(&self) {
        let script = "
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'this commit fails'; END $$;
            CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON trackingmore.delivery
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()";
        self.run(script).await;
    }

    pub(crate) async fn let_commits_succeed(&self) {
        self.run("DROP TRIGGER fail ON trackingmore.delivery").await;
    }

    /// Makes each commit of an effect fail at its end.
    pub(crate) async fn fail_effects(&self) {
        let script = "
            CREATE FUNCTION fail_effect() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'this commit fails'; END $$;
            CREATE CONSTRAINT TRIGGER fail_effect AFTER INSERT ON message
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_effect()";
        self.run(script).await;
    }

    pub(crate) async fn let_effects_succeed(&self) {
        self.run("DROP TRIGGER fail_effect ON message").await;
    }

    /// Makes the database refuse a delivery in whose body this is.
    pub(crate) async fn refuse_bodies_with(&self, text: &str) {
        let constraint = format!(
            "ALTER TABLE trackingmore.delivery ADD CONSTRAINT refuse
                CHECK (position('{text}'::bytea IN body) = 0)"
        );
        let mut connection = self.raw().await;
        sqlx::raw_sql(AssertSqlSafe(constraint))
            .execute(&mut connection)
            .await
            .unwrap();
    }

    /// Makes all that was stored older.
    pub(crate) async fn age(&self, days: u32) {
        let past = i64::from(days) * 24 * 60 * 60 * 1000;
        for statement in [
            "UPDATE trackingmore.delivery SET received_at = received_at - $1",
            "UPDATE trackingmore.parcel SET last_delivery = last_delivery - $1",
            "UPDATE trackingmore.forgotten SET forgotten_at = forgotten_at - $1",
        ] {
            let mut connection = self.raw().await;
            sqlx::query(statement)
                .bind(past)
                .execute(&mut connection)
                .await
                .unwrap();
        }
    }

    /// Takes what runs away from its workers, as the end of a lease does.
    pub(crate) async fn lose_claims(&self) {
        self.run("UPDATE trackingmore.parcel SET state = 1, due = 0 WHERE state = 2")
            .await;
    }

    /// Makes the database refuse a statement while a condition holds. An `@` is the inbox's prefix.
    pub(crate) async fn refuse(&self, statement: &str, table: &str, condition: &str) {
        let trigger = format!(
            "CREATE FUNCTION refuse_step() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN
                    IF {condition} THEN RAISE EXCEPTION 'refused'; END IF;
                    RETURN coalesce(NEW, OLD);
                END $$;
            CREATE TRIGGER refuse_step BEFORE {statement} ON {table}
                FOR EACH ROW EXECUTE FUNCTION refuse_step()"
        );
        let trigger = AssertSqlSafe(trigger.replace('@', "trackingmore."));
        let mut connection = self.raw().await;
        sqlx::raw_sql(trigger)
            .execute(&mut connection)
            .await
            .unwrap();
    }

    pub(crate) async fn refuse_no_more(&self) {
        self.run("DROP FUNCTION refuse_step CASCADE").await;
    }

    /// How many bodies are kept.
    pub(crate) async fn bodies(&self) -> i64 {
        let count = "SELECT count(body) FROM trackingmore.delivery";
        sqlx::query_scalar(count)
            .fetch_one(&mut self.raw().await)
            .await
            .unwrap()
    }

    /// How many parcels are kept.
    pub(crate) async fn parcels(&self) -> i64 {
        let count = "SELECT count(*) FROM trackingmore.parcel";
        sqlx::query_scalar(count)
            .fetch_one(&mut self.raw().await)
            .await
            .unwrap()
    }

    /// How many deliveries were given to their parcels.
    pub(crate) async fn routed(&self) -> i64 {
        let count = "SELECT count(*) FROM trackingmore.news";
        sqlx::query_scalar(count)
            .fetch_one(&mut self.raw().await)
            .await
            .unwrap()
    }

    /// Notes at each claim how many deliveries are not routed.
    pub(crate) async fn note_unrouted_at_claims(&self) {
        self.run(
            "CREATE TABLE unrouted (count bigint NOT NULL);
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN INSERT INTO unrouted SELECT count(*) FROM trackingmore.fresh; RETURN NULL; END';
            CREATE TRIGGER note AFTER UPDATE OF claim ON trackingmore.parcel
                FOR EACH ROW EXECUTE FUNCTION note()",
        )
        .await;
    }

    /// The most that were not routed at a claim.
    pub(crate) async fn unrouted_at_a_claim(&self) -> i64 {
        sqlx::query_scalar("SELECT max(count) FROM unrouted")
            .fetch_one(&mut self.raw().await)
            .await
            .unwrap()
    }

    /// Until it is undone, parcels that were forgotten look as if they had not been.
    pub(crate) async fn hide_forgotten(&self) {
        self.run("UPDATE trackingmore.forgotten SET key = 'hidden ' || key")
            .await;
    }

    pub(crate) async fn show_forgotten(&self) {
        self.run("UPDATE trackingmore.forgotten SET key = substr(key, 8)")
            .await;
    }

    /// Makes all deliveries look like ones that this version could not read.
    pub(crate) async fn unread_all(&self) {
        let script = "UPDATE trackingmore.delivery SET unread = TRUE, parcels = '[]'; DELETE FROM trackingmore.fresh";
        self.run(script).await;
    }

    pub(crate) async fn pretend_version(&self, version: i64) {
        let mut connection = self.raw().await;
        let update = sqlx::query("UPDATE trackingmore.schema SET version = $1").bind(version);
        update.execute(&mut connection).await.unwrap();
    }

    pub(crate) async fn add_columns(&self) {
        let script = "
            ALTER TABLE trackingmore.delivery ADD COLUMN later text;
            ALTER TABLE trackingmore.parcel ADD COLUMN later text NOT NULL DEFAULT 'x'";
        self.run(script).await;
    }

    /// Removes the inbox's tables, as if it had never been opened.
    pub(crate) async fn remove_tables(&self) {
        self.run("DROP SCHEMA trackingmore CASCADE").await;
    }

    /// Whether a text is in any row of the inbox's tables.
    pub(crate) async fn contains(&self, text: &str) -> bool {
        let mut connection = self.raw().await;
        let tables = "SELECT table_name FROM information_schema.tables
            WHERE table_schema = 'trackingmore'";
        let tables: Vec<String> = sqlx::query_scalar(tables)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        for table in tables {
            // Of `bytea` a row's text shows the hex digits.
            let count = format!(
                "SELECT count(*) FROM trackingmore.{table} AS row WHERE position($1 IN row::text) > 0
                    OR position(encode(convert_to($1, 'UTF8'), 'hex') IN row::text) > 0"
            );
            let count: i64 = sqlx::query_scalar(AssertSqlSafe(count))
                .bind(text)
                .fetch_one(&mut connection)
                .await
                .unwrap();
            if count > 0 {
                return true;
            }
        }
        false
    }

    /// Keeps workers from claiming.
    pub(crate) async fn block_work(&self) -> Blocked {
        let mut connection = self.raw().await;
        for statement in [
            "BEGIN",
            "LOCK TABLE trackingmore.parcel IN ACCESS EXCLUSIVE MODE",
        ] {
            sqlx::query(statement)
                .execute(&mut connection)
                .await
                .unwrap();
        }
        Blocked(connection)
    }

    pub(crate) async fn run(&self, script: &'static str) {
        sqlx::raw_sql(script)
            .execute(&mut self.raw().await)
            .await
            .unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let options = self.options.clone().database("postgres");
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        // A runtime cannot wait for another inside of itself.
        let dropping = thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async move {
                let mut connection = options.connect().await?;
                sqlx::query(AssertSqlSafe(drop))
                    .execute(&mut connection)
                    .await
            })
        });
        // The server may be gone, where the test ended it.
        let _ = dropping.join();
    }
}

/// The lock of the table, held around the inbox.
pub(crate) struct Blocked(Connection);

impl Blocked {
    pub(crate) async fn release(mut self) {
        sqlx::query("ROLLBACK").execute(&mut self.0).await.unwrap();
        self.0.close().await.unwrap();
    }
}

/// The server of `DATABASE_URL`, or the one where `psql` would connect to.
pub(crate) async fn server() -> Option<PgConnectOptions> {
    static SERVER: OnceCell<Option<PgConnectOptions>> = OnceCell::const_new();
    let found = SERVER.get_or_init(async || {
        let options: PgConnectOptions = match env::var("DATABASE_URL") {
            Ok(url) => url
                .parse()
                .expect("DATABASE_URL is the URL of a PostgreSQL server"),
            Err(_) => PgConnectOptions::new().database("postgres"),
        };
        // The folder of a socket that was found is a host, which no URL can say.
        let folder = options
            .get_host()
            .starts_with('/')
            .then(|| options.get_host().to_owned());
        let options = match folder {
            Some(folder) => options.socket(folder),
            None => options,
        };
        match options.connect().await {
            Ok(connection) => {
                connection.close().await.unwrap();
                Some(options)
            }
            Err(error) => {
                assert!(
                    env::var_os("DATABASE_URL").is_none(),
                    "DATABASE_URL: {error}"
                );
                None
            }
        }
    });
    let found = found.await.clone();
    if found.is_none() {
        skip(
            "the tests on PostgreSQL need a server whose user may create databases: \
             set DATABASE_URL=postgres://user:password@host/database",
        );
    }
    found
}
