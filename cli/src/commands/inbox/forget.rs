use clap::{Args, builder::NonEmptyStringValueParser};
use serde_json::json;
use trackingmore_webhook_inbox::{Engine, Inbox};

use super::{Account, count, failed};
use crate::{failure::Failure, output::Output};

/// Erase what is stored about a parcel, without confirmation, and discard later deliveries.
///
/// Bodies, states and errors are erased, under every courier. Ids of deliveries stay, so that
/// repeats are still recognized. Forgetting an unknown number is not an error.
#[derive(Args)]
#[command(after_help = "\
Example:
  trackingmore-webhook inbox forget RB550418207HK --database sqlite:deliveries.db")]
pub(super) struct Forget {
    /// The tracking number
    #[arg(value_name = "NUMBER", value_parser = NonEmptyStringValueParser::new())]
    number: String,
    #[command(flatten)]
    account: Account,
}

impl Forget {
    pub(super) async fn run<DB: Engine>(
        self,
        inbox: &Inbox<DB>,
        output: Output,
    ) -> Result<(), Failure> {
        let inbox = self.account.of(inbox);
        let forgotten = inbox.forget(&self.number).await.map_err(failed)?;
        let (parcels, deliveries) = (forgotten.parcels, forgotten.deliveries);
        let record = json!({"event": "forget", "parcels": parcels, "deliveries": deliveries});
        let text = format!(
            "erased {} and the content of {}; later deliveries are not kept",
            count(parcels, "parcel", "parcels"),
            count(deliveries, "delivery", "deliveries"),
        );
        output.line(text, &record)
    }
}
