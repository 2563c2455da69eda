mod forwarding;
mod page;
mod receiving;
mod saving;
mod serving;
mod store;
mod terminal;
mod verdict;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use axum::{
    Router,
    http::{StatusCode, Uri},
};
use clap::Args;
use jiff::Timestamp;
use reqwest::Url;
use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::timeout};
use trackingmore_webhook_axum::Verifier;

use self::{
    page::Inspector,
    receiving::Receiver,
    saving::Save,
    store::Store,
    terminal::{Listening, Printing},
};
use crate::{
    client::{self, Target},
    duration,
    failure::Failure,
    number,
    output::Output,
    secret::SecretArgs,
    signing::SchemeArg,
};

/// How long answers may take after Ctrl-C.
const GRACE: Duration = Duration::from_secs(3);

/// Receive deliveries, verify them, and print what arrives.
///
/// A line with → shows a request that arrived: whether it was accepted or why not and, if it was,
/// the parcel, the courier, status and substatus with their meaning, the latest event, the age of
/// the timestamp, what the signature covers, and which secret matched. A line with ← shows the
/// answer, who gave it, and how long it took. Ctrl-C prints a summary. For real deliveries, point a
/// tunnel such as cloudflared or ngrok at the port, and enter its URL in the dashboard.
///
/// Exit code: 0 when it was stopped, 1 if the output cannot be written, 2 for wrong usage.
#[derive(Args)]
#[command(after_help = "\
Examples:
  trackingmore-webhook listen
  trackingmore-webhook listen --save deliveries \\
      --forward http://127.0.0.1:3000/webhooks/trackingmore
  trackingmore-webhook listen --fail-first 2")]
pub(crate) struct Listen {
    /// Listen on this address; port 0 takes a free port, and the first line says which
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:3080",
          value_parser = address(3080))]
    addr: String,
    /// Receive deliveries at this path
    #[arg(long, default_value = "/webhooks/trackingmore", value_parser = path)]
    path: String,
    /// Accept only this scheme [default: both]
    #[arg(long, value_enum)]
    scheme: Option<SchemeArg>,
    /// Refuse timestamps older than this, such as 5m or 2d
    #[arg(long, value_name = "TIME", default_value = "6d", value_parser = duration::parse,
          allow_hyphen_values = true)]
    max_age: Duration,
    /// Save each request as a file in this directory; of those that are not accepted, only the
    /// first 1,000. The files hold customers' data and live signatures, and only you can read them
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Forward accepted deliveries to this receiver, byte for byte and with their signature, and
    /// relay its answer
    #[arg(long, value_name = "URL", value_parser = client::target, conflicts_with = "answer")]
    forward: Option<Url>,
    /// Answer accepted deliveries with this status
    #[arg(long, value_name = "STATUS", default_value = "200",
          value_parser = number::within(200..=599u16), allow_hyphen_values = true)]
    answer: u16,
    /// Answer the first N accepted deliveries with 503, to see the sender retry
    #[arg(long, value_name = "N", default_value = "0",
          value_parser = number::within(0..=1_000_000u64), allow_hyphen_values = true)]
    fail_first: u64,
    /// Serve a page that shows what arrives and why it is refused, on this loopback address
    /// [default: 127.0.0.1:4040, or the next port that is free]
    #[arg(long, value_name = "HOST:PORT", value_parser = address(4040))]
    inspect: Option<Option<String>>,
    /// Open the page in the browser
    #[arg(long, requires = "inspect")]
    open: bool,
    /// Replay deliveries from the page to this receiver [default: that of --forward]
    #[arg(long, value_name = "URL", value_parser = client::target, requires = "inspect")]
    replay_to: Option<Url>,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    output: Output,
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
        let verifier = verifier
            .max_age(self.max_age)
            .build()
            .map_err(Failure::usage)?;
        let answer = StatusCode::from_u16(self.answer).map_err(Failure::usage)?;
        let save = self.save.map(Save::new).transpose()?.map(Arc::new);

        let listener = TcpListener::bind(&self.addr).await;
        let listener = listener.map_err(|error| {
            Failure::usage(format_args!("cannot listen on {}: {error}", self.addr))
        })?;
        let addr = listener.local_addr().map_err(Failure::failed)?;
        let own = format!("http://{}{}", page::reachable(addr), self.path);
        let own = Url::parse(&own).map_err(Failure::failed)?;
        let replay_to = self.replay_to.or_else(|| self.forward.clone());
        let forward = self.forward.map(Target::new).transpose()?;
        if let Some(target) = &forward
            && forwarding::leads_to(&target.url, addr).await
        {
            let url = target.shown();
            return Err(Failure::usage(format_args!(
                "--forward {url} is this listener: deliveries would loop forever"
            )));
        }
        let store = Arc::new(Store::new());
        let (stop, stopping) = watch::channel(false);
        let mut servers = JoinSet::new();
        let mut inspect = None;
        if let Some(place) = self.inspect {
            let inspector = Inspector {
                store: store.clone(),
                secrets: secrets.clone(),
                scheme: self.scheme,
                max_age: self.max_age,
                own: Target::new(own)?,
                target: replay_to.map(Target::new).transpose()?,
                epoch: Timestamp::now().as_millisecond().unsigned_abs(),
                streams: Inspector::streams(),
                stopping: stopping.clone(),
            };
            let (listener, app, url) = inspector.open(place.as_deref(), forward.as_ref()).await?;
            inspect = Some(url);
            servers.spawn(serving::serve(listener, app, stopping.clone()));
        }
        let listening = Listening {
            url: format!("http://{addr}{}", self.path),
            inspect,
        };

        let receiver = Arc::new(Receiver {
            verifier,
            secrets: secrets.len(),
            path: self.path,
            save,
            forward,
            answer,
            to_fail: AtomicU64::new(self.fail_first),
            store: store.clone(),
        });
        let app = Router::new()
            .fallback(receiving::receive)
            .with_state(receiver);
        servers.spawn(serving::serve(listener, app, stopping));

        let stopped = serving::stopped().map_err(Failure::failed)?;
        if let (true, Some(url)) = (self.open, &listening.inspect) {
            // If no browser opens, the printed address is enough.
            _ = open::that_detached(url);
        }
        let mut printing = Printing::start(store.clone(), listening, self.output);
        tokio::select! {
            () = stopped => {}
            ended = printing.ended() => ended?,
        }
        stop.send_replace(true);
        // Requests that have arrived are answered; slow clients must not delay the end.
        _ = timeout(GRACE, servers.join_all()).await;
        store.close();
        printing.finish().await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Returns a parser of addresses that suggests a port where there is none.
fn address(default: u16) -> impl Fn(&str) -> Result<String, String> + Clone {
    move |text| {
        let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
        match port.parse() {
            Ok(_) if !host.is_empty() => Ok(text.to_owned()),
            port => {
                let port: u16 = port.unwrap_or(default);
                Err(format!("give a host and a port, such as 127.0.0.1:{port}"))
            }
        }
    }
}

fn path(text: &str) -> Result<String, String> {
    let is_path = text.starts_with('/')
        && text.is_ascii()
        && text.parse::<Uri>().is_ok_and(|uri| uri.path() == text);
    if is_path {
        Ok(text.to_owned())
    } else {
        Err("give the path of a URL in ASCII, such as /webhooks/trackingmore".to_owned())
    }
}
