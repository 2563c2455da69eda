//! How a delivery is signed.

use clap::{Args, ValueEnum};
use jiff::SignedDuration;
use trackingmore_webhook_axum::{Scheme, Signer};

use crate::{duration, failure::Failure, secret::Secret};

#[derive(Args)]
#[group(id = "signing", multiple = true)]
pub(crate) struct SigningArgs {
    /// What the signature covers; the documentation describes both
    #[arg(long, value_enum, default_value_t = SchemeArg::Timestamp)]
    pub(crate) scheme: SchemeArg,
    /// How the signature is written [default: hex for the timestamp, base64 for the body]
    #[arg(long, value_enum)]
    pub(crate) encoding: Option<Encoding>,
    /// Sign as if it were this long ago, such as 2h or 12d; -10m is in the future
    #[arg(long, value_name = "TIME", value_parser = duration::parse_signed, allow_hyphen_values = true)]
    pub(crate) age: Option<SignedDuration>,
}

/// What a signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemeArg {
    /// The timestamp alone, as the documentation's example
    Timestamp,
    /// The body, as the documentation's prose
    Body,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Encoding {
    Hex,
    Base64,
}

impl SigningArgs {
    /// Makes the headers `timestamp` and `signature` of a body that is sent now.
    pub(crate) fn headers(
        &self,
        signer: &Signer,
        body: &[u8],
    ) -> Result<Vec<(String, String)>, Failure> {
        let now = jiff::Timestamp::now();
        let time = now
            .checked_sub(self.age.unwrap_or_default())
            .map_err(|_| Failure::usage("--age is longer than time is known"))?;
        let Ok(seconds) = u64::try_from(time.as_second()) else {
            return Err(Failure::usage("--age is before 1970"));
        };
        let (signature, documented) = match self.scheme {
            SchemeArg::Timestamp => (signer.sign_timestamp(seconds), Encoding::Hex),
            SchemeArg::Body => (signer.sign_body(body), Encoding::Base64),
        };
        let signature = match self.encoding.unwrap_or(documented) {
            Encoding::Hex => signature.to_hex(),
            Encoding::Base64 => signature.to_base64(),
        };
        Ok(vec![
            ("timestamp".to_owned(), seconds.to_string()),
            ("signature".to_owned(), signature),
        ])
    }
}

/// Makes a signer, or tells what is wrong with the secret.
pub(crate) fn signer(secret: &Secret) -> Result<Signer, Failure> {
    Signer::new(secret).map_err(Failure::usage)
}

impl SchemeArg {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Timestamp => "timestamp",
            Self::Body => "body",
        }
    }
}

impl From<SchemeArg> for Scheme {
    fn from(scheme: SchemeArg) -> Self {
        match scheme {
            SchemeArg::Timestamp => Self::Timestamp,
            SchemeArg::Body => Self::Body,
        }
    }
}
