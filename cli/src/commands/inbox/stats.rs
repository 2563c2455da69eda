use clap::Args;
use serde_json::json;
use trackingmore_webhook_inbox::{Engine, Inbox};

use super::failed;
use crate::{duration::Written, failure::Failure, output::Output};

/// Count what is in the inbox, for all accounts.
#[derive(Args)]
#[command(after_help = "\
Example:
  trackingmore-webhook inbox stats --database sqlite:deliveries.db")]
pub(super) struct Stats {}

impl Stats {
    pub(super) async fn run<DB: Engine>(
        self,
        inbox: &Inbox<DB>,
        output: Output,
    ) -> Result<(), Failure> {
        let stats = inbox.stats().await.map_err(failed)?;
        let oldest = match stats.oldest_pending {
            Some(age) => format!("  the oldest for {}", Written(age)),
            None => String::new(),
        };
        let text = format_args!(
            "pending  {}{oldest}\nrunning  {}\ndead     {}\nunread   {}\nstored   {}",
            stats.pending, stats.running, stats.dead, stats.unread, stats.stored
        );
        let record = json!({
            "event": "stats",
            "pending": stats.pending,
            "running": stats.running,
            "dead": stats.dead,
            "unread": stats.unread,
            "stored": stats.stored,
            "oldest_pending_seconds": stats.oldest_pending.map(|age| age.as_secs()),
        });
        output.line(text, &record)
    }
}
