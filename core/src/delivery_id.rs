use std::{error, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

/// The SHA-256 of a delivery's body: the key to drop duplicates by, since TrackingMore sends none.
///
/// Record it in the same transaction as the effect of the delivery, never before: a key that is
/// recorded first turns a crash in between into a lost update, because the retry looks like a
/// duplicate.
///
/// The key is per webhook: the same bytes sent to two URLs of one account are two deliveries. If
/// one table holds the keys of several webhooks, add a column for the webhook.
///
/// The documentation does not say whether a retry has the same body byte for byte. If it does not,
/// its id differs, so make effects idempotent where you can.
///
/// # Examples
///
/// ```
/// # use trackingmore_webhook::{Scheme, Signer, Verifier, Event};
/// # let now = std::time::SystemTime::now();
/// # let bytes = bytes::Bytes::from_static(br#"{"data":{"tracking_number":"9261"}}"#);
/// # let headers = Signer::new("secret")?.headers(Scheme::Timestamp, now, &bytes);
/// # let delivery = Verifier::new("secret")?.receive::<Event>(&headers, bytes)?;
/// let key: String = delivery.id().to_string();
/// assert_eq!(key.len(), 64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId([u8; 32]);

impl DeliveryId {
    pub(crate) fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
    }

    /// Returns the 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl AsRef<[u8]> for DeliveryId {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<&[u8]> for DeliveryId {
    type Error = InvalidDeliveryId;

    fn try_from(bytes: &[u8]) -> Result<Self, InvalidDeliveryId> {
        bytes.try_into().map(Self).map_err(|_| InvalidDeliveryId)
    }
}

impl FromStr for DeliveryId {
    type Err = InvalidDeliveryId;

    fn from_str(text: &str) -> Result<Self, InvalidDeliveryId> {
        // The decoder would accept a leading `0x` too.
        if text.len() != 64 {
            return Err(InvalidDeliveryId);
        }
        let bytes = hex::decode_to_array(text);
        bytes.map(Self).map_err(|_| InvalidDeliveryId)
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(hex::Buffer::<32>::new().format(&self.0))
    }
}

impl fmt::Debug for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeliveryId({self})")
    }
}

impl Serialize for DeliveryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DeliveryId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// The error for text or bytes that are not a [`DeliveryId`]: neither 64 hex digits nor 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidDeliveryId;

impl fmt::Display for InvalidDeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a delivery id: it is 64 hex digits, or 32 bytes")
    }
}

impl error::Error for InvalidDeliveryId {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const HEX: &str = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

    #[test]
    fn text_and_bytes_are_read_back() {
        let id = DeliveryId::of(b"foo");
        assert_eq!(id.to_string(), HEX);
        assert_eq!(HEX.parse(), Ok(id));
        assert_eq!(HEX.to_uppercase().parse(), Ok(id));
        assert_eq!(DeliveryId::try_from(id.as_ref()), Ok(id));
        assert_eq!(id.as_ref(), id.as_bytes());
        assert_eq!(format!("{id:?}"), format!("DeliveryId({HEX})"));
    }

    #[test]
    fn anything_else_is_invalid() {
        assert_eq!(
            InvalidDeliveryId.to_string(),
            "not a delivery id: it is 64 hex digits, or 32 bytes"
        );
        let prefixed = [
            format!("0x{HEX}"),
            format!("0x{}", &HEX[2..]),
            format!("+{}", &HEX[1..]),
            format!(" {HEX}"),
            format!("é{}", &HEX[2..]),
        ];
        let cut = ["", &HEX[1..], &HEX[2..], "0x"].map(str::to_owned);
        for text in prefixed.iter().chain(&cut) {
            assert_eq!(
                text.parse::<DeliveryId>(),
                Err(InvalidDeliveryId),
                "{text:?}"
            );
        }
        for len in [0, 31, 33, 64] {
            let bytes = vec![7; len];
            assert_eq!(DeliveryId::try_from(&bytes[..]), Err(InvalidDeliveryId));
        }
    }

    #[test]
    fn serde_writes_hex_even_as_a_key() {
        let seen = BTreeMap::from([(DeliveryId::of(b"foo"), DeliveryId::of(b"foo"))]);
        let json = serde_json::to_string(&seen).unwrap();
        assert_eq!(json, format!(r#"{{"{HEX}":"{HEX}"}}"#));
        let read: BTreeMap<DeliveryId, DeliveryId> = serde_json::from_str(&json).unwrap();
        assert_eq!(read, seen);
        let error = serde_json::from_str::<DeliveryId>(r#""jane""#).unwrap_err();
        assert!(!error.to_string().contains("jane"), "{error}");
        assert!(serde_json::from_str::<DeliveryId>("[7]").is_err());
    }
}
