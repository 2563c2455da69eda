//! When `accept` returns `Ok`, the delivery is durable. When storing fails or takes longer than the
//! deadline, it is an error.

use serde_json::json;
use trackingmore_webhook::{ErrorKind, VerifiedBody};
use trackingmore_webhook_inbox::{Accepted, Inbox, InboxOptions, sqlx};

use super::handle_pending;
use crate::{
    database::{Database, Db},
    support::{
        child::Child,
        delivery::{life, sent, state},
        effect::minutes,
        ms,
        wait::{soon, until},
    },
};

async fn stored(inbox: &Inbox<Db>) -> u64 {
    inbox.stats().await.unwrap().stored
}

async fn assert_not_stored(inbox: &Inbox<Db>, delivery: &VerifiedBody) {
    let accepting = soon("it is refused", inbox.accept(delivery));
    let error = accepting.await.expect_err("it cannot be stored");
    assert_eq!(error.kind(), ErrorKind::NotStored);
    assert_eq!(error.status(), 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_survives_kill_9() {
    let Some(database) = Database::new().await else {
        return;
    };
    let mut child = Child::start(&json!({"role": "receive", "target": database.target()}));
    child.expect("receiving").await;
    for number in 0..100 {
        child.write_line(&format!("AB{number} 1")).await;
    }
    let mut said = vec![child.line().await.unwrap()];
    said.extend(child.kill().await);
    let inbox = database.open().await;
    for line in said {
        let number = line
            .strip_prefix("stored ")
            .unwrap()
            .strip_suffix(" 1")
            .unwrap();
        let again = inbox.accept(&life(number, 1).sent()).await.unwrap();
        assert_eq!(again, Accepted::Duplicate, "{number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_comes_after_the_commit() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database
        .open_with(InboxOptions::new().accept_deadline(ms(30_000)))
        .await;
    let blocked = database.block().await;
    let delivery = state("AB1", 1).sent();
    let accepting = tokio::spawn({
        let (inbox, delivery) = (inbox.clone(), delivery.clone());
        async move { inbox.accept(&delivery).await }
    });
    // As long as the database has not stored it, there is no answer, and never a good one.
    tokio::time::sleep(ms(300)).await;
    assert!(!accepting.is_finished());
    blocked.release().await;
    assert_eq!(accepting.await.unwrap().unwrap(), Accepted::New);

    for minute in 2..50 {
        inbox.accept(&state("AB1", minute).sent()).await.unwrap();
        let stored = stored(&inbox).await;
        assert_eq!(stored, u64::from(minute), "seen by another connection");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_at_its_end_is_an_error_and_stores_nothing() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    database.fail_commits().await;
    let delivery = state("AB1", 1).sent();
    for _ in 0..3 {
        assert_not_stored(&inbox, &delivery).await;
    }
    assert_eq!(stored(&inbox).await, 0);

    database.let_commits_succeed().await;
    assert_eq!(inbox.accept(&delivery).await.unwrap(), Accepted::New);
    handle_pending(&inbox).await;
    assert_eq!(minutes(&database, "AB1").await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_takes_too_long_is_an_error_at_the_deadline() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database
        .open_with(InboxOptions::new().accept_deadline(ms(300)))
        .await;
    let blocked = database.block().await;
    let delivery = state("AB1", 1).sent();
    for _ in 0..3 {
        assert_not_stored(&inbox, &delivery).await;
    }
    blocked.release().await;

    // Whether it was stored in the end is open; that it is there now, and once, is not.
    until("it is accepted", || async {
        inbox.accept(&delivery).await.is_ok()
    })
    .await;
    assert_eq!(inbox.accept(&delivery).await.unwrap(), Accepted::Duplicate);
    assert_eq!(stored(&inbox).await, 1);
    handle_pending(&inbox).await;
    assert_eq!(minutes(&database, "AB1").await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_goes_away_does_not_fail_the_others() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let blocked = database.block().await;
    let gone = tokio::spawn({
        let inbox = inbox.clone();
        async move { inbox.accept(&state("GONE", 1).sent()).await }
    });
    let stays = tokio::spawn({
        let inbox = inbox.clone();
        async move { inbox.accept(&state("STAYS", 1).sent()).await }
    });
    tokio::time::sleep(ms(100)).await;
    gone.abort();
    blocked.release().await;
    assert_eq!(stays.await.unwrap().unwrap(), Accepted::New);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_deliveries_do_not_fail_the_batch_that_they_are_in() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let nul = "NUL\0NUL";
    let long = "L".repeat(100_000);
    let odd = [
        state(nul, 1).sent(),
        state(long.as_str(), 1).sent(),
        state("AB1", 1).courier("post\0nord").sent(),
        state("AB2", 1)
            .status("in\0transit")
            .with("note", "a\0b")
            .sent(),
        state("AB3", 1).courier(&"c".repeat(100_000)).sent(),
        state("'; DROP TABLE message; --", 1).sent(),
        state("😀 \u{202e}\u{feff}", 1).sent(),
        sent(&b"\0"[..]),
        sent(&b"\xff\xfe"[..]),
        sent(r#"{"data":{"tracking_number":"\ud800"}}"#),
        sent("[".repeat(100_000)),
        sent(""),
    ];
    let unread = 5;
    let usual = (0..64).map(|number| state(format!("USUAL{number}"), 1).sent());
    // All at once, so that they wait together and are written in a few batches.
    let blocked = database.block().await;
    let accepting: Vec<_> = usual
        .chain(odd)
        .map(|delivery| {
            let inbox = inbox.clone();
            tokio::spawn(async move { inbox.accept(&delivery).await })
        })
        .collect();
    tokio::time::sleep(ms(100)).await;
    blocked.release().await;
    for (number, accepted) in accepting.into_iter().enumerate() {
        assert_eq!(
            accepted.await.unwrap().unwrap(),
            Accepted::New,
            "delivery {number}"
        );
    }
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.stored, stats.unread), (64 + 12, unread));

    // What a database cannot hold in a text reaches the handler as it was sent.
    let (seen, mut numbers) = tokio::sync::mpsc::unbounded_channel();
    let worker = inbox.worker_with(seen, |seen, job| async move {
        seen.send(job.update().tracking().clone())?;
        Ok(job.done().await?)
    });
    let idle = crate::support::wait::until_idle(&inbox);
    super::quick(worker).run_until(idle).await.unwrap();
    let mut seen = Vec::new();
    while let Ok(tracking) = numbers.try_recv() {
        seen.push(tracking.tracking_number);
    }
    assert_eq!(seen.len(), 64 + 7);
    assert!(seen.iter().any(|number| number == nul));
    assert!(seen.contains(&long));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_the_database_refuses_fails_alone() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    database.refuse_bodies_with("REFUSED").await;
    let blocked = database.block().await;
    let accepting: Vec<_> = (0..20)
        .map(|number| {
            let name = if number == 7 {
                "REFUSED".to_owned()
            } else {
                format!("AB{number}")
            };
            let (inbox, delivery) = (inbox.clone(), state(name, 1).sent());
            tokio::spawn(async move { inbox.accept(&delivery).await })
        })
        .collect();
    tokio::time::sleep(ms(100)).await;
    blocked.release().await;
    for (number, accepted) in accepting.into_iter().enumerate() {
        assert_eq!(
            accepted.await.unwrap().is_ok(),
            number != 7,
            "delivery {number}"
        );
    }
    assert_eq!(stored(&inbox).await, 19);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_inbox_refuses_and_has_stored_what_it_accepted() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    inbox.close().await;
    assert_not_stored(&inbox, &state("AB2", 1).sent()).await;
    let inbox = database.open().await;
    assert_eq!(stored(&inbox).await, 1);
}

/// A test of a user's has a runtime of its own, and so has `#[tokio::main]` after it.
#[test]
fn the_inbox_outlives_the_runtime_that_opened_it() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let first = runtime();
    let Some(database) = first.block_on(Database::new()) else {
        return;
    };
    let inbox = first.block_on(async {
        let inbox = database.open().await;
        inbox.accept(&state("AB1", 1).sent()).await.unwrap();
        inbox
    });
    drop(first);
    let second = runtime();
    second.block_on(async {
        let deliveries = 2..10;
        for minute in deliveries {
            until("it is accepted", || async {
                inbox.accept(&state("AB1", minute).sent()).await.is_ok()
            })
            .await;
        }
        let count: i64 = sqlx::query_scalar(Database::COUNT_DELIVERIES)
            .fetch_one(&mut database.raw().await)
            .await
            .unwrap();
        assert_eq!(count, 9);
    });
}

/// The deadline is the caller's own: it does not depend on the runtime of what writes.
#[test]
fn the_deadline_holds_while_the_writer_is_stuck() {
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap()
    };
    let (first, second) = (runtime(), runtime());
    let Some(database) = second.block_on(Database::new()) else {
        return;
    };
    let options = InboxOptions::new().accept_deadline(ms(300));
    let inbox = second.block_on(database.open_with(options));
    let delivery = state("AB1", 1).sent();
    // Until it has started the task that writes, which then is never run.
    first.block_on(async {
        tokio::select! {
            biased;
            _ = inbox.accept(&delivery) => unreachable!("nothing has written it"),
            () = std::future::ready(()) => {}
        }
    });
    second.block_on(assert_not_stored(&inbox, &delivery));

    // When that runtime ends, another task writes.
    drop(first);
    second.block_on(until("it is accepted", || async {
        inbox.accept(&delivery).await.is_ok()
    }));
    assert_eq!(second.block_on(stored(&inbox)), 1);
}
