use std::{fmt, time::Duration};

use zeroize::Zeroizing;

use crate::{ConfigError, Scheme, Verifier, key::Key, log::Log, verifier::Config};

/// Configures a [`Verifier`]. Created by [`Verifier::builder`].
///
/// # Examples
/// Rotating secrets, with everything pinned that you know about the account:
///
/// ```
/// use std::time::Duration;
/// use trackingmore_webhook::{Scheme, Verifier};
///
/// let verifier = Verifier::builder()
///     .secret("the new secret")
///     .secret("the old secret")
///     .scheme(Scheme::Timestamp)
///     .max_age(Duration::from_secs(300))
///     .build()?;
/// # Ok::<(), trackingmore_webhook::ConfigError>(())
/// ```
/// A configuration that could not verify anything is refused when the verifier is built:
///
/// ```
/// use trackingmore_webhook::{ConfigError, Verifier};
///
/// assert_eq!(Verifier::new("").unwrap_err(), ConfigError::EmptySecret(1));
/// let builder = Verifier::builder().secret("secret").secret("copied\n");
/// assert_eq!(builder.build().unwrap_err(), ConfigError::WhitespaceAroundSecret(2));
/// assert_eq!(Verifier::builder().build().unwrap_err(), ConfigError::NoSecret);
/// ```
#[must_use]
pub struct VerifierBuilder {
    name: Option<String>,
    secrets: Vec<Zeroizing<Vec<u8>>>,
    scheme: Option<Scheme>,
    max_age: Duration,
    max_clock_skew: Duration,
    signature_header: String,
    timestamp_header: String,
    body_limit: usize,
}

impl VerifierBuilder {
    /// 13 retries with delays that double from 60 s take 5.7 days, the longest that any reading of
    /// the documentation allows.
    const MAX_AGE: Duration = Duration::from_secs(6 * 24 * 60 * 60);
    const MAX_CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);
    const BODY_LIMIT: usize = 256 * 1024;

    pub(crate) fn new() -> Self {
        Self {
            name: None,
            secrets: Vec::new(),
            scheme: None,
            max_age: Self::MAX_AGE,
            max_clock_skew: Self::MAX_CLOCK_SKEW,
            signature_header: "signature".to_owned(),
            timestamp_header: "timestamp".to_owned(),
            body_limit: Self::BODY_LIMIT,
        }
    }

    /// Names the verifier in its log lines and metrics, for a process with several webhooks.
    /// Without a name, the lines have none and the metrics' label is empty.
    ///
    /// # Examples
    ///
    /// ```
    /// # use trackingmore_webhook::Verifier;
    /// let shoes = Verifier::builder().secret("secret of the shoe shop").name("shoes").build()?;
    /// # Ok::<(), trackingmore_webhook::ConfigError>(())
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds a secret. A request may match any of them; the first has index 0 and is tried first.
    pub fn secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.secrets.push(Zeroizing::new(secret.as_ref().to_vec()));
        self
    }

    /// Accepts only this scheme. The last call wins; without one, both documented forms are
    /// accepted.
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = Some(scheme);
        self
    }

    /// Refuses timestamps older than this, in whole seconds. The default is 6 days.
    ///
    /// # Security
    ///
    /// In [`Scheme::Timestamp`] this is how long a request that somebody saw can be replayed, with
    /// any body. If retries keep the timestamp of the first attempt, which is not documented, it is
    /// also how long retries are accepted. It does not apply in [`Scheme::Body`]. [`Verifier::new`]
    /// explains how to choose.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// Refuses timestamps further in the future than this, in whole seconds. The default is 5
    /// minutes.
    ///
    /// # Security
    ///
    /// A larger skew lengthens the time in which a request can be replayed by the same amount.
    pub fn max_clock_skew(mut self, max_clock_skew: Duration) -> Self {
        self.max_clock_skew = max_clock_skew;
        self
    }

    /// Reads the signature from this header. The default is `signature`.
    pub fn signature_header(mut self, name: impl Into<String>) -> Self {
        self.signature_header = name.into();
        self
    }

    /// Reads the timestamp from this header. The default is `timestamp`.
    pub fn timestamp_header(mut self, name: impl Into<String>) -> Self {
        self.timestamp_header = name.into();
        self
    }

    /// Refuses bodies of more bytes than this. The default is 262,144 (256 KiB).
    ///
    /// A request whose headers are not refused holds at most three times this plus 64 KiB, however
    /// its body is framed: while its buffer grows, it holds the old one and the new one, neither
    /// larger than the limit, and the latest chunk. A body that comes in one chunk is not copied;
    /// it keeps the buffer alive that the server read it into, of up to 0.5 MB with hyper (axum,
    /// warp).
    ///
    /// The server's own buffers come on top. With them and the default limit, the largest requests
    /// were measured at 0.9 MB with hyper, and at 1.7 MB with actix-web, which queues each chunk
    /// separately: with chunks of one byte, nearly all of that is the queue.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Builds the verifier.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if there is no secret, or an empty one, or one that begins or ends with
    /// whitespace; if a header name is not valid, or both are the same; if the body limit is 0; if
    /// the name is empty, only whitespace, or has a control character.
    pub fn build(self) -> Result<Verifier, ConfigError> {
        if self.secrets.is_empty() {
            return Err(ConfigError::NoSecret);
        }
        let keys = (1..).zip(&self.secrets);
        let keys = keys
            .map(|(number, secret)| Key::new(secret, number))
            .collect::<Result<Vec<_>, _>>()?;
        let signature_header = header_name(self.signature_header)?;
        let timestamp_header = header_name(self.timestamp_header)?;
        if signature_header == timestamp_header {
            return Err(ConfigError::RepeatedHeaderName);
        }
        if self.body_limit == 0 {
            return Err(ConfigError::ZeroBodyLimit);
        }
        if self.name.as_deref().is_some_and(is_unfit_to_show) {
            return Err(ConfigError::InvalidName);
        }
        Ok(Verifier::from_config(Config {
            keys,
            scheme: self.scheme,
            max_age: self.max_age,
            max_clock_skew: self.max_clock_skew,
            signature_header,
            timestamp_header,
            body_limit: self.body_limit,
            log: Log::new(self.name),
        }))
    }
}

impl fmt::Debug for VerifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifierBuilder")
            .field("name", &self.name)
            .field("secrets", &self.secrets.len())
            .field("scheme", &self.scheme)
            .field("max_age", &self.max_age)
            .field("max_clock_skew", &self.max_clock_skew)
            .field("signature_header", &self.signature_header)
            .field("timestamp_header", &self.timestamp_header)
            .field("body_limit", &self.body_limit)
            .finish()
    }
}

/// Checks a name against the `token` of RFC 9110 and brings it to lower case.
fn header_name(name: String) -> Result<String, ConfigError> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(ConfigError::InvalidHeaderName);
    }
    Ok(name.to_ascii_lowercase())
}

fn is_unfit_to_show(name: &str) -> bool {
    name.trim().is_empty() || name.contains(char::is_control)
}
