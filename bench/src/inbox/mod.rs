//! The inbox: compared with code by hand on the same database, with a job queue, and with itself as
//! it fills.

mod claims;
mod database;
mod growth;
mod plot;
mod postgres;
mod server;
mod sqlite;
mod webhook;

use std::{sync::Mutex, time::Instant};

use bytes::Bytes;
use tokio::{runtime::Runtime, sync::mpsc, task::JoinSet};
use trackingmore_webhook::{Scheme, Signer, VerifiedBody, Verifier};

use self::{
    database::{Content, Database},
    postgres::Postgres,
    server::Server,
    sqlite::Sqlite,
};
use crate::{
    SECRET, deliveries,
    table::{Goal, Ratio, Table},
};

const PAIRS: usize = 9;
/// Deliveries per slice, and how many are sent at once.
const DELIVERIES: usize = 2_000;
const SENDERS: usize = 64;
/// Jobs per slice, and how many are handled at once.
const JOBS: usize = 500;
const HANDLERS: usize = 8;
/// Deliveries that a slice of pruning erases.
const PRUNED: u64 = 5_000;

pub fn measure(table: &mut Table) {
    let runtime = Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let server = Server::start().await;
        against_a_queue(table).await;
        let sqlite = async || Sqlite::new().await;
        let postgres = async || Postgres::new(&server).await;
        against_by_hand(table, &sqlite, [4.0, 0.75]).await;
        against_by_hand(table, &postgres, [1.5, 0.5]).await;
        let series = [
            growth::measure(table, &sqlite).await,
            growth::measure(table, &postgres).await,
        ];
        plot::write(&series);
        server.end().await;
    });
}

async fn against_a_queue(table: &mut Table) {
    let database = Sqlite::new().await;
    let queue = sqlite::queue(database.folder()).await;
    let ratio = pairs(
        async || accept(&database).await,
        async || {
            let act = |body: VerifiedBody| {
                let queue = queue.clone();
                async move { sqlite::push(queue, &body).await }
            };
            at_once(SENDERS, some_deliveries(DELIVERIES), act).await
        },
    );
    let name = "SQLite: accept / push of apalis-sqlite, with FULL";
    table.add(name, "deliveries/s", ratio.await, Goal::AtLeast(4.0));
}

async fn against_by_hand<D: Database>(
    table: &mut Table,
    open: &impl AsyncFn() -> D,
    [accepting, handling]: [f64; 2],
) {
    let name = D::NAME;
    let database = open().await;
    let ratio = pairs(
        async || accept(&database).await,
        async || store_by_hand(&database).await,
    );
    table.add(
        format!("{name}: accept / {}", D::BY_HAND),
        "deliveries/s",
        ratio.await,
        Goal::AtLeast(accepting),
    );

    let database = open().await;
    let ratio = pairs(
        async || webhook::requests(&database).await,
        async || accept(&database).await,
    );
    table.add(
        format!("{name}: requests to axum / accept"),
        "deliveries/s",
        ratio.await,
        Goal::AtLeast(0.75),
    );

    let database = open().await;
    let ratio = pairs(
        async || handle(&database).await,
        async || handle_by_hand(&database).await,
    );
    table.add(
        format!("{name}: handled / handled by hand"),
        "jobs/s",
        ratio.await,
        Goal::AtLeast(handling),
    );

    let (old, database) = (open().await, open().await);
    let ratio = pairs(async || prune(&old).await, async || accept(&database).await);
    table.add(
        format!("{name}: pruned / accepted"),
        "deliveries/s",
        ratio.await,
        Goal::None,
    );
}

/// Returns deliveries per second.
async fn accept<D: Database>(database: &D) -> f64 {
    let inbox = database.inbox();
    let act = |body: VerifiedBody| {
        let inbox = inbox.clone();
        async move {
            inbox.accept(&body).await.expect("a database");
        }
    };
    at_once(SENDERS, some_deliveries(DELIVERIES), act).await
}

async fn store_by_hand<D: Database>(database: &D) -> f64 {
    let act = |body| {
        let database = database.clone();
        async move { database.store(body).await }
    };
    at_once(SENDERS, some_deliveries(DELIVERIES), act).await
}

/// Returns jobs per second from the start of a worker, including what comes before the first job.
async fn handle<D: Database>(database: &D) -> f64 {
    let inbox = database.inbox();
    for body in some_deliveries(JOBS) {
        inbox.accept(&body).await.expect("a database");
    }
    let (sender, mut ended) = mpsc::unbounded_channel();
    let worker = inbox.worker_with(sender, async |sender, job| {
        let done = D::handle(job).await?;
        let _ = sender.send(());
        Ok(done)
    });
    let start = Instant::now();
    let all = async {
        for _ in 0..JOBS {
            ended.recv().await;
        }
    };
    let working = worker.concurrency(HANDLERS).run_until(all);
    working.await.expect("a worker");
    JOBS as f64 / start.elapsed().as_secs_f64()
}

async fn handle_by_hand<D: Database>(database: &D) -> f64 {
    for body in some_deliveries(JOBS) {
        database.store(body).await;
    }
    let act = |()| {
        let database = database.clone();
        async move { database.handle_by_hand().await }
    };
    at_once(HANDLERS, vec![(); JOBS], act).await
}

/// Returns how many deliveries per second are erased, with everything about them.
async fn prune<D: Database>(database: &D) -> f64 {
    database.fill(PRUNED, Content::Old).await;
    let start = Instant::now();
    database.inbox().prune().await.expect("a database");
    PRUNED as f64 / start.elapsed().as_secs_f64()
}

/// Calls `act` with each of the items, `most` at once, and returns items per second.
async fn at_once<T, F>(most: usize, items: Vec<T>, act: impl Fn(T) -> F) -> f64
where
    T: Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let count = items.len() as f64;
    let mut items = items.into_iter();
    let mut running = JoinSet::new();
    let start = Instant::now();
    for item in items.by_ref().take(most) {
        running.spawn(act(item));
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("no panic");
        if let Some(item) = items.next() {
            running.spawn(act(item));
        }
    }
    count / start.elapsed().as_secs_f64()
}

/// Returns the ratio of two rates, measured in turn.
async fn pairs(mut ours: impl AsyncFnMut() -> f64, mut other: impl AsyncFnMut() -> f64) -> Ratio {
    let mut rates = Vec::with_capacity(PAIRS);
    for pair in 0..PAIRS {
        // Each goes first in every other pair.
        rates.push(if pair % 2 == 0 {
            let ours = ours().await;
            (ours, other().await)
        } else {
            let other = other().await;
            (ours().await, other)
        });
    }
    Ratio::of_pairs(rates)
}

/// The tracking number in [`deliveries::ten_checkpoints`].
const NUMBER: &str = "LX004217735CN";

/// Deliveries of 4.6 KB, each about its own new parcel.
fn some_deliveries(count: usize) -> Vec<VerifiedBody> {
    let verifier = Verifier::new(SECRET).expect("a usable secret");
    let headers = Signer::new(SECRET).expect("a usable secret").headers(
        Scheme::Timestamp,
        std::time::SystemTime::now(),
        b"",
    );
    let verified = |body: String| {
        let mut incoming = verifier.begin(&headers).expect("a signature");
        incoming.push(Bytes::from(body)).expect("a small body");
        incoming.finish().expect("a signature")
    };
    some_bodies(count).into_iter().map(verified).collect()
}

fn some_bodies(count: usize) -> Vec<String> {
    static NEXT: Mutex<usize> = Mutex::new(0);
    let mut next = NEXT.lock().expect("no panic");
    let first = *next;
    *next += count;
    let body = deliveries::ten_checkpoints();
    let numbers = first..first + count;
    numbers
        .map(|number| body.replace(NUMBER, &format!("LX{number:09}CN")))
        .collect()
}
