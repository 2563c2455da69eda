//! Crashes between any two statements: a proxy cuts the connection at the n-th message to the
//! server, either before the server sees it or before its answer comes back.

use trackingmore_webhook_inbox::PgInbox;

use crate::{
    database::Database,
    laws::random_lives::Delivery,
    proxy::{Cut, Proxy},
    support::{
        delivery::life,
        effect, ms,
        wait::{until, until_idle},
    },
};

/// Accepts and handles all deliveries over connections that break at these messages.
pub(crate) async fn live(database: &Database, deliveries: &[Delivery], crashes: &[u16]) {
    let proxy = Proxy::before(database.options()).await;
    let inbox = PgInbox::new(proxy.pool()).await.unwrap();
    proxy.cut_at(crashes.iter().map(|&message| {
        let is_seen = message % 2 == 0;
        (
            message,
            if is_seen {
                Cut::BeforeTheAnswer
            } else {
                Cut::BeforeTheServerSeesIt
            },
        )
    }));
    let worker = inbox.worker(effect::handle).poll(ms(20)).lease(ms(500));
    let worker = worker.retry_delays(ms(1), ms(1)).max_attempts(1_000);
    let receiving = async {
        for (number, minute) in deliveries {
            let delivery = life(number, *minute).sent();
            until("it is accepted", || async {
                inbox.accept(&delivery).await.is_ok()
            })
            .await;
        }
        proxy.cut_no_more();
        until_idle(&database.open().await).await;
    };
    worker.run_until(receiving).await.unwrap();
    inbox.close().await;
}
