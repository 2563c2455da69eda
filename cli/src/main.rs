#![doc = include_str!("../README.md")]

mod client;
mod commands;
mod duration;
mod event;
mod failure;
mod input;
mod mac;
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
        // Nobody is left to be told if standard error is closed.
        _ = match &failure {
            Failure::Usage(what) | Failure::Failed(what) => writeln!(io::stderr(), "error: {what}"),
            Failure::Unread => Ok(()),
        };
        failure.exit_code()
    })
}

/// Prints the help or version that was asked for, and shortens what clap says of wrong usage to a
/// line.
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
            let what = text.split("\n\n").next().unwrap_or_default();
            let words: Vec<_> = what.split_whitespace().collect();
            let line = words.join(" ");
            let line = line.strip_prefix("error: ").unwrap_or(&line);
            Err(Failure::usage(format_args!("{line} (see --help)")))
        }
    }
}
