use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;

/// Tell whether a saved delivery is genuine, and why if it is not.
#[derive(Args)]
pub(crate) struct Verify {}

impl Verify {
    pub(crate) async fn run(self) -> Result<ExitCode, Failure> {
        Err(Failure::failed("not built yet"))
    }
}
