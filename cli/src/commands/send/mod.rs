mod deliver;
mod tally;

use std::{
    pin::pin,
    process::{self, ExitCode},
};

use clap::Args;
use futures_util::StreamExt as _;
use reqwest::Url;
use serde::Serialize;
use tokio::signal;
use trackingmore_webhook_axum::trackingmore_webhook::retry::RetrySchedule;

pub(super) use self::deliver::{headers, shuffle};
use self::{
    deliver::{Attempt, Sender},
    tally::Tally,
};
use crate::{
    client::{self, Answer, Target},
    duration::Written,
    event::EventArgs,
    failure::Failure,
    number,
    output::{BAD, GOOD, Output, Painted},
    secret::SecretArgs,
    signing::{self, SigningArgs},
};

/// Sign deliveries and send them, as TrackingMore does.
///
/// With --retry, a delivery that is not answered with 200-299 is sent again after 30s, then after
/// 60s, and so on, up to 14 times in all (see `schedule`). A retry has the headers and the body of
/// the first attempt.
///
/// Exit code: 0 if every delivery was accepted in the end, 1 if not, 2 for wrong usage.
#[derive(Args)]
#[command(after_help = "\
Examples:
  trackingmore-webhook send http://127.0.0.1:3000/webhooks/trackingmore
  trackingmore-webhook send --story --repeat 2 --shuffle http://127.0.0.1:3000/webhooks/trackingmore
  trackingmore-webhook send --status undelivered --set tracking_number=AB1 --retry --speed 1000 \\
      http://127.0.0.1:3000/webhooks/trackingmore
  trackingmore-webhook send --count 1000 --concurrency 20 \\
      --set 'tracking_number=AB{number}' http://127.0.0.1:3000/webhooks/trackingmore")]
pub(crate) struct Send {
    /// The receivers; each gets every delivery
    #[arg(value_parser = client::target, value_name = "URL", required = true)]
    urls: Vec<Url>,
    #[command(flatten)]
    event: EventArgs,
    #[command(flatten)]
    signing: SigningArgs,
    /// Retry deliveries that are not accepted, as TrackingMore does
    #[arg(long)]
    retry: bool,
    /// Speed up retries by this factor; implies --retry
    #[arg(long, value_name = "FACTOR", value_parser = number::within(1.0..=1e9))]
    speed: Option<f64>,
    // It is the default.
    #[arg(long, hide = true, conflicts_with_all = ["retry", "speed"])]
    no_retry: bool,
    /// Send this many deliveries (or stories); a summary follows, also after Ctrl-C
    #[arg(long, value_name = "N", default_value = "1", value_parser = number::within(1..=10_000_000u64))]
    count: u64,
    /// Send identical copies of each delivery, to check that your receiver counts it once
    #[arg(long, value_name = "N", default_value = "1", value_parser = number::within(1..=1000u64))]
    repeat: u64,
    /// Send the deliveries in random order
    #[arg(long)]
    shuffle: bool,
    /// Maximum concurrent deliveries, including those waiting for a retry
    #[arg(long, value_name = "N", default_value = "1", value_parser = number::within(1..=1000u16))]
    concurrency: u16,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
#[serde(tag = "event", rename = "attempt")]
struct Record<'a> {
    delivery: u64,
    url: String,
    attempt: u32,
    #[serde(flatten)]
    answer: &'a Answer,
    next_seconds: Option<f64>,
}

impl Send {
    pub(crate) async fn run(self) -> Result<ExitCode, Failure> {
        let secret = self.secret.one()?;
        let events = self.event.read()?;
        signing::check(&secret)?;
        let receivers = self.urls.iter().cloned().map(Target::new);
        let retries = self.retry || self.speed.is_some();
        let sender = Sender {
            receivers: receivers.collect::<Result<_, _>>()?,
            events,
            secret,
            signing: self.signing,
            schedule: retries.then(RetrySchedule::documented),
            speed: self.speed.unwrap_or(1.0),
            repeat: self.repeat,
        };
        // Of many deliveries, people want to read the summary alone.
        let prints_attempts = self.count == 1 || self.output.is_json();
        let total = sender.total(self.count);
        let mut tally = Tally::start(total);
        // A second Ctrl-C ends it even if nobody reads the output.
        tokio::spawn(async {
            _ = signal::ctrl_c().await;
            _ = signal::ctrl_c().await;
            process::exit(130);
        });
        let interrupted = pin!(signal::ctrl_c());
        let attempts = sender.send(self.count, self.shuffle, self.concurrency.into())?;
        let mut attempts = attempts.take_until(interrupted);
        while let Some(attempt) = attempts.next().await.transpose()? {
            tally.add(&attempt);
            if prints_attempts {
                print(&attempt, total > 1, self.urls.len() > 1, self.output)?;
            }
        }
        let all_accepted = tally.all_accepted();
        if total > 1 || self.output.is_json() {
            let (text, record) = tally.summary();
            self.output.line(text, &record)?;
        }
        Ok(ExitCode::from(u8::from(!all_accepted)))
    }
}

fn print(
    attempt: &Attempt,
    is_one_of_many: bool,
    names_url: bool,
    output: Output,
) -> Result<(), Failure> {
    let Attempt {
        delivery,
        url,
        number,
        of,
        answer,
        wait,
    } = attempt;
    let mut text = String::new();
    if is_one_of_many {
        text = format!("delivery {delivery}, ");
    }
    if names_url {
        text = format!("{text}{url}, ");
    }
    let accepted = answer.is_accepted();
    let colour = if accepted { GOOD } else { BAD };
    let then = match wait {
        Some(wait) => format!("next in {}", Written(*wait)),
        None if accepted => "accepted".to_owned(),
        None => "given up".to_owned(),
    };
    let text = format_args!(
        "{text}attempt {number} of {of}: {}, after {}; {then}",
        Painted(colour, answer),
        Written(answer.latency),
    );
    let record = Record {
        delivery: *delivery,
        url: url.clone(),
        attempt: *number,
        answer,
        next_seconds: wait.map(|wait| wait.as_secs_f64()),
    };
    output.line(text, &record)
}
