//! A parcel's updates are handled in order and one at a time, whatever the number of workers.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

use tokio::sync::Notify;
use trackingmore_webhook_inbox::{BoxError, Done, Inbox, Job};

use super::{handle_pending, quick};
use crate::{
    database::{Database, Db, IS_SQLITE},
    support::{
        delivery::{minute, several, state},
        effect::{self, messages},
        wait::until_idle,
    },
};

#[derive(Clone, Default)]
struct Running {
    parcels: Arc<Mutex<HashSet<String>>>,
    two_at_once: Arc<Notify>,
}

impl Running {
    /// Writes the effect, and checks that no other handler runs for this parcel meanwhile.
    async fn handle(self, job: Job<Db>) -> Result<Done, BoxError> {
        let number = job.update().tracking().tracking_number.clone();
        if !self.parcels.lock().unwrap().insert(number.clone()) {
            self.two_at_once.notify_one();
        }
        tokio::task::yield_now().await;
        let mut transaction = job.begin().await?;
        effect::write(&mut transaction, &job).await?;
        self.parcels.lock().unwrap().remove(&number);
        Ok(job.done_in(transaction).await?)
    }
}

async fn work(inbox: Inbox<Db>, running: Running, end: impl Future<Output = ()>) {
    let worker = quick(inbox.worker_with(running, Running::handle)).concurrency(8);
    worker.run_until(end).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_parcel_is_handled_in_order_and_by_one_handler_at_a_time() {
    const PARCELS: u32 = 5;
    const STATES: u32 = 40;
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let running = Running::default();
    let (end, ended) = tokio::sync::watch::channel(false);
    let workers: Vec<_> = opened(&database, if IS_SQLITE { 1 } else { 3 })
        .await
        .into_iter()
        .map(|inbox| {
            let mut ended = ended.clone();
            let end = async move {
                let _ = ended.wait_for(|ended| *ended).await;
            };
            tokio::spawn(work(inbox, running.clone(), end))
        })
        .collect();
    for minute in 1..=STATES {
        for parcel in 0..PARCELS {
            inbox
                .accept(&state(format!("AB{parcel}"), minute).sent())
                .await
                .unwrap();
        }
    }
    tokio::select! {
        () = until_idle(&inbox) => {}
        () = running.two_at_once.notified() => panic!("two handlers ran for a parcel at once"),
    }
    end.send(true).unwrap();
    for worker in workers {
        worker.await.unwrap();
    }

    let mut of_parcels: HashMap<_, Vec<_>> = HashMap::new();
    for message in messages(&database).await {
        assert!(!message.is_late);
        of_parcels
            .entry(message.tracking_number)
            .or_default()
            .push(message.minute);
    }
    assert_eq!(of_parcels.len() as u32, PARCELS);
    for minutes in of_parcels.into_values() {
        assert!(
            minutes.iter().copied().eq(1..=i64::from(STATES)),
            "{minutes:?}"
        );
    }
}

async fn opened(database: &Database, count: usize) -> Vec<Inbox<Db>> {
    let mut inboxes = Vec::new();
    for _ in 0..count {
        inboxes.push(database.open().await);
    }
    inboxes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_parcel_of_a_body_is_handled_by_itself() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let body = several([state("AB1", 1), state("AB2", 1), state("AB1", 2)]);
    inbox.accept(&body).await.unwrap();
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.stored, stats.unread), (1, 0));
    let worker = inbox.worker(|job: Job<Db>| async move {
        if job.update().tracking().tracking_number == "AB2" {
            return Err("not this one".into());
        }
        effect::handle(job).await
    });
    quick(worker)
        .max_attempts(2)
        .run_until(until_idle(&inbox))
        .await
        .unwrap();
    let messages: Vec<_> = messages(&database)
        .await
        .into_iter()
        .map(|it| it.minute)
        .collect();
    assert_eq!(messages, [1, 2]);
    assert_eq!(inbox.stats().await.unwrap().dead, 1);
    for number in ["AB1", "AB2"] {
        assert!(!inbox.history(number).await.unwrap().is_empty());
    }
}

/// With the timestamp form of the signature, anyone who has seen one request can send any body.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_with_very_many_states_of_a_parcel_is_handled() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let states = (1..=1_500).map(|minute| state("AB1", minute).without("origin_info"));
    inbox.accept(&several(states)).await.unwrap();
    inbox.accept(&state("AB1", 2_000).sent()).await.unwrap();
    handle_pending(&inbox).await;
    assert_eq!(messages(&database).await.len(), 1);
}

/// Returns how many parcels the handler saw, by the jobs without a previous state.
async fn parcels(states: impl IntoIterator<Item = crate::support::delivery::State>) -> Option<u32> {
    let database = Database::new().await?;
    let inbox = database.open().await;
    let first = Arc::new(Mutex::new(0));
    for state in states {
        inbox.accept(&state.sent()).await.unwrap();
        let worker = inbox.worker_with(Arc::clone(&first), |first, job| async move {
            *first.lock().unwrap() += u32::from(job.update().previous().is_none());
            Ok(job.done().await?)
        });
        quick(worker).run_until(until_idle(&inbox)).await.unwrap();
    }
    let first = *first.lock().unwrap();
    Some(first)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_with_two_couriers_is_two_parcels() {
    let states = [
        state("AB1", 1).courier("ups"),
        state("AB1", 2).courier("dhl"),
    ];
    assert!(matches!(parcels(states).await, None | Some(2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_courier_the_only_known_parcel_matches() {
    let states = [
        state("AB1", 1).courier("ups"),
        state("AB1", 2).without_courier(),
        state("AB1", 3).courier("ups"),
    ];
    assert!(matches!(parcels(states).await, None | Some(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_courier_names_a_parcel_that_had_none() {
    let states = [
        state("AB1", 1).without_courier(),
        state("AB1", 2).courier("ups"),
        state("AB1", 3).without_courier(),
        state("AB1", 4).courier("ups"),
    ];
    assert!(matches!(parcels(states).await, None | Some(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_courier_is_another_parcel() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    for state in [
        state("AB1", 1).without_courier(),
        state("AB1", 2).courier("ups"),
        state("AB1", 3).courier("dhl"),
    ] {
        inbox.accept(&state.sent()).await.unwrap();
        handle_pending(&inbox).await;
    }
    assert_eq!(database.parcels().await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn couriers_that_arrive_together_are_distinguished() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    // Routed in one step.
    for state in [
        state("AB1", 1).without_courier(),
        state("AB1", 2).courier("ups"),
        state("AB1", 3).without_courier(),
        state("AB1", 4).courier("dhl"),
        state("AB2", 5),
    ] {
        inbox.accept(&state.sent()).await.unwrap();
    }
    handle_pending(&inbox).await;
    let mut minutes: Vec<_> = messages(&database)
        .await
        .into_iter()
        .map(|it| it.minute)
        .collect();
    minutes.sort_unstable();
    assert_eq!(minutes, [1, 2, 3, 4, 5]);
    assert_eq!(inbox.history("AB1").await.unwrap().len(), 4);
}

/// A state that a poll of the vendor's API read reaches the same handler.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorded_state_is_handled_like_a_delivery() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.record(&state("AB1", 1).tracking()).await.unwrap();
    inbox.accept(&state("AB1", 2).sent()).await.unwrap();
    handle_pending(&inbox).await;
    let polled = state("AB1", 3).tracking();
    inbox.record(&polled).await.unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let worker = inbox.worker_with(Arc::clone(&seen), |seen, job| async move {
        let body = job.body().to_vec();
        seen.lock().unwrap().push((job.id(), body));
        effect::handle(job).await
    });
    quick(worker).run_until(until_idle(&inbox)).await.unwrap();

    assert!(
        messages(&database)
            .await
            .into_iter()
            .map(|it| it.minute)
            .eq(1..=3)
    );
    let entries = inbox.history("AB1").await.unwrap();
    let seen = seen.lock().unwrap();
    let [(id, body)] = &seen[..] else {
        panic!("one job")
    };
    let body: trackingmore_webhook::Tracking = serde_json::from_slice(body).unwrap();
    assert_eq!(body, polled);
    assert!(entries.iter().any(|entry| entry.id == *id));
    assert!(minute(&body.checkpoints()[0].clone()) == 3);
}
