use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::{DeliveryId, Error, Event, Verified, Verifier, json};

/// The body of an accepted request. Holding one proves that a [`Verifier`] accepted the request;
/// [`Verified::covers_body`] says whether the signature covers these bytes.
///
/// `Debug` shows the length, never the bytes.
#[derive(Clone)]
pub struct VerifiedBody {
    pub(crate) bytes: Bytes,
    pub(crate) verified: Verified,
    pub(crate) verifier: Verifier,
}

impl VerifiedBody {
    /// Returns the bytes exactly as they were received.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Takes the bytes out.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// Returns what was proved about the request.
    #[must_use]
    pub fn verified(&self) -> &Verified {
        &self.verified
    }

    /// Returns the key to drop duplicates by, within one webhook: another account can be sent the
    /// same bytes.
    #[must_use]
    pub fn id(&self) -> DeliveryId {
        DeliveryId::of(&self.bytes)
    }

    /// Returns whether `verifier`, or a clone of it, accepted this body. Another verifier does not
    /// count, even with the same configuration.
    #[must_use]
    pub fn is_accepted_by(&self, verifier: &Verifier) -> bool {
        self.verifier.is_same(verifier)
    }

    /// Reads the body as an [`Event`], or as a type of your own.
    ///
    /// # Errors
    ///
    /// [`InvalidJson`](crate::ErrorKind::InvalidJson) if the bytes are not JSON to their end,
    /// [`UnexpectedShape`](crate::ErrorKind::UnexpectedShape) if they are JSON that is not a `T`.
    /// The refusal is logged and counted here. Store the body rather than lose it:
    /// [`Error::verified_body`] has it too.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use trackingmore_webhook::{Scheme, Signer, Verifier, VerifiedBody};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Mine {
    ///     data: BTreeMap<String, serde_json::Value>,
    /// }
    ///
    /// # let now = std::time::SystemTime::now();
    /// # let bytes = bytes::Bytes::from_static(br#"{"data":{"tracking_number":"9261","lane":7}}"#);
    /// # let headers = Signer::new("secret")?.headers(Scheme::Timestamp, now, &bytes);
    /// let mut incoming = Verifier::new("secret")?.begin(&headers)?;
    /// incoming.push(bytes)?;
    /// let body: VerifiedBody = incoming.finish()?;
    /// let delivery = body.parse::<Mine>()?;
    /// assert_eq!(delivery.event.data["lane"], 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse<T: DeserializeOwned>(&self) -> Result<Delivery<T>, Error> {
        let event = json::read(&self.bytes).map_err(|error: Error| {
            self.verifier.log().refused_though_valid(&error, None);
            error.with_body(self.clone())
        })?;
        Ok(Delivery {
            event,
            body: self.bytes.clone(),
            verified: self.verified,
        })
    }
}

impl fmt::Debug for VerifiedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedBody")
            .field("len", &self.bytes.len())
            .field("verified", &self.verified)
            .finish_non_exhaustive()
    }
}

/// A verified request whose body has been read: what a handler receives.
///
/// `Debug` shows the length of the body, never the bytes, and nothing of the event.
#[derive(Clone)]
#[non_exhaustive]
pub struct Delivery<T = Event> {
    /// What the body says.
    pub event: T,
    /// The body exactly as it was received.
    pub body: Bytes,
    /// What was proved about the request.
    pub verified: Verified,
}

impl<T> Delivery<T> {
    /// Returns the key to drop duplicates by, within one webhook: another account can be sent the
    /// same bytes.
    #[must_use]
    pub fn id(&self) -> DeliveryId {
        DeliveryId::of(&self.body)
    }
}

impl<T> fmt::Debug for Delivery<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("body_len", &self.body.len())
            .field("verified", &self.verified)
            .finish_non_exhaustive()
    }
}
