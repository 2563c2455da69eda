#![doc = include_str!("../README.md")]

mod client;
mod commands;
mod duration;
mod event;
mod failure;
mod input;
mod output;
mod saved;
mod secret;
mod signing;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Parser, error::ErrorKind};

use crate::{commands::Command, failure::Failure};

/// Be TrackingMore on your own machine: receive, send, replay and check its webhooks. Unofficial.
///
/// The webhook secret comes from TRACKINGMORE_WEBHOOK_SECRET or --secret-file, and is never an
/// argument, where other users of the machine could read it.
///
/// Exit code: 0 for yes (accepted, genuine, safe), 1 for no, 2 for wrong usage.
#[derive(Parser)]
#[command(name = "trackingmore-webhook", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match Cli::try_parse() {
        Ok(cli) => cli.command.run().await,
        Err(error) => explain(&error),
    };
    ended.unwrap_or_else(|failure| {
        // Standard error may be closed.
        _ = match &failure {
            Failure::Usage(what) | Failure::Failed(what) => writeln!(io::stderr(), "error: {what}"),
            Failure::Unread => Ok(()),
        };
        failure.exit_code()
    })
}

/// Prints the requested help or version, or one line with what is wrong with the usage and clap's
/// suggestion.
fn explain(error: &clap::Error) -> Result<ExitCode, Failure> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            error.print().map_err(Failure::output)?;
            Ok(ExitCode::SUCCESS)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            error.print().map_err(Failure::output)?;
            Ok(ExitCode::from(2))
        }
        _ => {
            let text = error.to_string();
            let parts = text.split("\n\n").map(str::trim);
            let parts =
                parts.filter(|part| part.starts_with("error: ") || part.starts_with("tip: "));
            let parts = parts.map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
            let line = parts.collect::<Vec<_>>().join("; ");
            let line = line.strip_prefix("error: ").unwrap_or(&line);
            Err(Failure::usage(format_args!("{line} (see --help)")))
        }
    }
}
