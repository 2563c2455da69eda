//! `run_until` claims no more, lets what runs end, and gives the rest back at once.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::sync::mpsc;
use trackingmore_webhook_inbox::Job;

use super::{handle_pending, quick};
use crate::{
    database::{Database, Db, IS_SQLITE},
    support::{
        child::Child,
        delivery::state,
        effect::{self, messages, minutes},
        ms,
        wait::{next, soon, until, until_idle},
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn running_jobs_are_finished_at_the_end_and_no_others_begin() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    for number in ["AB1", "AB2", "AB3"] {
        inbox.accept(&state(number, 1).sent()).await.unwrap();
    }
    let (begun, mut begins) = mpsc::unbounded_channel();
    let worker = inbox.worker_with(begun, |begun, job| async move {
        begun.send(())?;
        tokio::time::sleep(ms(500)).await;
        effect::handle(job).await
    });
    let worker = quick(worker).concurrency(1);
    worker.run_until(next(&mut begins)).await.unwrap();
    assert_eq!(messages(&database).await.len(), 1);
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.pending, stats.running), (2, 0));
    assert!(begins.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_ends_when_its_inbox_is_closed() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let running = tokio::spawn(quick(inbox.worker(effect::handle)).run());
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    until_idle(&inbox).await;
    inbox.close().await;
    soon("the worker ends", running).await.unwrap().unwrap();
    assert_eq!(minutes(&database, "AB1").await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_outlasts_the_grace_is_released_at_once() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let (begun, mut begins) = mpsc::unbounded_channel();
    let worker = inbox.worker_with(begun, |begun, job: Job<Db>| async move {
        begun.send(job.attempt())?;
        std::future::pending().await
    });
    // It does not count as a failure: one would be the last, and would wait for an hour.
    let worker = worker
        .lease(Duration::from_secs(3_600))
        .grace(ms(100))
        .max_attempts(1)
        .retry_delays(Duration::from_secs(3_600), Duration::MAX);
    let ended = worker.run_until(async {
        next(&mut begins).await;
    });
    soon("the worker ends", ended).await.unwrap();
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.pending, stats.running, stats.dead), (1, 0, 0));

    let handled = until("it is handled", || async {
        minutes(&database, "AB1").await == [1]
    });
    let worker = inbox.worker(effect::handle);
    worker.run_until(handled).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_has_nothing_to_do_ends_at_once() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let began = Instant::now();
    let worker = inbox
        .worker(effect::handle)
        .poll(Duration::from_secs(3_600));
    worker.run_until(async {}).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_jobs_of_a_killed_process_come_back() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    // On SQLite the next worker gets them, however long their lease is.
    let lease = if IS_SQLITE { 3_600_000 } else { 1_000 };
    let mut child = Child::start(&json!({
        "role": "work", "handler": "stop before the mark", "lease": lease,
        "target": database.target(),
    }));
    child.expect("working").await;
    child.expect("before the mark").await;
    child.kill().await;
    assert!(messages(&database).await.is_empty());
    handle_pending(&inbox).await;
    assert_eq!(minutes(&database, "AB1").await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_whose_future_is_dropped_leaves_its_jobs_to_the_next() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let (begun, mut begins) = mpsc::unbounded_channel();
    let dropped = Arc::new(());
    let state_of_test = (begun, Arc::clone(&dropped));
    let worker = inbox.worker_with(state_of_test, |(begun, _dropped), _: Job<Db>| async move {
        begun.send(())?;
        std::future::pending().await
    });
    let worker = quick(worker).lease(ms(500));
    tokio::select! {
        _ = worker.run() => unreachable!("nobody ends it"),
        () = next(&mut begins) => {}
    }
    until("its handlers are dropped too", || async {
        Arc::strong_count(&dropped) == 1
    })
    .await;
    until("the job is free", || async {
        handle_pending(&inbox).await;
        minutes(&database, "AB1").await == [1]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_ends_while_the_database_does_not_answer() {
    let Some(database) = Database::new().await else {
        return;
    };
    let options = trackingmore_webhook_inbox::InboxOptions::new().accept_deadline(ms(1_000));
    let inbox = database.open_with(options).await;
    let calls = Arc::new(Mutex::new(0));
    let worker = inbox.worker_with(Arc::clone(&calls), |calls, job| async move {
        *calls.lock().unwrap() += 1;
        effect::handle(job).await
    });
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let blocked = database.block_work().await;
    let ended = quick(worker)
        .grace(ms(100))
        .run_until(tokio::time::sleep(ms(500)));
    // Well or not: it does not hang.
    let _ = soon("the worker ends", ended).await;
    blocked.release().await;
    until("it is handled", || async {
        handle_pending(&inbox).await;
        minutes(&database, "AB1").await == [1]
    })
    .await;
}
