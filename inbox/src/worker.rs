use std::{
    fmt,
    future::ready,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    mem,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use tokio::{sync::watch, task::JoinSet, time::sleep};

use crate::{
    Engine, InboxError, InboxErrorKind, claim,
    inbox::Shared,
    lease::{self, Held, Orphans},
    metric, retention,
    routing::Walk,
    run::{self, Handler, Runner},
    store::{Purpose, Tx},
};

/// Calls a handler for each parcel with news. Made by [`Inbox::worker`](crate::Inbox::worker).
#[must_use = "a worker does nothing until it is run"]
pub struct Worker<DB: Engine> {
    shared: Arc<Shared<DB>>,
    handler: Handler<DB>,
    settings: Settings,
}

/// The settings of a worker.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) concurrency: usize,
    pub(crate) lease: Duration,
    pub(crate) timeout: Duration,
    pub(crate) grace: Duration,
    pub(crate) poll: Duration,
    pub(crate) max_attempts: u32,
    first_delay: Duration,
    most_delay: Duration,
}

impl<DB: Engine> Worker<DB> {
    pub(crate) fn new(shared: Arc<Shared<DB>>, handler: Handler<DB>) -> Self {
        let settings = Settings {
            concurrency: 8,
            lease: Duration::from_secs(60),
            timeout: Duration::from_secs(10 * 60),
            grace: Duration::from_secs(30),
            poll: Duration::from_secs(1),
            max_attempts: 20,
            first_delay: Duration::from_secs(2),
            most_delay: Duration::from_secs(3 * 60 * 60),
        };
        Self {
            shared,
            handler,
            settings,
        }
    }

    /// Sets how many parcels are handled at once; 8 by default.
    pub fn concurrency(mut self, jobs: usize) -> Self {
        self.settings.concurrency = jobs;
        self
    }

    /// Sets how long a claimed job is reserved for this worker; 60 seconds by default. The lease is
    /// renewed at a third of this time while the handler runs. If the worker's process dies, the
    /// job is free when its lease ends.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.settings.lease = lease;
        self
    }

    /// Sets how long a handler may run before it is aborted and its transaction rolled back; 10
    /// minutes by default. A handler can be aborted only where it awaits something.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// Sets how long running handlers may go on after the worker is stopped; 30 seconds by default.
    /// After that, they are aborted and their jobs are released.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.settings.grace = grace;
        self
    }

    /// Sets how often the worker polls for deliveries that other processes accepted and for retries
    /// that are due; once a second by default. What this process accepts is handled at once.
    pub fn poll(mut self, poll: Duration) -> Self {
        self.settings.poll = poll;
        self
    }

    /// Sets how many attempts a job has before it is dead; 20 by default, which take about a day.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.settings.max_attempts = attempts;
        self
    }

    /// Sets the delays of retries: `first` after the first attempt, doubled after each further one,
    /// up to `most`; 2 seconds and 3 hours by default. Each delay is changed at random by up to a
    /// fifth.
    pub fn retry_delays(mut self, first: Duration, most: Duration) -> Self {
        self.settings.first_delay = first;
        self.settings.most_delay = most;
        self
    }

    /// Works until the inbox is [closed](crate::Inbox::close).
    ///
    /// # Errors
    ///
    /// As [`run_until`](Self::run_until).
    pub async fn run(self) -> Result<(), InboxError> {
        self.run_until(std::future::pending()).await
    }

    /// Works until `stop` is ready, or the inbox is [closed](crate::Inbox::close). Then it claims no
    /// more jobs, lets the running ones end within the grace period, and releases the rest at once.
    ///
    /// Failures of the database are logged and retried.
    ///
    /// # Errors
    ///
    /// [`WorkerRunning`](InboxErrorKind::WorkerRunning) in SQLite, if another worker is running, and
    /// [`InvalidOptions`](InboxErrorKind::InvalidOptions).
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), InboxError> {
        self.settings.check()?;
        let _only_one = DB::work(&self.shared.base)?;
        let (stopping, is_stopping) = watch::channel(false);
        let (cut, is_cut) = watch::channel(false);
        let runner = Arc::new(Runner {
            shared: self.shared,
            handler: self.handler,
            settings: self.settings,
            held: Held::default(),
            cut: is_cut,
        });
        let mut shift = Shift::new(Arc::clone(&runner));
        let settings = &runner.settings;
        let keeping = lease::keep(
            Arc::clone(&runner.shared),
            runner.held.clone(),
            settings.lease,
        );
        let pruning = retention::keep_pruning(Arc::clone(&runner.shared));
        let working = async {
            shift.work(is_stopping).await;
            shift.end().await;
        };
        let ending = async {
            let closed = DB::pool(&runner.shared.base).close_event();
            tokio::select! {
                () = stop => {}
                () = closed => {}
            }
            stopping.send_replace(true);
            sleep(settings.grace).await;
            cut.send_replace(true);
            // Handlers stop and their jobs are released meanwhile. Do not wait longer, since the
            // database may have fallen silent.
            sleep(2 * run::LETTING_GO).await;
        };
        tokio::select! {
            biased;
            () = ending => {}
            () = working => {}
            () = keeping => {}
            () = pruning => {}
            () = metric::keep_measuring(Arc::clone(&runner.shared)) => {}
        }
        Ok(())
    }
}

impl<DB: Engine> fmt::Debug for Worker<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Settings {
    fn check(&self) -> Result<(), InboxError> {
        let wrong = if self.concurrency == 0 {
            "the concurrency is 0, so nothing would be handled: set at least 1"
        } else if self.max_attempts == 0 {
            "max_attempts is 0, so nothing would be tried: set at least 1"
        } else if self.lease < Duration::from_millis(100) {
            "the lease is too short to be renewed in time: set at least 100 ms"
        } else if self.poll.is_zero() {
            "the poll interval is 0, which would keep the database busy: set at least some milliseconds"
        } else {
            return Ok(());
        };
        Err(InboxError::with_detail(
            InboxErrorKind::InvalidOptions,
            wrong,
        ))
    }

    /// The delay after this attempt.
    pub(crate) fn delay(&self, attempt: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let delay = self.first_delay.saturating_mul(doubled);
        let random = RandomState::new().build_hasher().finish() % 401;
        // From 80 to 120 percent.
        let thousandths = 800 + u32::try_from(random).unwrap_or_default();
        (delay.min(self.most_delay) / 1_000).saturating_mul(thousandths)
    }

    pub(crate) fn longest_delay(&self) -> Duration {
        (self.most_delay / 1_000).saturating_mul(1_200)
    }
}

/// The loop of a worker, and what it knows about the work that is left.
struct Shift<DB: Engine> {
    runner: Arc<Runner<DB>>,
    running: JoinSet<()>,
    /// Which jobs of dead processes to look for, if any.
    orphans: Option<Orphans>,
    /// Some deliveries may not be routed.
    may_route: bool,
    /// The routing that is in progress.
    walk: Option<Walk>,
    /// Some deliveries could not be routed because their parcel is locked.
    left_unrouted: bool,
    /// Some parcels may be due.
    may_claim: bool,
    /// Some parcels that must run alone may be due.
    may_run_alone: bool,
    /// The running job must be alone.
    is_alone: bool,
}

impl<DB: Engine> Shift<DB> {
    fn new(runner: Arc<Runner<DB>>) -> Self {
        Self {
            runner,
            running: JoinSet::new(),
            orphans: Some(if DB::ONE_WORKER {
                Orphans::All
            } else {
                Orphans::Expired
            }),
            may_route: true,
            walk: None,
            left_unrouted: false,
            may_claim: true,
            may_run_alone: true,
            is_alone: false,
        }
    }

    /// Works until it is stopped.
    async fn work(&mut self, mut is_stopping: watch::Receiver<bool>) {
        let mut stop = pin!(is_stopping.wait_for(|stop| *stop));
        let poll = self.runner.settings.poll;
        let mut wake = self.runner.shared.wake.listen();
        let mut next_look = pin!(sleep(poll));
        loop {
            // A stop may interrupt this, since it claims nothing.
            let prepared = tokio::select! {
                biased;
                _ = &mut stop => return,
                prepared = self.prepare() => prepared,
            };
            let started = match prepared {
                Ok(Some(tx)) => self.start(tx).await,
                Ok(None) => Ok(false),
                Err(error) => Err(error),
            };
            match started {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(%error, "the worker cannot reach its work, and tries again");
                    tokio::select! {
                        _ = &mut stop => return,
                        () = sleep(poll) => self.look_around(),
                    }
                }
            }
            tokio::select! {
                biased;
                _ = &mut stop => return,
                Some(_) = self.running.join_next() => self.one_ended(),
                _ = wake.changed() => self.woken(),
                () = &mut next_look => {
                    next_look.set(sleep(poll));
                    self.look_around();
                }
                () = ready(()), if self.walk.is_some() => {}
            }
        }
    }

    /// Waits for the running jobs.
    async fn end(&mut self) {
        while self.running.join_next().await.is_some() {}
    }

    /// Does what comes before a claim. Begins its transaction if there may be something to claim.
    async fn prepare(&mut self) -> Result<Option<Tx<DB>>, sqlx::Error> {
        let Runner {
            shared,
            settings,
            held,
            ..
        } = &*self.runner;
        if let Some(orphans) = self.orphans {
            lease::free(shared, held, settings, orphans).await?;
            self.orphans = None;
        }
        if self.walk.is_none() && mem::take(&mut self.may_route) {
            self.walk = Some(Walk::default());
        }
        if let Some(mut walk) = self.walk.take() {
            self.may_claim = true;
            if walk.on(shared).await? {
                self.walk = Some(walk);
            } else {
                self.left_unrouted = walk.has_left_some();
            }
        }
        if self.room() == 0 {
            return Ok(None);
        }
        if self.may_run_alone {
            self.may_run_alone = claim::is_any_alone(shared).await?;
        }
        let begins = if self.may_run_alone {
            self.running.is_empty()
        } else {
            self.may_claim
        };
        if !begins {
            return Ok(None);
        }
        DB::begin(&shared.base, Purpose::Work).await.map(Some)
    }

    /// Claims as many jobs as can start now, and starts them. Returns whether to look again at
    /// once.
    async fn start(&mut self, tx: Tx<DB>) -> Result<bool, sqlx::Error> {
        let alone = self.may_run_alone;
        let most = if alone { 1 } else { self.room() };
        let claimed = claim::claim(tx, most, alone, self.runner.settings.lease).await?;
        if alone {
            // If another process was quicker, the other jobs are next.
            self.is_alone = !claimed.is_empty();
            self.may_run_alone = false;
        } else {
            self.may_claim = claimed.len() == most;
        }
        let started = alone || !claimed.is_empty();
        for claimed in claimed {
            let runner = Arc::clone(&self.runner);
            self.running.spawn(runner.run(claimed));
        }
        Ok(started)
    }

    fn room(&self) -> usize {
        if self.is_alone {
            return 0;
        }
        let most = self.runner.settings.concurrency;
        most.saturating_sub(self.running.len())
    }

    fn one_ended(&mut self) {
        while self.running.try_join_next().is_some() {}
        if self.left_unrouted {
            self.woken();
        }
        if self.is_alone {
            self.is_alone = false;
            self.look_around();
        }
    }

    fn woken(&mut self) {
        self.may_route = true;
        self.may_claim = true;
    }

    fn look_around(&mut self) {
        self.woken();
        self.may_run_alone = true;
        self.orphans.get_or_insert(Orphans::Expired);
    }
}
