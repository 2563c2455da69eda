use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;

/// Probe a receiver of yours with genuine and hostile deliveries.
#[derive(Args)]
pub(crate) struct Check {}

impl Check {
    pub(crate) async fn run(self) -> Result<ExitCode, Failure> {
        Err(Failure::failed("not built yet"))
    }
}
