//! Judges whether a delivery is genuine. If not, tries the usual mistakes to find out why.

use std::{
    iter,
    ops::Range,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use serde_json::Value;
use trackingmore_webhook_axum::{
    ConfigError, Error, ErrorKind, VerifiedBody, Verifier, trackingmore_webhook::Headers as _,
};

use super::{
    candidates::{is_signature, keys, reading},
    mistake::{Mistake, mistake},
    rewritten::{originals, others, trace},
};
use crate::{
    duration::Written,
    signing::{Encoding, SchemeArg, mac},
};

/// A delivery, and what it is judged by.
pub(crate) struct Suspect<'a> {
    pub(crate) headers: &'a [(String, Vec<u8>)],
    pub(crate) body: &'a [u8],
    pub(crate) secret: &'a [u8],
    pub(crate) scheme: Option<SchemeArg>,
    pub(crate) encoding: Option<Encoding>,
    pub(crate) max_age: Duration,
    pub(crate) now: SystemTime,
}

const MAX_CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);

/// Numbers of 13 digits: milliseconds from 2001 to 2286, or seconds of the year 33658 and later.
const MILLISECONDS: Range<u64> = 1_000_000_000_000..10_000_000_000_000;

impl Suspect<'_> {
    /// Judges the delivery. If it is refused, returns the mistakes that together explain it, or one
    /// that says that none does.
    pub(crate) fn judge(&self) -> Result<(VerifiedBody, Encoding), Vec<Mistake>> {
        // A verifier takes no secret that begins or ends with whitespace.
        let Ok(verifier) = self.verifier() else {
            return Err(self.explain());
        };
        let body = match self.verify(&verifier).map_err(|error| error.kind()) {
            Ok(body) => Some(body),
            Err(ErrorKind::StaleTimestamp | ErrorKind::FutureTimestamp) => None,
            Err(_) => return Err(self.explain()),
        };
        let encoding = match self.values("signature").any(|value| value.len() == 64) {
            true => Encoding::Hex,
            false => Encoding::Base64,
        };
        let mut mistakes = Vec::new();
        if self.encoding.is_some_and(|wanted| wanted != encoding) {
            let detail = match encoding {
                Encoding::Hex => "the signature is in hex, not in base64",
                Encoding::Base64 => "the signature is in base64, not in hex",
            };
            mistakes.push(mistake("other_encoding", detail));
        }
        match body {
            Some(body) if mistakes.is_empty() => return Ok((body, encoding)),
            Some(_) => {}
            None => mistakes.extend(self.claimed_time().and_then(|time| self.wrong_time(time))),
        }
        if let Some(first) = mistakes.first_mut() {
            first.detail.insert_str(0, "the signature is valid, but ");
        }
        Err(mistakes)
    }

    /// The timestamp, signed or not.
    pub(super) fn claimed_time(&self) -> Option<u64> {
        self.values("timestamp").next().and_then(number)
    }

    fn verifier(&self) -> Result<Verifier, ConfigError> {
        let builder = Verifier::builder()
            .secret(self.secret)
            .max_age(self.max_age)
            .max_clock_skew(MAX_CLOCK_SKEW)
            .body_limit(usize::MAX);
        match self.scheme {
            None => builder,
            Some(scheme) => builder.scheme(scheme.into()),
        }
        .build()
    }

    fn verify(&self, verifier: &Verifier) -> Result<VerifiedBody, Error> {
        let mut incoming = verifier.begin_at(self.headers, self.now)?;
        incoming.push(Bytes::copy_from_slice(self.body))?;
        incoming.finish()
    }

    fn wrong_time(&self, time: u64) -> Option<Mistake> {
        let now = self.now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let age = Duration::from_secs(now.as_secs().saturating_sub(time));
        let ahead = Duration::from_secs(time.saturating_sub(now.as_secs()));
        let (code, detail) = if age > self.max_age {
            let [age, over, allowed] = [age, age - self.max_age, self.max_age].map(Written);
            let detail = format!(
                "the timestamp is {age} old, which is {over} more than the {allowed} allowed; or \
                 the clock here is ahead"
            );
            ("stale_timestamp", detail)
        } else if ahead <= MAX_CLOCK_SKEW {
            return None;
        } else if MILLISECONDS.contains(&time) {
            let detail = "the timestamp is in milliseconds, not in seconds";
            ("milliseconds", detail.to_owned())
        } else {
            let [ahead, allowed] = [ahead, MAX_CLOCK_SKEW].map(Written);
            let detail = format!(
                "the timestamp is {ahead} ahead of the clock, and {allowed} are allowed: one of \
                 the two clocks is wrong"
            );
            ("future_timestamp", detail)
        };
        Some(mistake(code, detail))
    }

    fn explain(&self) -> Vec<Mistake> {
        for (name, code) in [
            ("signature", "repeated_signature"),
            ("timestamp", "repeated_timestamp"),
        ] {
            let is_used = name == "signature" || self.scheme != Some(SchemeArg::Body);
            let count = self.values(name).count();
            if is_used && count > 1 {
                let detail = match count {
                    2 => format!("header `{name}` appears twice"),
                    _ => format!("header `{name}` appears {count} times"),
                };
                return vec![mistake(code, detail)];
            }
        }
        let Some(signature) = self.values("signature").next() else {
            return self.no_signature();
        };
        if !is_signature(signature) {
            let detail = format!(
                "the signature has {} characters and is neither 64 digits of hex nor 44 characters \
                 of base64",
                signature.len()
            );
            return vec![mistake("malformed_signature", detail)];
        }
        self.mistakes_behind(signature)
            .unwrap_or_else(|| vec![self.no_match()])
    }

    fn no_signature(&self) -> Vec<Mistake> {
        for (name, value) in self.headers {
            if let Some(mistakes) = self.mistakes_behind(value) {
                let other = other_header("signature", name);
                return iter::once(other).chain(mistakes).collect();
            }
        }
        let missing = || mistake("missing_signature", "no header `signature`");
        vec![self.proof_in_body().unwrap_or_else(missing)]
    }

    /// Finds the mistakes by which the text of a signature was made.
    fn mistakes_behind(&self, signature: &[u8]) -> Option<Vec<Mistake>> {
        let (misread, given) = reading(signature)?;
        let messages = self.messages();
        keys(self.secret).into_iter().find_map(|(wrong_key, key)| {
            let is_signed = |(_, message): &&(_, Vec<u8>)| mac(&key, message) == given;
            let (mistakes, _) = messages.iter().find(is_signed)?;
            let of_texts = misread.clone().into_iter().chain(wrong_key);
            Some(of_texts.chain(mistakes.clone()).collect())
        })
    }

    /// Returns what may have been signed, each with the mistakes that this would be.
    fn messages(&self) -> Vec<(Vec<Mistake>, Vec<u8>)> {
        let mut messages = Vec::new();
        for (elsewhere, text) in self.times() {
            let mut add = |wrong, message| {
                let mistakes = elsewhere.clone().into_iter().chain(wrong);
                messages.push((mistakes.collect(), message));
            };
            let time = number(text);
            let wrong = match (self.scheme, time) {
                (Some(SchemeArg::Body), _) => Some(mistake(
                    "other_form",
                    "the signature is of the timestamp, not of the body: the other documented form",
                )),
                (_, Some(time)) => self.wrong_time(time),
                (_, None) => Some(mistake(
                    "malformed_timestamp",
                    "the signature is valid, but the timestamp is not a whole number of seconds",
                )),
            };
            add(wrong, text.to_vec());
            if let Some(time) = time {
                let what = "the timestamp is in milliseconds, and the signature is of the seconds";
                let seconds = (time / 1000).to_string();
                add(Some(mistake("milliseconds", what)), seconds.into());
                let what = "the signature is of the timestamp in milliseconds, not in seconds";
                let milliseconds = format!("{time}000");
                add(Some(mistake("milliseconds", what)), milliseconds.into());
            }
        }
        if let Some(time) = self.values("timestamp").next() {
            let joined = mistake("joined", "the signature is of timestamp and body together");
            for between in [&b""[..], b".", b":", b"\n"] {
                for parts in [[time, between, self.body], [self.body, between, time]] {
                    messages.push((vec![joined.clone()], parts.concat()));
                }
            }
        }
        let body = self.body;
        let is_digits = !body.is_empty() && body.iter().all(u8::is_ascii_digit);
        let wrong = match self.scheme {
            Some(SchemeArg::Timestamp) => Some(mistake(
                "other_form",
                "the signature is of the body, not of the timestamp: the other documented form",
            )),
            _ if is_digits => Some(mistake(
                "digits_body",
                "the body is a number: a captured timestamp with its signature would look the same",
            )),
            _ => None,
        };
        messages.push((Vec::from_iter(wrong), body.to_vec()));
        for (how, body) in originals(body) {
            let detail = format!("the body was changed after it was signed: it matches {how}");
            messages.push((vec![mistake("changed_body", detail)], body));
        }
        for (what, message) in others(body) {
            let detail = format!("the signature is of {what}, not of the body");
            messages.push((vec![mistake("other_message", detail)], message));
        }
        messages
    }

    /// Returns what may be the timestamp: its header, or else any header that is a number.
    fn times(&self) -> Vec<(Option<Mistake>, &[u8])> {
        if let Some(time) = self.values("timestamp").next() {
            return vec![(None, time)];
        }
        let numbers = self.headers.iter();
        let numbers = numbers.filter(|(_, value)| number(value).is_some());
        numbers
            .map(|(name, value)| (Some(other_header("timestamp", name)), &value[..]))
            .collect()
    }

    fn no_match(&self) -> Mistake {
        let length = self.body.len();
        let announced = self.values("content-length").next().and_then(number);
        if let Some(announced) = announced.filter(|announced| *announced != length as u64) {
            let detail = format!("the body has {length} bytes, and {announced} were announced");
            return mistake("incomplete_body", detail);
        }
        if length == 0 {
            let detail = "the body is empty: something in front of the receiver removed it";
            return mistake("empty_body", detail);
        }
        if let Some(mistake) = self.proof_in_body() {
            return mistake;
        }
        if self.values("timestamp").next().is_none() && self.scheme != Some(SchemeArg::Body) {
            let detail = "no header `timestamp`, and the signature is not of the body";
            return mistake("missing_timestamp", detail);
        }
        let says_gzip = self
            .values("content-encoding")
            .any(|value| value == b"gzip");
        let why = trace(self.body, says_gzip).unwrap_or("no usual mistake explains it");
        mistake(
            "signature_mismatch",
            format!(
                "signed with another secret (it must be that of the webhook, not the API key), or \
                 changed on its way: {why}"
            ),
        )
    }

    /// Returns a mistake if the body holds the signature of an older version.
    fn proof_in_body(&self) -> Option<Mistake> {
        let body: Value = serde_json::from_slice(self.body).ok()?;
        let version = [&body, &body["data"]].into_iter().find_map(|place| {
            if place["verifyInfo"]["signature"].is_string() {
                return Some("V2");
            }
            place["verify"]["signature"].is_string().then_some("V3")
        })?;
        let detail = format!(
            "the signature is in the body, as in version {version}, which signs with the account's \
             e-mail address: choose version V4 for the webhook"
        );
        Some(mistake("proof_in_body", detail))
    }

    fn values<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b [u8]> {
        self.headers.values(name)
    }
}

fn other_header(missing: &str, found: &str) -> Mistake {
    let found = found.escape_debug();
    let detail = format!("no header `{missing}`; its value is in `{found}`");
    mistake("other_header", detail)
}

/// Reads up to 20 ASCII digits, as many as the verifier reads, and nothing else.
fn number(text: &[u8]) -> Option<u64> {
    let is_digits = text.len() <= 20 && text.iter().all(u8::is_ascii_digit);
    let text = str::from_utf8(text).ok().filter(|_| is_digits)?;
    text.parse().ok()
}

#[cfg(test)]
mod tests;
