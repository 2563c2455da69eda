//! How a delivery is signed.

use clap::{Args, ValueEnum};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use trackingmore_webhook_axum::{Scheme, Signer, trackingmore_webhook::Signature};

use crate::{duration, failure::Failure};

#[derive(Args, Clone, Copy)]
#[group(id = "signing", multiple = true)]
pub(crate) struct SigningArgs {
    /// What the signature covers; the documentation describes both
    #[arg(long, value_enum, default_value_t = SchemeArg::Timestamp)]
    pub(crate) scheme: SchemeArg,
    /// How the signature is written [default: hex for the timestamp, base64 for the body]
    #[arg(long, value_enum)]
    pub(crate) encoding: Option<Encoding>,
    /// Backdate the timestamp by this much, such as 2h or 12d; -10m is in the future
    #[arg(long, value_name = "TIME", value_parser = duration::parse_signed, allow_hyphen_values = true)]
    pub(crate) age: Option<SignedDuration>,
}

/// What a signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemeArg {
    /// The timestamp alone, as in the documentation's example
    Timestamp,
    /// The body, as in the documentation's prose
    Body,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Encoding {
    Hex,
    Base64,
}

pub(crate) type Mac = [u8; 32];

/// Signs a message with any key, even one that no verifier accepts.
pub(crate) fn mac(key: &[u8], message: &[u8]) -> Mac {
    Hmac::<Sha256>::new_from_slice(key)
        .map(|hmac| hmac.chain_update(message).finalize().into_bytes().into())
        // Never: an HMAC takes keys of any length.
        .unwrap_or_default()
}

/// Refuses a secret that no receiver can be configured with.
pub(crate) fn check(secret: &[u8]) -> Result<(), Failure> {
    Signer::new(secret).map(drop).map_err(Failure::usage)
}

impl SigningArgs {
    /// Returns the headers `timestamp` and `signature` of a body that is sent now.
    pub(crate) fn headers(
        &self,
        secret: &[u8],
        body: &[u8],
    ) -> Result<[(&'static str, String); 2], Failure> {
        let time = Timestamp::now()
            .checked_sub(self.age.unwrap_or_default())
            .ok()
            .and_then(|time| u64::try_from(time.as_second()).ok())
            .ok_or_else(|| Failure::usage("--age leads to a time before 1970 or after 9999"))?
            .to_string();
        let message = match self.scheme {
            SchemeArg::Timestamp => time.as_bytes(),
            SchemeArg::Body => body,
        };
        let encoding = self.encoding.unwrap_or(self.scheme.documented());
        let signature = encoding.write(mac(secret, message));
        Ok([("timestamp", time), ("signature", signature)])
    }
}

impl SchemeArg {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Timestamp => "timestamp",
            Self::Body => "body",
        }
    }

    /// The encoding that the documentation shows with it.
    pub(crate) fn documented(self) -> Encoding {
        match self {
            Self::Timestamp => Encoding::Hex,
            Self::Body => Encoding::Base64,
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

impl Encoding {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Base64 => "base64",
        }
    }

    pub(crate) fn write(self, mac: Mac) -> String {
        let signature = Signature::from(mac);
        match self {
            Self::Hex => signature.to_hex(),
            Self::Base64 => signature.to_base64(),
        }
    }
}
