use clap::Args;
use serde_json::json;
use trackingmore_webhook_inbox::{DeadParcel, Engine, Inbox, UnreadDelivery};

use super::{count, failed, time};
use crate::{
    failure::Failure,
    output::{BAD, Foreign, Output, Painted},
};

/// List what needs attention: dead parcels, and deliveries that are not events.
///
/// A parcel is dead when the last allowed attempt to handle it failed. Up to 1,000 dead parcels and
/// 100 unread deliveries are listed, oldest first; use `inbox show` to see their errors and bodies.
#[derive(Args)]
#[command(after_help = "\
Examples:
  trackingmore-webhook inbox list --database sqlite:deliveries.db
  trackingmore-webhook inbox list --json --account shoes --database sqlite:deliveries.db")]
pub(super) struct List {
    /// List only what belongs to this account
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
}

impl List {
    pub(super) async fn run<DB: Engine>(
        self,
        inbox: &Inbox<DB>,
        output: Output,
    ) -> Result<(), Failure> {
        let dead = inbox.dead().await.map_err(failed)?;
        let unread = inbox.unread().await.map_err(failed)?;
        let stats = inbox.stats().await.map_err(failed)?;
        let is_asked_for =
            |account: &str| self.account.as_deref().is_none_or(|asked| asked == account);
        let mut any = false;
        for parcel in dead.iter().filter(|it| is_asked_for(&it.account)) {
            any = true;
            print_dead(parcel, output)?;
        }
        for delivery in unread.iter().filter(|it| is_asked_for(&it.account)) {
            any = true;
            print_unread(delivery, output)?;
        }
        let dead = stats.dead.saturating_sub(dead.len() as u64);
        let unread = stats.unread.saturating_sub(unread.len() as u64);
        if dead > 0 || unread > 0 {
            let record = json!({"event": "more", "dead": dead, "unread": unread});
            let dead = count(dead, "more dead parcel", "more dead parcels");
            let unread = count(unread, "more unread delivery", "more unread deliveries");
            output.line(format_args!("and {dead} and {unread}"), &record)?;
        } else if !any {
            output.remark("nothing is dead or unread")?;
        }
        Ok(())
    }
}

fn print_dead(parcel: &DeadParcel, output: Output) -> Result<(), Failure> {
    let last_delivery = time(parcel.last_delivery)?;
    let record = json!({
        "event": "dead",
        "account": parcel.account,
        "tracking_number": parcel.tracking_number,
        "courier": parcel.courier,
        "attempts": parcel.attempts,
        "last_delivery": last_delivery,
    });
    let text = format!(
        "{}    {} {}, after {}, last delivery {last_delivery}{}",
        Painted(BAD, "dead"),
        Foreign(&parcel.tracking_number),
        Foreign(parcel.courier.as_deref().unwrap_or("no courier")),
        count(parcel.attempts.into(), "attempt", "attempts"),
        belongs_to(&parcel.account),
    );
    output.line(text, &record)
}

fn print_unread(delivery: &UnreadDelivery, output: Output) -> Result<(), Failure> {
    let (id, received) = (delivery.id.to_string(), time(delivery.received_at)?);
    let bytes = delivery.body.len() as u64;
    let record = json!({
        "event": "unread",
        "account": delivery.account,
        "id": id,
        "received": received,
        "bytes": bytes,
    });
    let text = format!(
        "{}  {id}, {}, received {received}{}",
        Painted(BAD, "unread"),
        count(bytes, "byte", "bytes"),
        belongs_to(&delivery.account),
    );
    output.line(text, &record)
}

fn belongs_to(account: &str) -> String {
    match account {
        "" => String::new(),
        name => format!(", account {}", Foreign(name)),
    }
}
