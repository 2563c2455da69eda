//! The two databases. What differs between them is how they are opened and locked, and the text of
//! their statements; everything else is written once, in the other modules.

#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod dialect;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statements;
mod value;

use std::{collections::HashSet, fmt, future::Future, io, time::Duration};

use sqlx::{Database, Pool, Transaction, pool::PoolConnection};
use tokio::time::timeout;

pub(crate) use self::{
    statements::Statements,
    value::{Arg, Record, millis},
};
use crate::accept::Entry;

/// How long a worker waits for an answer. A server that is out of reach does not even report that a
/// statement takes too long.
const SILENCE: Duration = Duration::from_secs(15);

/// A database that can hold an [`Inbox`](crate::Inbox): `sqlx::Sqlite` with the feature `sqlite`,
/// `sqlx::Postgres` with the feature `postgres`.
///
/// No other type can implement it. It is public so that you can name it in a bound.
pub trait Engine: Store {}

/// What an inbox needs of a database.
pub trait Store: Database + Sized {
    /// An open database: its pools, each for one purpose.
    type Base: Send + Sync + 'static;
    /// What [`append`](Self::append) writes with.
    type Appender: Send;

    /// Whether only one process can run a worker, so that the jobs that are running when it starts
    /// belong to a process that died.
    const ONE_WORKER: bool;

    /// The statements in this database's dialect.
    fn sql() -> &'static Statements;

    /// The pool for the user's own queries.
    fn pool(base: &Self::Base) -> &Pool<Self>;

    /// The pool for what a worker reads.
    fn reader(base: &Self::Base) -> &Pool<Self>;

    /// Closes all connections.
    fn close(base: &Self::Base) -> impl Future<Output = ()> + Send;

    /// Waits until deliveries can be appended.
    fn appender(
        base: &Self::Base,
    ) -> impl Future<Output = Result<Self::Appender, sqlx::Error>> + Send;

    /// The connection that it appends with.
    fn connection(appender: &mut Self::Appender) -> &mut Self::Connection;

    /// Appends deliveries in one durable commit. Returns which of them are new.
    fn append(
        appender: Self::Appender,
        entries: &[Entry],
    ) -> impl Future<Output = Result<Vec<bool>, sqlx::Error>> + Send;

    /// Returns whether one of the deliveries made [`append`](Self::append) fail.
    fn is_about_data(error: &sqlx::Error) -> bool;

    /// Begins a transaction that can write.
    fn begin(
        base: &Self::Base,
        purpose: Purpose,
    ) -> impl Future<Output = Result<Tx<Self>, sqlx::Error>> + Send;

    /// Runs a statement with its arguments, which are numbered from `$1`.
    fn run(
        connection: &mut Self::Connection,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> impl Future<Output = Result<Vec<Record>, sqlx::Error>> + Send;

    /// Runs several statements that take no arguments.
    fn run_script(
        connection: &mut Self::Connection,
        script: &'static str,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Makes sure that only one process works, if the database cannot have several.
    fn work(base: &Self::Base) -> Result<impl Send + 'static, crate::InboxError>;

    /// Makes sure that erased content cannot be read from the disk.
    fn scrub(base: &Self::Base) -> impl Future<Output = Result<(), crate::InboxError>> + Send;
}

/// What a transaction is for. Each purpose has connections of its own, so that none starves
/// another.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// The user's effect.
    Effect,
    /// Routing, claiming and marking. A crash of the machine may undo it, which only repeats work.
    Work,
    /// Renewing the leases of running jobs.
    Renew,
    /// What the user calls, which must survive a crash of the machine.
    Care,
}

/// A transaction, with the turn to write if it needs one.
pub struct Tx<DB: Database> {
    pub(crate) transaction: Transaction<'static, DB>,
    /// Released after the transaction, since fields are dropped in order.
    pub(crate) turn: Option<PoolConnection<DB>>,
}

impl<DB: Store> Tx<DB> {
    pub(crate) async fn run(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<Record>, sqlx::Error> {
        answered(DB::run(&mut self.transaction, sql, args)).await
    }

    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        answered(self.transaction.commit()).await
    }
}

/// Runs a statement that only reads, for a worker.
pub(crate) async fn read<DB: Store>(
    base: &DB::Base,
    sql: &'static str,
    args: Vec<Arg>,
) -> Result<Vec<Record>, sqlx::Error> {
    let mut connection = DB::reader(base).acquire().await?;
    answered(DB::run(&mut connection, sql, args)).await
}

/// Turns a long silence into an error.
pub(crate) async fn answered<T>(
    asking: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match timeout(SILENCE, asking).await {
        Ok(answer) => answer,
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
    }
}

/// The deliveries that a database has added.
#[derive(Default)]
struct New(HashSet<(String, Vec<u8>)>);

impl New {
    fn add(&mut self, account: String, id: Vec<u8>) {
        self.0.insert((account, id));
    }

    /// Returns which entries were added. Of several equal ones, it is the first.
    fn among(mut self, entries: &[Entry]) -> Vec<bool> {
        let keys = entries
            .iter()
            .map(|entry| (entry.account.to_string(), entry.id.as_bytes().to_vec()));
        keys.map(|key| self.0.remove(&key)).collect()
    }
}

impl<DB: Database> fmt::Debug for Tx<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tx")
    }
}
