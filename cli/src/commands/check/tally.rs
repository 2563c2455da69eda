use std::fmt;

use serde::Serialize;

use super::verdict::Verdict;
use crate::output::{BAD, GOOD, Painted};

const NOTHING_ACCEPTED: &str = "No genuine delivery is accepted: has the receiver this secret, is \
    the path right, must it know the parcel (--parcel)?";

/// What it comes to.
#[derive(Default, Serialize)]
#[serde(tag = "event", rename = "summary")]
pub(super) struct Tally {
    pub(super) accepted_forms: Vec<String>,
    /// Whether a form is among them that was to be accepted.
    pub(super) is_genuine_accepted: bool,
    /// Those among them that were not to be accepted.
    pub(super) unwanted_forms: Vec<String>,
    passed: usize,
    failed: usize,
    not_decidable: usize,
    /// The cases that were accepted, although an attacker can send or replay them.
    pub(super) hostile_accepted: Vec<&'static str>,
    /// The cases behind which the receiver could not be reached any more.
    pub(super) stopped_answering: Vec<String>,
    /// Whether a genuine delivery was accepted after all else.
    pub(super) is_still_there: bool,
}

impl Tally {
    pub(super) fn count(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Pass => &mut self.passed,
            Verdict::Fail => &mut self.failed,
            Verdict::NotDecidable => &mut self.not_decidable,
        } += 1;
    }

    pub(super) fn is_good(&self, is_strict: bool) -> bool {
        let is_safe = self.hostile_accepted.is_empty();
        let is_alive = self.stopped_answering.is_empty() && self.is_still_there;
        let is_as_demanded = self.is_genuine_accepted && self.unwanted_forms.is_empty();
        is_safe && is_alive && is_as_demanded && !(is_strict && self.failed > 0)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\n{} passed, {} failed, {} not decidable. ",
            self.passed, self.failed, self.not_decidable
        )?;
        let forms = self.accepted_forms.join(", ");
        let accepted = match (self.accepted_forms.is_empty(), self.is_genuine_accepted) {
            (true, _) => Painted(BAD, NOTHING_ACCEPTED.to_owned()),
            (false, false) => Painted(BAD, format!("Not accepted as demanded, but as {forms}")),
            (false, true) => Painted(GOOD, format!("Accepted forms: {forms}")),
        };
        write!(f, "{accepted}")?;
        if self.is_genuine_accepted && !self.unwanted_forms.is_empty() {
            let line = format!("Not as demanded: {}", self.unwanted_forms.join(", "));
            write!(f, "\n{}", Painted(BAD, line))?;
        }
        if !self.hostile_accepted.is_empty() {
            let cases = self.hostile_accepted.join(", ");
            let line = format!("UNSAFE: accepted what an attacker could send or replay: {cases}");
            write!(f, "\n{}", Painted(BAD, line))?;
        }
        if !self.stopped_answering.is_empty() {
            let line = format!("Stopped answering: {}", self.stopped_answering.join(", "));
            write!(f, "\n{}", Painted(BAD, line))?;
        }
        if self.is_genuine_accepted && !self.is_still_there {
            let line = "In the end no genuine delivery was accepted any more";
            write!(f, "\n{}", Painted(BAD, line))?;
        }
        Ok(())
    }
}
