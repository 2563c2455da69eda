//! Accepting deliveries. They wait in a queue, and one task writes all that have arrived in one
//! commit. It only appends rows, so that it never waits for a worker.

mod queue;

use std::{pin::pin, slice, sync::Arc, time::Instant};

use serde_json::json;
use tokio::{sync::oneshot, time::timeout};
use trackingmore_webhook::{DeliveryId, Error, ErrorKind, Tracking, VerifiedBody};

pub(crate) use self::queue::Queue;
use self::queue::Writing;
use crate::{
    Engine, Inbox, body, care::forget, error::chain, inbox::Shared, metric, time::wall_clock,
};

/// Whether a stored delivery is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Accepted {
    /// It was not stored before.
    New,
    /// The same bytes were stored before.
    Duplicate,
}

/// A delivery to be appended.
#[derive(Debug)]
pub struct Entry {
    pub(crate) account: Arc<str>,
    pub(crate) id: DeliveryId,
    pub(crate) received_at: i64,
    pub(crate) is_unread: bool,
    /// Tracking number and courier of each parcel in the body.
    pub(crate) names: Vec<(String, String)>,
    /// A copy, since a small `Bytes` can be part of a much larger buffer. `None` if all its parcels
    /// were forgotten.
    pub(crate) body: Option<Vec<u8>>,
    /// The memory that it took on arrival, in bytes.
    size: usize,
}

impl Entry {
    fn new(account: &Arc<str>, id: DeliveryId, bytes: &[u8]) -> Self {
        let parcels = body::parcels(bytes).unwrap_or_default();
        let names: Vec<_> = parcels.iter().map(body::name).collect();
        let texts = names
            .iter()
            .map(|(number, courier)| number.len() + courier.len());
        let size = bytes.len() + size_of_val(&*names) + texts.sum::<usize>();
        Self {
            account: Arc::clone(account),
            id,
            received_at: wall_clock(),
            is_unread: parcels.is_empty(),
            names,
            body: Some(bytes.to_vec()),
            size,
        }
    }

    /// The names as JSON: `[[tracking number, courier], …]`.
    pub(crate) fn parcels(&self) -> String {
        json!(self.names).to_string()
    }
}

/// Why a delivery was not stored, for the log.
type Cause = Arc<dyn std::error::Error + Send + Sync>;

impl<DB: Engine> Inbox<DB> {
    /// Stores a delivery, and returns when it is durable: it survives kill -9 and, if the disk does
    /// not lie about syncing, a power cut. Answer 2xx then.
    ///
    /// A body that is not an event is stored too, as [unread](Self::unread). If the future is
    /// dropped before it ends, the delivery may be stored or not.
    ///
    /// In SQLite, do not call it while the same task holds a transaction of
    /// [`Job::begin`](crate::Job::begin): it would wait for that transaction until the deadline.
    ///
    /// # Errors
    ///
    /// [`NotStored`](ErrorKind::NotStored), whose status is 503, when the database fails, when the
    /// deadline passes, when the queue is full, and when the inbox is closed. TrackingMore sends
    /// the delivery again. If the database stored it after all and only its answer was lost, the
    /// retry is a duplicate. The cause is logged.
    ///
    /// # Examples
    ///
    #[cfg_attr(feature = "sqlite", doc = "```")]
    #[cfg_attr(not(feature = "sqlite"), doc = "```ignore")]
    /// use axum::{extract::State, http::StatusCode};
    /// use trackingmore_webhook_axum::{RawWebhook, WebhookRejection};
    /// use trackingmore_webhook_inbox::SqliteInbox;
    ///
    /// async fn receive(
    ///     State(inbox): State<SqliteInbox>,
    ///     RawWebhook(body): RawWebhook,
    /// ) -> Result<StatusCode, WebhookRejection> {
    ///     inbox.accept(&body).await?;
    ///     Ok(StatusCode::NO_CONTENT)
    /// }
    /// ```
    pub async fn accept(&self, body: &VerifiedBody) -> Result<Accepted, Error> {
        self.store(body.id(), body.bytes()).await
    }

    /// Stores a state of a parcel that you read from TrackingMore's API, such as in a nightly poll
    /// beside the webhooks. It is handled like a delivery, by the same handler.
    ///
    /// [`Job::body`](crate::Job::body) is the state as JSON, and [`Job::id`](crate::Job::id) its
    /// SHA-256.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub async fn record(&self, tracking: &Tracking) -> Result<Accepted, Error> {
        let bytes = serde_json::to_vec(tracking).map_err(|_| ErrorKind::NotStored)?;
        let id = body::id(&bytes).ok_or(ErrorKind::NotStored)?;
        self.store(id, &bytes).await
    }

    async fn store(&self, id: DeliveryId, bytes: &[u8]) -> Result<Accepted, Error> {
        let entry = Entry::new(self.account_name(), id, bytes);
        let unread = entry.is_unread;
        match enqueue(self.shared(), entry).await {
            Ok(true) if unread => {
                tracing::warn!(delivery = %id, "a delivery that is not an event is kept unread");
                metric::delivery("unread");
                Ok(Accepted::New)
            }
            Ok(true) => {
                metric::delivery("new");
                Ok(Accepted::New)
            }
            Ok(false) => {
                metric::delivery("duplicate");
                Ok(Accepted::Duplicate)
            }
            Err(cause) => {
                let cause = chain(&*cause);
                tracing::error!(delivery = %id, cause, "a delivery could not be stored");
                metric::delivery("not_stored");
                Err(ErrorKind::NotStored.into())
            }
        }
    }
}

async fn enqueue<DB: Engine>(shared: &Arc<Shared<DB>>, entry: Entry) -> Result<bool, Cause> {
    let (answer, mut answered) = oneshot::channel();
    let mut left = pin!(shared.queue.left.notified());
    left.as_mut().enable();
    let mut must_write = shared.queue.push(entry, answer)?;
    let answered = async {
        loop {
            if must_write {
                let writing = Writing::of(&shared.queue);
                tokio::spawn(write(Arc::clone(shared), writing));
            }
            tokio::select! {
                answer = &mut answered => return answer,
                () = &mut left => {
                    left.set(shared.queue.left.notified());
                    left.as_mut().enable();
                    must_write = shared.queue.takes_over();
                }
            }
        }
    };
    match timeout(shared.options.accept_deadline, answered).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(cause("the runtime that was writing it has ended")),
        Err(_) => Err(cause("the deadline has passed")),
    }
}

/// Writes batches until the queue is empty.
async fn write<DB: Engine>(shared: Arc<Shared<DB>>, mut writing: Writing) {
    loop {
        // Callers that are about to add a delivery get into this batch.
        tokio::task::yield_now().await;
        if writing.ends() {
            return;
        }
        let began = Instant::now();
        match DB::appender(&shared.base).await {
            Ok(appender) => write_batch(&shared, appender).await,
            // What came later has waited for less than its deadline.
            Err(error) => shared.queue.fail(began, &cause(error)),
        }
    }
}

async fn write_batch<DB: Engine>(shared: &Arc<Shared<DB>>, appender: DB::Appender) {
    let mut batch = shared.queue.take();
    if batch.entries.is_empty() {
        return;
    }
    match append::<DB>(shared, appender, &mut batch.entries).await {
        Ok(new) => {
            batch.answer(new.into_iter().map(Ok));
            shared.wake.all();
        }
        Err(Some(error)) if DB::is_about_data(&error) => {
            let mut answers = Vec::with_capacity(batch.entries.len());
            for entry in &mut batch.entries {
                answers.push(append_one::<DB>(shared, entry).await);
            }
            batch.answer(answers);
            shared.wake.all();
        }
        Err(error) => {
            let cause = match error {
                Some(error) => cause(error),
                None => cause("the database did not answer in time"),
            };
            let count = batch.entries.len();
            batch.answer((0..count).map(|_| Err(Arc::clone(&cause))));
        }
    }
}

async fn append_one<DB: Engine>(shared: &Shared<DB>, entry: &mut Entry) -> Result<bool, Cause> {
    let appender = DB::appender(&shared.base).await.map_err(cause)?;
    match append::<DB>(shared, appender, slice::from_mut(entry)).await {
        Ok(new) => Ok(new.contains(&true)),
        Err(Some(error)) => Err(cause(error)),
        Err(None) => Err(cause("the database did not answer in time")),
    }
}

/// Returns `Err(None)` if the database does not answer in time.
async fn append<DB: Engine>(
    shared: &Shared<DB>,
    mut appender: DB::Appender,
    entries: &mut [Entry],
) -> Result<Vec<bool>, Option<sqlx::Error>> {
    let appending = async {
        leave_out_forgotten::<DB>(DB::connection(&mut appender), entries).await?;
        DB::append(appender, entries).await
    };
    match timeout(shared.options.accept_deadline, appending).await {
        Ok(result) => result.map_err(Some),
        Err(_) => Err(None),
    }
}

/// Removes what is about forgotten parcels before it is stored.
async fn leave_out_forgotten<DB: Engine>(
    connection: &mut DB::Connection,
    entries: &mut [Entry],
) -> Result<(), sqlx::Error> {
    let keys = entries.iter().flat_map(|entry| {
        let names = entry.names.iter();
        names.map(|(number, _)| body::forgotten_key(&entry.account, number))
    });
    let forgotten = forget::forgotten::<DB>(connection, keys.collect()).await?;
    if forgotten.is_empty() {
        return Ok(());
    }
    for entry in entries {
        let forgotten = |number: &str| {
            let key = body::forgotten_key(&entry.account, number);
            forgotten.contains(&key)
        };
        forget::leave_out_of(&mut entry.names, &mut entry.body, forgotten);
    }
    Ok(())
}

fn cause(error: impl Into<crate::BoxError>) -> Cause {
    Arc::from(error.into())
}
