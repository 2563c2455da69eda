use std::fmt;

use serde::Serialize;

use super::{cases::Expected, request::Outcome};
use crate::output::{BAD, FAINT, GOOD, Painted};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Pass,
    Fail,
    NotDecidable,
}

impl Verdict {
    /// Judges what came of a case. Where `is_telling` is false, a refusal may be for the form of
    /// the case, which the receiver does not accept, and not for what is wrong with it.
    pub(super) fn of(expected: Expected, outcome: &Outcome, is_telling: bool) -> Self {
        use Expected::{Accepted, Answered, HostileRefused, OddRefused, Unknown};

        match (expected, outcome) {
            (Unknown, _) => Self::NotDecidable,
            (Accepted, _) if outcome.is_accepted() => Self::Pass,
            (HostileRefused | OddRefused, _) if outcome.is_accepted() => Self::Fail,
            (_, _) if !is_telling => Self::NotDecidable,
            (HostileRefused | OddRefused, Outcome::TimedOut)
            | (HostileRefused | OddRefused | Answered, Outcome::Unreachable(_)) => {
                Self::NotDecidable
            }
            (HostileRefused | OddRefused, Outcome::Answered(_) | Outcome::Closed)
            | (Answered, Outcome::Answered(..=499)) => Self::Pass,
            (_, _) => Self::Fail,
        }
    }
}

/// What came of a case, as it is shown.
#[derive(Serialize)]
#[serde(tag = "event", rename = "case")]
pub(super) struct Row {
    pub(super) case: String,
    pub(super) verdict: Verdict,
    pub(super) expected: Expected,
    pub(super) answer: Outcome,
    pub(super) why: String,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (style, verdict) = match self.verdict {
            Verdict::Pass => (GOOD, "pass"),
            Verdict::Fail => (BAD, "FAIL"),
            Verdict::NotDecidable => (FAINT, "?   "),
        };
        write!(
            f,
            "{}  {:26}  {:8}  {:9}  {}",
            Painted(style, verdict),
            self.case,
            self.expected.to_string(),
            self.answer.to_string(),
            self.why
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judgements() {
        use Outcome::{Answered, Closed, TimedOut};
        use Verdict::{Fail, NotDecidable, Pass};

        let unreachable = || Outcome::Unreachable(String::new());
        for (expected, outcome, told, untold) in [
            (Expected::HostileRefused, Answered(204), Fail, Fail),
            (Expected::HostileRefused, Answered(401), Pass, NotDecidable),
            (Expected::HostileRefused, Answered(302), Pass, NotDecidable),
            (Expected::HostileRefused, Answered(500), Pass, NotDecidable),
            (Expected::HostileRefused, Closed, Pass, NotDecidable),
            (
                Expected::HostileRefused,
                TimedOut,
                NotDecidable,
                NotDecidable,
            ),
            (
                Expected::HostileRefused,
                unreachable(),
                NotDecidable,
                NotDecidable,
            ),
            (Expected::OddRefused, Answered(200), Fail, Fail),
            (Expected::OddRefused, Answered(401), Pass, NotDecidable),
            (Expected::Accepted, Answered(299), Pass, Pass),
            (Expected::Accepted, Answered(300), Fail, NotDecidable),
            (Expected::Accepted, Answered(404), Fail, NotDecidable),
            (Expected::Accepted, Closed, Fail, NotDecidable),
            (Expected::Accepted, unreachable(), Fail, NotDecidable),
            (Expected::Answered, Answered(200), Pass, NotDecidable),
            (Expected::Answered, Answered(400), Pass, NotDecidable),
            (Expected::Answered, Answered(500), Fail, NotDecidable),
            (Expected::Answered, Closed, Fail, NotDecidable),
            (Expected::Answered, TimedOut, Fail, NotDecidable),
            (Expected::Accepted, TimedOut, Fail, NotDecidable),
            (Expected::Unknown, Answered(200), NotDecidable, NotDecidable),
            (Expected::Unknown, Answered(401), NotDecidable, NotDecidable),
        ] {
            let context = format!("{expected:?} {outcome:?}");
            assert_eq!(Verdict::of(expected, &outcome, true), told, "{context}");
            assert_eq!(Verdict::of(expected, &outcome, false), untold, "{context}");
        }
    }
}
