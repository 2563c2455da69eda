use clap::{Args, builder::NonEmptyStringValueParser};
use serde_json::json;
use trackingmore_webhook_inbox::{Engine, Inbox};

use super::{Account, count, failed};
use crate::{failure::Failure, output::Output};

/// Put dead parcels back into the queue, with all their attempts.
#[derive(Args)]
#[group(required = true, multiple = false, args = ["number", "all_dead"])]
#[command(after_help = "\
Examples:
  trackingmore-webhook inbox retry RB550418207HK --database sqlite:deliveries.db
  trackingmore-webhook inbox retry --all-dead --database sqlite:deliveries.db")]
pub(super) struct Retry {
    /// The tracking number
    #[arg(value_name = "NUMBER", value_parser = NonEmptyStringValueParser::new())]
    number: Option<String>,
    /// Retry all dead parcels, of every account
    #[arg(long, conflicts_with = "account")]
    all_dead: bool,
    #[command(flatten)]
    account: Account,
}

impl Retry {
    pub(super) async fn run<DB: Engine>(
        self,
        inbox: &Inbox<DB>,
        output: Output,
    ) -> Result<(), Failure> {
        let parcels = match &self.number {
            Some(number) => match self.account.of(inbox).retry(number).await {
                Ok(0) => return Err(self.account.no_such("there is no dead parcel", number)),
                retried => retried,
            },
            None => inbox.retry_dead().await,
        };
        let parcels = parcels.map_err(failed)?;
        let text = count(parcels, "parcel waits again", "parcels wait again");
        output.line(text, &json!({"event": "retry", "parcels": parcels}))
    }
}
