use std::{error, fmt, fmt::Write as _};

/// The error of a handler. `?` turns any error into one.
pub type BoxError = Box<dyn error::Error + Send + Sync>;

/// An error of the inbox.
///
/// [`source`](error::Error::source) returns the database's own error, if there is one. No message
/// quotes a delivery.
#[derive(Debug)]
pub struct InboxError {
    kind: InboxErrorKind,
    detail: Option<String>,
    source: Option<sqlx::Error>,
}

/// The kinds of [`InboxError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InboxErrorKind {
    /// The database failed, or did not answer in time.
    Database,
    /// An option of the inbox or of the worker is invalid; the message says which.
    InvalidOptions,
    /// The file is on a network file system, where SQLite's locks do not hold.
    NetworkFileSystem,
    /// The tables were made by a newer version of this library; the message says which.
    NewerSchema,
    /// Another worker is running on this SQLite file.
    WorkerRunning,
    /// The job no longer belongs to this worker: its lease ended, or its parcel was forgotten. Its
    /// transaction is rolled back.
    LostJob,
    /// The content is erased, but a reader of the file keeps SQLite from emptying its log. Call
    /// [`forget`](crate::Inbox::forget) again when it is gone.
    LogNotEmptied,
}

impl InboxError {
    pub(crate) fn new(kind: InboxErrorKind) -> Self {
        Self {
            kind,
            detail: None,
            source: None,
        }
    }

    pub(crate) fn with_detail(kind: InboxErrorKind, detail: impl Into<String>) -> Self {
        let detail = Some(detail.into());
        Self {
            detail,
            ..Self::new(kind)
        }
    }

    #[cfg(feature = "sqlite")]
    pub(crate) fn database(&self) -> Option<&sqlx::Error> {
        self.source.as_ref()
    }

    /// Returns the kind of this error.
    #[must_use]
    pub fn kind(&self) -> InboxErrorKind {
        self.kind
    }
}

impl From<sqlx::Error> for InboxError {
    fn from(error: sqlx::Error) -> Self {
        let source = Some(error);
        Self {
            source,
            ..Self::new(InboxErrorKind::Database)
        }
    }
}

impl fmt::Display for InboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            InboxErrorKind::Database => "the inbox's database failed",
            InboxErrorKind::InvalidOptions => "an option of the inbox is invalid",
            InboxErrorKind::NetworkFileSystem => {
                "the inbox's file is on a network file system, where SQLite's locks do not work"
            }
            InboxErrorKind::NewerSchema => {
                "the inbox's tables were made by a newer version of this library"
            }
            InboxErrorKind::WorkerRunning => "another worker is already running on this file",
            InboxErrorKind::LostJob => "the job no longer belongs to this worker",
            InboxErrorKind::LogNotEmptied => {
                "the content is erased, but a reader of the file prevents emptying its log"
            }
        })?;
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl error::Error for InboxError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// Returns the text of an error and of its causes.
pub(crate) fn chain(error: &dyn error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        // sqlx's errors include their cause.
        if !text.ends_with(&cause) {
            let _ = write!(text, ": {cause}");
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{InboxError, chain};

    #[test]
    fn an_error_is_shown_with_its_cause_once() {
        let error = InboxError::from(sqlx::Error::Io(std::io::Error::other("the disk is full")));
        let text = chain(&error);
        assert!(text.starts_with("the inbox's database failed: "), "{text}");
        assert_eq!(text.matches("the disk is full").count(), 1, "{text}");
    }
}
