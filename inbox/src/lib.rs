#![doc = include_str!("../README.md")]
// Without a database, nothing can be called from outside.
#![cfg_attr(not(any(feature = "sqlite", feature = "postgres")), allow(dead_code))]

mod accept;
mod body;
mod care;
mod claim;
mod error;
mod inbox;
mod job;
mod lease;
mod mark;
mod metric;
mod options;
mod retention;
mod routing;
mod run;
mod schema;
mod store;
mod time;
mod wake;
mod worker;

/// The version of sqlx whose pools and transactions the inbox uses.
pub use sqlx;

pub use self::{
    accept::Accepted,
    care::{DeadParcel, Forgotten, HistoryEntry, Outcome, Stats, UnreadDelivery},
    error::{BoxError, InboxError, InboxErrorKind},
    inbox::Inbox,
    job::{Done, Job},
    options::InboxOptions,
    retention::Pruned,
    store::Engine,
    worker::Worker,
};

/// An inbox in a SQLite file.
#[cfg(feature = "sqlite")]
pub type SqliteInbox = Inbox<sqlx::Sqlite>;

/// An inbox in a PostgreSQL database.
#[cfg(feature = "postgres")]
pub type PgInbox = Inbox<sqlx::Postgres>;
