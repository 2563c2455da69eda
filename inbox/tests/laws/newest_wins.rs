//! What waits for a parcel becomes one job, and the newest state wins.

use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use trackingmore_webhook_inbox::{BoxError, Done, Inbox, Job, Outcome};

use super::{handle_pending, quick};
use crate::{
    database::{Database, Db},
    support::{
        DAY,
        delivery::{State, state},
        effect::{self, messages, minutes},
        wait::{next, until, until_idle},
    },
};

type Seen = Arc<Mutex<Vec<String>>>;

/// Works off what waits, and gives for each job the status before and after.
async fn changes(inbox: &Inbox<Db>) -> Vec<String> {
    async fn handle(seen: Seen, job: Job<Db>) -> Result<Done, BoxError> {
        let update = job.update();
        let change = match update.status() {
            Some(change) => {
                let from = change
                    .from
                    .map_or("-".to_owned(), |it| it.as_str().to_owned());
                format!("{from} > {}", change.to.as_str())
            }
            None => "no change".to_owned(),
        };
        seen.lock().unwrap().push(change);
        effect::handle(job).await
    }
    let seen = Seen::default();
    let worker = inbox.worker_with(Arc::clone(&seen), handle);
    // In one look, without another.
    let worker = worker.poll(DAY);
    worker.run_until(until_idle(inbox)).await.unwrap();
    seen.lock().unwrap().clone()
}

async fn accept(inbox: &Inbox<Db>, states: impl IntoIterator<Item = State>) {
    for state in states {
        inbox.accept(&state.sent()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_waiting_deliveries_of_a_parcel_are_one_job() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    accept(
        &inbox,
        [
            state("AB1", 1).status("inforeceived"),
            state("AB1", 3).status("delivered"),
            state("AB1", 2).status("transit"),
        ],
    )
    .await;
    assert_eq!(changes(&inbox).await, ["- > delivered"]);
    let mut minutes = minutes(&database, "AB1").await;
    minutes.sort_unstable();
    assert_eq!(minutes, [1, 2, 3]);

    accept(
        &inbox,
        [
            state("AB1", 4).status("exception"),
            state("AB1", 5).status("delivered"),
        ],
    )
    .await;
    assert_eq!(changes(&inbox).await, ["no change"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_waiting_deliveries_than_a_page_are_one_job() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    accept(&inbox, (1..=200).map(|minute| state("AB1", minute))).await;
    assert_eq!(changes(&inbox).await, ["- > transit"]);
    assert!(minutes(&database, "AB1").await.into_iter().eq(1..=200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_deliveries_than_one_step_routes_are_one_job() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let small = |minute| state("AB1", minute).without("origin_info");
    accept(&inbox, (1..=300).map(small)).await;
    // Nothing wakes its worker, so that it looks once.
    let other = database.open().await;
    let (done, mut jobs) = mpsc::unbounded_channel();
    let worker = other.worker_with(done, |done, job: Job<Db>| async move {
        let mark = job.done().await?;
        done.send(())?;
        Ok(mark)
    });
    let worker = worker.poll(DAY);
    worker.run_until(next(&mut jobs)).await.unwrap();
    assert!(jobs.try_recv().is_err());
    assert_eq!(inbox.stats().await.unwrap().pending, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_state_is_kept_and_marked_and_does_not_reach_the_handler() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let newest = state("AB1", 2).status("delivered").checkpoints([1, 2]);
    accept(&inbox, [newest]).await;
    assert_eq!(changes(&inbox).await, ["- > delivered"]);

    accept(&inbox, [state("AB1", 1).status("transit")]).await;
    assert!(changes(&inbox).await.is_empty());
    let entries = inbox.history("AB1").await.unwrap();
    let outcomes: Vec<_> = entries
        .iter()
        .map(|entry| (&entry.outcome, entry.has_body))
        .collect();
    assert_eq!(
        outcomes,
        [(&Outcome::Superseded, true), (&Outcome::Handled, true)]
    );

    // The state that was handled last is as it was.
    accept(&inbox, [state("AB1", 3).status("delivered")]).await;
    assert_eq!(changes(&inbox).await, ["no change"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_state_reaches_the_handler_with_what_it_fills_in() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    accept(&inbox, [state("AB1", 3).status("delivered")]).await;
    assert_eq!(changes(&inbox).await, ["- > delivered"]);
    accept(&inbox, [state("AB1", 1).status("transit")]).await;
    assert_eq!(changes(&inbox).await, ["no change"]);
    let messages: Vec<_> = messages(&database)
        .await
        .into_iter()
        .map(|message| (message.minute, message.is_late, message.status))
        .collect();
    assert_eq!(
        messages,
        [
            (3, false, "delivered".into()),
            (1, true, "delivered".into())
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_is_not_called_if_there_is_no_news() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    accept(&inbox, [state("AB1", 1)]).await;
    assert_eq!(changes(&inbox).await.len(), 1);
    for spaces in 1..4 {
        let body = format!("{}{}", " ".repeat(spaces), state("AB1", 1).json());
        inbox
            .accept(&crate::support::delivery::sent(body))
            .await
            .unwrap();
    }
    assert!(changes(&inbox).await.is_empty());
    assert_eq!(inbox.history("AB1").await.unwrap().len(), 4);
}

/// With the timestamp form anybody who saw one request can send any body.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_at_in_the_far_future_does_not_make_genuine_news_old() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    for forged in ["9999-12-31T23:59:59+00:00", &in_hours(25)] {
        let number = format!("AB{}", forged.len() + usize::from(forged.starts_with('9')));
        accept(&inbox, [state(&number, 1).status("transit")]).await;
        accept(
            &inbox,
            [state(&number, 1)
                .status("exception")
                .with("update_at", forged)],
        )
        .await;
        handle_pending(&inbox).await;
        accept(&inbox, [state(&number, 2).status("pickup")]).await;
        assert_eq!(changes(&inbox).await, ["exception > pickup"], "{forged}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_at_some_hours_ahead_is_believed() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    let ahead = state("AB1", 5)
        .status("delivered")
        .with("update_at", in_hours(23));
    accept(&inbox, [ahead]).await;
    handle_pending(&inbox).await;
    accept(&inbox, [state("AB1", 2).status("transit").checkpoints([5])]).await;
    assert!(changes(&inbox).await.is_empty());
}

fn in_hours(hours: i64) -> String {
    let then = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
    then.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parcel_keeps_its_newest_1000_checkpoints() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    accept(&inbox, [state("AB1", 1_500).checkpoints(1..=1_500)]).await;
    handle_pending(&inbox).await;
    accept(&inbox, [state("AB1", 1_600).checkpoints([1_600])]).await;
    let known = Arc::new(Mutex::new(Vec::new()));
    let worker = inbox.worker_with(Arc::clone(&known), |known, job| async move {
        let previous = job.update().previous().unwrap();
        let minutes = previous
            .checkpoints()
            .into_iter()
            .map(crate::support::delivery::minute);
        *known.lock().unwrap() = minutes.collect();
        Ok(job.done().await?)
    });
    quick(worker).run_until(until_idle(&inbox)).await.unwrap();
    let mut known = known.lock().unwrap().clone();
    known.sort_unstable();
    assert!(known.into_iter().eq(501..=1_500));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_that_comes_while_a_job_runs_is_the_next_job() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    accept(&inbox, [state("AB1", 1).status("transit")]).await;
    let seen = Seen::default();
    let state_of_test = (inbox.clone(), Arc::clone(&seen));
    let worker = inbox.worker_with(state_of_test, |(inbox, seen), job| async move {
        let update = job.update();
        let status = update.tracking().delivery_status.clone().unwrap();
        seen.lock().unwrap().push(format!(
            "{} {}",
            status.as_str(),
            update.checkpoints().len()
        ));
        if status.as_str() == "transit" {
            accept(
                &inbox,
                [
                    state("AB1", 2).status("pickup"),
                    state("AB1", 3).status("delivered"),
                ],
            )
            .await;
            until("they wait", || async {
                inbox.history("AB1").await.unwrap().len() == 3
            })
            .await;
        }
        effect::handle(job).await
    });
    // The next job begins when this one ends, and not with the next look.
    let worker = worker.poll(DAY);
    worker.run_until(until_idle(&inbox)).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["transit 1", "delivered 2"]);
    assert_eq!(minutes(&database, "AB1").await, [1, 2, 3]);
}
