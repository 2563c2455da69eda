use std::{fmt, sync::Arc};

use sqlx::Pool;

use crate::{
    BoxError, Done, Engine, InboxOptions, Job, Worker, accept::Queue, body, metric, run::Handling,
    store::Store, wake::Wake,
};

/// Stores deliveries in your own database before you answer 2xx, and hands them to a handler.
///
/// Open it once in a process, with `SqliteInbox::open` or `PgInbox::connect`. Clones are cheap and
/// share the same inbox.
pub struct Inbox<DB: Engine> {
    shared: Arc<Shared<DB>>,
    account: Arc<str>,
}

/// What all clones of an inbox share.
pub(crate) struct Shared<DB: Store> {
    pub(crate) base: DB::Base,
    pub(crate) options: InboxOptions,
    pub(crate) queue: Arc<Queue>,
    pub(crate) wake: Wake,
}

impl<DB: Engine> Inbox<DB> {
    pub(crate) fn over(base: DB::Base, options: InboxOptions) -> Self {
        metric::describe();
        let shared = Arc::new(Shared {
            base,
            queue: Arc::new(Queue::new(&options)),
            options,
            wake: Wake::default(),
        });
        Self {
            shared,
            account: Arc::from(""),
        }
    }

    /// Returns a handle on the same inbox for one of your accounts at TrackingMore, if you have
    /// several. Its deliveries and parcels are kept apart from those of other accounts. The default
    /// account has the empty name.
    ///
    /// [`accept`](Self::accept), [`record`](Self::record), [`history`](Self::history),
    /// [`body`](Self::body), [`forget`](Self::forget) and [`retry`](Self::retry) concern this
    /// account. Everything else concerns the whole inbox: a worker handles every account, and
    /// [`Job::account`] returns which.
    ///
    /// A name of more than 200 bytes is stored as its SHA-256.
    #[must_use]
    pub fn account(&self, name: &str) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            account: body::key(name).into(),
        }
    }

    /// Returns a worker that calls `handle` for each parcel with news. It does nothing until it is
    /// [run](Worker::run_until).
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

    /// As [`worker`](Self::worker), for a handler that needs shared state: each call gets a clone of
    /// `state`.
    pub fn worker_with<S, H, F>(&self, state: S, handle: H) -> Worker<DB>
    where
        S: Clone + Send + Sync + 'static,
        H: Fn(S, Job<DB>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Done, BoxError>> + Send + 'static,
    {
        self.worker(move |job| handle(state.clone(), job))
    }

    /// Returns the connection pool that your own queries on the inbox's database can use.
    ///
    /// In SQLite, write in a transaction of [`Job::begin`] or of `begin_with("BEGIN IMMEDIATE")`. A
    /// plain `begin` fails if another connection writes first.
    #[must_use]
    pub fn pool(&self) -> &Pool<DB> {
        DB::pool(&self.shared.base)
    }

    /// Stores what is being accepted, and closes all connections to the database, including those of
    /// a pool that the inbox was opened with. Workers end, and every later call is an error.
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
