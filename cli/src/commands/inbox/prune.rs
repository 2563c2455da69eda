use std::time::Duration;

use clap::Args;
use serde_json::json;
use trackingmore_webhook_inbox::{Engine, Inbox, InboxOptions};

use super::{count, failed};
use crate::{duration, failure::Failure, output::Output};

/// Erase what has been kept long enough, for all accounts.
///
/// A worker does this by itself, once a minute. The database does not know how long your program
/// keeps things: if it does not use the defaults, give the same times here, or this erases more.
#[derive(Args)]
#[command(after_help = "\
Examples:
  trackingmore-webhook inbox prune --database sqlite:deliveries.db
  trackingmore-webhook inbox prune --keep-bodies 7d --database sqlite:deliveries.db")]
pub(super) struct Prune {
    /// How long bodies of handled deliveries are kept
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = duration::parse,
          allow_hyphen_values = true)]
    keep_bodies: Duration,
    /// How long ids of deliveries are kept; at least 30d
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = duration::parse,
          allow_hyphen_values = true)]
    keep_ids: Duration,
    /// How long parcels are kept after their last delivery
    #[arg(long, value_name = "TIME", default_value = "365d", value_parser = duration::parse,
          allow_hyphen_values = true)]
    keep_parcels: Duration,
}

impl Prune {
    pub(super) fn options(&self) -> InboxOptions {
        InboxOptions::new()
            .keep_bodies(self.keep_bodies)
            .keep_ids(self.keep_ids)
            .keep_parcels(self.keep_parcels)
    }

    pub(super) async fn run<DB: Engine>(
        self,
        inbox: &Inbox<DB>,
        output: Output,
    ) -> Result<(), Failure> {
        let pruned = inbox.prune().await.map_err(failed)?;
        let record = json!({
            "event": "prune",
            "bodies": pruned.bodies,
            "deliveries": pruned.deliveries,
            "parcels": pruned.parcels,
        });
        let text = format!(
            "erased {}, {} and {}",
            count(pruned.bodies, "body", "bodies"),
            count(pruned.deliveries, "delivery", "deliveries"),
            count(pruned.parcels, "parcel", "parcels"),
        );
        output.line(text, &record)
    }
}
