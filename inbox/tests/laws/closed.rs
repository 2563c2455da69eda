//! What is stored are customers' data: who must not see them does not.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing_subscriber::fmt::MakeWriter;
use trackingmore_webhook_inbox::{Accepted, BoxError, Done, Job};

use super::{handle_pending, quick};
use crate::{
    database::{Database, Db},
    support::{
        delivery::{sent, several, state},
        effect::{self, messages},
        wait::until_idle,
    },
};

/// In each field that has a personal value.
const PERSONAL: &str = "Ingeborg-Wennerstroem";
const NUMBER: &str = "AB-PERSONAL-1";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// Everything that is logged by the inbox, at every level: the whole test is on one thread.
#[tokio::test]
async fn logs_name_deliveries_by_id_and_show_none_of_their_content() {
    let Some(database) = Database::new().await else {
        return;
    };
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let inbox = database.open().await;
    let shipped = state(NUMBER, 1).with("customer_name", PERSONAL).sent();
    inbox.accept(&shipped).await.unwrap();
    inbox.accept(&shipped).await.unwrap();
    inbox
        .accept(&sent(format!("not JSON, with {PERSONAL}")))
        .await
        .unwrap();
    async fn fail(job: Job<Db>) -> Result<Done, BoxError> {
        assert!(!format!("{job:?}").contains(PERSONAL));
        assert!(!format!("{job:?}").contains(NUMBER));
        match job.attempt() {
            1 => Err(format!("cannot message {PERSONAL} about {NUMBER}").into()),
            2 => std::panic::resume_unwind(Box::new(format!("{PERSONAL} {NUMBER}"))),
            _ => effect::handle(job).await,
        }
    }
    let worker = quick(inbox.worker(fail)).max_attempts(2);
    worker.run_until(until_idle(&inbox)).await.unwrap();
    let dead = format!("{:?}", inbox.dead().await.unwrap());
    let unread = format!("{:?}", inbox.unread().await.unwrap());
    let history = format!("{:?}", inbox.history(NUMBER).await.unwrap());
    assert!(!unread.contains(PERSONAL), "{unread}");
    assert!(!history.contains(PERSONAL), "{history}");
    inbox.retry(NUMBER).await.unwrap();
    quick(inbox.worker(fail))
        .run_until(until_idle(&inbox))
        .await
        .unwrap();
    inbox.forget(NUMBER).await.unwrap();
    let blocked = database.block().await;
    drop(blocked);
    inbox.close().await;
    assert!(inbox.accept(&shipped).await.is_err());

    let text = log.text();
    assert!(
        text.contains(&shipped.id().to_string()),
        "failures name their delivery"
    );
    assert!(text.contains("the inbox is closed"), "{text}");
    for line in text.lines() {
        assert!(!line.contains(PERSONAL), "{line}");
        assert!(!line.contains(NUMBER), "{line}");
    }
    let _ = dead;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_parcel_leaves_nothing_and_later_deliveries_about_it_are_not_kept() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let state = |minute| state(NUMBER, minute).with("customer_name", PERSONAL);
    let handled = state(1).sent();
    let dead = state(2).courier("ups").sent();
    let waiting = state(3).courier("dhl").sent();
    inbox.accept(&handled).await.unwrap();
    handle_pending(&inbox).await;
    inbox.accept(&dead).await.unwrap();
    let fail = |_: Job<Db>| async { Err::<Done, BoxError>(PERSONAL.into()) };
    quick(inbox.worker(fail))
        .max_attempts(1)
        .run_until(until_idle(&inbox))
        .await
        .unwrap();
    inbox.accept(&waiting).await.unwrap();
    inbox.record(&state(4).tracking()).await.unwrap();
    database.run("DELETE FROM message").await;
    assert!(database.contains(PERSONAL).await);

    inbox.forget(NUMBER).await.unwrap();
    assert!(!database.contains(PERSONAL).await);
    assert!(!database.contains(NUMBER).await);
    assert!(inbox.history(NUMBER).await.unwrap().is_empty());
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.dead, stats.pending, stats.stored), (0, 0, 4));
    for delivery in [&handled, &dead, &waiting] {
        assert_eq!(inbox.accept(delivery).await.unwrap(), Accepted::Duplicate);
    }

    // What comes later is accepted, or the vendor would send it 13 times, and it is not kept.
    let later = state(5).sent();
    assert_eq!(inbox.accept(&later).await.unwrap(), Accepted::New);
    assert_eq!(inbox.accept(&later).await.unwrap(), Accepted::Duplicate);
    inbox.record(&state(6).tracking()).await.unwrap();
    handle_pending(&inbox).await;
    assert!(messages(&database).await.is_empty());
    assert!(inbox.history(NUMBER).await.unwrap().is_empty());
    inbox.forget(NUMBER).await.unwrap();
    assert!(!database.contains(PERSONAL).await);
    assert!(!database.contains(NUMBER).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parcels_that_share_a_body_with_a_forgotten_one_are_kept() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let personal = |minute| state(NUMBER, minute).with("customer_name", PERSONAL);
    inbox
        .accept(&several([personal(1), state("AB2", 1)]))
        .await
        .unwrap();
    inbox.forget(NUMBER).await.unwrap();
    assert!(!database.contains(PERSONAL).await, "before it was handled");
    handle_pending(&inbox).await;
    let numbers = |messages: Vec<effect::Message>| -> Vec<_> {
        messages
            .into_iter()
            .map(|it| (it.tracking_number, it.minute))
            .collect()
    };
    assert_eq!(numbers(messages(&database).await), [("AB2".into(), 1)]);
    // And in a body that comes later.
    inbox
        .accept(&several([personal(2), state("AB2", 2)]))
        .await
        .unwrap();
    handle_pending(&inbox).await;
    assert_eq!(
        numbers(messages(&database).await),
        [("AB2".into(), 1), ("AB2".into(), 2)]
    );
    assert!(!database.contains(PERSONAL).await, "after it came later");
}

/// `accept` asks what was forgotten, and stores later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parcel_that_is_forgotten_while_it_is_being_stored_is_not_kept() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.forget(NUMBER).await.unwrap();
    database.hide_forgotten().await;
    let personal = |number, minute| state(number, minute).with("customer_name", PERSONAL);
    for delivery in [
        several([personal(NUMBER, 1), state("AB2", 1)]),
        personal(NUMBER, 2).sent(),
    ] {
        inbox.accept(&delivery).await.unwrap();
    }
    database.show_forgotten().await;
    assert!(database.contains(PERSONAL).await);
    handle_pending(&inbox).await;
    let messages = messages(&database).await;
    let numbers: Vec<_> = messages.iter().map(|it| &it.tracking_number).collect();
    assert_eq!(numbers, ["AB2"]);
    assert_eq!(database.bodies().await, 1);
    assert!(inbox.history(NUMBER).await.unwrap().is_empty());
}
