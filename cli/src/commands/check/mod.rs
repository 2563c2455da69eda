mod cases;
mod probe;
mod report;
mod vendor;

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use clap::{Args, builder::NonEmptyStringValueParser};
use reqwest::Url;

use self::{probe::Probe, report::Tally};
use crate::{
    client::{self, Target},
    failure::Failure,
    output::Output,
    secret::SecretArgs,
    signing::{self, SchemeArg},
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Probe your receiver with genuine and hostile deliveries.
///
/// The receiver can be written in any language, and must have the same secret. It will process
/// accepted deliveries as real: check one that writes to a test database. Any answer outside
/// 200-299 counts as a refusal. If no genuine delivery is accepted, the check ends after four
/// cases.
///
/// Exit code: 0 if it is safe; 1 if it is not safe or that is unknown (with --strict, also if any
/// case failed); 2 if the check could not be run.
#[derive(Args)]
#[command(after_help = "\
Example:
  trackingmore-webhook check http://127.0.0.1:3000/webhooks/trackingmore")]
pub(crate) struct Check {
    /// The receiver
    #[arg(value_parser = client::target)]
    url: Url,
    /// Require exactly this scheme
    #[arg(long, value_enum)]
    scheme: Option<SchemeArg>,
    /// The number of a parcel that the receiver knows, if it accepts no other
    #[arg(long, value_name = "NUMBER", default_value = "CHECK0000000001", value_parser = NonEmptyStringValueParser::new())]
    parcel: String,
    /// Confirm that a receiver on another machine is yours to attack
    #[arg(long)]
    i_own_this: bool,
    /// Exit with 1 if any case failed, not only a hostile one
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
        signing::check(&secret)?;
        let host = self.url.host_str().unwrap_or_default();
        let addresses = self
            .url
            .socket_addrs(|| None)
            .map_err(|error| Failure::usage(format_args!("cannot find {host}: {error}")))?;
        let is_here = |address: &SocketAddr| address.ip().to_canonical().is_loopback();
        if !self.i_own_this && !addresses.iter().all(is_here) {
            return Err(Failure::usage(format_args!(
                "{host} is not this machine: give --i-own-this if the receiver is yours to attack"
            )));
        }
        let probe = Probe {
            check: &self,
            // A second lookup of the name could lead elsewhere.
            target: Target::at(self.url.clone(), &addresses, PATIENCE)?,
            secret,
            tally: Tally::default(),
        };
        let tally = probe.run().await?;
        self.output.line(&tally, &tally)?;
        let is_good = tally.verdict == "safe" && !(self.strict && tally.failed > 0);
        Ok(ExitCode::from(u8::from(!is_good)))
    }
}
