use std::path::PathBuf;

use tempfile::TempDir;
use trackingmore_webhook_inbox::{
    InboxError, InboxOptions, SqliteInbox,
    sqlx::{
        self, AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection,
        sqlite::SqliteConnectOptions,
    },
};

pub(crate) type Db = sqlx::Sqlite;
pub(crate) type Connection = SqliteConnection;

pub(crate) const IS_SQLITE: bool = true;

/// A database file for one test.
pub(crate) struct Database {
    file: PathBuf,
    _folder: TempDir,
}

impl Database {
    pub(crate) const COUNT_DELIVERIES: &str = "SELECT count(*) FROM trackingmore_delivery";

    /// Creates an empty database with a table for effects. Never `None`, unlike in PostgreSQL.
    pub(crate) async fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deliveries.db");
        Some(Self::in_file(folder, file).await)
    }

    /// Creates one in a new file, in a folder that is deleted with it.
    pub(crate) async fn in_file(folder: TempDir, file: PathBuf) -> Self {
        let database = Self::of_file(folder, file);
        // The inbox must create the file, as it does for its users.
        database.open().await.close().await;
        sqlx::query(
            "CREATE TABLE message (n INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,
                tracking_number TEXT NOT NULL, minute INTEGER NOT NULL, is_late BOOLEAN NOT NULL,
                status TEXT NOT NULL)",
        )
        .execute(&mut database.raw().await)
        .await
        .unwrap();
        database
    }

    /// Uses a file that exists.
    pub(crate) fn of_file(folder: TempDir, file: PathBuf) -> Self {
        Self {
            file,
            _folder: folder,
        }
    }

    /// Returns the path, with which another process can open it.
    pub(crate) fn target(&self) -> String {
        self.file.to_str().unwrap().to_owned()
    }

    pub(crate) async fn open(&self) -> SqliteInbox {
        self.open_with(InboxOptions::new()).await
    }

    pub(crate) async fn open_with(&self, options: InboxOptions) -> SqliteInbox {
        Self::open_target(&self.target(), options).await.unwrap()
    }

    pub(crate) async fn open_target(
        target: &str,
        options: InboxOptions,
    ) -> Result<SqliteInbox, InboxError> {
        SqliteInbox::open_with(target, options).await
    }

    /// Opens a connection that bypasses the inbox.
    pub(crate) async fn raw(&self) -> Connection {
        let options = SqliteConnectOptions::new().filename(&self.file);
        let options = options.pragma("secure_delete", "ON");
        options.connect().await.unwrap()
    }

    /// Locks the database, so that nothing can be stored until the lock is released.
    pub(crate) async fn block(&self) -> Blocked {
        let mut connection = self.raw().await;
        sqlx::query("BEGIN IMMEDIATE")
            .execute(&mut connection)
            .await
            .unwrap();
        Blocked(connection)
    }

    /// Makes each commit of a delivery fail, after its statements have succeeded.
    pub(crate) async fn fail_commits(&self) {
        let script = "
            CREATE TABLE promised (id INTEGER REFERENCES kept (id) DEFERRABLE INITIALLY DEFERRED);
            CREATE TABLE kept (id INTEGER PRIMARY KEY);
            CREATE TRIGGER fail AFTER INSERT ON trackingmore_delivery
                BEGIN INSERT INTO promised VALUES (1); END";
        self.run(script).await;
    }

    pub(crate) async fn let_commits_succeed(&self) {
        self.run("DROP TRIGGER fail").await;
    }

    /// Makes each commit of an effect fail.
    pub(crate) async fn fail_effects(&self) {
        let script = "
            CREATE TABLE paid (id INTEGER REFERENCES money (id) DEFERRABLE INITIALLY DEFERRED);
            CREATE TABLE money (id INTEGER PRIMARY KEY);
            CREATE TRIGGER fail_effect AFTER INSERT ON message
                BEGIN INSERT INTO paid VALUES (1); END";
        self.run(script).await;
    }

    pub(crate) async fn let_effects_succeed(&self) {
        self.run("DROP TRIGGER fail_effect").await;
    }

    /// Makes the database refuse a delivery whose body contains this text.
    pub(crate) async fn refuse_bodies_with(&self, text: &str) {
        let trigger = format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON trackingmore_delivery
                WHEN instr(CAST(NEW.body AS TEXT), '{text}')
                BEGIN SELECT RAISE(ABORT, 'refused'); END"
        );
        let mut connection = self.raw().await;
        sqlx::raw_sql(AssertSqlSafe(trigger))
            .execute(&mut connection)
            .await
            .unwrap();
    }

    /// Makes everything that is stored older.
    pub(crate) async fn age(&self, days: u32) {
        let past = i64::from(days) * 24 * 60 * 60 * 1000;
        for statement in [
            "UPDATE trackingmore_delivery SET received_at = received_at - $1",
            "UPDATE trackingmore_parcel SET last_delivery = last_delivery - $1",
            "UPDATE trackingmore_forgotten SET forgotten_at = forgotten_at - $1",
        ] {
            let mut connection = self.raw().await;
            sqlx::query(statement)
                .bind(past)
                .execute(&mut connection)
                .await
                .unwrap();
        }
    }

    /// Takes running jobs away from their workers, as the end of a lease does.
    pub(crate) async fn lose_claims(&self) {
        self.run("UPDATE trackingmore_parcel SET state = 1, due = 0 WHERE state = 2")
            .await;
    }

    /// Makes the database refuse a statement while a condition holds. An `@` is the inbox's prefix.
    pub(crate) async fn refuse(&self, statement: &str, table: &str, condition: &str) {
        let trigger = format!(
            "CREATE TRIGGER refuse_step BEFORE {statement} ON {table} WHEN {condition}
                BEGIN SELECT RAISE(ABORT, 'refused'); END"
        );
        let trigger = AssertSqlSafe(trigger.replace('@', "trackingmore_"));
        let mut connection = self.raw().await;
        sqlx::raw_sql(trigger)
            .execute(&mut connection)
            .await
            .unwrap();
    }

    pub(crate) async fn refuse_no_more(&self) {
        self.run("DROP TRIGGER refuse_step").await;
    }

    /// Returns how many bodies are kept.
    pub(crate) async fn bodies(&self) -> i64 {
        let count = "SELECT count(body) FROM trackingmore_delivery";
        sqlx::query_scalar(count)
            .fetch_one(&mut self.raw().await)
            .await
            .unwrap()
    }

    /// Returns how many parcels are kept.
    pub(crate) async fn parcels(&self) -> i64 {
        let count = "SELECT count(*) FROM trackingmore_parcel";
        sqlx::query_scalar(count)
            .fetch_one(&mut self.raw().await)
            .await
            .unwrap()
    }

    /// Returns how many times a delivery was routed to a parcel.
    pub(crate) async fn routed(&self) -> i64 {
        let count = "SELECT count(*) FROM trackingmore_news";
        sqlx::query_scalar(count)
            .fetch_one(&mut self.raw().await)
            .await
            .unwrap()
    }

    /// Records at each claim how many deliveries are not routed.
    pub(crate) async fn note_unrouted_at_claims(&self) {
        self.run(
            "CREATE TABLE unrouted (count INTEGER NOT NULL);
            CREATE TRIGGER note AFTER UPDATE OF claim ON trackingmore_parcel
                BEGIN INSERT INTO unrouted SELECT count(*) FROM trackingmore_fresh; END",
        )
        .await;
    }

    /// Returns the most deliveries that were not routed at a claim.
    pub(crate) async fn unrouted_at_a_claim(&self) -> i64 {
        sqlx::query_scalar("SELECT max(count) FROM unrouted")
            .fetch_one(&mut self.raw().await)
            .await
            .unwrap()
    }

    /// Makes forgotten parcels look as if they had not been forgotten, until
    /// [`show_forgotten`](Self::show_forgotten).
    pub(crate) async fn hide_forgotten(&self) {
        self.run("UPDATE trackingmore_forgotten SET key = 'hidden ' || key")
            .await;
    }

    pub(crate) async fn show_forgotten(&self) {
        self.run("UPDATE trackingmore_forgotten SET key = substr(key, 8)")
            .await;
    }

    /// Makes all deliveries look as if this version could not read them.
    pub(crate) async fn unread_all(&self) {
        let script = "UPDATE trackingmore_delivery SET unread = TRUE, parcels = '[]'; DELETE FROM trackingmore_fresh";
        self.run(script).await;
    }

    pub(crate) async fn pretend_version(&self, version: i64) {
        let mut connection = self.raw().await;
        let update = sqlx::query("UPDATE trackingmore_schema SET version = $1").bind(version);
        update.execute(&mut connection).await.unwrap();
    }

    pub(crate) async fn add_columns(&self) {
        let script = "
            ALTER TABLE trackingmore_delivery ADD COLUMN later text;
            ALTER TABLE trackingmore_parcel ADD COLUMN later text NOT NULL DEFAULT 'x'";
        self.run(script).await;
    }

    /// Removes the inbox's tables, as if it had never been opened.
    pub(crate) async fn remove_tables(&self) {
        for file in self.files() {
            std::fs::remove_file(file).unwrap();
        }
    }

    /// Returns the file, and those that SQLite keeps beside it.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.file.parent().unwrap()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// Returns whether a text is anywhere in the files, even in pages that SQLite no longer uses.
    pub(crate) async fn contains(&self, text: &str) -> bool {
        self.files().into_iter().any(|file| {
            let bytes = std::fs::read(file).unwrap();
            bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        })
    }

    /// Keeps workers from claiming.
    pub(crate) async fn block_work(&self) -> Blocked {
        self.block().await
    }

    pub(crate) async fn run(&self, script: &'static str) {
        sqlx::raw_sql(script)
            .execute(&mut self.raw().await)
            .await
            .unwrap();
    }
}

/// The file's lock, held by a connection that bypasses the inbox.
pub(crate) struct Blocked(Connection);

impl Blocked {
    pub(crate) async fn release(mut self) {
        sqlx::query("ROLLBACK").execute(&mut self.0).await.unwrap();
        self.0.close().await.unwrap();
    }
}
