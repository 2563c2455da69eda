use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{Client, Url};
use serde_json::json;

use super::{
    Check,
    cases::{Case, Expected, cases},
    request::{Outcome, Request},
    tally::Tally,
    vendor::{Form, UNKNOWN_PARCEL, Vendor},
    verdict::{Row, Verdict},
};
use crate::{
    failure::Failure,
    secret::Secret,
    signing::{Encoding, SchemeArg},
};

/// Every documented form, those first that the documentation has so.
const FORMS: [Form; 4] = [
    (SchemeArg::Timestamp, Encoding::Hex),
    (SchemeArg::Body, Encoding::Base64),
    (SchemeArg::Timestamp, Encoding::Base64),
    (SchemeArg::Body, Encoding::Hex),
];

/// Sends one case after the other.
pub(super) struct Probe<'a> {
    client: Client,
    vendor: Vendor,
    check: &'a Check,
    progress: ProgressBar,
    tally: Tally,
    /// What was sent last, if the receiver could be reached then.
    reached: Option<String>,
}

impl<'a> Probe<'a> {
    pub(super) fn new(check: &'a Check, client: Client, secret: Secret) -> Self {
        let progress = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} {msg}") {
            progress.set_style(style);
        }
        Self {
            client,
            vendor: Vendor {
                secret,
                parcel: check.parcel.clone(),
                accepted: Vec::new(),
            },
            check,
            progress,
            tally: Tally::default(),
            reached: None,
        }
    }

    /// Sends everything, prints a row for each case, and sums up.
    pub(super) async fn run(mut self) -> Result<Tally, Failure> {
        let cases = cases();
        self.announce(&cases)?;
        self.find_forms().await?;
        for case in &cases {
            // The last of them is genuine.
            self.tally.is_still_there = self.probe(case).await?;
        }
        self.progress.finish_and_clear();
        Ok(self.tally)
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
            &json!({
                "event": "plan",
                "url": url.as_str(),
                "cases": all,
                "parcels": [parcel, UNKNOWN_PARCEL],
            }),
        )
    }

    /// Finds out which forms of a genuine delivery are accepted.
    async fn find_forms(&mut self) -> Result<(), Failure> {
        let is_wanted = |form: Form| self.check.scheme.is_none_or(|scheme| scheme == form.0);
        let mut outcomes = Vec::new();
        for form in FORMS {
            let outcome = self.send(&self.vendor.in_form(form), &name(form)).await?;
            // What does not answer the genuine is not worth the wait for each of the others.
            let trouble = match &outcome {
                Outcome::Unreachable(cause) if outcomes.is_empty() => cause,
                Outcome::TimedOut => "no answer",
                _ => {
                    outcomes.push((form, outcome));
                    continue;
                }
            };
            let url = without_password(&self.check.url);
            return Err(Failure::usage(format_args!(
                "cannot check {url}: {trouble}"
            )));
        }
        let accepted = outcomes.iter().filter(|(_, outcome)| outcome.is_accepted());
        let mut accepted: Vec<Form> = accepted.map(|(form, _)| *form).collect();
        accepted.sort_by_key(|form| !is_wanted(*form));
        let is_one_accepted = accepted.first().is_some_and(|form| is_wanted(*form));
        self.tally.is_genuine_accepted = is_one_accepted;
        self.tally.accepted_forms = accepted.iter().map(|form| name(*form)).collect();
        let unwanted = accepted.iter().filter(|form| !is_wanted(**form));
        self.tally.unwanted_forms = unwanted.map(|form| name(*form)).collect();
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

    /// Sends a case, and tells whether it was accepted.
    async fn probe(&mut self, case: &Case) -> Result<bool, Failure> {
        let request = (case.request)(&self.vendor);
        let answer = self.send(&request, case.name).await?;
        let is_telling = match case.scheme {
            Some(scheme) => self.vendor.is_accepted(scheme),
            // A genuine delivery that is refused is lost, whatever the reason.
            None => case.expected == Expected::Accepted || !self.vendor.accepted.is_empty(),
        };
        let verdict = Verdict::of(case.expected, &answer, is_telling);
        let is_accepted = answer.is_accepted();
        if case.expected == Expected::HostileRefused && is_accepted {
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
        })?;
        Ok(is_accepted)
    }

    async fn send(&mut self, request: &Request, name: &str) -> Result<Outcome, Failure> {
        self.progress.set_message(name.to_owned());
        let outcome = request.send(&self.client, &self.check.url).await?;
        self.progress.inc(1);
        match outcome {
            Outcome::Unreachable(_) => self.tally.stopped_answering.extend(self.reached.take()),
            _ => self.reached = Some(name.to_owned()),
        }
        Ok(outcome)
    }

    fn show(&mut self, row: Row) -> Result<(), Failure> {
        self.tally.count(row.verdict);
        let output = self.check.output;
        self.progress.suspend(|| output.line(&row, &row))
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
