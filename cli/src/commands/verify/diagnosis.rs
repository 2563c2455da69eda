//! Judges whether a delivery is genuine. If not, tries the usual mistakes to find out why.

use std::{
    ops::Range,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use serde_json::Value;
use trackingmore_webhook_axum::{
    ErrorKind, VerifiedBody, Verifier, trackingmore_webhook::Headers as _,
};

use super::{
    candidates::{is_signature, keys, reading},
    mistake::{Mistake, mistake},
    rewritten::{originals, others, trace},
};
use crate::{
    duration::Written,
    signing::{Encoding, Mac, SchemeArg, mac},
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

/// How many headers are tried as a signature, as anyone can send many.
const SIGNATURES: usize = 8;

/// The longest body, in bytes, that is rewritten in many ways to find what was signed.
const REWRITTEN: usize = 1024 * 1024;

impl Suspect<'_> {
    /// Returns the body of a genuine delivery.
    pub(crate) fn verified(&self) -> Option<VerifiedBody> {
        self.verify()?.ok()
    }

    /// Judges the delivery. If it is refused, returns the mistakes that together explain it, or one
    /// that says that none does.
    pub(crate) fn judge(&self) -> Result<(VerifiedBody, Encoding), Vec<Mistake>> {
        let body = match self.verify() {
            Some(Ok(body)) => Some(body),
            Some(Err(ErrorKind::StaleTimestamp | ErrorKind::FutureTimestamp)) => None,
            Some(Err(_)) | None => return Err(self.explain()),
        };
        let is_hex = self.first("signature").is_some_and(|text| text.len() == 64);
        let (encoding, what) = match is_hex {
            true => (Encoding::Hex, "the signature is in hex, not in base64"),
            false => (Encoding::Base64, "the signature is in base64, not in hex"),
        };
        let is_wrong = self.encoding.is_some_and(|wanted| wanted != encoding);
        let mut mistakes = Vec::from_iter(is_wrong.then(|| mistake("other_encoding", what)));
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
        self.first("timestamp").and_then(number)
    }

    fn first(&self, header: &'static str) -> Option<&[u8]> {
        self.headers.values(header).next()
    }

    /// Verifies it as a receiver does. Returns `None` if none takes the secret: it begins or ends
    /// with whitespace.
    fn verify(&self) -> Option<Result<VerifiedBody, ErrorKind>> {
        let builder = Verifier::builder()
            .secret(self.secret)
            .max_age(self.max_age)
            .max_clock_skew(MAX_CLOCK_SKEW)
            .body_limit(usize::MAX);
        let builder = match self.scheme {
            None => builder,
            Some(scheme) => builder.scheme(scheme.into()),
        };
        let begun = builder.build().ok()?.begin_at(self.headers, self.now);
        let verified = begun.and_then(|mut incoming| {
            incoming.push(Bytes::copy_from_slice(self.body))?;
            incoming.finish()
        });
        Some(verified.map_err(|error| error.kind()))
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
            let count = self.headers.values(name).count();
            if is_used && count > 1 {
                let detail = match count {
                    2 => format!("header `{name}` appears twice"),
                    _ => format!("header `{name}` appears {count} times"),
                };
                return vec![mistake(code, detail)];
            }
        }
        let is_missing = self.first("signature").is_none();
        let is_tried = |name: &str| is_missing || name.eq_ignore_ascii_case("signature");
        let signatures = self.headers.iter().filter_map(|(name, text)| {
            let (misread, mac) = reading(text).filter(|_| is_tried(name))?;
            let elsewhere = is_missing.then(|| other_header("signature", name));
            Some(([elsewhere.as_slice(), misread.as_slice()].concat(), mac))
        });
        let signatures: Vec<_> = signatures.take(SIGNATURES).collect();
        let found = self.mistakes_behind(&signatures);
        // What no mistake explains is not without a mistake.
        let found = found.filter(|mistakes| !mistakes.is_empty());
        found.unwrap_or_else(|| vec![self.no_match()])
    }

    /// Finds the mistakes by which one of the signatures was made. Each comes with the mistakes
    /// that its text has.
    fn mistakes_behind(&self, signatures: &[(Vec<Mistake>, Mac)]) -> Option<Vec<Mistake>> {
        if signatures.is_empty() {
            return None;
        }
        let messages = self.messages();
        keys(self.secret).into_iter().find_map(|(wrong_key, key)| {
            messages.iter().find_map(|(mistakes, message)| {
                let made = mac(&key, message);
                let (misread, _) = signatures.iter().find(|(_, given)| *given == made)?;
                Some([misread, wrong_key.as_slice(), mistakes].concat())
            })
        })
    }

    /// Returns what may have been signed, each with the mistakes that this would be.
    fn messages(&self) -> Vec<(Vec<Mistake>, Vec<u8>)> {
        let mut messages = Vec::new();
        let has_time = self.first("timestamp").is_some();
        for (name, text) in self.headers {
            let is_time = name.eq_ignore_ascii_case("timestamp");
            let time = number(text);
            // Without a timestamp, any number may be one.
            if !is_time && (has_time || time.is_none()) {
                continue;
            }
            let elsewhere = (!is_time).then(|| other_header("timestamp", name));
            let mut add = |wrong: Option<Mistake>, message| {
                let mistakes = [elsewhere.as_slice(), wrong.as_slice()].concat();
                messages.push((mistakes, message));
            };
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
        let body = self.body;
        let is_rewritten = body.len() <= REWRITTEN;
        if let Some(time) = self.first("timestamp").filter(|_| is_rewritten) {
            let joined = mistake("joined", "the signature is of timestamp and body together");
            for between in [&b""[..], b".", b":", b"\n"] {
                for parts in [[time, between, body], [body, between, time]] {
                    messages.push((vec![joined.clone()], parts.concat()));
                }
            }
        }
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
        if !is_rewritten {
            return messages;
        }
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

    /// Returns why the signature matches nothing.
    fn no_match(&self) -> Mistake {
        let Some(signature) = self.first("signature") else {
            let missing = || mistake("missing_signature", "no header `signature`");
            return self.proof_in_body().unwrap_or_else(missing);
        };
        if !is_signature(signature) {
            let detail = format!(
                "the signature has {} characters and is neither 64 digits of hex nor 44 characters \
                 of base64",
                signature.len()
            );
            return mistake("malformed_signature", detail);
        }
        let length = self.body.len();
        let announced = self.first("content-length").and_then(number);
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
        if self.first("timestamp").is_none() && self.scheme != Some(SchemeArg::Body) {
            let detail = "no header `timestamp`, and the signature is not of the body";
            return mistake("missing_timestamp", detail);
        }
        let says_gzip = self.first("content-encoding") == Some(b"gzip");
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
}

fn other_header(missing: &str, found: &str) -> Mistake {
    let found = found.escape_debug();
    let detail = format!("no header `{missing}`; its value is in `{found}`");
    mistake("other_header", detail)
}

/// Reads up to 20 ASCII digits, as many as the verifier reads, and nothing else.
fn number(text: &[u8]) -> Option<u64> {
    let is_digits = text.len() <= 20 && text.iter().all(u8::is_ascii_digit);
    str::from_utf8(text)
        .ok()
        .filter(|_| is_digits)?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests;
