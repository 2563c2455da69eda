#![allow(clippy::unwrap_used)]

use std::{env, process, sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgPool, Postgres,
    postgres::PgConnectOptions,
};
use tokio::sync::Notify;
use trackingmore_webhook::Tracking;

use super::MIGRATIONS;
use crate::{BoxError, Done, Inbox, InboxErrorKind, InboxOptions, Job, PgInbox};

const NEXT_VERSION: &[&str] = &[
    MIGRATIONS[0],
    "ALTER TABLE trackingmore.parcel ADD COLUMN weight bigint;
    CREATE INDEX parcel_weight ON trackingmore.parcel (weight)",
];

/// Writes who handled the parcel.
async fn tell(who: &'static str, job: Job<Postgres>) -> Result<Done, BoxError> {
    let mut tx = job.begin().await?;
    sqlx::query("INSERT INTO told (who, tracking_number) VALUES ($1, $2)")
        .bind(who)
        .bind(&job.update().tracking().tracking_number)
        .execute(&mut *tx)
        .await?;
    Ok(job.done_in(tx).await?)
}

async fn record(inbox: &PgInbox, number: u32) {
    let mut tracking = Tracking::new(number.to_string());
    tracking.delivery_status = Some("transit".into());
    inbox.record(&tracking).await.unwrap();
}

async fn told(pool: &PgPool, who: &str) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM told WHERE who = $1")
        .bind(who)
        .fetch_one(pool)
        .await
        .unwrap()
}

async fn until_idle(inbox: &PgInbox) {
    loop {
        let stats = inbox.stats().await.unwrap();
        if stats.pending + stats.running == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// As in a rolling deployment: the old version goes on while the next one changes the tables.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_versions_work_side_by_side_until_the_old_one_ends() {
    let Ok(url) = env::var("DATABASE_URL") else {
        // Where it is required, the tests of the laws fail.
        return;
    };
    let server: PgConnectOptions = url.parse().unwrap();
    let mut administrator = server.connect().await.unwrap();
    let name = format!("inbox_versions_{}", process::id());
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create)
        .execute(&mut administrator)
        .await
        .unwrap();
    let connect = || PgPool::connect_with(server.clone().database(&name));

    let old = PgInbox::new(connect().await.unwrap()).await.unwrap();
    let table = "CREATE TABLE told (who text NOT NULL, tracking_number text UNIQUE NOT NULL)";
    sqlx::query(table).execute(old.pool()).await.unwrap();
    let worker = |who, inbox: &PgInbox| {
        let stop = Arc::new(Notify::new());
        let worker = inbox.worker_with(who, tell).poll(Duration::from_millis(20));
        let stopped = Arc::clone(&stop);
        let running = tokio::spawn(worker.run_until(async move { stopped.notified().await }));
        (running, stop)
    };
    let (old_works, stop_old) = worker("old", &old);
    let accept_as_old = {
        let old = old.clone();
        tokio::spawn(async move {
            for number in 0..400 {
                record(&old, number).await;
            }
        })
    };
    while told(old.pool(), "old").await == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let pool = connect().await.unwrap();
    let next = Inbox::of_version(NEXT_VERSION, pool, InboxOptions::new());
    let next = next.await.unwrap();
    let (next_works, stop_next) = worker("next", &next);
    for number in 1_000..1_200 {
        record(&next, number).await;
    }
    accept_as_old.await.unwrap();
    stop_old.notify_one();
    old_works.await.unwrap().unwrap();
    old.close().await;
    for number in 2_000..2_100 {
        record(&next, number).await;
    }
    until_idle(&next).await;
    stop_next.notify_one();
    next_works.await.unwrap().unwrap();

    let by_next = told(next.pool(), "next").await;
    assert!(by_next >= 100, "{by_next}");
    assert_eq!(told(next.pool(), "old").await + by_next, 700);
    assert_eq!(next.stats().await.unwrap().dead, 0);
    let error = PgInbox::new(connect().await.unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), InboxErrorKind::NewerSchema);

    next.close().await;
    let drop = AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
    sqlx::query(drop).execute(&mut administrator).await.unwrap();
    administrator.close().await.unwrap();
}
