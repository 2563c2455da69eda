use std::{fmt, mem};

use bytes::{Bytes, BytesMut};

use crate::{Error, ErrorKind, VerifiedBody, Verifier, verifier::Judgement};

/// A request whose headers have not been refused, and whose body is still arriving. Comes from
/// [`Verifier::begin`]; an adapter pushes the body's chunks and then calls [`finish`](Self::finish).
///
/// At most the verifier's body limit is held, whatever length the request declared.
pub struct Incoming {
    verifier: Verifier,
    judgement: Judgement,
    body: Body,
}

enum Body {
    Empty,
    /// The only chunk so far, not copied.
    One(Bytes),
    /// Several chunks, copied together so that none of them keeps its own buffer alive.
    Joined(BytesMut),
    Refused(ErrorKind),
}

impl Incoming {
    pub(crate) fn new(verifier: Verifier, judgement: Judgement) -> Self {
        Self {
            verifier,
            judgement,
            body: Body::Empty,
        }
    }

    /// Takes the next chunk of the body.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BodyTooLarge`] once the chunks are larger than the limit together. What was
    /// held is let go then, and everything that follows fails too.
    pub fn push(&mut self, chunk: Bytes) -> Result<(), Error> {
        if let Body::Refused(kind) = self.body {
            return Err(kind.into());
        }
        if chunk.len() > self.verifier.body_limit() - self.body.len() {
            return Err(self.refuse(ErrorKind::BodyTooLarge));
        }
        if chunk.is_empty() {
            return Ok(());
        }
        self.body = match mem::replace(&mut self.body, Body::Empty) {
            Body::Empty => Body::One(chunk),
            Body::One(first) => Body::Joined(joined(&first, &chunk)),
            Body::Joined(mut bytes) => {
                bytes.extend_from_slice(&chunk);
                Body::Joined(bytes)
            }
            refused @ Body::Refused(_) => refused,
        };
        Ok(())
    }

    /// Refuses the request for a reason that only the caller can see, such as
    /// [`ErrorKind::BodyUnreadable`] when the connection broke, and returns the error to answer
    /// with. It is logged here, and [`finish`](Self::finish) fails from now on.
    pub fn refuse(&mut self, kind: ErrorKind) -> Error {
        self.body = Body::Refused(kind);
        self.judgement.refuse(kind)
    }

    /// Judges the request, now that its body is complete.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignatureMismatch`] if the body had to decide and does not match, or what an
    /// earlier [`push`](Self::push) or [`refuse`](Self::refuse) said.
    pub fn finish(self) -> Result<VerifiedBody, Error> {
        let bytes = match self.body {
            Body::Empty => Bytes::new(),
            Body::One(bytes) => bytes,
            Body::Joined(bytes) => bytes.freeze(),
            Body::Refused(kind) => return Err(kind.into()),
        };
        let verified = self.verifier.conclude(self.judgement, &bytes)?;
        Ok(VerifiedBody {
            bytes,
            verified,
            verifier: self.verifier,
        })
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("len", &self.body.len())
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}

impl Body {
    fn len(&self) -> usize {
        match self {
            Self::Empty | Self::Refused(_) => 0,
            Self::One(bytes) => bytes.len(),
            Self::Joined(bytes) => bytes.len(),
        }
    }
}

fn joined(first: &[u8], second: &[u8]) -> BytesMut {
    let mut bytes = BytesMut::with_capacity(first.len() + second.len());
    bytes.extend_from_slice(first);
    bytes.extend_from_slice(second);
    bytes
}
