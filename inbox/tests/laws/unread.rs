//! A body that is not an event is kept, so that a later version can read it.

use trackingmore_webhook_inbox::Accepted;

use super::handle_pending;
use crate::{
    database::Database,
    support::{
        delivery::{sent, state},
        effect::{messages, minutes},
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_not_an_event_is_kept_unread() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let bodies = [
        "not JSON",
        "{}",
        r#"{"data":{"courier_code":"ups"}}"#,
        r#"{"data":[]}"#,
        "",
        "123",
        // One of two parcels cannot be read: the whole body is kept.
        r#"{"data":[{"tracking_number":"AB1"},{"courier_code":"ups"}]}"#,
    ];
    for body in bodies {
        assert_eq!(
            inbox.accept(&sent(body)).await.unwrap(),
            Accepted::New,
            "{body}"
        );
        assert_eq!(
            inbox.accept(&sent(body)).await.unwrap(),
            Accepted::Duplicate,
            "{body}"
        );
    }
    let unread = inbox.unread().await.unwrap();
    assert!(
        unread
            .iter()
            .map(|it| &it.body[..])
            .eq(bodies.map(str::as_bytes))
    );
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.unread, stats.pending), (bodies.len() as u64, 0));
    handle_pending(&inbox).await;
    assert!(messages(&database).await.is_empty());

    // This version still cannot read them.
    assert_eq!(inbox.reread().await.unwrap(), 0);
    assert_eq!(inbox.stats().await.unwrap().unread, bodies.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_an_older_version_could_not_read_is_reread() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox
        .account("shoes")
        .accept(&state("AB1", 1).sent())
        .await
        .unwrap();
    inbox.accept(&sent("not JSON")).await.unwrap();
    database.unread_all().await;
    assert_eq!(inbox.stats().await.unwrap().unread, 2);
    handle_pending(&inbox).await;
    assert!(messages(&database).await.is_empty());

    assert_eq!(inbox.reread().await.unwrap(), 1);
    assert_eq!(inbox.reread().await.unwrap(), 0);
    assert_eq!(inbox.stats().await.unwrap().unread, 1);
    handle_pending(&inbox).await;
    assert_eq!(minutes(&database, "AB1").await, [1]);
    assert_eq!(messages(&database).await[0].account, "shoes");
}
