//! One attempt, from the claim to the mark.

use std::{any::Any, pin::Pin, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
    time::{Instant, sleep, timeout},
};
use tracing::Instrument as _;

use crate::{
    BoxError, Done, Engine, Job,
    claim::Claimed,
    error::chain,
    inbox::Shared,
    lease::Held,
    mark::{self, Marked, Next, Ticket},
    metric,
    store::{Purpose, answered},
    worker::Settings,
};

/// The future of a handler.
pub(crate) type Handling = Pin<Box<dyn Future<Output = Result<Done, BoxError>> + Send>>;
pub(crate) type Handler<DB> = Arc<dyn Fn(Job<DB>) -> Handling + Send + Sync>;

/// How long to wait for an aborted handler to stop. Only one that blocks its thread takes longer.
pub(crate) const LETTING_GO: Duration = Duration::from_secs(5);

/// What all attempts of a worker share.
pub(crate) struct Runner<DB: Engine> {
    pub(crate) shared: Arc<Shared<DB>>,
    pub(crate) handler: Handler<DB>,
    pub(crate) settings: Settings,
    pub(crate) held: Held,
    /// Turns true when running handlers must be aborted.
    pub(crate) cut: watch::Receiver<bool>,
}

/// How a handler ended.
enum Ended {
    Done(Done),
    Failed(String),
    /// Aborted because the worker shuts down.
    Cut,
}

impl<DB: Engine> Runner<DB> {
    /// Runs a claimed job, and marks how it ended.
    pub(crate) async fn run(self: Arc<Self>, claimed: Claimed) {
        let _hold = self.held.hold(&claimed.ticket);
        self.attempt(claimed).await;
    }

    async fn attempt(&self, claimed: Claimed) {
        let mut ticket = claimed.ticket.clone();
        let news = claimed.read_news(&self.shared, &mut ticket).await;
        let (id, ended) = match news {
            Ok(Some(news)) if news.update.is_news() => {
                let id = news.id;
                let span = tracing::info_span!("job", delivery = %id, attempt = ticket.attempt);
                let job = Job {
                    shared: Arc::clone(&self.shared),
                    ticket: ticket.clone(),
                    account: news.account,
                    update: news.update,
                    id,
                    body: news.body,
                };
                let began = Instant::now();
                let ended = self.handle(job).instrument(span).await;
                metric::handled_in(began.elapsed());
                (Some(id), ended)
            }
            Ok(Some(_)) => {
                self.supersede(&ticket).await;
                return;
            }
            Ok(None) => (
                None,
                Ended::Failed("the news of the parcel is gone".to_owned()),
            ),
            Err(error) => (None, Ended::Failed(chain(&*error))),
        };
        let delivery = id.map(tracing::field::display);
        match ended {
            Ended::Done(done) if ticket.is_proved_by(&done) => {
                metric::job("done");
                tracing::debug!(delivery, attempt = ticket.attempt, "job done");
            }
            Ended::Done(_) => {
                self.fail(
                    &ticket,
                    delivery,
                    "the handler returned the `Done` of another job",
                )
                .await;
            }
            Ended::Failed(error) => self.fail(&ticket, delivery, &error).await,
            Ended::Cut => {
                let error = "aborted when the worker shut down";
                let next = Next::Retry(Duration::ZERO);
                self.mark(&ticket, error, next).await;
                tracing::info!(delivery, attempt = ticket.attempt, "job released");
            }
        }
    }

    /// Runs the handler in a task of its own, so that a panic affects nothing else.
    async fn handle(&self, job: Job<DB>) -> Ended {
        let handler = Arc::clone(&self.handler);
        let mut task = JoinSet::new();
        task.spawn(async move { handler(job).await }.in_current_span());
        let mut cut = self.cut.clone();
        let ended = tokio::select! {
            joined = task.join_next() => return Ended::of(joined),
            () = sleep(self.settings.timeout) => {
                let error = format!("timed out after {:?}", self.settings.timeout);
                Ended::Failed(error)
            }
            _ = cut.wait_for(|cut| *cut) => Ended::Cut,
        };
        task.abort_all();
        // The parcel must not run again until the handler has stopped. It may still mark its job.
        match timeout(LETTING_GO, task.join_next()).await {
            Ok(Some(Ok(Ok(done)))) => Ended::Done(done),
            Ok(_) => ended,
            Err(_) => {
                tracing::warn!("a handler blocks its thread and cannot be aborted");
                task.detach_all();
                ended
            }
        }
    }

    async fn fail(
        &self,
        ticket: &Ticket,
        delivery: Option<tracing::field::DisplayValue<trackingmore_webhook::DeliveryId>>,
        error: &str,
    ) {
        let is_last = ticket.attempt >= self.settings.max_attempts;
        let next = if is_last {
            Next::Dead { alone: false }
        } else {
            Next::Retry(self.settings.delay(ticket.attempt))
        };
        let had = self.mark(ticket, error, next).await;
        let attempt = ticket.attempt;
        if !had {
            metric::job("lost");
            tracing::warn!(
                delivery,
                attempt,
                "a failed job no longer belonged to this worker"
            );
        } else if is_last {
            metric::job("dead");
            tracing::error!(
                delivery,
                attempt,
                "job failed for the last time and is dead"
            );
        } else {
            metric::job("failed");
            tracing::warn!(delivery, attempt, "job failed and will be retried");
        }
    }

    /// Marks a failure, and retries within the lease if the database fails.
    async fn mark(&self, ticket: &Ticket, error: &str, next: Next) -> bool {
        let began = Instant::now();
        loop {
            match mark::failed(&self.shared, ticket, error, next).await {
                Ok(had) => return had,
                Err(error) if began.elapsed() >= self.settings.lease || *self.cut.borrow() => {
                    tracing::error!(%error, "a failed job could not be marked, and is free when its lease ends");
                    return false;
                }
                Err(error) => {
                    tracing::warn!(%error, "a failed job could not be marked, and is tried again");
                    sleep(self.settings.poll).await;
                }
            }
        }
    }

    /// Marks a job without news.
    async fn supersede(&self, ticket: &Ticket) {
        let marking = async {
            let mut tx = DB::begin(&self.shared.base, Purpose::Work).await?;
            let marking = mark::done::<DB>(&mut tx.transaction, ticket, None);
            let marked = answered(marking).await?;
            tx.commit().await?;
            if marked == Marked::MoreWaits {
                self.shared.wake.all();
            }
            Ok::<_, sqlx::Error>(())
        };
        match marking.await {
            Ok(()) => metric::job("superseded"),
            Err(error) => {
                let error = chain(&error);
                let next = Next::Retry(self.settings.poll);
                self.mark(ticket, &error, next).await;
            }
        }
    }
}

impl Ended {
    fn of(joined: Option<Result<Result<Done, BoxError>, JoinError>>) -> Self {
        match joined {
            Some(Ok(Ok(done))) => Self::Done(done),
            Some(Ok(Err(error))) => Self::Failed(chain(&*error)),
            Some(Err(error)) if error.is_panic() => {
                Self::Failed(format!("panicked: {}", message(&*error.into_panic())))
            }
            Some(Err(_)) | None => Self::Failed("aborted".to_owned()),
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "no message"
    }
}
