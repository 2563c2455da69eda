use clap::{Args, builder::NonEmptyStringValueParser};
use serde_json::json;
use trackingmore_webhook_inbox::{DeadParcel, Engine, HistoryEntry, Inbox, Outcome};

use super::{Account, count, failed, time};
use crate::{
    failure::Failure,
    output::{BAD, Foreign, Output, Painted},
};

/// Show what is stored about a parcel: its last error, and its deliveries, newest first.
///
/// This is customers' data. Deliveries that no worker has seen yet are not shown, and bodies are
/// kept only for a while.
#[derive(Args)]
#[command(after_help = "\
Examples:
  trackingmore-webhook inbox show RB550418207HK --database sqlite:deliveries.db
  trackingmore-webhook inbox show RB550418207HK --json --database sqlite:deliveries.db | head -1")]
pub(super) struct Show {
    /// The tracking number, or the id of a delivery to show only its body
    #[arg(value_name = "NUMBER", value_parser = NonEmptyStringValueParser::new())]
    number: String,
    #[command(flatten)]
    account: Account,
}

impl Show {
    pub(super) async fn run<DB: Engine>(
        self,
        inbox: &Inbox<DB>,
        output: Output,
    ) -> Result<(), Failure> {
        let inbox = self.account.of(inbox);
        if let Ok(id) = self.number.parse() {
            let body = inbox.body(&id).await.map_err(failed)?;
            let body = body.ok_or_else(|| {
                self.account
                    .no_such("no body is kept of the delivery", &self.number)
            })?;
            let body = String::from_utf8_lossy(&body);
            let record = json!({"event": "body", "id": id.to_string(), "body": body});
            return output.line(Foreign(&body), &record);
        }
        let dead = inbox.dead().await.map_err(failed)?;
        let dead: Vec<_> = dead
            .iter()
            .filter(|parcel| self.is_asked_for(parcel))
            .collect();
        let history = inbox.history(&self.number).await.map_err(failed)?;
        if dead.is_empty() && history.is_empty() {
            let what = "no worker has seen a delivery about";
            return Err(self.account.no_such(what, &self.number));
        }
        for parcel in dead {
            print_error(parcel, output)?;
        }
        for entry in &history {
            let body = inbox.body(&entry.id).await.map_err(failed)?;
            let body = body.as_deref().map(String::from_utf8_lossy);
            print_delivery(entry, body.as_deref(), output)?;
        }
        Ok(())
    }

    fn is_asked_for(&self, parcel: &DeadParcel) -> bool {
        parcel.account == self.account.account && parcel.tracking_number == self.number
    }
}

fn print_error(parcel: &DeadParcel, output: Output) -> Result<(), Failure> {
    let record = json!({
        "event": "last_error",
        "courier": parcel.courier,
        "attempts": parcel.attempts,
        "error": parcel.error,
    });
    let text = format!(
        "{} {}, after {}: {}",
        Painted(BAD, "dead"),
        Foreign(parcel.courier.as_deref().unwrap_or("no courier")),
        count(parcel.attempts.into(), "attempt", "attempts"),
        Foreign(&parcel.error),
    );
    output.line(text, &record)
}

fn print_delivery(entry: &HistoryEntry, body: Option<&str>, output: Output) -> Result<(), Failure> {
    let (id, received) = (entry.id.to_string(), time(entry.received_at)?);
    let outcome = match entry.outcome {
        Outcome::Waiting => "waiting",
        Outcome::Handled => "handled",
        Outcome::Superseded => "superseded",
        _ => "unknown",
    };
    let record = json!({
        "event": "delivery",
        "id": id,
        "received": received,
        "courier": entry.courier,
        "outcome": outcome,
        "body": body,
    });
    let text = format!(
        "{received} {outcome} {}, {id}\n{}",
        Foreign(entry.courier.as_deref().unwrap_or("no courier")),
        Foreign(body.unwrap_or("its body is no longer kept")),
    );
    output.line(text, &record)
}
