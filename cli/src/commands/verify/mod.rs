mod candidates;
mod diagnosis;
mod mistake;
mod rewritten;

use std::{
    fmt,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use trackingmore_webhook_axum::Event;

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
/// request, a raw HTTP request, or headers and a body. Sends nothing. A delivery is judged at the
/// time it was received, or now if that is unknown. If it is not genuine, the usual mistakes are
/// tried. The signature that would be valid is never shown.
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

/// The verdict. A delivery that is not genuine has mistakes only.
#[derive(Default, Serialize)]
#[serde(tag = "event", rename = "verdict")]
struct Verdict {
    genuine: bool,
    scheme: Option<&'static str>,
    encoding: Option<&'static str>,
    age_seconds: Option<i64>,
    claimed_age_seconds: Option<i64>,
    unreadable: Option<String>,
    mistakes: Vec<Mistake>,
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
        let verdict = match suspect.judge() {
            Ok((verified, encoding)) => {
                let covers_body = verified.verified().covers_body();
                let scheme = match covers_body {
                    true => SchemeArg::Body,
                    false => SchemeArg::Timestamp,
                };
                let age = suspect.claimed_time();
                let age = age.map(|time| now.as_second().saturating_sub_unsigned(time));
                let event = body.map(|_| verified.parse::<Event>());
                Verdict {
                    genuine: true,
                    scheme: Some(scheme.name()),
                    encoding: Some(encoding.name()),
                    age_seconds: age.filter(|_| !covers_body),
                    claimed_age_seconds: age.filter(|_| covers_body),
                    unreadable: event.and_then(Result::err).map(|error| error.to_string()),
                    mistakes: Vec::new(),
                }
            }
            Err(mut mistakes) => {
                let codes = ["incomplete_body", "empty_body"];
                let is_of_body = |mistake: &Mistake| codes.contains(&mistake.code);
                if body.is_none() && mistakes.iter().any(is_of_body) {
                    let what = "the file does not contain the body: give it with --body";
                    mistakes = vec![mistake("missing_body", what)];
                }
                Verdict {
                    mistakes,
                    ..Verdict::default()
                }
            }
        };
        self.output.line(&verdict, &verdict)?;
        Ok(ExitCode::from(u8::from(!verdict.genuine)))
    }

    fn delivery(&self) -> Result<Saved, Failure> {
        let mut delivery = match (&self.file, &self.body) {
            (Some(path), _) => Saved::read(path)?,
            (None, None) => return Err(Failure::usage("give a saved delivery, or --body")),
            (None, Some(_)) => Saved {
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
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(scheme), Some(encoding)) = (self.scheme, self.encoding) else {
            let details = self.mistakes.iter().map(|mistake| &mistake.detail[..]);
            let details = Vec::from_iter(details).join("; and ");
            return write!(f, "{}: {details}", Painted(BAD, "no"));
        };
        let yes = Painted(GOOD, "yes");
        write!(f, "{yes}: genuine, signed over the {scheme}, in {encoding}")?;
        let written = |age: i64| {
            let length = Written(Duration::from_secs(age.unsigned_abs()));
            let side = if age < 0 { "ahead of the clock" } else { "old" };
            format!("{length} {side}")
        };
        if let Some(age) = self.age_seconds.map(written) {
            write!(f, ", {age}; the body is not covered")?;
        }
        if let Some(age) = self.claimed_age_seconds.map(written) {
            write!(f, "; its timestamp, {age}, is not covered")?;
        }
        match &self.unreadable {
            Some(error) => write!(f, "\nbut the {error}; a receiver may refuse it"),
            None => Ok(()),
        }
    }
}

fn time(text: &str) -> Result<Timestamp, &'static str> {
    text.parse()
        .map_err(|_| "give a time such as 2026-11-23T08:00:00Z")
}

fn parse_header(text: &str) -> Result<(String, Vec<u8>), &'static str> {
    let is_name = |name: &str| !name.is_empty() && !name.contains(char::is_whitespace);
    let pair = text.split_once(':').filter(|(name, _)| is_name(name));
    let (name, value) = pair.ok_or("give `name: value`")?;
    Ok((name.to_ascii_lowercase(), value.trim().into()))
}
