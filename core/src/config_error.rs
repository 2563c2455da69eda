use std::{error, fmt};

/// Why a [`Verifier`](crate::Verifier) or a [`Signer`](crate::Signer) could not be built: the
/// configuration is wrong, and no request can mend it.
///
/// Neither the message nor `Debug` shows a configured value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// No secret was given.
    NoSecret,
    /// A secret is empty.
    EmptySecret,
    /// A secret begins or ends with a blank or a line break.
    BlankInSecret,
    /// A configured name cannot be the name of an HTTP header.
    InvalidHeaderName,
    /// The signature and the timestamp are to be read from the same header.
    RepeatedHeaderName,
    /// The body limit is 0 bytes.
    ZeroBodyLimit,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSecret => "no secret is configured: give the webhook secret of the dashboard",
            Self::EmptySecret => "a secret is empty: give the webhook secret of the dashboard",
            Self::BlankInSecret => {
                "a secret begins or ends with a blank or line break: remove it from the configuration"
            }
            Self::InvalidHeaderName => {
                "a header name is empty or has a character that HTTP does not allow: use letters, digits and hyphens"
            }
            Self::RepeatedHeaderName => {
                "signature and timestamp have the same header name: give them different ones"
            }
            Self::ZeroBodyLimit => "the body limit is 0 bytes: give at least 1",
        })
    }
}

impl error::Error for ConfigError {}
