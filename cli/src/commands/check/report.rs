//! The results of a check.

use std::fmt;

use reqwest::{StatusCode, Url};
use serde::Serialize;

use super::{PATIENCE, cases::Expected};
use crate::{
    client::{Answer, NoAnswerKind},
    output::{BAD, GOOD, Painted, WARN},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Pass,
    Fail,
    NotDecidable,
}

impl Verdict {
    /// Judges the answer to a case. If `is_telling` is false, a refusal may be due to the form of
    /// the signature rather than to what is wrong with the request.
    pub(super) fn of(expected: Expected, answer: &Answer, is_telling: bool) -> Self {
        use Expected::{Accepted, Answered, HostileRefused, OddRefused, Unknown};
        use NoAnswerKind::{Closed, TimedOut, Unreachable};

        let is_accepted = answer.is_accepted();
        let status = answer.status.as_ref().map_err(|none| none.kind);
        match (expected, status) {
            (Unknown, _) => Self::NotDecidable,
            (Accepted, _) if is_accepted => Self::Pass,
            (HostileRefused | OddRefused, _) if is_accepted => Self::Fail,
            (_, _) if !is_telling => Self::NotDecidable,
            (HostileRefused | OddRefused, Err(TimedOut))
            | (HostileRefused | OddRefused | Answered, Err(Unreachable)) => Self::NotDecidable,
            (HostileRefused | OddRefused, Ok(_) | Err(Closed)) => Self::Pass,
            (Answered, Ok(status)) if !status.is_server_error() => Self::Pass,
            (_, _) => Self::Fail,
        }
    }
}

/// The result of all cases.
#[derive(Default, Serialize)]
#[serde(tag = "event", rename = "summary")]
pub(super) struct Tally {
    /// `safe`, `not_safe` or `not_known`, and the sentence that says so.
    pub(super) verdict: &'static str,
    sentence: String,
    pub(super) accepted_forms: Vec<String>,
    /// Whether a required form is among them.
    pub(super) is_genuine_accepted: bool,
    /// Those among them that --scheme rules out.
    pub(super) unwanted_forms: Vec<String>,
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) not_decidable: usize,
    /// The cases that were accepted although an attacker can send or replay them.
    pub(super) hostile_accepted: Vec<String>,
    /// Those of which it is unknown, as no answer came in time.
    pub(super) hostile_unanswered: Vec<String>,
    /// The other cases that failed.
    pub(super) other_failed: Vec<String>,
    /// The cases after which the receiver could not be reached any more.
    pub(super) stopped_answering: Vec<String>,
    /// Whether the last delivery was accepted, which is genuine.
    pub(super) is_still_there: bool,
    /// The last case, if the receiver could be reached.
    #[serde(skip)]
    pub(super) reached: Option<String>,
}

impl Tally {
    /// Reaches the verdict. `nothing` says why no genuine delivery was accepted, if none was.
    pub(super) fn conclude(&mut self, nothing: Option<String>) {
        let forms = self.accepted_forms.join(", ");
        let extra = self.unwanted_forms.join(", ");
        let hostile = self.hostile_accepted.join(", ");
        let unanswered = self.hostile_unanswered.join(", ");
        let odd = self.other_failed.join(", ");
        let stopped = self.stopped_answering.join(", ");
        let safe = |why: String| ("safe", format!("Safe: {why}."));
        let not_safe = |why: String| ("not_safe", format!("Not safe: {why}."));
        let not_known = |why: String| ("not_known", format!("Not known: {why}."));
        (self.verdict, self.sentence) = if !hostile.is_empty() {
            not_safe(format!("it accepted what an attacker can send: {hostile}"))
        } else if !stopped.is_empty() {
            not_safe(format!("it stopped answering after {stopped}"))
        } else if let Some(why) = nothing {
            not_known(format!("no genuine delivery was accepted; {why}"))
        } else if !self.is_genuine_accepted {
            not_known(format!("it accepts only {forms}, which --scheme rules out"))
        } else if !self.is_still_there {
            not_safe("at the end, it did not accept a genuine delivery".to_owned())
        } else if !extra.is_empty() {
            not_safe(format!("it also accepts {extra}, which --scheme rules out"))
        } else if !unanswered.is_empty() {
            let seconds = PATIENCE.as_secs();
            not_known(format!("no answer within {seconds} s to {unanswered}"))
        } else if odd.is_empty() {
            safe("it accepted the genuine deliveries and refused the others".to_owned())
        } else {
            safe(format!("it accepted nothing hostile; but it failed {odd}"))
        };
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (passed, failed, warned) = (self.passed, self.failed, self.not_decidable);
        write!(
            f,
            "\n{passed} passed, {failed} failed, {warned} inconclusive."
        )?;
        if !self.accepted_forms.is_empty() {
            write!(f, " Accepted forms: {}.", self.accepted_forms.join(", "))?;
        }
        let style = match self.verdict {
            "safe" => GOOD,
            "not_safe" => BAD,
            _ => WARN,
        };
        write!(f, "\n{}", Painted(style, &self.sentence))
    }
}

/// Returns why nothing genuine was accepted, judging by the answers.
pub(super) fn why_nothing(answers: &[Answer], url: &Url) -> String {
    let asks_for_tls = |answer: &Answer| {
        let words = answer.words.as_deref().unwrap_or_default();
        matches!(answer.status, Ok(StatusCode::BAD_REQUEST))
            && words.to_ascii_uppercase().contains("HTTPS")
    };
    let statuses = answers
        .iter()
        .filter_map(|answer| answer.status.as_ref().ok());
    let statuses: Vec<_> = statuses.copied().collect();
    if url.scheme() == "http" {
        if answers.iter().all(asks_for_tls) {
            return "the port seems to speak TLS: try https://".to_owned();
        }
        if statuses.is_empty() {
            return "it closed the connection without an HTTP answer: see the log of the receiver, \
                    and if the port speaks TLS, use https://"
                .to_owned();
        }
    }
    let has = |status| statuses.contains(&status);
    let advice = if has(StatusCode::UNAUTHORIZED) || has(StatusCode::FORBIDDEN) {
        "check the secret, the path, and whether it needs a known parcel (--parcel)"
    } else if has(StatusCode::NOT_FOUND) {
        "check the path, and whether it needs a known parcel (--parcel)"
    } else if has(StatusCode::METHOD_NOT_ALLOWED) {
        "check the path: it does not take POST"
    } else if statuses.iter().any(StatusCode::is_redirection) {
        "use the URL that it redirects to"
    } else {
        "see the log of the receiver"
    };
    let seen = answers.iter().map(|answer| match &answer.status {
        Ok(status) => status.to_string(),
        Err(_) => word(answer).to_owned(),
    });
    let mut seen: Vec<_> = seen.collect();
    seen.dedup();
    format!("it answered {}: {advice}", seen.join(", "))
}

/// An answer in a word.
pub(super) fn word(answer: &Answer) -> &str {
    match &answer.status {
        Ok(status) => status.as_str(),
        Err(none) => match none.kind {
            NoAnswerKind::Unreachable => "unreached",
            NoAnswerKind::TimedOut => "timed out",
            NoAnswerKind::Closed => "closed",
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::client::NoAnswer;

    fn answer(status: Result<u16, NoAnswerKind>) -> Answer {
        let none = |kind| NoAnswer {
            kind,
            reason: String::new(),
        };
        Answer {
            status: status
                .map(|status| StatusCode::from_u16(status).unwrap())
                .map_err(none),
            words: None,
            latency: Duration::ZERO,
        }
    }

    #[test]
    fn judgements() {
        use Expected::{Accepted, Answered, HostileRefused, OddRefused, Unknown};
        use NoAnswerKind::{Closed, TimedOut, Unreachable};
        use Verdict::{Fail, NotDecidable, Pass};

        for (expected, status, told, untold) in [
            (HostileRefused, Ok(204), Fail, Fail),
            (HostileRefused, Ok(401), Pass, NotDecidable),
            (HostileRefused, Ok(302), Pass, NotDecidable),
            (HostileRefused, Ok(500), Pass, NotDecidable),
            (HostileRefused, Err(Closed), Pass, NotDecidable),
            (HostileRefused, Err(TimedOut), NotDecidable, NotDecidable),
            (HostileRefused, Err(Unreachable), NotDecidable, NotDecidable),
            (OddRefused, Ok(200), Fail, Fail),
            (OddRefused, Ok(401), Pass, NotDecidable),
            (Accepted, Ok(299), Pass, Pass),
            (Accepted, Ok(300), Fail, NotDecidable),
            (Accepted, Ok(404), Fail, NotDecidable),
            (Accepted, Err(Closed), Fail, NotDecidable),
            (Accepted, Err(Unreachable), Fail, NotDecidable),
            (Accepted, Err(TimedOut), Fail, NotDecidable),
            (Answered, Ok(200), Pass, NotDecidable),
            (Answered, Ok(400), Pass, NotDecidable),
            (Answered, Ok(500), Fail, NotDecidable),
            (Answered, Err(Closed), Fail, NotDecidable),
            (Answered, Err(TimedOut), Fail, NotDecidable),
            (Unknown, Ok(200), NotDecidable, NotDecidable),
            (Unknown, Ok(401), NotDecidable, NotDecidable),
        ] {
            let answer = answer(status);
            let context = format!("{expected:?} {status:?}");
            assert_eq!(Verdict::of(expected, &answer, true), told, "{context}");
            assert_eq!(Verdict::of(expected, &answer, false), untold, "{context}");
        }
    }
}
