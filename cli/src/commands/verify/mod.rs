mod diagnosis;
mod keys;
mod mistake;
mod readings;
mod rewritten;

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use trackingmore_webhook_axum::{Event, VerifiedBody};

pub(super) use self::{
    diagnosis::Suspect,
    mistake::{Mistake, advice},
    readings::is_signature,
};
use crate::{
    duration::{self, Written},
    failure::Failure,
    input,
    output::{BAD, GOOD, Output, Painted},
    saved::{self, Saved},
    secret::SecretArgs,
    signing::{Encoding, SchemeArg},
};

/// Tell whether a delivery is genuine, and why if it is not.
///
/// Reads a delivery that `listen --save` kept, or headers and a body. Sends nothing. A saved
/// delivery is judged as of when it was received, another as of now. If it is not genuine, the
/// usual mistakes are tried; what the signature should have been is not shown.
///
/// Exit code: 0 if it is genuine, 1 if not, 2 if it could not be read.
#[derive(Args)]
#[command(after_help = "\
Examples:
  trackingmore-webhook verify deliveries/20261123T231623.475Z-0001.delivery
  trackingmore-webhook verify --header \"timestamp: 1662371528\" \\
      --header \"signature: a370...\" --body body.json")]
pub(crate) struct Verify {
    /// A saved delivery
    #[arg(conflicts_with_all = ["header", "body"])]
    file: Option<PathBuf>,
    /// A header of the delivery, as `name: value`; may be repeated
    #[arg(long, value_name = "HEADER", value_parser = parse_header, requires = "body")]
    header: Vec<(String, Vec<u8>)>,
    /// The body of the delivery, byte for byte; `-` is standard input
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// What the signature must cover [default: either]
    #[arg(long, value_enum)]
    scheme: Option<SchemeArg>,
    /// How the signature must be written [default: either]
    #[arg(long, value_enum)]
    encoding: Option<Encoding>,
    /// How old a timestamp may be
    #[arg(long, value_name = "TIME", default_value = "6d", value_parser = duration::parse)]
    max_age: Duration,
    /// Judge as of this moment, such as 2026-11-23T08:00:00Z
    #[arg(long, value_name = "MOMENT")]
    at: Option<Timestamp>,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    output: Output,
}

impl Verify {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let secret = self.secret.one()?;
        if secret.is_empty() {
            return Err(Failure::usage("the webhook secret is empty"));
        }
        let delivery = self.delivery()?;
        let now = self.at.unwrap_or(delivery.received);
        let suspect = Suspect {
            headers: &delivery.headers,
            body: &delivery.body,
            secret: &secret,
            scheme: self.scheme,
            encoding: self.encoding,
            max_age: self.max_age,
            now: SystemTime::try_from(now).map_err(Failure::usage)?,
        };
        match suspect.judge() {
            Ok((body, encoding)) => self.say_yes(&body, encoding, suspect.claimed_time(), now),
            Err(mistakes) => self.say_no(&mistakes),
        }
    }

    fn delivery(&self) -> Result<Saved, Failure> {
        let path = match (&self.file, &self.body) {
            (Some(path), _) => return Saved::read(path),
            (None, Some(path)) => path,
            (None, None) => return Err(Failure::usage("give a saved delivery, or --body")),
        };
        Ok(Saved {
            received: Timestamp::now(),
            headers: self.header.clone(),
            body: input::read(path)?,
        })
    }

    fn say_yes(
        &self,
        body: &VerifiedBody,
        encoding: Encoding,
        claimed_time: Option<u64>,
        now: Timestamp,
    ) -> Result<ExitCode, Failure> {
        let verified = body.verified();
        let age_of = |seconds: i64| now.as_second().saturating_sub(seconds);
        let age = verified.timestamp().map(|signed| age_of(unix(signed)));
        let claimed_age = claimed_time
            .filter(|_| age.is_none())
            .and_then(|time| i64::try_from(time).ok())
            .map(age_of);
        let event = body
            .parse::<Event>()
            .map(drop)
            .map_err(|error| error.to_string());

        let covered = if verified.covers_body() {
            "body"
        } else {
            "timestamp"
        };
        let encoding = match encoding {
            Encoding::Hex => "hex",
            Encoding::Base64 => "base64",
        };
        let mut text = format!(
            "{}: genuine, signed over the {covered}, in {encoding}",
            Painted(GOOD, "yes")
        );
        let written = |age: i64| {
            let length = Written(Duration::from_secs(age.unsigned_abs()));
            let side = if age < 0 { "ahead of the clock" } else { "old" };
            format!("{length} {side}")
        };
        if let Some(age) = age {
            text = format!("{text}, {}; the body is not covered", written(age));
        }
        if let Some(age) = claimed_age {
            text = format!("{text}; its timestamp, {}, is not covered", written(age));
        }
        if let Err(error) = &event {
            text = format!("{text}\nbut {error}: a receiver may refuse it for that");
        }
        let record = json!({
            "genuine": true,
            "scheme": covered,
            "encoding": encoding,
            "age_seconds": age,
            "claimed_age_seconds": claimed_age,
            "unreadable": event.err(),
        });
        self.output.line(text, &record)?;
        Ok(ExitCode::SUCCESS)
    }

    fn say_no(&self, mistakes: &[Mistake]) -> Result<ExitCode, Failure> {
        let details: Vec<_> = mistakes.iter().map(|mistake| &mistake.detail[..]).collect();
        let text = format!("{}: {}", Painted(BAD, "no"), details.join("; and "));
        let record = json!({"genuine": false, "mistakes": mistakes});
        self.output.line(text, &record)?;
        Ok(ExitCode::FAILURE)
    }
}

fn unix(time: SystemTime) -> i64 {
    Timestamp::try_from(time).map_or(0, Timestamp::as_second)
}

fn parse_header(text: &str) -> Result<(String, Vec<u8>), String> {
    saved::header(text.as_bytes()).ok_or_else(|| "give `name: value`".to_owned())
}
