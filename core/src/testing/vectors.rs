use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use crate::Scheme;

/// A delivery that other software signed with [`SECRET`](super::SECRET). It would show a fault that
/// the signer and the verifier of this crate share.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Vector {
    /// The software that signed it.
    pub signed_by: &'static str,
    /// What the signature covers.
    pub scheme: Scheme,
    /// The header `timestamp`, where there is one.
    pub timestamp: Option<&'static str>,
    /// The header `signature`.
    pub signature: &'static str,
    /// The body.
    pub body: Bytes,
}

impl Vector {
    /// Returns the headers to send.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, &'static str)> {
        let timestamp = self.timestamp.map(|value| ("timestamp", value));
        timestamp
            .into_iter()
            .chain([("signature", self.signature)])
            .collect()
    }

    /// Returns a time at which even a short window accepts the vector.
    #[must_use]
    pub fn signed_at(&self) -> SystemTime {
        let seconds = self.timestamp.and_then(|text| text.parse().ok());
        UNIX_EPOCH + Duration::from_secs(seconds.unwrap_or_default())
    }
}

/// Returns the vectors. Those of [`Scheme::Timestamp`] are old: a verifier accepts them with a long
/// [`max_age`](crate::VerifierBuilder::max_age), or as of [`Vector::signed_at`].
#[must_use]
pub fn vectors() -> Vec<Vector> {
    let body = Bytes::from_static(include_bytes!("data/in_transit.json"));
    let vector = |signed_by, scheme, timestamp, signature| Vector {
        signed_by,
        scheme,
        timestamp,
        signature,
        body: body.clone(),
    };
    vec![
        vector(
            "TrackingMore's documentation, hex",
            Scheme::Timestamp,
            Some("1662371528"),
            "a37084ab68ae16b77db1f8463f31be9fcc965e2515e03efecf8139bb1e511b06",
        ),
        vector(
            "Python, base64",
            Scheme::Timestamp,
            Some("1662371528"),
            "o3CEq2iuFrd9sfhGPzG+n8yWXiUV4D7+z4E5ux5RGwY=",
        ),
        vector(
            "Python, hex",
            Scheme::Timestamp,
            Some("1772437260"),
            "2fa0f1dff44c078dba1fd7844725b84e4a9f54d3dc1aacfcac74b8c4f9c719d8",
        ),
        vector(
            "OpenSSL, hex",
            Scheme::Body,
            None,
            "d257950138f4dc426a238fc500a64861311df3defdaff986681a88964c99bbe8",
        ),
        vector(
            "OpenSSL, base64",
            Scheme::Body,
            Some("1772437260"),
            "0leVATj03EJqI4/FAKZIYTEd8979r/mGaBqIlkyZu+g=",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Verifier, testing::SECRET};

    #[test]
    fn a_short_window_accepts_each_vector_when_it_was_signed() {
        let verifier = Verifier::builder().secret(SECRET);
        let verifier = verifier.max_age(Duration::from_secs(1)).build().unwrap();
        for vector in vectors() {
            let verified = verifier.verify_at(&vector.headers(), &vector.body, vector.signed_at());
            assert_eq!(verified.unwrap().scheme(), vector.scheme, "{vector:?}");
        }
    }
}
