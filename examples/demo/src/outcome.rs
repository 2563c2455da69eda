use std::{fmt, io};

use bytes::Bytes;
use trackingmore_webhook::{
    Error,
    testing::{Case, Connection, Framing, conformance::PATH},
};

use crate::receivers::Receiver;

/// What happened to a delivery.
#[derive(PartialEq)]
pub(crate) struct Outcome {
    status: u16,
    /// The `code` in the body of a refusal.
    code: Option<String>,
    /// The bodies that reached the handler.
    handled: Vec<Bytes>,
}

impl Outcome {
    pub(crate) fn expected(case: &Case) -> Self {
        match case.verification(None).and_then(|()| case.reading()) {
            Ok(()) => Self {
                status: 204,
                code: None,
                handled: vec![case.body.clone()],
            },
            Err(kind) => {
                let error = Error::from(kind);
                Self {
                    status: error.status(),
                    code: Some(error.code().to_owned()),
                    handled: Vec::new(),
                }
            }
        }
    }

    pub(crate) fn of(case: &Case, receiver: &Receiver) -> io::Result<Self> {
        let answer =
            Connection::open(receiver.addr)?.post(PATH, &case.headers, &case.body, Framing::Length);
        // Taken in any case, so that they are not counted for the next delivery.
        let handled = receiver.handled.try_iter();
        let handled = handled.map(|body| body.bytes().clone()).collect();
        let answer = answer?;
        Ok(Self {
            status: answer.status,
            code: code(&answer.body),
            handled,
        })
    }

    pub(crate) fn described(&self) -> String {
        let lengths: Vec<_> = self.handled.iter().map(Bytes::len).collect();
        format!("answered {self}, lengths of what reached the handler {lengths:?}")
    }
}

fn code(problem: &[u8]) -> Option<String> {
    let problem: serde_json::Value = serde_json::from_slice(problem).ok()?;
    Some(problem.get("code")?.as_str()?.to_owned())
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        match &self.code {
            Some(code) => write!(f, " {code}"),
            None => Ok(()),
        }
    }
}
