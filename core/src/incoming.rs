use std::{fmt, mem};

use bytes::{Bytes, BytesMut};

use serde::de::DeserializeOwned;

use crate::{Delivery, Error, ErrorKind, VerifiedBody, Verifier, verifier::Judgement};

/// A request whose headers have not been refused, and whose body is still arriving. Comes from
/// [`Verifier::begin`]; an adapter pushes the body's chunks and then calls [`finish`](Self::finish).
///
/// Of the body at most the verifier's limit is held, whatever length the request declared. What that
/// takes at worst, [`body_limit`](crate::VerifierBuilder::body_limit) tells.
pub struct Incoming {
    verifier: Verifier,
    judgement: Judgement,
    body: Body,
}

enum Body {
    Empty,
    /// The only chunk so far, not copied.
    One(Bytes),
    /// Boxed, since most bodies come in one chunk.
    Several(Box<Chunks>),
    Refused(ErrorKind),
}

/// Several chunks: either copied together, so that a small one does not keep its own buffer alive,
/// or kept, where they fill the buffer they share. Copied, those would be held twice, since the
/// connection goes on with the buffer, and keeps it, once they are let go.
#[derive(Default)]
struct Chunks {
    /// The runs that are kept, each behind what was copied before it.
    kept: Vec<Vec<Bytes>>,
    copied: BytesMut,
    /// The last chunks, which share a buffer. It is not decided yet what becomes of them.
    run: Vec<Bytes>,
    len: usize,
}

/// The length from which on a run is kept.
const LARGE: usize = 4096;
/// The most runs that are kept, since each may keep a large buffer alive that the client filled with
/// something else. A body that comes quickly needs fewer: the buffers grow with it.
const MOST: usize = 8;
/// The length up to which a chunk costs as much to keep as to copy. It is copied at once: held until
/// the next comes, it would keep the server from using its buffer again. Also the most that lies
/// between two chunks of a run: the lines that HTTP/1 frames chunks with.
const SMALL: usize = 64;

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
            Body::One(first) => {
                let mut chunks = Box::<Chunks>::default();
                chunks.push(first);
                chunks.push(chunk);
                Body::Several(chunks)
            }
            Body::Several(mut chunks) => {
                chunks.push(chunk);
                Body::Several(chunks)
            }
            refused @ Body::Refused(_) => refused,
        };
        Ok(())
    }

    /// Refuses the request for a reason that only the caller can see, such as
    /// [`ErrorKind::BodyUnreadable`] when the connection broke, and returns the error to answer
    /// with. It is logged and counted here, and [`finish`](Self::finish) fails from now on.
    pub fn refuse(&mut self, kind: ErrorKind) -> Error {
        self.body = Body::Refused(kind);
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

    /// Gives the age of the timestamp too, in seconds. An acceptance is not told here.
    fn judge(self) -> Result<(VerifiedBody, Option<i64>), Error> {
        let bytes = match self.body {
            Body::Empty => Bytes::new(),
            Body::One(bytes) => bytes,
            Body::Several(chunks) => chunks.join(),
            Body::Refused(kind) => return Err(kind.into()),
        };
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
            Self::Several(chunks) => chunks.len,
        }
    }
}

impl Chunks {
    fn push(&mut self, chunk: Bytes) {
        self.len += chunk.len();
        if chunk.len() <= SMALL {
            self.end_run();
            self.copied.extend_from_slice(&chunk);
            return;
        }
        if !self.run.last().is_some_and(|last| adjoin(last, &chunk)) {
            self.end_run();
        }
        self.run.push(chunk);
    }

    fn end_run(&mut self) {
        let len: usize = self.run.iter().map(Bytes::len).sum();
        if len >= LARGE && self.kept.len() < MOST {
            self.run.insert(0, mem::take(&mut self.copied).freeze());
            self.kept.push(mem::take(&mut self.run));
        }
        for chunk in self.run.drain(..) {
            self.copied.extend_from_slice(&chunk);
        }
    }

    fn join(mut self) -> Bytes {
        self.end_run();
        if self.kept.is_empty() {
            return self.copied.freeze();
        }
        let mut bytes = BytesMut::with_capacity(self.len);
        let kept = self.kept.into_iter().flatten();
        for chunk in kept.chain([self.copied.freeze()]) {
            bytes.extend_from_slice(&chunk);
        }
        bytes.freeze()
    }
}

fn adjoin(first: &Bytes, second: &Bytes) -> bool {
    let between = second
        .as_ptr()
        .addr()
        .wrapping_sub(first.as_ptr_range().end.addr());
    between <= SMALL
}
