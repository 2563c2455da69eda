//! Receiving never waits for working.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::{mpsc, watch};
use trackingmore_webhook::ErrorKind;
use trackingmore_webhook_inbox::{Accepted, InboxOptions, Job, sqlx};

use super::{handle_pending, quick};
use crate::{
    database::{Database, Db, IS_SQLITE},
    support::{
        child::Child,
        delivery::state,
        effect::{self, minutes},
        ms,
        wait::{next, soon},
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_frozen_between_effect_and_mark_does_not_block_receiving() {
    const DEADLINE: Duration = Duration::from_secs(2);
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database
        .open_with(InboxOptions::new().accept_deadline(DEADLINE))
        .await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let mut child = Child::start(&json!({
        "role": "work", "handler": "stop before the mark", "lease": 15_000,
        "target": database.target(),
    }));
    child.expect("working").await;
    child.expect("before the mark").await;
    child.signal("STOP");

    let began = Instant::now();
    let news = state("AB1", 2).sent();
    let accepted = soon("it is answered", inbox.accept(&news)).await;
    if IS_SQLITE {
        // It has one writer: an error, and by the deadline.
        assert_eq!(accepted.unwrap_err().kind(), ErrorKind::NotStored);
        assert!(began.elapsed() < DEADLINE * 5, "{:?}", began.elapsed());
    } else {
        assert_eq!(accepted.unwrap(), Accepted::New);
        for minute in 3..100 {
            inbox.accept(&state("AB1", minute).sent()).await.unwrap();
        }
    }
    child.signal("CONT");
    child.write_line("go on").await;
    child.expect("marked").await;
    child.kill().await;
    soon("it is accepted", async {
        while inbox.accept(&news).await.is_err() {}
    })
    .await;
    handle_pending(&inbox).await;
    let minutes = minutes(&database, "AB1").await;
    assert!(minutes.into_iter().eq(1..=if IS_SQLITE { 2 } else { 99 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handlers_that_hold_all_connections_block_neither_receiving_nor_leases() {
    if IS_SQLITE {
        return;
    }
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let (begun, mut begins) = mpsc::unbounded_channel();
    let taken = begun.clone();
    let (go_on, going_on) = watch::channel(false);
    let state_of_handler = (begun, going_on);
    let worker = inbox.worker_with(
        state_of_handler,
        |(begun, mut going_on), job: Job<Db>| async move {
            let mut transaction = job.begin().await?;
            sqlx::query("SELECT 1").execute(&mut *transaction).await?;
            begun.send(job.attempt())?;
            going_on.wait_for(|go_on| *go_on).await?;
            effect::write(&mut transaction, &job).await?;
            Ok(job.done_in(transaction).await?)
        },
    );
    let connections = inbox.pool().options().get_max_connections();
    for number in 0..connections + 2 {
        inbox
            .accept(&state(format!("AB{number}"), 1).sent())
            .await
            .unwrap();
    }
    let accepting = async {
        for _ in 0..connections {
            assert_eq!(next(&mut begins).await, 1);
        }
        for minute in 2..50 {
            inbox.accept(&state("LATER", minute).sent()).await.unwrap();
        }
        // Several times the lease. Another process takes what it can.
        let other = database.open().await;
        let worker = other.worker_with(taken, |taken, job: Job<Db>| async move {
            taken.send(job.attempt())?;
            effect::handle(job).await
        });
        let enough = tokio::time::sleep(ms(2_000));
        quick(worker).run_until(enough).await.unwrap();
        go_on.send_replace(true);
        crate::support::wait::until_idle(&inbox).await;
    };
    let worker = quick(worker).lease(ms(500));
    let worker = worker.concurrency(usize::try_from(connections + 2).unwrap());
    worker.run_until(accepting).await.unwrap();
    while let Ok(attempt) = begins.try_recv() {
        assert_eq!(attempt, 1, "no lease ended");
    }
    assert!(minutes(&database, "LATER").await.into_iter().eq(2..50));
}

/// The vendor's deliveries for a parcel whose rows the user has locked for a while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_transaction_of_the_user_does_not_block_receiving() {
    if IS_SQLITE {
        return;
    }
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database
        .open_with(InboxOptions::new().accept_deadline(ms(10_000)))
        .await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    handle_pending(&inbox).await;
    let mut long = inbox.pool().begin().await.unwrap();
    sqlx::query("SELECT 1 FROM message, trackingmore.parcel FOR UPDATE")
        .fetch_all(&mut *long)
        .await
        .unwrap();
    for minute in 2..20 {
        inbox.accept(&state("AB1", minute).sent()).await.unwrap();
    }
    // A worker has other things to do meanwhile.
    inbox.accept(&state("AB2", 1).sent()).await.unwrap();
    let worker = quick(inbox.worker(effect::handle));
    worker
        .run_until(async {
            crate::support::wait::until("another parcel is handled", || async {
                minutes(&database, "AB2").await == [1]
            })
            .await;
        })
        .await
        .unwrap();
    long.rollback().await.unwrap();
    handle_pending(&inbox).await;
    assert!(minutes(&database, "AB1").await.into_iter().eq(1..20));
}
