use clap::Args;
use serde::Serialize;
use trackingmore_webhook_inbox::{Engine, Inbox};

use super::failed;
use crate::{failure::Failure, output::Output};

/// Try to read the unread deliveries again, of every account: after an update.
///
/// What can be read now is handled as if it had just arrived.
#[derive(Args)]
#[command(after_help = "\
Example:
  trackingmore-webhook inbox reread --database sqlite:deliveries.db")]
pub(super) struct Reread {}

#[derive(Serialize)]
struct Record {
    event: &'static str,
    read: u64,
    unread: u64,
}

impl Reread {
    pub(super) async fn run<DB: Engine>(
        self,
        inbox: &Inbox<DB>,
        output: Output,
    ) -> Result<(), Failure> {
        let record = Record {
            event: "reread",
            read: inbox.reread().await.map_err(failed)?,
            unread: inbox.stats().await.map_err(failed)?.unread,
        };
        let text = format_args!("{} read, {} still unread", record.read, record.unread);
        output.line(text, &record)
    }
}
