//! Accounts are kept apart.

use trackingmore_webhook_inbox::{Accepted, Job};

use super::{fail_with, handle_pending, quick};
use crate::{
    database::{Database, Db},
    support::{delivery::state, effect::messages, wait::until_idle},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_delivery_to_two_accounts_is_two_deliveries() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let (shoes, hats) = (inbox.account("shoes"), inbox.account("hats"));
    let delivery = state("AB1", 1).sent();
    for account in [&inbox, &shoes, &hats] {
        assert_eq!(account.accept(&delivery).await.unwrap(), Accepted::New);
        assert_eq!(
            account.accept(&delivery).await.unwrap(),
            Accepted::Duplicate
        );
    }
    handle_pending(&inbox).await;
    let mut accounts: Vec<_> = messages(&database)
        .await
        .into_iter()
        .map(|it| it.account)
        .collect();
    accounts.sort();
    assert_eq!(accounts, ["", "hats", "shoes"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_with_any_names_are_kept_apart() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let names = [
        "a",
        "A",
        "a\0",
        "'",
        " a",
        "ä",
        &"n".repeat(100_000),
        &"n".repeat(100_001),
    ];
    for name in names {
        let account = inbox.account(name);
        assert_eq!(
            account.accept(&state("AB1", 1).sent()).await.unwrap(),
            Accepted::New,
            "{name}"
        );
    }
    assert_eq!(inbox.stats().await.unwrap().pending, names.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forget_retry_and_history_apply_to_their_account_only() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let (shoes, hats) = (inbox.account("shoes"), inbox.account("hats"));
    for account in [&shoes, &hats] {
        account.accept(&state("AB1", 1).sent()).await.unwrap();
    }
    fail_with(&inbox, "no", 1).await;
    assert_eq!(inbox.stats().await.unwrap().dead, 2);
    assert_eq!(inbox.history("AB1").await.unwrap().len(), 0);
    assert_eq!(shoes.history("AB1").await.unwrap().len(), 1);

    shoes.retry("AB1").await.unwrap();
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.dead, stats.pending), (1, 1));

    shoes.forget("AB1").await.unwrap();
    assert_eq!(shoes.history("AB1").await.unwrap().len(), 0);
    assert_eq!(hats.history("AB1").await.unwrap().len(), 1);
    assert_eq!(inbox.retry_dead().await.unwrap(), 1);
    let worker = inbox.worker(|job: Job<Db>| async move {
        assert_eq!(job.account(), "hats");
        Ok(job.done().await?)
    });
    quick(worker).run_until(until_idle(&inbox)).await.unwrap();
    assert_eq!(inbox.stats().await.unwrap().dead, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_parcel_is_found_by_the_names_that_it_is_listed_with() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let account = inbox.account(&"n".repeat(1_000));
    let delivery = state("L".repeat(1_000), 1).sent();
    account.accept(&delivery).await.unwrap();
    fail_with(&inbox, "no", 1).await;
    let dead = inbox.dead().await.unwrap().remove(0);
    let account = inbox.account(&dead.account);
    assert_eq!(account.retry(&dead.tracking_number).await.unwrap(), 1);
    let history = account.history(&dead.tracking_number).await.unwrap();
    assert_eq!(history[0].id, delivery.id());
}
