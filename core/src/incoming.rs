use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::{Delivery, Error, ErrorKind, VerifiedBody, Verifier, verifier::Judgement};

/// A request whose headers have not been refused, and whose body is still arriving. Created by
/// [`Verifier::begin`]. An adapter pushes the body's chunks and then calls
/// [`finish`](Self::finish).
///
/// It never holds more of the body than the verifier's limit, whatever length the request declared.
/// [`body_limit`](crate::VerifierBuilder::body_limit) says how much memory that takes.
pub struct Incoming {
    verifier: Verifier,
    judgement: Judgement,
    body: Result<Body, ErrorKind>,
}

enum Body {
    /// The only chunk so far, not copied. Empty until it comes.
    One(Bytes),
    /// All chunks, copied into one buffer, so that a small chunk does not keep a large buffer of
    /// the server alive.
    Several(Vec<u8>),
}

impl Incoming {
    pub(crate) fn new(verifier: Verifier, judgement: Judgement) -> Self {
        Self {
            verifier,
            judgement,
            body: Ok(Body::One(Bytes::new())),
        }
    }

    /// Takes the next chunk of the body. A body of one chunk is not copied.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BodyTooLarge`] once the chunks together are larger than the limit. What was
    /// held is then freed, and every later call fails too.
    pub fn push(&mut self, chunk: Bytes) -> Result<(), Error> {
        let body = self.body.as_mut().map_err(|kind| *kind)?;
        let limit = self.verifier.body_limit();
        if chunk.len() > limit - body.len() {
            return Err(self.refuse(ErrorKind::BodyTooLarge));
        }
        body.push(chunk, limit);
        Ok(())
    }

    /// Refuses the request for a reason that only the caller can see, such as
    /// [`ErrorKind::BodyUnreadable`] when the connection broke, and returns the error to answer
    /// with. The refusal is logged and counted here, and [`finish`](Self::finish) fails from then
    /// on.
    pub fn refuse(&mut self, kind: ErrorKind) -> Error {
        self.body = Err(kind);
        self.verifier.refuse(&self.judgement, kind)
    }

    /// Judges the request, now that its body is complete.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignatureMismatch`] if the signature had to match the body and does not, or the
    /// error of an earlier [`push`](Self::push) or [`refuse`](Self::refuse).
    pub fn finish(self) -> Result<VerifiedBody, Error> {
        let (body, age) = self.judge()?;
        body.verifier.log().accepted(&body.verified, age);
        Ok(body)
    }

    /// Judges the request, now that its body is complete, and reads the body: as an
    /// [`Event`](crate::Event), or as a type of your own. [`finish`](Self::finish) and
    /// [`VerifiedBody::parse`] are two decisions, each logged and counted. This is one: a delivery
    /// that cannot be read is not first reported as accepted.
    ///
    /// # Errors
    ///
    /// As [`finish`](Self::finish) and [`VerifiedBody::parse`].
    pub fn finish_as<T: DeserializeOwned>(self) -> Result<Delivery<T>, Error> {
        let (body, age) = self.judge()?;
        let delivery = body.parse()?;
        body.verifier.log().accepted(&body.verified, age);
        Ok(delivery)
    }

    /// Also returns the age of the timestamp, in seconds. Does not log or count an acceptance.
    fn judge(self) -> Result<(VerifiedBody, Option<i64>), Error> {
        let bytes = self.body?.into_bytes();
        let (verified, age) = self.verifier.conclude(self.judgement, &bytes)?;
        let body = VerifiedBody {
            bytes,
            verified,
            verifier: self.verifier,
        };
        Ok((body, age))
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("len", &self.body.as_ref().map_or(0, Body::len))
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}

impl Body {
    fn len(&self) -> usize {
        match self {
            Self::One(chunk) => chunk.len(),
            Self::Several(bytes) => bytes.len(),
        }
    }

    fn push(&mut self, chunk: Bytes, limit: usize) {
        match self {
            _ if chunk.is_empty() => {}
            Self::One(first) if first.is_empty() => *first = chunk,
            Self::One(first) => *self = Self::Several([&first[..], &chunk].concat()),
            Self::Several(bytes) => {
                let len = bytes.len() + chunk.len();
                if len > bytes.capacity() {
                    // Doubles, as a `Vec` does, but never beyond the limit.
                    let capacity = len.max(2 * bytes.capacity()).min(limit);
                    bytes.reserve_exact(capacity - bytes.len());
                }
                bytes.extend_from_slice(&chunk);
            }
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::One(chunk) => chunk,
            Self::Several(bytes) => bytes.into(),
        }
    }
}
