//! Random deliveries about a few parcels, with crashes between any two statements: each checkpoint
//! is reported once and in order, and the newest state wins.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{
    collection::vec,
    strategy::Strategy as _,
    test_runner::{Config, TestRunner},
};
use trackingmore_webhook_inbox::Outcome;

use crate::{
    crashes,
    database::Database,
    support::{delivery::status, effect::messages},
};

/// A tracking number, and the minute of the parcel's life that the delivery shows.
pub(crate) type Delivery = (String, u32);

#[test]
fn with_crashes_anywhere_each_checkpoint_is_reported_once_and_the_newest_state_wins() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // They arrive in any order, and some more than once.
    let delivery =
        (0..3_u32, 1..20_u32).prop_map(|(parcel, minute)| (format!("AB{parcel}"), minute));
    let lives = vec(delivery, 1..30);
    let crashes = vec(1..120_u16, 0..6);
    let cases = Config::default().cases.min(12);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 20,
        ..Config::default()
    });
    runner
        .run(&(lives, crashes), |(lives, crashes)| {
            runtime.block_on(live(lives, crashes));
            Ok(())
        })
        .unwrap();
}

async fn live(deliveries: Vec<Delivery>, crashes: Vec<u16>) {
    let Some(database) = Database::new().await else {
        return;
    };
    crashes::live(&database, &deliveries, &crashes).await;

    let mut lives: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for (number, minute) in &deliveries {
        lives.entry(number).or_default().insert(*minute);
    }
    let inbox = database.open().await;
    let messages = messages(&database).await;
    for (number, minutes) in lives {
        let newest = *minutes.last().unwrap();
        let messages: Vec<_> = messages
            .iter()
            .filter(|message| message.tracking_number == number)
            .collect();
        // Each checkpoint once, and in order.
        let written = messages.iter().map(|message| message.minute);
        assert!(written.eq(1..=i64::from(newest)), "{messages:?}");
        assert!(
            messages.iter().all(|message| !message.is_late),
            "{messages:?}"
        );
        assert_eq!(messages.last().unwrap().status, status(newest));

        let entries = inbox.history(number).await.unwrap();
        assert_eq!(entries.len(), minutes.len());
        assert!(
            entries
                .iter()
                .all(|entry| entry.outcome != Outcome::Waiting)
        );
    }
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.pending, stats.running, stats.dead), (0, 0, 0));
    inbox.close().await;
}
