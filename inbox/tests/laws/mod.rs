//! Tests of what the inbox promises, run on each database: one file for each promise.

mod accounts;
mod bounded;
mod clean_end;
mod clocks;
mod closed;
mod crash_loop;
mod each_once;
mod effect_once;
mod in_order;
mod kill;
mod newest_wins;
mod nothing_lost;
pub(crate) mod random_lives;
mod receiving;
mod retention;
mod schema;
mod unread;

use trackingmore_webhook_inbox::{BoxError, Done, Inbox, Job, Worker};

use crate::{
    database::Db,
    support::{effect::handle, ms, wait::until_idle},
};

/// Makes a worker poll and retry almost without delay.
fn quick(worker: Worker<Db>) -> Worker<Db> {
    worker.poll(ms(20)).retry_delays(ms(1), ms(1))
}

/// Handles all that is pending, with [`handle`].
pub(crate) async fn handle_pending(inbox: &Inbox<Db>) {
    let worker = quick(inbox.worker(handle));
    worker.run_until(until_idle(inbox)).await.unwrap();
}

/// Fails every pending job with this error, until it is dead.
pub(crate) async fn fail_with(inbox: &Inbox<Db>, error: &'static str, attempts: u32) {
    let fail = move |_: Job<Db>| async move { Err::<Done, BoxError>(error.into()) };
    let worker = quick(inbox.worker(fail)).max_attempts(attempts);
    worker.run_until(until_idle(inbox)).await.unwrap();
}
