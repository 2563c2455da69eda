use std::{
    fmt,
    io::{self, ErrorKind},
    process::ExitCode,
};

/// Why a command failed, in one line for standard error.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is wrong, or something that it names is.
    Usage(String),
    /// The command failed.
    Failed(String),
    /// The reader closed the pipe, as `head` does.
    Unread,
}

impl Failure {
    pub(crate) fn usage(what: impl fmt::Display) -> Self {
        Self::Usage(what.to_string())
    }

    pub(crate) fn failed(what: impl fmt::Display) -> Self {
        Self::Failed(what.to_string())
    }

    pub(crate) fn output(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::Failed(format!("cannot write the output: {error}")),
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Failed(_) | Self::Unread => ExitCode::from(1),
        }
    }
}
