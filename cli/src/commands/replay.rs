use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use reqwest::Url;
use serde::Serialize;
use trackingmore_webhook_axum::Signer;

use crate::{
    client::{self, Answer},
    duration::Written,
    failure::Failure,
    output::{BAD, GOOD, Output, Painted},
    saved::Saved,
    secret::SecretArgs,
    signing::{self, SigningArgs},
};

/// Send saved deliveries again, each once: the same headers and the same bytes.
///
/// Headers that belong to the connection, such as `host`, are those of the new one.
///
/// Exit code: 0 if every delivery was accepted, otherwise 1.
#[derive(Args)]
#[command(after_help = "\
Examples:
  trackingmore-webhook replay deliveries/*.delivery http://127.0.0.1:3000/webhooks/trackingmore
  trackingmore-webhook replay --resign old.delivery http://127.0.0.1:3000/webhooks/trackingmore")]
#[command(mut_group("signing", |group| group.requires("resign")))]
pub(crate) struct Replay {
    /// Files that `listen --save` wrote
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The receiver
    #[arg(value_parser = client::target)]
    url: Url,
    /// Sign anew, instead of sending the signature and the timestamp that were received
    #[arg(long)]
    resign: bool,
    #[command(flatten)]
    signing: SigningArgs,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    output: Output,
}

/// Signs a delivery anew.
pub(super) fn resign(
    saved: &mut Saved,
    signer: &Signer,
    signing: &SigningArgs,
) -> Result<(), Failure> {
    let is_proof = |name: &str| matches!(name, "timestamp" | "signature");
    saved.headers.retain(|(name, _)| !is_proof(name));
    for (name, value) in signing.headers(signer, &saved.body)? {
        saved.headers.push((name, value.into_bytes()));
    }
    Ok(())
}

#[derive(Serialize)]
struct Record<'a> {
    event: &'static str,
    file: &'a str,
    #[serde(flatten)]
    answer: client::Record<'a>,
}

impl Replay {
    pub(crate) async fn run(self) -> Result<ExitCode, Failure> {
        let signer = match self.resign {
            true => Some(signing::signer(&self.secret.one()?)?),
            false => None,
        };
        let saved = self.files.iter().map(|file| {
            let mut saved = Saved::read(file)?;
            if let Some(signer) = &signer {
                resign(&mut saved, signer, &self.signing)?;
            }
            Ok((file, client::header_map(&saved.headers)?, saved.body))
        });
        // All are read before the first is sent: a wrong name must not leave the work half done.
        let saved = saved.collect::<Result<Vec<_>, Failure>>()?;

        let client = client::client(&self.url)?;
        let mut all_accepted = true;
        for (file, headers, body) in saved {
            let answer = client::post(&client, &self.url, &headers, &body).await;
            all_accepted &= answer.is_accepted();
            self.print(&file.display().to_string(), &answer)?;
        }
        Ok(ExitCode::from(u8::from(!all_accepted)))
    }

    fn print(&self, file: &str, answer: &Answer) -> Result<(), Failure> {
        let colour = if answer.is_accepted() { GOOD } else { BAD };
        let took = Written(answer.latency);
        let answered = Painted(colour, answer);
        let record = Record {
            event: "replay",
            file,
            answer: answer.record(),
        };
        let text = format_args!("{file}: {answered}, after {took}");
        self.output.line(text, &record)
    }
}
