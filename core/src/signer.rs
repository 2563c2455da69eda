use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{ConfigError, Scheme, Signature, key::Key};

/// Signs as TrackingMore does, to test a receiver with.
///
/// `Debug` shows no secret.
///
/// # Examples
///
/// ```
/// use trackingmore_webhook::Signer;
///
/// let signer = Signer::new("2e55b9a3-4dd1-4416-9897-c4bd1e3d738f")?;
/// assert_eq!(
///     signer.sign_timestamp(1_662_371_528).to_hex(),
///     "a37084ab68ae16b77db1f8463f31be9fcc965e2515e03efecf8139bb1e511b06",
/// );
/// # Ok::<(), trackingmore_webhook::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Signer(Key);

impl Signer {
    /// Makes a signer from a webhook secret.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the secret is empty or begins or ends with whitespace.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        Key::new(secret.as_ref(), 1).map(Self)
    }

    /// Signs a time, in seconds since 1970 in UTC, as in [`Scheme::Timestamp`].
    #[must_use]
    pub fn sign_timestamp(&self, unix_seconds: u64) -> Signature {
        self.0.sign(unix_seconds.to_string().as_bytes())
    }

    /// Signs a body, as in [`Scheme::Body`].
    #[must_use]
    pub fn sign_body(&self, body: &[u8]) -> Signature {
        self.0.sign(body)
    }

    /// Makes the two headers of a delivery, ready to send: the signature is hex in
    /// [`Scheme::Timestamp`] and base64 in [`Scheme::Body`], as in the documentation.
    ///
    /// A time before 1970 is sent as 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use trackingmore_webhook::{Scheme, Signer, Verifier};
    ///
    /// let body = br#"{"data":{"tracking_number":"9205500000004418307716"}}"#;
    /// let headers = Signer::new("secret")?.headers(Scheme::Body, SystemTime::now(), body);
    /// assert!(Verifier::new("secret")?.verify(&headers, body)?.covers_body());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn headers(&self, scheme: Scheme, time: SystemTime, body: &[u8]) -> Vec<(String, String)> {
        let seconds = time
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let signature = match scheme {
            Scheme::Timestamp => self.sign_timestamp(seconds).to_hex(),
            Scheme::Body => self.sign_body(body).to_base64(),
        };
        vec![
            ("timestamp".to_owned(), seconds.to_string()),
            ("signature".to_owned(), signature),
        ]
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}
