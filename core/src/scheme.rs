/// What a signature covers.
///
/// TrackingMore's documentation describes both: its prose says that the HMAC covers the request
/// body, its example covers only the timestamp, and the receivers known to work in production
/// follow the example. A [`Verifier`](crate::Verifier) accepts both until one is pinned with
/// [`VerifierBuilder::scheme`](crate::VerifierBuilder::scheme).
///
/// In both, the signature's text may be hex (either case) or standard base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// The HMAC covers only the text of the `timestamp` header.
    ///
    /// # Security
    ///
    /// The body is not authenticated: whoever sees one genuine pair of timestamp and signature can
    /// send any body with it until the timestamp is too old.
    Timestamp,
    /// The HMAC covers the raw bytes of the body.
    ///
    /// # Security
    ///
    /// Nothing says when the signature was made: a copy of a genuine request is accepted forever,
    /// so drop duplicates by [`DeliveryId`](crate::DeliveryId).
    Body,
}
