mod cases;
mod probe;
mod request;
mod tally;
mod vendor;
mod verdict;

use std::{net::SocketAddr, process::ExitCode};

use clap::{Args, builder::NonEmptyStringValueParser};
use reqwest::Url;
use tokio::net;

use self::probe::Probe;
use crate::{
    client,
    failure::Failure,
    output::Output,
    secret::SecretArgs,
    signing::{self, SchemeArg},
};

/// Probe a receiver of yours with genuine and hostile deliveries.
///
/// Works for a receiver in any language. It must have the same secret, and takes what it accepts
/// for real: check one that writes to a database for tests. Any answer outside 200-299 counts as a
/// refusal.
///
/// Exit code: 0 if the receiver could be reached to the end, and accepted at least one form of a
/// genuine delivery, also in the end, none that --scheme rules out, and nothing hostile; 1 if not;
/// 2 if the check could not be made.
#[derive(Args)]
#[command(after_help = "\
Example:
  trackingmore-webhook check http://127.0.0.1:3000/webhooks/trackingmore")]
pub(crate) struct Check {
    /// Where the receiver takes deliveries
    #[arg(value_parser = client::target)]
    url: Url,
    /// Demand that deliveries signed so are accepted, and none signed otherwise
    #[arg(long, value_enum)]
    scheme: Option<SchemeArg>,
    /// The number of a parcel that the receiver knows, if it must know it
    #[arg(long, value_name = "NUMBER", default_value = "CHECK0000000001", value_parser = NonEmptyStringValueParser::new())]
    parcel: String,
    /// Confirm that a receiver which is not on this machine is yours to attack
    #[arg(long)]
    i_own_this: bool,
    /// Exit with 1 also if anything else failed
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    output: Output,
}

impl Check {
    pub(crate) async fn run(self) -> Result<ExitCode, Failure> {
        let secret = self.secret.one()?;
        signing::signer(&secret)?;
        let addresses = addresses(&self.url).await?;
        let is_here = |address: &SocketAddr| address.ip().to_canonical().is_loopback();
        if !self.i_own_this && !addresses.iter().all(is_here) {
            return Err(Failure::usage(format_args!(
                "{} is not this machine: give --i-own-this if the receiver is yours to attack",
                self.url.host_str().unwrap_or_default()
            )));
        }
        // Asked again, a name could lead elsewhere.
        let client = client::client_at(&self.url, &addresses)?;
        let tally = Probe::new(&self, client, secret).run().await?;
        self.output.line(&tally, &tally)?;
        Ok(if tally.is_good(self.strict) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// Finds the addresses of a host; there is at least one.
async fn addresses(url: &Url) -> Result<Vec<SocketAddr>, Failure> {
    let host = url.host_str().unwrap_or_default();
    // A URL writes an IPv6 address in brackets.
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port_or_known_default().unwrap_or_default();
    let found = net::lookup_host((name, port)).await.map(Vec::from_iter);
    match found {
        Ok(addresses) if !addresses.is_empty() => Ok(addresses),
        Ok(_) => Err(Failure::usage(format_args!("cannot find {host}"))),
        Err(error) => Err(Failure::usage(format_args!("cannot find {host}: {error}"))),
    }
}
