mod deliver;
mod progress;
mod tally;

use std::process::ExitCode;

use clap::{Args, value_parser};
use indicatif::ProgressBar;
use reqwest::Url;
use serde::Serialize;
use tokio::{signal, sync::mpsc};
use trackingmore_webhook_axum::trackingmore_webhook::retry::RetrySchedule;

pub(super) use self::deliver::headers;
use self::{
    deliver::{Attempt, Sender},
    tally::Tally,
};
use crate::{
    client,
    duration::Written,
    event::EventArgs,
    failure::Failure,
    output::{BAD, GOOD, Output, Painted},
    secret::SecretArgs,
    signing::{self, SigningArgs},
};

/// Sign an event and send it as TrackingMore does: again and again until it is accepted.
///
/// Any answer outside 200-299 is a failed attempt, and so is none. The next attempt comes after
/// 30s, the one after it 60s later, and so on, up to 14; see `schedule` on what is documented. A
/// retry has the headers and the bytes of the first attempt.
///
/// Exit code: 0 if every delivery was accepted in the end, otherwise 1.
#[derive(Args)]
#[command(after_help = "\
Examples:
  trackingmore-webhook send http://127.0.0.1:3000/webhooks/trackingmore
  trackingmore-webhook send --status undelivered --set tracking_number=AB1 --speed 1000 \\
      http://127.0.0.1:3000/webhooks/trackingmore
  trackingmore-webhook send --count 1000 --concurrency 20 --no-retry \\
      --set 'tracking_number=AB{number}' http://127.0.0.1:3000/webhooks/trackingmore")]
pub(crate) struct Send {
    /// The receiver
    #[arg(value_parser = client::target)]
    url: Url,
    #[command(flatten)]
    event: EventArgs,
    #[command(flatten)]
    signing: SigningArgs,
    /// Make the waits before retries this many times shorter
    #[arg(long, value_name = "TIMES", default_value = "1", value_parser = speed)]
    speed: f64,
    /// Attempt each delivery once only
    #[arg(long, conflicts_with = "speed")]
    no_retry: bool,
    /// Send this many deliveries, and sum up, also on Ctrl-C; one that waits for a retry keeps its
    /// place among those of --concurrency
    #[arg(long, value_name = "N", default_value = "1", value_parser = value_parser!(u64).range(1..))]
    count: u64,
    /// Have up to this many deliveries on their way at once
    #[arg(long, value_name = "N", default_value = "1", value_parser = value_parser!(u64).range(1..=1000))]
    concurrency: u64,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    output: Output,
}

type Attempts = mpsc::Receiver<Result<Attempt, Failure>>;

#[derive(Serialize)]
struct Record<'a> {
    event: &'static str,
    attempt: u32,
    #[serde(flatten)]
    answer: client::Record<'a>,
    next_seconds: Option<f64>,
}

impl Send {
    pub(crate) async fn run(self) -> Result<ExitCode, Failure> {
        let sender = Sender {
            client: client::client(&self.url)?,
            url: self.url,
            events: self.event.read()?,
            signer: signing::signer(&self.secret.one()?)?,
            signing: self.signing,
            schedule: (!self.no_retry).then(RetrySchedule::documented),
            speed: self.speed,
        };
        let attempts = sender.start(self.count, self.concurrency)?;
        let all_accepted = match self.count {
            1 => watch(attempts, self.output).await?,
            count => sum_up(attempts, count, self.output).await?,
        };
        Ok(ExitCode::from(u8::from(!all_accepted)))
    }
}

/// Prints each attempt of the only delivery, and tells whether it was accepted.
async fn watch(mut attempts: Attempts, output: Output) -> Result<bool, Failure> {
    let mut accepted = false;
    let mut countdown: Option<ProgressBar> = None;
    while let Some(attempt) = attempts.recv().await {
        let attempt = attempt?;
        if let Some(countdown) = countdown.take() {
            countdown.finish_and_clear();
        }
        accepted = attempt.answer.is_accepted();
        print(&attempt, output)?;
        countdown = attempt.wait.map(|wait| {
            let next = format!("attempt {} of {}", attempt.number + 1, attempt.of);
            progress::countdown(next, wait)
        });
    }
    Ok(accepted)
}

fn print(attempt: &Attempt, output: Output) -> Result<(), Failure> {
    let Attempt {
        number, of, answer, ..
    } = attempt;
    let accepted = answer.is_accepted();
    let colour = if accepted { GOOD } else { BAD };
    let then = match attempt.wait {
        Some(wait) => format!("next in {}", Written(wait)),
        None if accepted => "accepted".to_owned(),
        None => "given up".to_owned(),
    };
    let text = format_args!(
        "attempt {number} of {of}: {}, after {}; {then}",
        Painted(colour, answer),
        Written(answer.latency),
    );
    let record = Record {
        event: "attempt",
        attempt: *number,
        answer: answer.record(),
        next_seconds: attempt.wait.map(|wait| wait.as_secs_f64()),
    };
    output.line(text, &record)
}

/// Prints a summary of many deliveries, or of those before Ctrl-C, and tells whether all were
/// accepted.
async fn sum_up(mut attempts: Attempts, count: u64, output: Output) -> Result<bool, Failure> {
    let mut tally = Tally::start();
    let bar = progress::bar(count);
    let interrupted = signal::ctrl_c();
    tokio::pin!(interrupted);
    loop {
        tokio::select! {
            biased;
            // What has been reported until then still counts.
            _ = &mut interrupted, if !attempts.is_closed() => attempts.close(),
            attempt = attempts.recv() => {
                let Some(attempt) = attempt.transpose()? else {
                    break;
                };
                tally.add(&attempt);
                bar.inc(u64::from(attempt.wait.is_none()));
                bar.set_message(tally.failed_attempts().to_string());
            }
        }
    }
    bar.finish_and_clear();
    let summary = tally.summary(count);
    output.line(&summary, &summary)?;
    Ok(summary.accepted == count)
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (1.0..=1e9).contains(&speed) => Ok(speed),
        _ => Err("give a number from 1 to 1000000000".to_owned()),
    }
}
