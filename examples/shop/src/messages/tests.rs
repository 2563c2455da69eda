use trackingmore_webhook::testing;
use trackingmore_webhook_inbox::SqliteInbox;

use super::*;

#[tokio::test]
async fn a_customer_gets_one_message_for_each_checkpoint() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let inbox = SqliteInbox::open(folder.path().join("shop.db")).await?;
    create_table(&inbox).await?;
    let first = testing::event("AB1").checkpoint("2026-03-01T15:20:00", "Handed over");
    let second = first.clone().checkpoint("2026-03-02T06:41:00", "Arrived");
    for event in [&second, &first, &second] {
        inbox.accept(&event.verified_body()).await?;
    }
    let handled = async {
        while inbox.stats().await.unwrap().pending > 0 {
            tokio::task::yield_now().await;
        }
    };
    inbox.worker(write).run_until(handled).await?;
    let texts = sqlx::query_scalar("SELECT text FROM message ORDER BY rowid");
    let texts: Vec<String> = texts.fetch_all(inbox.pool()).await?;
    assert_eq!(texts, ["Handed over", "Arrived"]);
    Ok(())
}
