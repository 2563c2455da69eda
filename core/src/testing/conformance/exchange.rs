use std::{io, ops::Range, time::SystemTime};

use bytes::Bytes;

use crate::{
    Scheme, Signer,
    testing::{Answer, Connection},
};

/// What is sent.
pub(super) struct Request {
    pub(super) name: String,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Bytes,
}

/// What was sent, in words, the connection, and what came back on it.
pub(super) struct Exchange {
    pub(super) sent: String,
    pub(super) answer: io::Result<Answer>,
    pub(super) connection: Connection,
}

impl Request {
    pub(super) fn new(
        name: impl Into<String>,
        headers: &[(impl AsRef<str>, impl AsRef<[u8]>)],
        body: &Bytes,
    ) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().to_vec()));
        Self {
            name: name.into(),
            headers: headers.collect(),
            body: body.clone(),
        }
    }

    pub(super) fn unsigned(name: &str, body: Vec<u8>) -> Self {
        Self::new(name, &[("host", "localhost"); 0], &body.into())
    }

    /// A small delivery, signed now.
    pub(super) fn genuine(name: &str, secret: &str) -> Self {
        let body = br#"{"code":200,"data":{"tracking_number":"LX405512873SE"}}"#;
        let signer = Signer::new(secret).expect("a good secret");
        let headers = signer.headers(Scheme::Timestamp, SystemTime::now(), body);
        Self::new(name, &headers, &Bytes::from_static(body))
    }

    /// Describes what is sent, with an excerpt of the body.
    pub(super) fn described(&self, verifier: &str, path: &str, body: &str) -> String {
        let headers: String = self
            .headers
            .iter()
            .map(|(name, value)| format!("\n  {name}: {}", excerpt(value)))
            .collect();
        let name = &self.name;
        format!("{name}\nverifier: {verifier}\nsent: POST {path}{headers}\n  {body}")
    }
}

impl Exchange {
    /// Ends the run with a report.
    #[track_caller]
    pub(super) fn fail(&self, expected: &str) -> ! {
        let answered = match &self.answer {
            Ok(answer) => {
                let body = excerpt(&answer.body);
                format!("{} {:?}\n  {body}", answer.status, answer.headers)
            }
            Err(error) => format!("nothing whole: {error}"),
        };
        panic!("{}\nanswered: {answered}\nexpected: {expected}", self.sent)
    }

    pub(super) fn has_status(&self, statuses: Range<u16>) -> bool {
        let answer = self.answer.as_ref();
        answer.is_ok_and(|answer| statuses.contains(&answer.status))
    }

    pub(super) fn announces_close(&self) -> bool {
        let answer = self.answer.as_ref();
        answer.is_ok_and(Answer::announces_close)
    }
}

/// Returns the beginning of a text that may be long.
pub(super) fn excerpt(text: &[u8]) -> String {
    const LONGEST: usize = 300;
    match text.get(..LONGEST) {
        Some(start) => format!("{:?}… {} bytes", String::from_utf8_lossy(start), text.len()),
        None => format!("{:?}", String::from_utf8_lossy(text)),
    }
}
