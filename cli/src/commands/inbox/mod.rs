//! Looks after an inbox: a file a subcommand.

mod database;
mod forget;
mod list;
mod prune;
mod reread;
mod retry;
mod show;
mod stats;

use std::{error::Error as _, process::ExitCode, time::SystemTime};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use trackingmore_webhook_inbox::{self as library, Engine, InboxError, InboxErrorKind};

use self::database::Database;
use crate::{
    failure::Failure,
    output::{Foreign, Output},
};

/// Manage an inbox: what waits, what is dead, what is stored about a parcel.
///
/// It can run while your program runs, and handles no delivery itself. Only `show` prints
/// customers' data.
///
/// Exit code: 0 if it succeeded, 1 if it failed or there is no such parcel, 2 if the command line
/// is wrong or the database has no inbox.
#[derive(Args)]
#[command(after_help = "\
Examples:
  trackingmore-webhook inbox stats --database sqlite:deliveries.db
  trackingmore-webhook inbox list --database postgres://shop@localhost/shop
  trackingmore-webhook inbox show RB550418207HK --database sqlite:deliveries.db
  trackingmore-webhook inbox retry --all-dead --database sqlite:deliveries.db")]
pub(crate) struct Inbox {
    #[command(subcommand)]
    care: Care,
    /// Where the inbox is: sqlite:FILE or postgres://USER@HOST/NAME. Give the password in
    /// PGPASSWORD or ~/.pgpass: other users of the machine could read it here
    #[arg(long, value_name = "URL", global = true)]
    database: Option<String>,
    #[command(flatten)]
    output: Output,
}

#[derive(Subcommand)]
enum Care {
    Stats(stats::Stats),
    List(list::List),
    Show(show::Show),
    Retry(retry::Retry),
    Reread(reread::Reread),
    Forget(forget::Forget),
    Prune(prune::Prune),
}

#[derive(Args)]
struct Account {
    /// The account that the parcel belongs to, if your program gives them names
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    account: String,
}

impl Inbox {
    pub(crate) async fn run(self) -> Result<ExitCode, Failure> {
        let options = match &self.care {
            Care::Prune(prune) => prune.options(),
            _ => library::InboxOptions::new(),
        };
        match Database::parse(self.database.as_deref())? {
            Database::Sqlite(path) => {
                let inbox = database::open_sqlite(&path, options).await?;
                self.care.run(inbox, self.output).await
            }
            Database::Postgres(url) => {
                let inbox = database::open_postgres(&url, options).await?;
                self.care.run(inbox, self.output).await
            }
        }
    }
}

impl Care {
    async fn run<DB: Engine>(
        self,
        inbox: library::Inbox<DB>,
        output: Output,
    ) -> Result<ExitCode, Failure> {
        let ended = match self {
            Self::Stats(stats) => stats.run(&inbox, output).await,
            Self::List(list) => list.run(&inbox, output).await,
            Self::Show(show) => show.run(&inbox, output).await,
            Self::Retry(retry) => retry.run(&inbox, output).await,
            Self::Reread(reread) => reread.run(&inbox, output).await,
            Self::Forget(forget) => forget.run(&inbox, output).await,
            Self::Prune(prune) => prune.run(&inbox, output).await,
        };
        inbox.close().await;
        ended.map(|()| ExitCode::SUCCESS)
    }
}

impl Account {
    fn of<DB: Engine>(&self, inbox: &library::Inbox<DB>) -> library::Inbox<DB> {
        inbox.account(&self.account)
    }

    /// Says where a parcel is not.
    fn no_such(&self, what: &str, number: &str) -> Failure {
        let number = Foreign(number);
        Failure::failed(match self.account.as_str() {
            "" => format!("{what} {number}; give --account if it belongs to one"),
            account => format!("{what} {number} in the account {}", Foreign(account)),
        })
    }
}

/// Says why an inbox failed, in a line.
fn failed(error: InboxError) -> Failure {
    let what = match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    let what = Foreign(&what);
    match error.kind() {
        InboxErrorKind::InvalidOptions => Failure::usage(what),
        _ => Failure::failed(what),
    }
}

fn time(at: SystemTime) -> Result<Timestamp, Failure> {
    Timestamp::try_from(at).map_err(Failure::failed)
}

/// How many there are of something, in words.
fn count(count: u64, one: &str, more: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {more}"),
    }
}
