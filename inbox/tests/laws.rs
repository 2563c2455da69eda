//! What the inbox promises, over both databases.

mod harness;

use std::time::Duration;

use harness::{Calls, Database, Running, body, drain, open, quick, state, text, until};
use tokio::sync::{Semaphore, mpsc};
use trackingmore_webhook::{ErrorKind, Tracking};
use trackingmore_webhook_inbox::{
    Accepted, BoxError, Done, Inbox, InboxErrorKind, InboxOptions, Job, Outcome,
};

on_both! {
    a_delivery_has_its_effect_once
    the_same_bytes_are_a_duplicate_for_their_account_only
    all_that_waits_becomes_one_job
    a_late_old_state_is_superseded
    a_body_that_is_no_event_is_kept_unread
    each_parcel_of_a_body_is_handled_by_itself
    no_courier_matches_the_only_one
    a_failing_job_is_tried_again_and_then_dead_until_there_is_news
    a_panic_is_a_failure
    a_timeout_rolls_back_and_is_a_failure
    a_job_dropped_without_its_mark_is_a_failure
    a_lost_job_rolls_its_effect_back
    a_parcel_is_handled_one_job_at_a_time
    a_clean_end_lets_running_jobs_end_and_gives_the_rest_back
    what_a_process_left_running_comes_back_alone
    a_recorded_state_goes_the_same_way
    forgotten_parcels_leave_nothing_but_ids
    odd_texts_are_stored
    a_burst_is_stored_whole
    old_deliveries_are_pruned
    a_closed_inbox_takes_nothing
    an_update_at_from_the_future_counts_as_missing
}

async fn tell<DB: Database>(job: Job<DB>) -> Result<Done, BoxError> {
    let update = job.update().clone();
    let mut transaction = job.begin().await?;
    let number = &update.tracking().tracking_number;
    for checkpoint in update.checkpoints() {
        let detail = checkpoint.tracking_detail.as_deref().unwrap_or_default();
        DB::effect(&mut transaction, number, detail).await?;
    }
    Ok(job.done_in(transaction).await?)
}

async fn a_delivery_has_its_effect_once<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    for number in ["A", "B", "C"] {
        let accepted = inbox.accept(&state(number, 1, "transit")).await;
        assert_eq!(accepted.unwrap(), Accepted::New);
    }
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.pending, stats.running, stats.stored), (3, 0, 3));
    assert!(stats.oldest_pending.is_some());
    drain(&inbox, inbox.worker(tell)).await;
    drain(&inbox, inbox.worker(tell)).await;
    for number in ["A", "B", "C"] {
        assert_eq!(DB::effects(&inbox, number).await, ["transit 1"]);
    }
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.pending, stats.stored, stats.dead), (0, 3, 0));
    assert_eq!(stats.oldest_pending, None);
}

async fn the_same_bytes_are_a_duplicate_for_their_account_only<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    let delivery = state("A", 1, "transit");
    assert_eq!(inbox.accept(&delivery).await.unwrap(), Accepted::New);
    assert_eq!(inbox.accept(&delivery).await.unwrap(), Accepted::Duplicate);
    let other = inbox.account("other");
    assert_eq!(other.accept(&delivery).await.unwrap(), Accepted::New);
    assert_eq!(other.accept(&delivery).await.unwrap(), Accepted::Duplicate);

    let (told, mut accounts) = mpsc::unbounded_channel();
    let handle = async |told: mpsc::UnboundedSender<String>, job: Job<DB>| {
        told.send(job.account().to_owned())?;
        Ok(job.done().await?)
    };
    drain(&inbox, inbox.worker_with(told, move |told, job| handle_boxed(handle, told, job))).await;
    let mut both = [accounts.recv().await.unwrap(), accounts.recv().await.unwrap()];
    both.sort();
    assert_eq!(both, ["", "other"]);
    assert_eq!(other.history("A").await.unwrap().len(), 1);
}
