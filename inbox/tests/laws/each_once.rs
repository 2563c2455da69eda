//! The same bytes to the same account are one delivery.

use trackingmore_webhook_inbox::{Accepted, InboxOptions};

use super::handle_pending;
use crate::{
    database::Database,
    support::{
        DAY,
        delivery::{sent, state},
        effect::minutes,
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_bytes_are_a_duplicate() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let delivery = state("AB1", 1).sent();
    assert_eq!(inbox.accept(&delivery).await.unwrap(), Accepted::New);
    assert_eq!(inbox.accept(&delivery).await.unwrap(), Accepted::Duplicate);
    // Different bytes with the same content are another delivery, but not news.
    let spaced = format!(" {}", state("AB1", 1).json());
    assert_eq!(inbox.accept(&sent(spaced)).await.unwrap(), Accepted::New);
    handle_pending(&inbox).await;
    assert_eq!(inbox.accept(&delivery).await.unwrap(), Accepted::Duplicate);
    inbox.close().await;

    let inbox = database.open().await;
    assert_eq!(inbox.accept(&delivery).await.unwrap(), Accepted::Duplicate);
    handle_pending(&inbox).await;
    assert_eq!(minutes(&database, "AB1").await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_equal_deliveries_that_arrive_at_once_only_one_is_new() {
    let Some(database) = Database::new().await else {
        return;
    };
    // Like two receiving processes.
    let inboxes = [database.open().await, database.open().await];
    for minute in 1..10 {
        let delivery = state("AB1", minute).sent();
        let accepting: Vec<_> = (0..32)
            .map(|number| {
                let (inbox, delivery) = (inboxes[number % 2].clone(), delivery.clone());
                tokio::spawn(async move { inbox.accept(&delivery).await })
            })
            .collect();
        let mut new = 0;
        for accepted in accepting {
            new += usize::from(accepted.await.unwrap().unwrap() == Accepted::New);
        }
        assert_eq!(new, 1);
    }
    assert_eq!(inboxes[0].stats().await.unwrap().stored, 9);
}

/// Two processes that receive the same deliveries in different orders must not deadlock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crossed_batches_of_two_receivers_do_not_block_each_other() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inboxes = [database.open().await, database.open().await];
    for round in 0..10 {
        let mut accepting = Vec::new();
        for number in 0..40 {
            for (place, inbox) in inboxes.iter().enumerate() {
                let number = if place == 0 { number } else { 39 - number };
                let (inbox, delivery) = (inbox.clone(), state(format!("AB{number}"), round).sent());
                accepting.push(tokio::spawn(async move { inbox.accept(&delivery).await }));
            }
        }
        let mut new = 0;
        for accepted in accepting {
            new += usize::from(accepted.await.unwrap().unwrap() == Accepted::New);
        }
        assert_eq!(new, 40);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_outlives_its_body_and_is_kept_for_30_days() {
    let Some(database) = Database::new().await else {
        return;
    };
    let options = InboxOptions::new().keep_bodies(DAY);
    let inbox = database.open_with(options).await;
    let delivery = state("AB1", 1).sent();
    inbox.accept(&delivery).await.unwrap();
    handle_pending(&inbox).await;
    database.age(29).await;
    inbox.prune().await.unwrap();
    assert_eq!(
        database.bodies().await,
        0,
        "bodies may be erased earlier than ids"
    );
    assert_eq!(inbox.accept(&delivery).await.unwrap(), Accepted::Duplicate);

    database.age(2).await;
    inbox.prune().await.unwrap();
    assert_eq!(inbox.stats().await.unwrap().stored, 0);
    // The delivery is new, but not news: the state of the parcel is kept for longer.
    assert_eq!(inbox.accept(&delivery).await.unwrap(), Accepted::New);
    handle_pending(&inbox).await;
    assert_eq!(minutes(&database, "AB1").await, [1]);
}
