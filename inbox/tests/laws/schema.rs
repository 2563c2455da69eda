//! The inbox's tables: made once, and never by a version that does not know them.

use trackingmore_webhook_inbox::{InboxErrorKind, InboxOptions};

use super::handle_pending;
use crate::{
    database::Database,
    support::{delivery::state, effect::minutes},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_version_of_the_tables_is_refused() {
    let Some(database) = Database::new().await else {
        return;
    };
    database.pretend_version(1_000).await;
    let target = database.target();
    let error = Database::open_target(&target, InboxOptions::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), InboxErrorKind::NewerSchema);
    let message = error.to_string();
    assert!(
        message.contains("newer version of this library"),
        "{message}"
    );
    assert!(message.contains("1000"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inboxes_that_open_at_once_create_the_tables_once() {
    let Some(database) = Database::new().await else {
        return;
    };
    database.remove_tables().await;
    let opening: Vec<_> = (0..8)
        .map(|_| {
            let target = database.target();
            tokio::spawn(async move { Database::open_target(&target, InboxOptions::new()).await })
        })
        .collect();
    for (number, opened) in opening.into_iter().enumerate() {
        let inbox = opened.await.unwrap().unwrap();
        inbox
            .accept(&state(format!("AB{number}"), 1).sent())
            .await
            .unwrap();
    }
    let inbox = database.open().await;
    assert_eq!(inbox.stats().await.unwrap().stored, 8);
    handle_pending(&inbox).await;
}

/// A column more, as a later version may add: processes of both work side by side.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_inbox_goes_on_while_a_column_is_added() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    handle_pending(&inbox).await;
    inbox.accept(&state("AB1", 2).sent()).await.unwrap();
    database.add_columns().await;
    handle_pending(&inbox).await;
    inbox.accept(&state("AB1", 3).sent()).await.unwrap();
    handle_pending(&inbox).await;
    assert_eq!(minutes(&database, "AB1").await, [1, 2, 3]);
}
