use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;

/// To come.
#[derive(Args)]
pub(crate) struct Schedule {}

impl Schedule {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        Err(Failure::failed("not built yet"))
    }
}
