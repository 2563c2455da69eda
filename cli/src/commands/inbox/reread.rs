use clap::Args;
use serde_json::json;
use trackingmore_webhook_inbox::{Engine, Inbox};

use super::failed;
use crate::{failure::Failure, output::Output};

/// Try again to read the unread deliveries of every account, after an update.
///
/// What can be read now is handled as if it had just arrived.
#[derive(Args)]
#[command(after_help = "\
Example:
  trackingmore-webhook inbox reread --database sqlite:deliveries.db")]
pub(super) struct Reread {}

impl Reread {
    pub(super) async fn run<DB: Engine>(
        self,
        inbox: &Inbox<DB>,
        output: Output,
    ) -> Result<(), Failure> {
        let read = inbox.reread().await.map_err(failed)?;
        let unread = inbox.stats().await.map_err(failed)?.unread;
        let record = json!({"event": "reread", "read": read, "unread": unread});
        output.line(format_args!("{read} read, {unread} still unread"), &record)
    }
}
