use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;

/// Sign a body: prints the headers that TrackingMore would send with it.
#[derive(Args)]
pub(crate) struct Sign {}

impl Sign {
    pub(crate) async fn run(self) -> Result<ExitCode, Failure> {
        Err(Failure::failed("not built yet"))
    }
}
