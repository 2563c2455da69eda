mod receiver;
mod report;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use axum::{Router, http::StatusCode, serve};
use clap::{Args, value_parser};
use reqwest::Url;
use serde::Serialize;
use tokio::{
    net::TcpListener,
    signal,
    sync::{mpsc, oneshot},
    time::sleep,
};
use trackingmore_webhook_axum::Verifier;

use self::{
    receiver::{Forward, Receiver, Save},
    report::{Report, Totals},
};
use crate::{
    client, duration, failure::Failure, output::Output, secret::SecretArgs, signing::SchemeArg,
};

/// How long requests that are being answered may take after Ctrl-C.
const GRACE: Duration = Duration::from_secs(3);

/// Receive deliveries, verify them, and print a line for each.
///
/// A line says when the delivery came, whether it was accepted or why not, and how it was
/// answered; of an accepted one also the parcel, the courier, status and substatus with their
/// meaning, the latest event, how old the timestamp is, what the signature covers, and which
/// secret made it. Ctrl-C ends with a summary.
#[derive(Args)]
#[command(after_help = "\
Examples:
  trackingmore-webhook listen
  trackingmore-webhook listen --save deliveries --forward http://127.0.0.1:8000/hooks
  trackingmore-webhook listen --fail-first 2")]
pub(crate) struct Listen {
    /// Listen on this address; port 0 takes a free port, and the first line says which
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:3000")]
    addr: String,
    /// Take deliveries at this path
    #[arg(long, default_value = "/webhooks/trackingmore", value_parser = path)]
    path: String,
    /// Accept only signatures that cover this [default: both]
    #[arg(long, value_enum)]
    scheme: Option<SchemeArg>,
    /// Refuse timestamps older than this, such as 5m or 2d [default: 6d]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    max_age: Option<Duration>,
    /// Keep each request to the path, and of refused ones the first 1,000, as a file in this
    /// directory. The files hold customers' data and live signatures, and are readable by you only
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Pass accepted deliveries on, byte for byte and with their signature, and relay the answer
    #[arg(long, value_name = "URL", value_parser = client::target, conflicts_with = "answer")]
    forward: Option<Url>,
    /// Answer accepted deliveries with this status
    #[arg(long, value_name = "STATUS", default_value = "200", value_parser = value_parser!(u16).range(200..600))]
    answer: u16,
    /// Answer this many accepted deliveries with 503 first, to see the sender retry
    #[arg(long, value_name = "N", default_value = "0")]
    fail_first: u64,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Listening<'a> {
    event: &'static str,
    url: &'a str,
}

impl Listen {
    pub(crate) async fn run(self) -> Result<ExitCode, Failure> {
        let secrets = self.secret.all()?;
        let mut verifier = Verifier::builder();
        for secret in &secrets {
            verifier = verifier.secret(secret);
        }
        if let Some(scheme) = self.scheme {
            verifier = verifier.scheme(scheme.into());
        }
        if let Some(max_age) = self.max_age {
            verifier = verifier.max_age(max_age);
        }
        let verifier = verifier.build().map_err(Failure::usage)?;
        let answer = StatusCode::from_u16(self.answer).map_err(Failure::usage)?;
        let save = self.save.map(Save::new).transpose()?;
        let forward = self.forward.map(Forward::new).transpose()?;

        let listener = TcpListener::bind(&self.addr).await;
        let listener = listener.map_err(|error| {
            Failure::usage(format_args!("cannot listen on {}: {error}", self.addr))
        })?;
        let addr = listener.local_addr().map_err(Failure::failed)?;
        let url = format!("http://{addr}{}", self.path);

        let (reports, reported) = mpsc::channel(64);
        let receiver = Arc::new(Receiver {
            verifier,
            secrets: secrets.len(),
            path: self.path,
            save,
            forward,
            answer,
            to_fail: AtomicU64::new(self.fail_first),
            reports,
        });
        let app = Router::new()
            .fallback(receiver::receive)
            .with_state(receiver);
        let totals = serve_and_print(listener, app, &url, reported, self.output).await?;
        self.output.line(&totals, &totals)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Serves until Ctrl-C, and prints what is reported until there is nobody left to report.
async fn serve_and_print(
    listener: TcpListener,
    app: Router,
    url: &str,
    mut reported: mpsc::Receiver<Report>,
    output: Output,
) -> Result<Totals, Failure> {
    let (stop, stopping) = oneshot::channel::<()>();
    let server = async {
        serve(listener, app)
            .with_graceful_shutdown(async { _ = stopping.await })
            .await
    };
    // What has arrived is answered, but a client that sends slowly does not hold up the end.
    let end = async {
        _ = signal::ctrl_c().await;
        drop(stop);
        sleep(GRACE).await;
    };
    tokio::pin!(server, end);

    let mut totals = Totals::new();
    let mut print = |report: Report| {
        totals.add(&report);
        output.line(&report, &report)
    };
    let mut listening = Some(Listening {
        event: "listening",
        url,
    });
    let mut is_serving = true;
    loop {
        tokio::select! {
            // First, so that Ctrl-C is heard from the first line on.
            biased;
            () = &mut end => break,
            Some(listening) = async { listening.take() } => {
                output.line(format_args!("listening on {url}"), &listening)?;
            }
            report = reported.recv() => match report {
                Some(report) => print(report)?,
                None => break,
            },
            stopped = &mut server, if is_serving => {
                stopped.map_err(Failure::failed)?;
                is_serving = false;
            }
        }
    }
    while let Ok(report) = reported.try_recv() {
        print(report)?;
    }
    Ok(totals)
}

fn path(text: &str) -> Result<String, String> {
    let is_path = text.starts_with('/')
        && text
            .parse::<axum::http::Uri>()
            .is_ok_and(|uri| uri.path() == text);
    if is_path {
        Ok(text.to_owned())
    } else {
        Err("give the path of a URL, such as /webhooks/trackingmore".to_owned())
    }
}
