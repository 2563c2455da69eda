//! Tells whether a delivery is genuine, and if not, why: by trying the usual mistakes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::Value;
use trackingmore_webhook_axum::{
    ConfigError, Error, ErrorKind, VerifiedBody, Verifier, trackingmore_webhook::Headers as _,
};

use super::{
    keys::keys,
    mistake::{Mistake, mistake},
    readings::readings,
    rewritten::rewritten,
};
use crate::{
    duration::Written,
    mac::{Mac, mac},
    signing::{Encoding, SchemeArg},
};

/// A delivery, and what it is held to.
pub(super) struct Suspect<'a> {
    pub(super) headers: &'a [(String, Vec<u8>)],
    pub(super) body: &'a [u8],
    pub(super) secret: &'a [u8],
    pub(super) scheme: Option<SchemeArg>,
    pub(super) encoding: Option<Encoding>,
    pub(super) max_age: Duration,
    pub(super) now: SystemTime,
}

const MAX_CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);

impl Suspect<'_> {
    /// Judges the delivery. If it is refused, gives the mistakes that explain it together, or one
    /// that says that none does.
    pub(super) fn judge(&self) -> Result<(VerifiedBody, Encoding), Vec<Mistake>> {
        // No verifier is made with a secret that has a blank at an end.
        let Ok(verifier) = self.verifier() else {
            return Err(self.explain());
        };
        match self.verify(&verifier).map_err(|error| error.kind()) {
            Ok(body) => self.judge_encoding(body).map_err(|mistake| vec![mistake]),
            Err(kind @ (ErrorKind::StaleTimestamp | ErrorKind::FutureTimestamp)) => {
                Err(vec![self.wrong_time(kind)])
            }
            Err(_) => Err(self.explain()),
        }
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

    fn judge_encoding(&self, body: VerifiedBody) -> Result<(VerifiedBody, Encoding), Mistake> {
        let is_hex = self.values("signature").any(|value| value.len() == 64);
        let encoding = if is_hex {
            Encoding::Hex
        } else {
            Encoding::Base64
        };
        match self.encoding {
            Some(wanted) if wanted != encoding => Err(mistake(
                "other_encoding",
                match encoding {
                    Encoding::Hex => "signed rightly, but the signature is in hex, not in base64",
                    Encoding::Base64 => {
                        "signed rightly, but the signature is in base64, not in hex"
                    }
                },
            )),
            _ => Ok((body, encoding)),
        }
    }

    fn wrong_time(&self, kind: ErrorKind) -> Mistake {
        let seconds = self.values("timestamp").next().and_then(number);
        let signed = Duration::from_secs(seconds.unwrap_or_default());
        let now = self.now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Duration::from_secs(now.as_secs());
        if kind == ErrorKind::StaleTimestamp {
            let age = now.saturating_sub(signed);
            return mistake(
                "stale_timestamp",
                format!(
                    "signed rightly, but {} ago, which is {} more than the {} allowed; or this clock \
                     is ahead",
                    Written(age),
                    Written(age.saturating_sub(self.max_age)),
                    Written(self.max_age)
                ),
            );
        }
        let milliseconds = Duration::from_millis(signed.as_secs());
        if milliseconds.abs_diff(now) < Duration::from_secs(400 * 24 * 60 * 60) {
            let detail = "signed rightly, but the timestamp is in milliseconds, not in seconds";
            return mistake("milliseconds", detail);
        }
        mistake(
            "future_timestamp",
            format!(
                "signed rightly, but {} ahead of the clock, where {} are allowed: one of the two \
                 clocks is wrong",
                Written(signed.saturating_sub(now)),
                Written(MAX_CLOCK_SKEW)
            ),
        )
    }

    fn explain(&self) -> Vec<Mistake> {
        let mut single = vec![("signature", "repeated_signature")];
        if self.scheme != Some(SchemeArg::Body) {
            single.push(("timestamp", "repeated_timestamp"));
        }
        for (name, code) in single {
            let count = self.values(name).count();
            if count > 1 {
                let detail = format!("the header `{name}` stands there {count} times");
                return vec![mistake(code, detail)];
            }
        }
        let Some(signature) = self.values("signature").next() else {
            return vec![self.no_signature()];
        };
        let readings = readings(signature);
        if readings.is_empty() {
            let detail = format!(
                "the signature has {} characters and is neither 64 digits of hex nor 44 characters \
                 of base64",
                signature.len()
            );
            return vec![mistake("malformed_signature", detail)];
        }
        for (misread, given) in &readings {
            if let Some(mistakes) = self.search(given) {
                return misread.iter().cloned().chain(mistakes).collect();
            }
        }
        vec![self.no_match()]
    }

    /// Finds the mistakes by which a signature was made.
    fn search(&self, given: &Mac) -> Option<Vec<Mistake>> {
        let messages = self.messages();
        for (mistaken_key, key) in keys(self.secret) {
            for (mistaken_message, message) in &messages {
                if mac(&key, message) == *given {
                    let mistakes = mistaken_key.into_iter().chain(mistaken_message.clone());
                    return Some(mistakes.collect());
                }
            }
        }
        None
    }

    /// What may have been signed, with the mistake that it would be.
    fn messages(&self) -> Vec<(Option<Mistake>, Vec<u8>)> {
        let mut messages = Vec::new();
        let body = self.body;
        if let Some(time) = self.values("timestamp").next() {
            let wrong = match self.scheme {
                Some(SchemeArg::Body) => Some(mistake(
                    "other_form",
                    "the signature is of the timestamp, not of the body: the other documented form",
                )),
                _ if number(time).is_none() => Some(mistake(
                    "malformed_timestamp",
                    "signed rightly, but the timestamp is not a whole number of seconds",
                )),
                _ => None,
            };
            messages.push((wrong, time.to_vec()));
            let joined = mistake("joined", "the signature is of timestamp and body together");
            for between in [&b""[..], b".", b":"] {
                messages.push((Some(joined.clone()), [time, between, body].concat()));
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
                "the body is a number: a captured timestamp with its signature would look so",
            )),
            _ => None,
        };
        messages.push((wrong, body.to_vec()));
        messages.extend(rewritten(body).into_iter().map(|(how, body)| {
            let detail = format!("the body was changed after it was signed: it matches when {how}");
            (Some(mistake("changed_body", detail)), body)
        }));
        messages
    }

    fn no_signature(&self) -> Mistake {
        for (name, value) in self.headers {
            let readings = readings(value);
            if readings.iter().any(|(_, mac)| self.search(mac).is_some()) {
                let detail = format!(
                    "no header `signature`; its value stands in `{}`",
                    name.escape_debug()
                );
                return mistake("other_header", detail);
            }
        }
        self.proof_in_body()
            .unwrap_or_else(|| mistake("missing_signature", "no header `signature`"))
    }

    fn no_match(&self) -> Mistake {
        let length = self.body.len();
        let announced = self.values("content-length").next().and_then(number);
        if let Some(announced) = announced.filter(|announced| *announced != length as u64) {
            let detail = format!("the body has {length} bytes, and {announced} were announced");
            return mistake("incomplete_body", detail);
        }
        if let Some(mistake) = self.proof_in_body() {
            return mistake;
        }
        if self.values("timestamp").next().is_none() && self.scheme != Some(SchemeArg::Body) {
            let detail = "no header `timestamp`, and the signature is not of the body";
            return mistake("missing_timestamp", detail);
        }
        mistake(
            "signature_mismatch",
            "signed with another secret, or changed on its way: no usual mistake explains it (the \
             secret is that of the webhook, not the key of the API)",
        )
    }

    /// Tells whether the body holds the proof of an older version.
    fn proof_in_body(&self) -> Option<Mistake> {
        let body: Value = serde_json::from_slice(self.body).ok()?;
        let version = [&body, &body["data"]].into_iter().find_map(|place| {
            if place["verifyInfo"]["signature"].is_string() {
                return Some("V2");
            }
            place["verify"]["signature"].is_string().then_some("V3")
        })?;
        let detail = format!(
            "the proof is in the body, as in version {version}, whose key is the account's e-mail \
             address: choose version V4 for the webhook"
        );
        Some(mistake("proof_in_body", detail))
    }

    fn values<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b [u8]> {
        self.headers.values(name)
    }
}

/// Reads ASCII digits, and nothing else.
fn number(text: &[u8]) -> Option<u64> {
    let is_digits = text.iter().all(u8::is_ascii_digit);
    let text = str::from_utf8(text).ok().filter(|_| is_digits)?;
    text.parse().ok()
}

#[cfg(test)]
mod tests;
