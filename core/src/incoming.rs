use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::{Delivery, Error, ErrorKind, VerifiedBody, Verifier, verifier::Judgement};

/// A request whose headers have not been refused, and whose body is still arriving. Comes from
/// [`Verifier::begin`]. An adapter pushes the body's chunks and then calls
/// [`finish`](Self::finish).
///
/// It holds at most the verifier's limit of the body, whatever length the request declared.
/// [`body_limit`](crate::VerifierBuilder::body_limit) says how much memory that takes.
pub struct Incoming {
    verifier: Verifier,
    judgement: Judgement,
    body: Result<Body, ErrorKind>,
}

enum Body {
    /// The only chunk so far, not copied. Empty before it comes.
    One(Bytes),
    /// Copied together, so that a small chunk does not keep a large buffer of the server alive.
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
    /// [`ErrorKind::BodyTooLarge`] once the chunks are larger than the limit together. What was
    /// held is let go then, and everything that follows fails too.
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
    /// with. It is logged and counted here, and [`finish`](Self::finish) fails from now on.
    pub fn refuse(&mut self, kind: ErrorKind) -> Error {
        self.body = Err(kind);
        self.verifier.refuse(&self.judgement, kind)
    }

    /// Judges the request, now that its body is complete.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignatureMismatch`] if the body had to decide and does not match, or what an
    /// earlier [`push`](Self::push) or [`refuse`](Self::refuse) said.
    pub fn finish(self) -> Result<VerifiedBody, Error> {
        let (body, age) = self.judge()?;
        body.verifier.log().accepted(&body.verified, age);
        Ok(body)
    }

    /// Judges the request, now that its body is complete, and reads the body: as an
    /// [`Event`](crate::Event), or as a type of your own. Where [`finish`](Self::finish) and
    /// [`VerifiedBody::parse`] are two decisions, each logged and counted, this is one: a delivery
    /// that cannot be read is not told as accepted first.
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

    /// Returns the age of the timestamp too, in seconds. An acceptance is not told here.
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
                    // Doubles, as a `Vec` does by itself, but not to more than the limit.
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
