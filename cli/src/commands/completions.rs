use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::{Cli, failure::Failure};

/// Print the completions for a shell.
#[derive(Args)]
#[command(after_help = "\
Example:
  trackingmore-webhook completions bash >> ~/.bash_completion")]
pub(crate) struct Completions {
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let mut script = Vec::new();
        let mut cli = Cli::command();
        clap_complete::generate(self.shell, &mut cli, "trackingmore-webhook", &mut script);
        io::stdout().write_all(&script).map_err(Failure::output)?;
        Ok(ExitCode::SUCCESS)
    }
}
