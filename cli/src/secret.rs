//! Reading the webhook secret. It is never an argument, which other users of the machine can read.

use std::{
    env,
    path::{Path, PathBuf},
};

use clap::Args;
use zeroize::Zeroizing;

use crate::{failure::Failure, input};

const VARIABLE: &str = "TRACKINGMORE_WEBHOOK_SECRET";

/// The bytes of a secret, wiped when dropped.
pub(crate) type Secret = Zeroizing<Vec<u8>>;

#[derive(Args)]
pub(crate) struct SecretArgs {
    /// Read the webhook secret from this file, ignoring a line break at its end; `-` is standard
    /// input [default: the variable TRACKINGMORE_WEBHOOK_SECRET]
    #[arg(long, value_name = "FILE")]
    secret_file: Vec<PathBuf>,
}

impl SecretArgs {
    /// Returns every secret, in the order of the options; at least one.
    pub(crate) fn all(&self) -> Result<Vec<Secret>, Failure> {
        if self.secret_file.is_empty() {
            let secret = env::var_os(VARIABLE).filter(|secret| !secret.is_empty());
            let secret = secret.ok_or_else(|| {
                Failure::usage(format_args!(
                    "no webhook secret: {VARIABLE} is unset or empty; set it, or use --secret-file"
                ))
            })?;
            return Ok(vec![Zeroizing::new(secret.into_encoded_bytes())]);
        }
        self.secret_file.iter().map(|path| read(path)).collect()
    }

    /// Returns the secret of a command that uses only one.
    pub(crate) fn one(&self) -> Result<Secret, Failure> {
        let mut secrets = self.all()?;
        match (secrets.pop(), secrets.is_empty()) {
            (Some(secret), true) => Ok(secret),
            _ => Err(Failure::usage("this command takes only one --secret-file")),
        }
    }
}

fn read(path: &Path) -> Result<Secret, Failure> {
    let mut secret = Zeroizing::new(input::read(path)?);
    if secret.ends_with(b"\n") {
        secret.pop();
        if secret.ends_with(b"\r") {
            secret.pop();
        }
    }
    match secret.is_empty() {
        true => Err(Failure::usage(format_args!(
            "--secret-file {} is empty",
            path.display()
        ))),
        false => Ok(secret),
    }
}
