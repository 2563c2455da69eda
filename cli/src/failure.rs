use std::{fmt, io, process::ExitCode};

/// Why a command could not do its work: one line for standard error.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is wrong, or what it names.
    Usage(String),
    /// What was asked for did not succeed.
    Failed(String),
}

impl Failure {
    pub(crate) fn usage(what: impl fmt::Display) -> Self {
        Self::Usage(what.to_string())
    }

    pub(crate) fn failed(what: impl fmt::Display) -> Self {
        Self::Failed(what.to_string())
    }

    pub(crate) fn output(error: io::Error) -> Self {
        Self::Failed(format!("cannot write the output: {error}"))
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::from(1),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Usage(what) | Self::Failed(what)) = self;
        f.write_str(what)
    }
}
