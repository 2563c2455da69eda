use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;

/// To come.
#[derive(Args)]
pub(crate) struct Listen {}

impl Listen {
    pub(crate) async fn run(self) -> Result<ExitCode, Failure> {
        Err(Failure::failed("not built yet"))
    }
}
