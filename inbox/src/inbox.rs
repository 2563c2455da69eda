use std::{fmt, sync::Arc};

use sqlx::Pool;

use crate::{
    BoxError, Done, Engine, InboxOptions, Job, Worker, accept::Queue, body, metric, run::Handling,
    store::Store, wake::Wake,
};

/// Deliveries on their way from the answer 2xx to their effect, in the user's own database.
///
/// Cloning is cheap, and all clones are the same inbox. Open it once in a process:
/// `SqliteInbox::open`, `PgInbox::connect`.
pub struct Inbox<DB: Engine> {
    shared: Arc<Shared<DB>>,
    account: Arc<str>,
}

/// What all handles on an inbox share.
pub(crate) struct Shared<DB: Store> {
    pub(crate) base: DB::Base,
    pub(crate) options: InboxOptions,
    pub(crate) queue: Queue,
    pub(crate) wake: Wake,
}

impl<DB: Engine> Inbox<DB> {
    pub(crate) fn over(base: DB::Base, options: InboxOptions) -> Self {
        metric::describe();
        let shared = Arc::new(Shared {
            base,
            queue: Queue::new(&options),
            options,
            wake: Wake::default(),
        });
        Self {
            shared,
            account: Arc::from(""),
        }
    }

    /// Gives a handle on the same inbox for one account of yours at TrackingMore, where you have
    /// several. Its deliveries and parcels are kept apart from those of the others; the default is
    /// the empty name.
    ///
    /// It concerns [`accept`](Self::accept), [`record`](Self::record), [`history`](Self::history),
    /// [`forget`](Self::forget) and [`retry`](Self::retry). All else is about the whole inbox: a
    /// worker handles every account, and [`Job::account`] tells which.
    ///
    /// A name is kept as it is up to 200 bytes, and as its SHA-256 if it is longer.
    #[must_use]
    pub fn account(&self, name: &str) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            account: body::key(name).into(),
        }
    }

    /// Prepares a worker that calls `handle` for each parcel with news. Nothing happens until it
    /// is [run](Worker::run_until).
    ///
    /// A parcel's jobs are handled in order and one at a time, whatever the number of workers.
    ///
    /// # Examples
    ///
    #[cfg_attr(feature = "sqlite", doc = "```")]
    #[cfg_attr(not(feature = "sqlite"), doc = "```ignore")]
    /// # use trackingmore_webhook_inbox::{BoxError, SqliteInbox};
    /// # async fn example(inbox: SqliteInbox) -> Result<(), BoxError> {
    /// let worker = inbox.worker(async |job| Ok(job.done().await?));
    /// worker.concurrency(4).run().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn worker<H, F>(&self, handle: H) -> Worker<DB>
    where
        H: Fn(Job<DB>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Done, BoxError>> + Send + 'static,
    {
        let handle = Arc::new(move |job| -> Handling { Box::pin(handle(job)) });
        Worker::new(Arc::clone(&self.shared), handle)
    }

    /// As [`worker`](Self::worker), for a handler that needs something of yours: each call gets a
    /// clone of `state`.
    pub fn worker_with<S, H, F>(&self, state: S, handle: H) -> Worker<DB>
    where
        S: Clone + Send + Sync + 'static,
        H: Fn(S, Job<DB>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Done, BoxError>> + Send + 'static,
    {
        self.worker(move |job| handle(state.clone(), job))
    }

    /// Gives the pool of connections that your own queries on the inbox's database may use.
    ///
    /// In SQLite, write with [`Job::begin`] or with `begin_with("BEGIN IMMEDIATE")`: a plain
    /// `begin` fails when another connection writes before it does.
    #[must_use]
    pub fn pool(&self) -> &Pool<DB> {
        DB::pool(&self.shared.base)
    }

    /// Closes the connections to the database, after what has been accepted is stored; also those
    /// of a pool that the inbox was made of. Whoever waits for one, and every later call, gets an
    /// error.
    pub async fn close(&self) {
        self.shared.queue.close().await;
        DB::close(&self.shared.base).await;
    }

    pub(crate) fn shared(&self) -> &Arc<Shared<DB>> {
        &self.shared
    }

    pub(crate) fn account_name(&self) -> &Arc<str> {
        &self.account
    }
}

impl<DB: Engine> Clone for Inbox<DB> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            account: Arc::clone(&self.account),
        }
    }
}

impl<DB: Engine> fmt::Debug for Inbox<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}
