use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::Frame;
use jiff::Timestamp;
use reqwest::{
    Body, StatusCode,
    header::{HeaderMap, HeaderValue},
};
use serde_json::{Value, json};

use super::{
    Check,
    cases::{CASES, Expected, UNKNOWN_PARCEL},
    report::{Tally, Verdict, why_nothing, word},
    vendor::{FORMS, Form, Request, Vendor},
};
use crate::{
    client::{Answer, NoAnswerKind, Target},
    failure::Failure,
    output::{BAD, GOOD, Painted, WARN},
    secret::Secret,
};

/// Sends one case after the other.
pub(super) struct Probe<'a> {
    pub(super) check: &'a Check,
    pub(super) target: Target,
    pub(super) secret: Secret,
    pub(super) tally: Tally,
}

impl Probe<'_> {
    /// Sends everything, prints a row for each case, and concludes.
    pub(super) async fn run(mut self) -> Result<Tally, Failure> {
        self.announce()?;
        let (accepted, nothing) = self.find_forms().await?;
        if let Some(&(first, _)) = accepted.first() {
            for case in CASES {
                let scheme = case.scheme.unwrap_or(first);
                let form = accepted.iter().find(|form| form.0 == scheme).copied();
                let is_telling = form.is_some();
                let form = form.unwrap_or((scheme, scheme.documented()));
                let answer = self.send(form, case.request).await?;
                let verdict = Verdict::of(case.expected, &answer, is_telling);
                let why = match verdict {
                    Verdict::NotDecidable if !is_telling => {
                        format!("inconclusive: {} signatures aren't accepted", scheme.name())
                    }
                    _ => case.why.to_owned(),
                };
                self.show(case.name, case.expected, verdict, &answer, &why)?;
            }
        }
        self.tally.conclude(nothing);
        Ok(self.tally)
    }

    fn announce(&self) -> Result<(), Failure> {
        let all = FORMS.len() + CASES.len();
        let (url, parcel) = (self.target.shown(), &self.check.parcel);
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

    /// Finds out which forms of a genuine delivery are accepted, or why none is. The forms that
    /// `--scheme` allows come first.
    async fn find_forms(&mut self) -> Result<(Vec<Form>, Option<String>), Failure> {
        use Expected::{Accepted, OddRefused};
        use NoAnswerKind::{TimedOut, Unreachable};

        let scheme = self.check.scheme;
        let is_wanted = |form: &Form| scheme.is_none_or(|scheme| scheme == form.0);
        let url = self.target.shown();
        let cannot = |why: &str| Failure::usage(format_args!("cannot check {url}: {why}"));
        let (mut answers, mut accepted, mut late) = (Vec::new(), Vec::new(), None);
        for form in FORMS {
            let answer = self.send(form, |vendor| vendor.genuine()).await?;
            match &answer.status {
                Ok(_) if answer.is_accepted() => accepted.push(form),
                Err(none) if none.kind == Unreachable && answers.is_empty() => {
                    return Err(cannot(&none.reason));
                }
                Err(none) if none.kind == TimedOut => late = Some(cannot(&none.reason)),
                _ => {}
            }
            answers.push(answer);
        }
        accepted.sort_by_key(|form| !is_wanted(form));
        let is_one_accepted = accepted.first().is_some_and(is_wanted);
        for (form, answer) in FORMS.iter().zip(&answers) {
            let found = (is_wanted(form), is_one_accepted, answer.is_accepted());
            let (expected, is_telling, why) = match found {
                (true, false, _) => (Accepted, true, "genuine: one form must be accepted"),
                (true, true, true) => (Accepted, true, "genuine: one form is enough"),
                (true, true, false) => (Accepted, false, "not accepted, but one form is enough"),
                (false, told, _) => (OddRefused, told, "genuine, but --scheme rules it out"),
            };
            let verdict = Verdict::of(expected, answer, is_telling);
            self.show(&name(form), expected, verdict, answer, why)?;
        }
        // If genuine deliveries time out, every case would.
        if let Some(late) = late.filter(|_| accepted.is_empty()) {
            return Err(late);
        }
        let unwanted = accepted.iter().filter(|form| !is_wanted(form));
        self.tally.unwanted_forms = unwanted.map(name).collect();
        self.tally.accepted_forms = accepted.iter().map(name).collect();
        self.tally.is_genuine_accepted = is_one_accepted;
        let nothing = accepted
            .is_empty()
            .then(|| why_nothing(&answers, &self.target.url));
        Ok((accepted, nothing))
    }

    /// Sends a request of a vendor that signs in this form. Returns the last answer.
    async fn send(
        &self,
        form: Form,
        request: fn(Vendor<'_>) -> Request,
    ) -> Result<Answer, Failure> {
        let request = request(Vendor {
            key: &self.secret,
            form,
            time: Timestamp::now().as_second(),
            parcel: &self.check.parcel,
        });
        let mut headers = HeaderMap::new();
        for (name, value) in request.headers {
            let value = HeaderValue::from_bytes(&value).map_err(Failure::failed)?;
            headers.append(name, value);
        }
        let never = stream::pending::<Result<Frame<Bytes>, Infallible>>();
        let body = || match &request.body {
            Some(body) => Body::from(body.clone()),
            None => Body::wrap(StreamBody::new(never.clone())),
        };
        if request.is_repeated {
            self.target.post(headers.clone(), body()).await;
        }
        Ok(self.target.post(headers, body()).await)
    }

    /// Counts and prints the result of a case.
    fn show(
        &mut self,
        case: &str,
        expected: Expected,
        verdict: Verdict,
        answer: &Answer,
        why: &str,
    ) -> Result<(), Failure> {
        use NoAnswerKind::{TimedOut, Unreachable};

        let tally = &mut self.tally;
        let none = answer.status.as_ref().err().map(|none| none.kind);
        // A receiver that waits for a body that never comes has accepted nothing.
        let is_late = none == Some(TimedOut) && case != "announced-unsigned";
        let (count, painted) = match verdict {
            Verdict::Pass => (&mut tally.passed, Painted(GOOD, "pass")),
            Verdict::Fail => (&mut tally.failed, Painted(BAD, "FAIL")),
            Verdict::NotDecidable => (&mut tally.not_decidable, Painted(WARN, "warn")),
        };
        *count += 1;
        match (verdict, expected) {
            (Verdict::Fail, Expected::HostileRefused) => tally.hostile_accepted.push(case.into()),
            (Verdict::Fail, _) => tally.other_failed.push(case.into()),
            (_, Expected::HostileRefused) if is_late => tally.hostile_unanswered.push(case.into()),
            _ => {}
        }
        match none {
            Some(Unreachable) => tally.stopped_answering.extend(tally.reached.take()),
            _ => tally.reached = Some(case.to_owned()),
        }
        tally.is_still_there = answer.is_accepted();
        let (expected, word) = (expected.name(), word(answer));
        let status = answer.status.as_ref().map(StatusCode::as_u16);
        self.check.output.line(
            format_args!("{painted}  {case:26}  {expected:8}  {word:9}  {why}"),
            &json!({
                "event": "case",
                "case": case,
                "verdict": verdict,
                "expected": expected,
                "answer": status.map_or_else(|_| json!(word), Value::from),
                "why": why,
            }),
        )
    }
}

fn name((scheme, encoding): &Form) -> String {
    format!("{}-{}", scheme.name(), encoding.name())
}
