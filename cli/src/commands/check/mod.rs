mod cases;
mod request;
mod vendor;
mod verdict;

use std::{fmt, net::SocketAddr, process::ExitCode, time::Duration};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{Client, Url};
use serde::Serialize;
use serde_json::json;
use tokio::net;

use self::{
    cases::{Case, Expected, cases},
    request::{Outcome, Request},
    vendor::{Form, UNKNOWN_PARCEL, Vendor},
    verdict::{Row, Verdict},
};
use crate::{
    client,
    failure::Failure,
    output::{BAD, Output, Painted},
    secret::SecretArgs,
    signing::{self, Encoding, SchemeArg},
};

/// Every documented form, those first that the documentation has so.
const FORMS: [Form; 4] = [
    (SchemeArg::Timestamp, Encoding::Hex),
    (SchemeArg::Body, Encoding::Base64),
    (SchemeArg::Timestamp, Encoding::Base64),
    (SchemeArg::Body, Encoding::Hex),
];

/// Probe a receiver of yours with genuine and hostile deliveries.
///
/// Works for a receiver in any language. It must have the same secret, and takes what it accepts
/// for real: check one that writes to a database for tests. Any answer outside 200-299 counts as a
/// refusal.
///
/// Exit code: 0 if at least one form of a genuine delivery was accepted and nothing hostile was; 1
/// if not; 2 if the check could not be made.
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
    #[arg(long, value_name = "NUMBER", default_value = "CHECK0000000001")]
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
        if !self.i_own_this {
            refuse_strangers(&self.url).await?;
        }
        let progress = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} {msg}") {
            progress.set_style(style);
        }
        let mut probe = Probe {
            client: client::client()?,
            vendor: Vendor {
                secret,
                parcel: self.parcel.clone(),
                accepted: Vec::new(),
            },
            check: &self,
            progress,
            tally: Tally::default(),
        };
        probe.run().await
    }
}

/// Refuses a URL whose host is not this machine.
async fn refuse_strangers(url: &Url) -> Result<(), Failure> {
    let host = url.host_str().unwrap_or_default();
    // A URL writes an IPv6 address in brackets.
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port_or_known_default().unwrap_or_default();
    let addresses: Vec<_> = net::lookup_host((name, port))
        .await
        .map_err(|error| Failure::usage(format_args!("cannot find {host}: {error}")))?
        .collect();
    let is_here = |address: &SocketAddr| address.ip().to_canonical().is_loopback();
    if !addresses.is_empty() && addresses.iter().all(is_here) {
        return Ok(());
    }
    Err(Failure::usage(format_args!(
        "{host} is not this machine: give --i-own-this if the receiver is yours to attack"
    )))
}

struct Probe<'a> {
    client: Client,
    vendor: Vendor,
    check: &'a Check,
    progress: ProgressBar,
    tally: Tally,
}

/// What it comes to.
#[derive(Default, Serialize)]
struct Tally {
    accepted_forms: Vec<String>,
    /// Whether a form is among them that was to be accepted.
    is_genuine_accepted: bool,
    passed: usize,
    failed: usize,
    not_decidable: usize,
    /// The cases that were accepted, although an attacker can send them.
    hostile_accepted: Vec<&'static str>,
}

impl Probe<'_> {
    async fn run(&mut self) -> Result<ExitCode, Failure> {
        let cases = cases();
        self.announce(&cases)?;
        self.find_forms().await?;
        for case in &cases {
            self.probe(case).await?;
        }
        self.progress.finish_and_clear();
        self.conclude()
    }

    fn announce(&self, cases: &[Case]) -> Result<(), Failure> {
        let all = FORMS.len() + cases.len();
        let count = |expected| {
            cases
                .iter()
                .filter(|case| case.expected == expected)
                .count()
        };
        let hostile = count(Expected::HostileRefused);
        let genuine = count(Expected::Accepted);
        let odd = cases.len() - hostile - genuine;
        let Check { url, parcel, .. } = self.check;
        let url = without_password(url);
        self.progress.set_length(all as u64);
        self.progress.enable_steady_tick(Duration::from_millis(100));
        self.check.output.line(
            format_args!(
                "Sends to {url}: a genuine delivery in each of {} documented forms, then {hostile} \
                 hostile, {odd} odd and {genuine} unusual genuine ones. They are about the parcels \
                 {parcel} and {UNKNOWN_PARCEL}; what the receiver accepts, it takes for real.\n",
                FORMS.len()
            ),
            &json!({"url": url.as_str(), "cases": all, "parcels": [parcel, UNKNOWN_PARCEL]}),
        )
    }

    /// Finds out which forms of a genuine delivery are accepted.
    async fn find_forms(&mut self) -> Result<(), Failure> {
        let is_wanted = |form: Form| self.check.scheme.is_none_or(|scheme| scheme == form.0);
        let mut outcomes = Vec::new();
        for form in FORMS {
            let outcome = self.send(&self.vendor.in_form(form), &name(form)).await?;
            if let Outcome::Unreachable(cause) = outcome {
                let url = without_password(&self.check.url);
                let what = format_args!("cannot connect to {url}: {cause}");
                return Err(Failure::usage(what));
            }
            outcomes.push((form, outcome));
        }
        let accepted = outcomes.iter().filter(|(_, outcome)| outcome.is_accepted());
        let mut accepted: Vec<Form> = accepted.map(|(form, _)| *form).collect();
        accepted.sort_by_key(|form| !is_wanted(*form));
        let is_one_accepted = accepted.first().is_some_and(|form| is_wanted(*form));
        self.tally.is_genuine_accepted = is_one_accepted;
        self.tally.accepted_forms = accepted.iter().map(|form| name(*form)).collect();
        self.vendor.accepted = accepted;

        for (form, answer) in outcomes {
            let (expected, is_telling, why) = match (is_wanted(form), is_one_accepted) {
                (true, false) => (
                    Expected::Accepted,
                    true,
                    "genuine: one form must be accepted",
                ),
                (true, true) => (Expected::Accepted, false, "genuine: one form is enough"),
                (false, is_telling) => {
                    let why = "genuine, but not of the form that --scheme demands";
                    (Expected::OddRefused, is_telling, why)
                }
            };
            self.show(Row {
                case: name(form),
                verdict: Verdict::of(expected, &answer, is_telling),
                expected,
                answer,
                why: why.to_owned(),
            })?;
        }
        Ok(())
    }

    async fn probe(&mut self, case: &Case) -> Result<(), Failure> {
        let request = (case.request)(&self.vendor);
        let answer = self.send(&request, case.name).await?;
        let is_telling = match case.scheme {
            Some(scheme) => self.vendor.is_accepted(scheme),
            // A genuine delivery that is refused is lost, whatever the reason.
            None => case.expected == Expected::Accepted || !self.vendor.accepted.is_empty(),
        };
        let verdict = Verdict::of(case.expected, &answer, is_telling);
        if case.expected == Expected::HostileRefused && answer.is_accepted() {
            self.tally.hostile_accepted.push(case.name);
        }
        let why = match (verdict, case.scheme) {
            (Verdict::NotDecidable, Some(scheme)) if !is_telling => format!(
                "tells nothing, since no genuine delivery of the {} form is accepted",
                covered(scheme)
            ),
            (Verdict::NotDecidable, None) if !is_telling => {
                "tells nothing, since no genuine delivery is accepted".to_owned()
            }
            _ => case.why.to_owned(),
        };
        self.show(Row {
            case: case.name.to_owned(),
            verdict,
            expected: case.expected,
            answer,
            why,
        })
    }

    async fn send(&self, request: &Request, name: &str) -> Result<Outcome, Failure> {
        self.progress.set_message(name.to_owned());
        let outcome = request.send(&self.client, &self.check.url).await;
        self.progress.inc(1);
        outcome
    }

    fn show(&mut self, row: Row) -> Result<(), Failure> {
        *match row.verdict {
            Verdict::Pass => &mut self.tally.passed,
            Verdict::Fail => &mut self.tally.failed,
            Verdict::NotDecidable => &mut self.tally.not_decidable,
        } += 1;
        let output = self.check.output;
        self.progress.suspend(|| output.line(&row, &row))
    }

    fn conclude(&self) -> Result<ExitCode, Failure> {
        let tally = &self.tally;
        self.check.output.line(tally, tally)?;
        let is_failed = !tally.hostile_accepted.is_empty()
            || !tally.is_genuine_accepted
            || self.check.strict && tally.failed > 0;
        Ok(if is_failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\n{} passed, {} failed, {} not decidable. ",
            self.passed, self.failed, self.not_decidable
        )?;
        match &self.accepted_forms[..] {
            [] => f.write_str("No genuine delivery is accepted")?,
            forms => write!(f, "Accepted forms: {}", forms.join(", "))?,
        }
        if !self.is_genuine_accepted {
            let hint = ": has the receiver this secret, is the path right, must it know the parcel (--parcel)?";
            write!(f, "{}", Painted(BAD, hint))?;
        }
        if !self.hostile_accepted.is_empty() {
            let cases = self.hostile_accepted.join(", ");
            let line = format!("UNSAFE: accepted what anybody could send: {cases}");
            write!(f, "\n{}", Painted(BAD, line))?;
        }
        Ok(())
    }
}

fn name((scheme, encoding): Form) -> String {
    let encoding = match encoding {
        Encoding::Hex => "hex",
        Encoding::Base64 => "base64",
    };
    format!("{}-{encoding}", covered(scheme))
}

/// What a signature covers.
fn covered(scheme: SchemeArg) -> &'static str {
    match scheme {
        SchemeArg::Timestamp => "timestamp",
        SchemeArg::Body => "body",
    }
}

fn without_password(url: &Url) -> Url {
    let mut url = url.clone();
    // Both fail only for a URL without a host, which has neither.
    _ = url.set_username("");
    _ = url.set_password(None);
    url
}
