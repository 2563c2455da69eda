use std::{error, fmt};

/// Why a [`Verifier`](crate::Verifier) or a [`Signer`](crate::Signer) could not be built: the
/// configuration is wrong.
///
/// Neither the message nor `Debug` shows a configured value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// No secret was given.
    NoSecret,
    /// A secret is empty: the first is number 1.
    EmptySecret(usize),
    /// A secret begins or ends with whitespace: the first is number 1.
    WhitespaceAroundSecret(usize),
    /// A configured header name is not a valid name of an HTTP header.
    InvalidHeaderName,
    /// The same header is configured for the signature and the timestamp.
    RepeatedHeaderName,
    /// The body limit is 0 bytes.
    ZeroBodyLimit,
    /// The verifier's name is empty or whitespace, or has a control character, which would break a
    /// line of the log.
    InvalidName,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSecret => "no secret is configured: give the webhook secret of the dashboard",
            Self::EmptySecret(number) => {
                return write!(
                    f,
                    "secret {number} is empty: give the webhook secret of the dashboard"
                );
            }
            Self::WhitespaceAroundSecret(number) => {
                return write!(
                    f,
                    "secret {number} begins or ends with whitespace: remove it from the configuration"
                );
            }
            Self::InvalidHeaderName => {
                "a header name is empty or has a character that HTTP does not allow: use letters, digits and hyphens"
            }
            Self::RepeatedHeaderName => {
                "signature and timestamp have the same header name: give them different ones"
            }
            Self::ZeroBodyLimit => "the body limit is 0 bytes: give at least 1",
            Self::InvalidName => {
                "the verifier's name is empty or has a control character: give a short word, or leave it out"
            }
        })
    }
}

impl error::Error for ConfigError {}
