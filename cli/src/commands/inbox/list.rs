use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use trackingmore_webhook_inbox::{DeadParcel, Engine, Inbox, UnreadDelivery};

use super::{count, failed, time};
use crate::{
    failure::Failure,
    output::{BAD, Foreign, Output, Painted},
};

/// List what needs attention: dead parcels, and deliveries that are not events.
///
/// A parcel is dead when the last allowed attempt to handle it failed. Up to 1,000 of these and 100
/// of the others are listed, the oldest first; `show` has their errors and bodies.
#[derive(Args)]
#[command(after_help = "\
Examples:
  trackingmore-webhook inbox list --database sqlite:deliveries.db
  trackingmore-webhook inbox list --json --account shoes --database sqlite:deliveries.db")]
pub(super) struct List {
    /// Only what belongs to this account
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
}

#[derive(Serialize)]
struct Dead<'a> {
    event: &'static str,
    account: &'a str,
    tracking_number: &'a str,
    courier: Option<&'a str>,
    attempts: u32,
    last_delivery: Timestamp,
}

#[derive(Serialize)]
struct Unread<'a> {
    event: &'static str,
    account: &'a str,
    id: String,
    received: Timestamp,
    bytes: usize,
}

#[derive(Serialize)]
struct More {
    event: &'static str,
    dead: u64,
    unread: u64,
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
        let more = More {
            event: "more",
            dead: stats.dead.saturating_sub(dead.len() as u64),
            unread: stats.unread.saturating_sub(unread.len() as u64),
        };
        if more.dead > 0 || more.unread > 0 {
            let dead = count(more.dead, "dead parcel", "dead parcels");
            let unread = count(more.unread, "unread delivery", "unread deliveries");
            output.line(format_args!("and {dead} and {unread} more"), &more)?;
        } else if !any {
            output.remark("nothing is dead or unread")?;
        }
        Ok(())
    }
}

fn print_dead(parcel: &DeadParcel, output: Output) -> Result<(), Failure> {
    let record = Dead {
        event: "dead",
        account: &parcel.account,
        tracking_number: &parcel.tracking_number,
        courier: parcel.courier.as_deref(),
        attempts: parcel.attempts,
        last_delivery: time(parcel.last_delivery)?,
    };
    let text = format!(
        "{}    {} {}, after {}, last delivery {}{}",
        Painted(BAD, "dead"),
        Foreign(record.tracking_number),
        Foreign(record.courier.unwrap_or("no courier")),
        count(record.attempts.into(), "attempt", "attempts"),
        record.last_delivery,
        belongs_to(record.account),
    );
    output.line(text, &record)
}

fn print_unread(delivery: &UnreadDelivery, output: Output) -> Result<(), Failure> {
    let record = Unread {
        event: "unread",
        account: &delivery.account,
        id: delivery.id.to_string(),
        received: time(delivery.received_at)?,
        bytes: delivery.body.len(),
    };
    let text = format!(
        "{}  {}, {}, received {}{}",
        Painted(BAD, "unread"),
        record.id,
        count(record.bytes as u64, "byte", "bytes"),
        record.received,
        belongs_to(record.account),
    );
    output.line(text, &record)
}

fn belongs_to(account: &str) -> String {
    match account {
        "" => String::new(),
        name => format!(", account {}", Foreign(name)),
    }
}
