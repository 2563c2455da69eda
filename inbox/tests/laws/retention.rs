//! What is kept, and for how long.

use std::time::Duration;

use trackingmore_webhook_inbox::{InboxErrorKind, InboxOptions};

use super::{fail_with, handle_pending, quick};
use crate::{
    database::Database,
    support::{
        DAY,
        delivery::{sent, state},
        effect::{handle, minutes},
        wait::until,
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn options_that_would_let_duplicates_through_are_refused() {
    let Some(database) = Database::new().await else {
        return;
    };
    let wrong = [
        InboxOptions::new().keep_ids(29 * DAY),
        InboxOptions::new().keep_ids(Duration::ZERO),
        InboxOptions::new().keep_parcels(29 * DAY),
        InboxOptions::new()
            .keep_ids(60 * DAY)
            .keep_parcels(59 * DAY),
        InboxOptions::new().accept_deadline(Duration::ZERO),
        InboxOptions::new().queue(0, 1_000),
        InboxOptions::new().queue(1_000, 0),
    ];
    for options in wrong {
        let shown = format!("{options:?}");
        let error = Database::open_target(&database.target(), options)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), InboxErrorKind::InvalidOptions, "{shown}");
    }
    let right = [
        InboxOptions::new()
            .keep_ids(30 * DAY)
            .keep_bodies(Duration::ZERO),
        InboxOptions::new()
            .keep_ids(Duration::MAX)
            .keep_parcels(Duration::MAX),
        InboxOptions::new()
            .accept_deadline(Duration::MAX)
            .queue(usize::MAX, usize::MAX),
    ];
    for options in right {
        let inbox = database.open_with(options).await;
        inbox.accept(&state("AB1", 1).sent()).await.unwrap();
        inbox.prune().await.unwrap();
        assert_eq!(inbox.stats().await.unwrap().stored, 1);
        inbox.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unhandled_deliveries_are_not_pruned() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database
        .open_with(InboxOptions::new().keep_bodies(DAY))
        .await;
    inbox.accept(&state("DEAD", 1).sent()).await.unwrap();
    fail_with(&inbox, "no", 1).await;
    inbox.accept(&state("WAITING", 1).sent()).await.unwrap();
    database.age(20).await;
    inbox.prune().await.unwrap();
    assert_eq!(inbox.retry_dead().await.unwrap(), 1);
    handle_pending(&inbox).await;
    assert_eq!(minutes(&database, "DEAD").await, [1]);
    assert_eq!(minutes(&database, "WAITING").await, [1]);
    inbox.prune().await.unwrap();
    assert_eq!(database.bodies().await, 0);
    assert_eq!(inbox.stats().await.unwrap().stored, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_body_outlives_its_parcel() {
    let Some(database) = Database::new().await else {
        return;
    };
    let options = InboxOptions::new().keep_bodies(Duration::MAX);
    let inbox = database.open_with(options).await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    handle_pending(&inbox).await;
    database.age(364).await;
    inbox.prune().await.unwrap();
    assert_eq!(database.bodies().await, 1);
    database.age(2).await;
    inbox.prune().await.unwrap();
    assert_eq!((database.bodies().await, database.parcels().await), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_still_waits_when_ids_are_pruned_is_handled() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    database.age(100).await;
    inbox.prune().await.unwrap();
    handle_pending(&inbox).await;
    assert_eq!(minutes(&database, "AB1").await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_outlives_the_ids_and_is_erased_a_year_after_the_last_delivery() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let first = state("AB1", 1).sent();
    inbox.accept(&first).await.unwrap();
    handle_pending(&inbox).await;
    database.age(364).await;
    inbox.prune().await.unwrap();
    // Its id is gone. It is no news all the same.
    inbox.accept(&first).await.unwrap();
    handle_pending(&inbox).await;
    assert_eq!(minutes(&database, "AB1").await, [1]);

    database.age(366).await;
    inbox.prune().await.unwrap();
    assert_eq!(database.parcels().await, 0);
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.stored, stats.dead), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_prunes_by_itself() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database
        .open_with(InboxOptions::new().keep_bodies(DAY))
        .await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    handle_pending(&inbox).await;
    database.age(2).await;
    let pruned = until("its body is gone", || async {
        database.bodies().await == 0
    });
    quick(inbox.worker(handle)).run_until(pruned).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_old_is_pruned() {
    const COUNT: u64 = 3_000;
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let accepting: Vec<_> = (0..COUNT)
        .map(|number| {
            let (inbox, body) = (inbox.clone(), format!(r#"{{"number":{number}}}"#));
            tokio::spawn(async move { inbox.accept(&sent(body)).await })
        })
        .collect();
    for accepted in accepting {
        accepted.await.unwrap().unwrap();
    }
    assert_eq!(inbox.stats().await.unwrap().unread, COUNT);
    database.age(400).await;
    inbox.prune().await.unwrap();
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.stored, stats.unread), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_of_pruning_takes_256_rows() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    for number in 0..300 {
        let state = state(format!("AB{number}"), 1).without("origin_info");
        inbox.accept(&state.sent()).await.unwrap();
    }
    handle_pending(&inbox).await;
    database.age(400).await;
    let left = async || {
        let stored = inbox.stats().await.unwrap().stored;
        [
            database.bodies().await,
            database.parcels().await,
            stored.cast_signed(),
        ]
    };
    // What the first step has erased stays erased if the second fails.
    for (statement, table, condition, expected) in [
        (
            "UPDATE",
            "@delivery",
            "(SELECT count(body) FROM @delivery) <= 44",
            [44, 300, 300],
        ),
        (
            "DELETE",
            "@parcel",
            "(SELECT count(*) FROM @parcel) <= 44",
            [0, 44, 300],
        ),
        (
            "DELETE",
            "@delivery",
            "(SELECT count(*) FROM @delivery) <= 44",
            [0, 0, 44],
        ),
    ] {
        database.refuse(statement, table, condition).await;
        inbox.prune().await.unwrap_err();
        assert_eq!(left().await, expected);
        database.refuse_no_more().await;
    }
    inbox.prune().await.unwrap();
    assert_eq!(left().await, [0, 0, 0]);
}
