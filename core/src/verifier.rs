use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::{
    ConfigError, Delivery, Error, ErrorKind, Headers, Incoming, Scheme, Signature, Verified,
    VerifierBuilder, key::Key, log::Log,
};

/// Decides whether a request is a genuine delivery from TrackingMore.
///
/// Make one per webhook and keep it: it prepares the secrets once, when it is built. `Clone` is
/// cheap, and the clones count as the same verifier. `Debug` shows no secret.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use trackingmore_webhook::{ErrorKind, Verifier};
///
/// let verifier = Verifier::new("2e55b9a3-4dd1-4416-9897-c4bd1e3d738f")?;
/// let headers = [
///     ("timestamp", "1662371528"),
///     ("signature", "a37084ab68ae16b77db1f8463f31be9fcc965e2515e03efecf8139bb1e511b06"),
/// ];
/// let body = br#"{"data":{"tracking_number":"9205500000004418307716"}}"#;
///
/// let now = UNIX_EPOCH + Duration::from_secs(1_662_371_530);
/// let verified = verifier.verify_at(&headers, body, now)?;
/// assert!(!verified.covers_body());
///
/// let forged = [("timestamp", "1662371529"), headers[1]];
/// let error = verifier.verify_at(&forged, body, now).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::SignatureMismatch);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Verifier(Arc<Config>);

pub(crate) struct Config {
    pub(crate) keys: Vec<Key>,
    pub(crate) scheme: Option<Scheme>,
    pub(crate) max_age: Duration,
    pub(crate) max_clock_skew: Duration,
    pub(crate) signature_header: String,
    pub(crate) timestamp_header: String,
    pub(crate) body_limit: usize,
    pub(crate) log: Log,
}

/// What the headers alone decide.
#[derive(Clone, Copy)]
pub(crate) enum Judgement {
    /// The timestamp's age, in whole seconds, has been judged too.
    Accepted { verified: Verified, age: i64 },
    /// Only the body can tell whether this signature is valid.
    Undecided(Signature),
}

impl Verifier {
    /// Makes a verifier from the webhook secret shown in TrackingMore's dashboard.
    ///
    /// The secret is used as text: a UUID is not decoded.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the secret is empty or begins or ends with whitespace.
    ///
    /// # Security
    ///
    /// The vendor's documentation contradicts itself on what is signed and does not say whether a
    /// retry carries the timestamp of the first attempt. To lose no genuine delivery, the defaults
    /// accept both documented [`Scheme`]s, and timestamps up to 6 days old: the longest that
    /// retries can take by any reading of the documentation, and some slack. The price: in
    /// [`Scheme::Timestamp`], whoever saw one genuine request can send any body with its timestamp
    /// and signature for those 6 days. Use HTTPS, and tighten the defaults once you know what your
    /// account does:
    ///
    /// 1. Look at the `scheme` and `age_seconds` in the log of accepted deliveries, at level DEBUG
    ///    and target `trackingmore_webhook`, or at [`Verified::scheme`] and
    ///    [`Verified::timestamp`].
    /// 2. Answer one delivery with status 503 and compare the timestamps of its retries.
    /// 3. Pin the scheme with [`VerifierBuilder::scheme`]. If retries carry new timestamps, bring
    ///    [`VerifierBuilder::max_age`] down to minutes; if they keep the first, leave it as long
    ///    as you want retries to be accepted.
    ///
    /// `max_age` does not apply in [`Scheme::Body`], where nothing says when a signature was made:
    /// there, [`DeliveryId`](crate::DeliveryId) is the only protection against replays.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        Self::builder().secret(secret).build()
    }

    /// Starts building a verifier with options.
    pub fn builder() -> VerifierBuilder {
        VerifierBuilder::new()
    }

    pub(crate) fn from_config(config: Config) -> Self {
        Self(Arc::new(config))
    }

    /// Judges a whole request by the system's clock.
    ///
    /// # Errors
    ///
    /// As [`verify_at`](Self::verify_at).
    pub fn verify(
        &self,
        headers: &(impl Headers + ?Sized),
        body: &[u8],
    ) -> Result<Verified, Error> {
        self.verify_at(headers, body, SystemTime::now())
    }

    /// Judges a whole request as of `now`.
    ///
    /// # Errors
    ///
    /// The first that applies: [`MissingHeader`](ErrorKind::MissingHeader),
    /// [`RepeatedHeader`](ErrorKind::RepeatedHeader) or
    /// [`MalformedSignature`](ErrorKind::MalformedSignature) for the signature; `RepeatedHeader`
    /// for the timestamp, unless [`Scheme::Body`] is pinned; if the timestamp's HMAC matches,
    /// [`StaleTimestamp`](ErrorKind::StaleTimestamp) or
    /// [`FutureTimestamp`](ErrorKind::FutureTimestamp), which therefore always mean a valid
    /// signature; if [`Scheme::Timestamp`] is pinned and the HMAC does not match, `MissingHeader`,
    /// [`MalformedTimestamp`](ErrorKind::MalformedTimestamp) or
    /// [`SignatureMismatch`](ErrorKind::SignatureMismatch);
    /// [`BodyTooLarge`](ErrorKind::BodyTooLarge), as declared or as given; `SignatureMismatch` for
    /// the body.
    pub fn verify_at(
        &self,
        headers: &(impl Headers + ?Sized),
        body: &[u8],
        now: SystemTime,
    ) -> Result<Verified, Error> {
        let judgement = self.judge_headers(headers, now)?;
        if body.len() > self.0.body_limit {
            return Err(self.refuse(&judgement, ErrorKind::BodyTooLarge));
        }
        let (verified, age) = self.conclude(judgement, body)?;
        self.log().accepted(&verified, age);
        Ok(verified)
    }

    /// Judges a whole request by the system's clock and reads its body: as an
    /// [`Event`](crate::Event), or as a type of your own.
    ///
    /// # Errors
    ///
    /// As [`verify_at`](Self::verify_at) and [`VerifiedBody::parse`](crate::VerifiedBody::parse).
    /// [`Error::verified_body`] has the bytes of a delivery with a valid signature that does not
    /// parse: store them.
    ///
    /// # Examples
    ///
    /// ```
    /// use trackingmore_webhook::{Event, Scheme, Signer, Verifier};
    ///
    /// let bytes = bytes::Bytes::from_static(br#"{"data":{"tracking_number":"9205500000004418307716"}}"#);
    /// # let now = std::time::SystemTime::now();
    /// let headers = Signer::new("secret")?.headers(Scheme::Timestamp, now, &bytes);
    /// let delivery = Verifier::new("secret")?.receive::<Event>(&headers, bytes)?;
    /// assert_eq!(delivery.event.tracking.tracking_number, "9205500000004418307716");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn receive<T: DeserializeOwned>(
        &self,
        headers: &(impl Headers + ?Sized),
        bytes: Bytes,
    ) -> Result<Delivery<T>, Error> {
        let mut incoming = self.begin(headers)?;
        incoming.push(bytes)?;
        incoming.finish_as()
    }

    /// Judges the headers by the system's clock, before any of the body is read.
    ///
    /// # Errors
    ///
    /// As [`begin_at`](Self::begin_at).
    pub fn begin(&self, headers: &(impl Headers + ?Sized)) -> Result<Incoming, Error> {
        self.begin_at(headers, SystemTime::now())
    }

    /// Judges the headers as of `now`, before any of the body is read. Adapters call this first.
    ///
    /// # Errors
    ///
    /// As [`verify_at`](Self::verify_at), as far as the headers decide.
    ///
    /// # Examples
    ///
    /// ```
    /// # use trackingmore_webhook::{Event, Scheme, Signer, Verifier};
    /// # let verifier = Verifier::new("secret")?;
    /// # let now = std::time::SystemTime::now();
    /// # let chunks = [br#"{"data":{"tracking_"#.as_slice(), br#"number":"9261"}}"#];
    /// # let headers = Signer::new("secret")?.headers(Scheme::Timestamp, now, b"");
    /// let mut incoming = verifier.begin_at(&headers, now)?;
    /// for chunk in chunks {
    ///     incoming.push(bytes::Bytes::from_static(chunk))?;
    /// }
    /// let body = incoming.finish()?;
    /// assert_eq!(body.parse::<Event>()?.event.tracking.tracking_number, "9261");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn begin_at(
        &self,
        headers: &(impl Headers + ?Sized),
        now: SystemTime,
    ) -> Result<Incoming, Error> {
        let judgement = self.judge_headers(headers, now)?;
        Ok(Incoming::new(self.clone(), judgement))
    }

    pub(crate) fn body_limit(&self) -> usize {
        self.0.body_limit
    }

    pub(crate) fn log(&self) -> &Log {
        &self.0.log
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    // `#[inline]` here, and in the functions called, keeps judgements from being copied from step
    // to step, which takes longer than judging.
    #[inline]
    fn judge_headers(
        &self,
        headers: &(impl Headers + ?Sized),
        now: SystemTime,
    ) -> Result<Judgement, Error> {
        let judgement = self.judge_signature(headers, now).map_err(|kind| {
            let error = Error::from(kind);
            self.log().refused(&error);
            error
        })?;
        if let Judgement::Accepted { verified, age } = judgement {
            self.judge_age(verified.timestamp, age)
                .map_err(|kind| self.refuse(&judgement, kind))?;
        }
        if declares_more_than(self.0.body_limit, headers) {
            return Err(self.refuse(&judgement, ErrorKind::BodyTooLarge));
        }
        Ok(judgement)
    }

    /// Refuses a request for another reason than its signature.
    pub(crate) fn refuse(&self, judgement: &Judgement, kind: ErrorKind) -> Error {
        let error = Error::from(kind);
        match judgement {
            Judgement::Accepted { age, .. } => self.log().refused_though_valid(&error, Some(*age)),
            Judgement::Undecided(_) => self.log().refused(&error),
        }
        error
    }

    #[inline]
    fn judge_signature(
        &self,
        headers: &(impl Headers + ?Sized),
        now: SystemTime,
    ) -> Result<Judgement, ErrorKind> {
        let signature = only_value(headers, &self.0.signature_header)?;
        let signature = signature.ok_or(ErrorKind::MissingHeader)?;
        let signature = Signature::decode(signature).ok_or(ErrorKind::MalformedSignature)?;

        if self.0.scheme == Some(Scheme::Body) {
            return Ok(Judgement::Undecided(signature));
        }
        let text = only_value(headers, &self.0.timestamp_header)?;
        match self.match_timestamp(text, &signature) {
            Ok((seconds, secret_index)) => {
                let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
                let verified = Verified {
                    scheme: Scheme::Timestamp,
                    timestamp: UNIX_EPOCH.checked_add(Duration::from_secs(seconds)),
                    secret_index,
                };
                let age = now.cast_signed().saturating_sub_unsigned(seconds);
                Ok(Judgement::Accepted { verified, age })
            }
            Err(kind) if self.0.scheme == Some(Scheme::Timestamp) => Err(kind),
            Err(_) => Ok(Judgement::Undecided(signature)),
        }
    }

    #[inline]
    fn match_timestamp(
        &self,
        text: Option<&[u8]>,
        signature: &Signature,
    ) -> Result<(u64, usize), ErrorKind> {
        let text = text.ok_or(ErrorKind::MissingHeader)?;
        let seconds = number(text).ok_or(ErrorKind::MalformedTimestamp)?;
        let secret_index = self.matching_secret(text, signature)?;
        Ok((seconds, secret_index))
    }

    #[inline]
    fn judge_age(&self, timestamp: Option<SystemTime>, age: i64) -> Result<(), ErrorKind> {
        let behind = Duration::from_secs(age.max(0).unsigned_abs());
        let ahead = Duration::from_secs(age.min(0).unsigned_abs());
        match timestamp {
            _ if ahead > self.0.max_clock_skew => Err(ErrorKind::FutureTimestamp),
            _ if behind > self.0.max_age => Err(ErrorKind::StaleTimestamp),
            // Later than the system's clock can tell.
            None => Err(ErrorKind::FutureTimestamp),
            Some(_) => Ok(()),
        }
    }

    /// Completes a judgement with the body, whose length is within the limit. Also returns the age
    /// of the timestamp. Logs and counts only a refusal.
    #[inline]
    pub(crate) fn conclude(
        &self,
        judgement: Judgement,
        body: &[u8],
    ) -> Result<(Verified, Option<i64>), Error> {
        match judgement {
            Judgement::Accepted { verified, age } => Ok((verified, Some(age))),
            Judgement::Undecided(signature) => match self.match_body(body, &signature) {
                Ok(verified) => Ok((verified, None)),
                Err(kind) => Err(self.refuse(&judgement, kind)),
            },
        }
    }

    fn match_body(&self, body: &[u8], signature: &Signature) -> Result<Verified, ErrorKind> {
        // A body of digits could be a captured signed timestamp, sent without its header.
        if !body.is_empty() && body.iter().all(u8::is_ascii_digit) {
            return Err(ErrorKind::SignatureMismatch);
        }
        Ok(Verified {
            scheme: Scheme::Body,
            timestamp: None,
            secret_index: self.matching_secret(body, signature)?,
        })
    }

    fn matching_secret(&self, message: &[u8], signature: &Signature) -> Result<usize, ErrorKind> {
        self.0
            .keys
            .iter()
            .position(|key| key.verifies(message, signature))
            .ok_or(ErrorKind::SignatureMismatch)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("name", &self.0.log.name())
            .field("secrets", &self.0.keys.len())
            .field("scheme", &self.0.scheme)
            .field("max_age", &self.0.max_age)
            .field("max_clock_skew", &self.0.max_clock_skew)
            .field("signature_header", &self.0.signature_header)
            .field("timestamp_header", &self.0.timestamp_header)
            .field("body_limit", &self.0.body_limit)
            .finish()
    }
}

fn only_value<'a>(
    headers: &'a (impl Headers + ?Sized),
    name: &'a str,
) -> Result<Option<&'a [u8]>, ErrorKind> {
    let mut values = headers.values(name);
    let value = values.next();
    match values.next() {
        None => Ok(value),
        Some(_) => Err(ErrorKind::RepeatedHeader),
    }
}

/// Reads a number that consists of ASCII digits only and fits. More than 20 digits would fit only
/// with leading zeros. A client could send any number of those, and each secret would make an HMAC
/// of them.
fn number(text: &[u8]) -> Option<u64> {
    if !(1..=20).contains(&text.len()) {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// The framework judges a declared length that is not a number; the body is counted anyway.
fn declares_more_than(limit: usize, headers: &(impl Headers + ?Sized)) -> bool {
    headers.values("content-length").any(|text| {
        let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        is_number && number(text).is_none_or(|len| len > limit as u64)
    })
}
