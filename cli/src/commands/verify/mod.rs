mod candidates;
mod diagnosis;
mod mistake;
mod rewritten;

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use trackingmore_webhook_axum::{Event, VerifiedBody};

use self::mistake::mistake;
pub(super) use self::{
    candidates::is_signature,
    diagnosis::Suspect,
    mistake::{Mistake, advice},
};
use crate::{
    duration::{self, Written},
    failure::Failure,
    input,
    output::{BAD, GOOD, Output, Painted},
    saved::Saved,
    secret::SecretArgs,
    signing::{Encoding, SchemeArg},
};

/// Check whether a delivery is genuine, and if not, why.
///
/// Reads a delivery that `listen --save` saved, the output of `curl -v`, a HAR file with one POST
/// request, a raw HTTP request, or headers and a body. Sends nothing. A delivery is judged as of
/// when it was received, or as of now if that is unknown. If it is not genuine, the usual mistakes
/// are tried. The signature that would be valid is never shown.
///
/// Exit code: 0 if it is genuine, 1 if not, 2 if it could not be read.
#[derive(Args)]
#[command(after_help = "\
Examples:
  trackingmore-webhook verify deliveries/20261123T231623.475Z-0001.delivery
  trackingmore-webhook verify curl.txt --body body.json
  trackingmore-webhook verify --header \"timestamp: 1662371528\" \\
      --header \"signature: a370...\" --body body.json")]
pub(crate) struct Verify {
    /// The delivery; `-` is standard input
    #[arg(conflicts_with = "header")]
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
    /// Maximum age of the timestamp
    #[arg(long, value_name = "TIME", default_value = "6d", value_parser = duration::parse)]
    max_age: Duration,
    /// Judge as of this time, such as 2026-11-23T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Timestamp>,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    output: Output,
}

#[derive(Default, Serialize)]
struct Record<'a> {
    event: &'static str,
    genuine: bool,
    scheme: Option<&'static str>,
    encoding: Option<&'static str>,
    age_seconds: Option<i64>,
    claimed_age_seconds: Option<i64>,
    unreadable: Option<String>,
    mistakes: &'a [Mistake],
}

impl Verify {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let secret = self.secret.one()?;
        let delivery = self.delivery()?;
        let now = self.at.or(delivery.received).unwrap_or_else(Timestamp::now);
        let body = delivery.body.as_deref();
        let suspect = Suspect {
            headers: &delivery.headers,
            body: body.unwrap_or_default(),
            secret: &secret,
            scheme: self.scheme,
            encoding: self.encoding,
            max_age: self.max_age,
            now: SystemTime::try_from(now).map_err(Failure::usage)?,
        };
        match suspect.judge() {
            Ok((verified, encoding)) => {
                let event = body.map(|_| verified.parse::<Event>().map(drop));
                let unreadable = event.and_then(Result::err).map(|error| error.to_string());
                let claimed_time = suspect.claimed_time();
                self.say_yes(&verified, encoding, unreadable, claimed_time, now)
            }
            Err(mut mistakes) => {
                let is_of_body = |mistake: &Mistake| {
                    let codes = ["incomplete_body", "empty_body", "signature_mismatch"];
                    codes.contains(&mistake.code)
                };
                if body.is_none() && mistakes.iter().any(is_of_body) {
                    let what = "the file does not contain the body: give it with --body";
                    mistakes = vec![mistake("missing_body", what)];
                }
                self.say_no(&mistakes)
            }
        }
    }

    fn delivery(&self) -> Result<Saved, Failure> {
        let mut delivery = match &self.file {
            Some(path) => Saved::read(path)?,
            None if self.body.is_none() => {
                return Err(Failure::usage("give a saved delivery, or --body"));
            }
            None => Saved {
                received: None,
                method: "POST".to_owned(),
                target: "/".to_owned(),
                headers: self.header.clone(),
                body: None,
            },
        };
        if let Some(path) = &self.body {
            delivery.body = Some(input::read(path)?.into());
        }
        Ok(delivery)
    }

    fn say_yes(
        &self,
        body: &VerifiedBody,
        encoding: Encoding,
        unreadable: Option<String>,
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
        let scheme = match verified.covers_body() {
            true => SchemeArg::Body.name(),
            false => SchemeArg::Timestamp.name(),
        };
        let (yes, encoding) = (Painted(GOOD, "yes"), encoding.name());
        let mut text = format!("{yes}: genuine, signed over the {scheme}, in {encoding}");
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
        if let Some(error) = &unreadable {
            text = format!("{text}\nbut {error}: a receiver may refuse it for that");
        }
        let record = Record {
            event: "verdict",
            genuine: true,
            scheme: Some(scheme),
            encoding: Some(encoding),
            age_seconds: age,
            claimed_age_seconds: claimed_age,
            unreadable,
            mistakes: &[],
        };
        self.output.line(text, &record)?;
        Ok(ExitCode::SUCCESS)
    }

    fn say_no(&self, mistakes: &[Mistake]) -> Result<ExitCode, Failure> {
        let details: Vec<_> = mistakes.iter().map(|mistake| &mistake.detail[..]).collect();
        let text = format!("{}: {}", Painted(BAD, "no"), details.join("; and "));
        let record = Record {
            event: "verdict",
            mistakes,
            ..Record::default()
        };
        self.output.line(text, &record)?;
        Ok(ExitCode::FAILURE)
    }
}

fn unix(time: SystemTime) -> i64 {
    Timestamp::try_from(time).map_or(0, Timestamp::as_second)
}

fn time(text: &str) -> Result<Timestamp, &'static str> {
    text.parse()
        .map_err(|_| "give a time such as 2026-11-23T08:00:00Z")
}

fn parse_header(text: &str) -> Result<(String, Vec<u8>), String> {
    let (name, value) = text.split_once(':').ok_or("give `name: value`")?;
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err("give `name: value`".to_owned());
    }
    Ok((name.to_ascii_lowercase(), value.trim().into()))
}
