use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;

/// To come.
#[derive(Args)]
pub(crate) struct Send {}

impl Send {
    pub(crate) async fn run(self) -> Result<ExitCode, Failure> {
        Err(Failure::failed("not built yet"))
    }
}
