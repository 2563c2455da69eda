use std::sync::atomic::AtomicU64;

use reqwest::Client;
use serde_json::json;

use super::{
    Check,
    cases::{CASES, Case, Expected},
    report::{Row, Tally, Verdict, why_nothing},
    vendor::{Form, Request, UNKNOWN_PARCEL, Vendor},
};
use crate::{
    client::{self, Answer, NoAnswerKind},
    failure::Failure,
    secret::Secret,
    signing::{Encoding, SchemeArg},
};

/// Every documented form. Those that the documentation shows come first.
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
    tally: Tally,
    /// The last case, if the receiver could be reached.
    reached: Option<String>,
}

impl<'a> Probe<'a> {
    pub(super) fn new(check: &'a Check, client: Client, secret: Secret) -> Self {
        Self {
            client,
            vendor: Vendor {
                secret,
                parcel: check.parcel.clone(),
                accepted: Vec::new(),
                bodies: AtomicU64::new(1),
            },
            check,
            tally: Tally::default(),
            reached: None,
        }
    }

    /// Sends everything, prints a row for each case, and concludes.
    pub(super) async fn run(mut self) -> Result<Tally, Failure> {
        self.announce()?;
        let nothing = self.find_forms().await?;
        if nothing.is_none() {
            for case in CASES {
                // The last of them is genuine.
                self.tally.is_still_there = self.probe(case).await?;
            }
        }
        self.tally.conclude(nothing);
        Ok(self.tally)
    }

    fn announce(&self) -> Result<(), Failure> {
        let all = FORMS.len() + CASES.len();
        let Check { url, parcel, .. } = self.check;
        let url = client::shown(url);
        self.check.output.line(
            format_args!(
                "Sending {all} deliveries to {url}: genuine, hostile and odd ones, about the parcels \
                 {parcel} and {UNKNOWN_PARCEL}.\n\
                 The receiver will process accepted deliveries as real.\n\n\
                 {:4}  {:26}  expected  answer     why",
                "", "case"
            ),
            &json!({
                "event": "plan",
                "url": url,
                "cases": all,
                "parcels": [parcel, UNKNOWN_PARCEL],
            }),
        )
    }

    /// Finds out which forms of a genuine delivery are accepted, or why none is.
    async fn find_forms(&mut self) -> Result<Option<String>, Failure> {
        let is_wanted = |form: Form| self.check.scheme.is_none_or(|scheme| scheme == form.0);
        let mut answers = Vec::new();
        for form in FORMS {
            let answer = self.send(&self.vendor.in_form(form), &name(form)).await?;
            if let Err(none) = &answer.status {
                let is_first = answers.is_empty();
                // If genuine deliveries time out, every case would.
                if none.kind == NoAnswerKind::TimedOut
                    || none.kind == NoAnswerKind::Unreachable && is_first
                {
                    let (url, reason) = (client::shown(&self.check.url), &none.reason);
                    return Err(Failure::usage(format_args!("cannot check {url}: {reason}")));
                }
            }
            answers.push((form, answer));
        }
        let accepted = answers.iter().filter(|(_, answer)| answer.is_accepted());
        let mut accepted: Vec<Form> = accepted.map(|(form, _)| *form).collect();
        accepted.sort_by_key(|form| !is_wanted(*form));
        let is_one_accepted = accepted.first().is_some_and(|form| is_wanted(*form));
        self.tally.is_genuine_accepted = is_one_accepted;
        self.tally.accepted_forms = accepted.iter().map(|form| name(*form)).collect();
        let unwanted = accepted.iter().filter(|form| !is_wanted(**form));
        self.tally.unwanted_forms = unwanted.map(|form| name(*form)).collect();
        let nothing = accepted.is_empty().then(|| {
            let answers: Vec<_> = answers.iter().map(|(_, answer)| answer).collect();
            why_nothing(&answers, &self.check.url)
        });
        self.vendor.accepted = accepted;

        for (form, answer) in answers {
            let (expected, is_telling, why) = match (is_wanted(form), is_one_accepted) {
                (true, false) => (
                    Expected::Accepted,
                    true,
                    "genuine: one form must be accepted",
                ),
                (true, true) => (Expected::Accepted, false, "genuine: one form is enough"),
                (false, is_telling) => {
                    let why = "genuine, but in a form that --scheme rules out";
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
        Ok(nothing)
    }

    /// Sends a case. Returns whether it was accepted.
    async fn probe(&mut self, case: &Case) -> Result<bool, Failure> {
        let request = (case.request)(&self.vendor);
        let answer = self.send(&request, case.name).await?;
        // A genuine delivery that is refused is lost, whatever the reason.
        let is_telling = case
            .scheme
            .is_none_or(|scheme| self.vendor.is_accepted(scheme));
        let verdict = Verdict::of(case.expected, &answer, is_telling);
        let is_accepted = answer.is_accepted();
        let why = match (verdict, case.scheme) {
            (Verdict::NotDecidable, Some(scheme)) if !is_telling => {
                format!("inconclusive: {} signatures aren't accepted", scheme.name())
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

    async fn send(&mut self, request: &Request, name: &str) -> Result<Answer, Failure> {
        let answer = request.send(&self.client, &self.check.url).await?;
        match &answer.status {
            Err(none) if none.kind == NoAnswerKind::Unreachable => {
                self.tally.stopped_answering.extend(self.reached.take());
            }
            _ => self.reached = Some(name.to_owned()),
        }
        Ok(answer)
    }

    fn show(&mut self, row: Row) -> Result<(), Failure> {
        self.tally.count(&row);
        self.check.output.line(&row, &row)
    }
}

fn name((scheme, encoding): Form) -> String {
    format!("{}-{}", scheme.name(), encoding.name())
}
