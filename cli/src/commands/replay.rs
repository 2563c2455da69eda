use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use reqwest::Url;
use serde::Serialize;
use serde_json::json;

use super::send;
use crate::{
    client::{self, Answer, Target},
    duration::Written,
    failure::Failure,
    output::{BAD, GOOD, Output, Painted},
    saved::{self, Saved},
    secret::SecretArgs,
    signing::{self, SigningArgs},
};

/// Send saved deliveries again, each once, with the same headers and body.
///
/// Headers that belong to the connection, such as `host`, are those of the new connection. In
/// directories, requests that are not POST are skipped.
///
/// Exit code: 0 if every delivery was accepted, 1 if not, 2 for wrong usage or a file that cannot
/// be read; in that case nothing is sent.
#[derive(Args)]
#[command(after_help = "\
Examples:
  trackingmore-webhook replay --to http://127.0.0.1:3000/webhooks/trackingmore deliveries
  trackingmore-webhook replay --to http://127.0.0.1:3000/webhooks/trackingmore --last deliveries
  trackingmore-webhook replay --to http://127.0.0.1:3000/webhooks/trackingmore --resign old.delivery")]
#[command(mut_group("signing", |group| group.requires("resign")))]
pub(crate) struct Replay {
    /// The receiver
    #[arg(long, value_name = "URL", value_parser = client::target)]
    to: Url,
    /// Files that `listen --save` wrote, or directories of them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Send only the one that was received last
    #[arg(long, conflicts_with = "shuffle")]
    last: bool,
    /// Send them in random order
    #[arg(long)]
    shuffle: bool,
    /// Send a new timestamp and signature instead of those that were received
    #[arg(long)]
    resign: bool,
    #[command(flatten)]
    signing: SigningArgs,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    output: Output,
}

/// Gives a delivery a new timestamp and signature.
pub(super) fn resign(
    saved: &mut Saved,
    secret: &[u8],
    signing: &SigningArgs,
) -> Result<(), Failure> {
    let is_proof = |name: &str| matches!(name, "timestamp" | "signature");
    saved.headers.retain(|(name, _)| !is_proof(name));
    for (name, value) in signing.headers(secret, saved.body())? {
        saved.headers.push((name.to_owned(), value.into_bytes()));
    }
    Ok(())
}

#[derive(Serialize)]
#[serde(tag = "event", rename = "replay")]
struct Record<'a> {
    file: &'a str,
    #[serde(flatten)]
    answer: &'a Answer,
}

impl Replay {
    pub(crate) async fn run(self) -> Result<ExitCode, Failure> {
        let secret = match self.resign {
            true => Some(self.secret.one()?),
            false => None,
        };
        // All are read before the first is sent: a wrong name must not leave the work half done.
        let (mut saved, mut skipped) = (Vec::new(), 0);
        for path in saved::files(&self.files)? {
            let (file, request) = (path.display().to_string(), Saved::read(&path)?);
            if request.method == "POST" {
                saved.push((file, request));
            } else if self.files.contains(&path) {
                return Err(Failure::usage(format_args!(
                    "{file} is a {} request: only POST requests can be sent again",
                    request.method
                )));
            } else {
                skipped += 1;
            }
        }
        if self.shuffle {
            send::shuffle(&mut saved)?;
        }
        if self.last {
            let last = saved.into_iter().max_by_key(|(_, saved)| saved.received);
            saved = last.into_iter().collect();
        }
        if saved.is_empty() {
            return Err(Failure::usage("found no saved deliveries"));
        }
        let mut deliveries = Vec::new();
        for (file, mut saved) in saved {
            if let Some(secret) = &secret {
                signing::check(secret)?;
                resign(&mut saved, secret, &self.signing)?;
            }
            let Some(body) = saved.body else {
                let what = format_args!("{file} does not contain the body, so it cannot be sent");
                return Err(Failure::usage(what));
            };
            deliveries.push((file, client::header_map(&saved.headers)?, body));
        }

        if skipped > 0 {
            eprintln!("skipped requests that are not POST: {skipped}");
        }
        let target = Target::new(self.to)?;
        let (mut accepted, total) = (0, deliveries.len());
        for (file, headers, body) in deliveries {
            let answer = target.post(headers, body).await;
            accepted += usize::from(answer.is_accepted());
            let colour = if answer.is_accepted() { GOOD } else { BAD };
            let took = Written(answer.latency);
            let answered = Painted(colour, &answer);
            let record = Record {
                file: &file,
                answer: &answer,
            };
            let text = format_args!("{file}: {answered}, after {took}");
            self.output.line(text, &record)?;
        }
        if self.output.is_json() || total > 1 {
            let refused = total - accepted;
            let record = json!({
                "event": "summary", "accepted": accepted, "refused": refused, "skipped": skipped,
            });
            let text = format_args!("{accepted} accepted, {refused} refused");
            self.output.line(text, &record)?;
        }
        Ok(ExitCode::from(u8::from(accepted < total)))
    }
}
