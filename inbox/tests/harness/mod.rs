//! What the tests of both databases share: an inbox on a database of its own, deliveries, and
//! effects that can be counted.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use sqlx::Transaction;
use tokio::sync::oneshot;
use trackingmore_webhook::{Scheme, Signer, VerifiedBody, Verifier};
use trackingmore_webhook_inbox::{Engine, Inbox, InboxError, InboxOptions, Worker};

/// A database that a test has for itself, and that is gone when this is dropped.
pub(crate) trait Database: Engine {
    type Place: Send + Sync;

    /// Makes all deliveries as if nobody had been able to read them.
    const UNREAD_ALL: &str;
    /// Makes all claims older than another.
    const TAKE_OVER: &str;
    const AGE_BY_40_DAYS: &str;

    /// `None` where there is no server, and the test is skipped.
    fn place() -> impl Future<Output = Option<Self::Place>> + Send;

    fn open(
        place: &Self::Place,
        options: InboxOptions,
    ) -> impl Future<Output = Result<Inbox<Self>, InboxError>> + Send;

    /// Runs SQL without arguments.
    fn sql_script(inbox: &Inbox<Self>, sql: &'static str) -> impl Future<Output = ()> + Send;

    /// Counts or sums something.
    fn number(inbox: &Inbox<Self>, sql: &'static str) -> impl Future<Output = i64> + Send;

    /// The effect of a job: a row of `effect(number, said)`.
    fn effect(
        transaction: &mut Transaction<'static, Self>,
        number: &str,
        said: &str,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// What was said about a parcel, in order.
    fn effects(inbox: &Inbox<Self>, number: &str) -> impl Future<Output = Vec<String>> + Send;
}

/// Opens an inbox with the table of effects.
pub(crate) async fn open<DB: Database>(place: &DB::Place) -> Inbox<DB> {
    let inbox = DB::open(place, InboxOptions::new()).await.unwrap();
    DB::sql_script(
        &inbox,
        "CREATE TABLE IF NOT EXISTS effect (number TEXT NOT NULL, said TEXT NOT NULL)",
    )
    .await;
    inbox
}

#[cfg(feature = "sqlite")]
impl Database for sqlx::Sqlite {
    type Place = tempfile::TempDir;

    const UNREAD_ALL: &str = "UPDATE trackingmore_delivery SET unread = TRUE, parcels = '[]'; DELETE FROM trackingmore_fresh";
    const TAKE_OVER: &str = "UPDATE trackingmore_parcel SET claim = claim + 1, state = 1, due = 0";
    const AGE_BY_40_DAYS: &str =
        "UPDATE trackingmore_delivery SET received_at = received_at - 3456000000;
        UPDATE trackingmore_parcel SET last_delivery = last_delivery - 3456000000";

    async fn place() -> Option<tempfile::TempDir> {
        Some(tempfile::tempdir().unwrap())
    }

    async fn open(
        place: &tempfile::TempDir,
        options: InboxOptions,
    ) -> Result<Inbox<Self>, InboxError> {
        Inbox::<sqlx::Sqlite>::open_with(place.path().join("deliveries.db"), options).await
    }

    async fn sql_script(inbox: &Inbox<Self>, sql: &'static str) {
        sqlx::raw_sql(sql).execute(inbox.pool()).await.unwrap();
    }

    async fn number(inbox: &Inbox<Self>, sql: &'static str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.replace("trackingmore.", "trackingmore_"));
        sqlx::query_scalar(sql)
            .fetch_one(inbox.pool())
            .await
            .unwrap()
    }

    async fn effect(
        transaction: &mut Transaction<'static, Self>,
        number: &str,
        said: &str,
    ) -> Result<(), sqlx::Error> {
        let query = sqlx::query("INSERT INTO effect VALUES ($1, $2)");
        let query = query.bind(number.to_owned()).bind(said.to_owned());
        query.execute(&mut **transaction).await.map(drop)
    }

    async fn effects(inbox: &Inbox<Self>, number: &str) -> Vec<String> {
        sqlx::query_scalar("SELECT said FROM effect WHERE number = $1 ORDER BY rowid")
            .bind(number.to_owned())
            .fetch_all(inbox.pool())
            .await
            .unwrap()
    }
}

/// A database on the server of `DATABASE_URL`.
#[cfg(feature = "postgres")]
pub(crate) struct Server {
    url: String,
    name: String,
}

#[cfg(feature = "postgres")]
impl Server {
    /// Where to connect to the database of this test.
    pub(crate) fn url(&self) -> String {
        let (server, _) = self.url.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }
}

#[cfg(feature = "postgres")]
impl Drop for Server {
    fn drop(&mut self) {
        let (url, name) = (self.url.clone(), self.name.clone());
        let drop = async move {
            use sqlx::Connection as _;
            let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
            let sql = sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        };
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
        };
        let dropping = std::thread::spawn(move || runtime().unwrap().block_on(drop));
        let _ = dropping.join();
    }
}

#[cfg(feature = "postgres")]
impl Database for sqlx::Postgres {
    type Place = Server;

    const UNREAD_ALL: &str = "UPDATE trackingmore.delivery SET unread = TRUE, parcels = '[]'; DELETE FROM trackingmore.fresh";
    const TAKE_OVER: &str = "UPDATE trackingmore.parcel SET claim = claim + 1, state = 1, due = 0";
    const AGE_BY_40_DAYS: &str =
        "UPDATE trackingmore.delivery SET received_at = received_at - 3456000000;
        UPDATE trackingmore.parcel SET last_delivery = last_delivery - 3456000000";

    async fn place() -> Option<Server> {
        use sqlx::Connection as _;
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Ok(url) = std::env::var("DATABASE_URL") else {
            eprintln!("skipped: DATABASE_URL names no PostgreSQL server");
            return None;
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("inbox_test_{}_{count}", std::process::id());
        let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
        let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        Some(Server { url, name })
    }

    async fn open(place: &Server, options: InboxOptions) -> Result<Inbox<Self>, InboxError> {
        Inbox::<sqlx::Postgres>::connect_with(&place.url(), options).await
    }

    async fn sql_script(inbox: &Inbox<Self>, sql: &'static str) {
        sqlx::raw_sql(sql).execute(inbox.pool()).await.unwrap();
    }

    async fn number(inbox: &Inbox<Self>, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(inbox.pool())
            .await
            .unwrap()
    }

    async fn effect(
        transaction: &mut Transaction<'static, Self>,
        number: &str,
        said: &str,
    ) -> Result<(), sqlx::Error> {
        let query = sqlx::query("INSERT INTO effect VALUES ($1, $2)");
        let query = query.bind(number.to_owned()).bind(said.to_owned());
        query.execute(&mut **transaction).await.map(drop)
    }

    async fn effects(inbox: &Inbox<Self>, number: &str) -> Vec<String> {
        sqlx::query_scalar("SELECT said FROM effect WHERE number = $1 ORDER BY ctid")
            .bind(number.to_owned())
            .fetch_all(inbox.pool())
            .await
            .unwrap()
    }
}

/// Makes a test of each function, which takes the place of a database, for SQLite and PostgreSQL.
#[macro_export]
macro_rules! on_both {
    ($($test:ident)*) => {
        #[cfg(feature = "sqlite")]
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    use $crate::harness::Database as _;
                    if let Some(place) = sqlx::Sqlite::place().await {
                        super::$test::<sqlx::Sqlite>(place).await;
                    }
                }
            )*
        }

        #[cfg(feature = "postgres")]
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    use $crate::harness::Database as _;
                    if let Some(place) = sqlx::Postgres::place().await {
                        super::$test::<sqlx::Postgres>(place).await;
                    }
                }
            )*
        }
    };
}

pub(crate) const SECRET: &str = "2e55b9a3-4dd1-4416-9897-c4bd1e3d738f";

/// A body as a verifier has accepted it.
pub(crate) fn body(bytes: impl Into<Vec<u8>>) -> VerifiedBody {
    let bytes = bytes.into();
    let headers = Signer::new(SECRET).unwrap();
    let headers = headers.headers(Scheme::Timestamp, SystemTime::now(), &bytes);
    let mut incoming = Verifier::new(SECRET).unwrap().begin(&headers).unwrap();
    incoming.push(bytes.into()).unwrap();
    incoming.finish().unwrap()
}

/// A delivery about a parcel in transit, whose state changed at this minute of a day.
pub(crate) fn state(number: &str, minute: u32, status: &str) -> VerifiedBody {
    body(text(number, minute, status))
}

pub(crate) fn text(number: &str, minute: u32, status: &str) -> String {
    let time = format!("2026-01-01T{:02}:{:02}:00+00:00", minute / 60, minute % 60);
    format!(
        r#"{{"code":200,"data":{{"tracking_number":"{number}","courier_code":"usps","delivery_status":"{status}","update_at":"{time}","origin_info":{{"courier_code":"usps","trackinfo":[{{"checkpoint_date":"{time}","tracking_detail":"{status} {minute}","location":"Town"}}]}}}}}}"#
    )
}

/// A worker that runs until it is stopped.
pub(crate) struct Running {
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<Result<(), InboxError>>,
}

impl Running {
    pub(crate) fn start<DB: Database>(worker: Worker<DB>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(worker.run_until(async {
            let _ = stopped.await;
        }));
        Self { stop, task }
    }

    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.unwrap().unwrap();
    }
}

/// A worker with times that suit a test.
pub(crate) fn quick<DB: Database>(worker: Worker<DB>) -> Worker<DB> {
    let least = Duration::from_millis(5);
    worker
        .poll(Duration::from_millis(20))
        .retry_delays(least, least)
}

/// Waits until something is so, and fails the test if it does not become so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..2_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain until {what}");
}

/// Works until nothing is pending or running.
pub(crate) async fn drain<DB: Database>(inbox: &Inbox<DB>, worker: Worker<DB>) {
    let running = Running::start(worker);
    until("all is handled", async || {
        let stats = inbox.stats().await.unwrap();
        stats.pending + stats.running == 0
    })
    .await;
    running.stop().await;
}

/// Counts calls of a handler.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<AtomicU32>);

impl Calls {
    pub(crate) fn add(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn count(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}
