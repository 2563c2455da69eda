#![doc = include_str!("../README.md")]

mod client;
mod commands;
mod duration;
mod event;
mod failure;
mod input;
mod number;
mod output;
mod saved;
mod secret;
mod signing;

use std::{
    env,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser;
use tokio::runtime::Runtime;

use crate::{commands::Command, failure::Failure};

/// Act as TrackingMore on your own machine: receive, send, replay and check its webhooks.
/// Unofficial.
///
/// The webhook secret comes from TRACKINGMORE_WEBHOOK_SECRET or --secret-file. It is never an
/// argument: other users of the machine could read it there.
///
/// Exit code: 0 for yes (accepted, genuine, safe), 1 for no, 2 for wrong usage.
#[derive(Parser)]
#[command(name = "trackingmore-webhook", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let ended = Runtime::new().map_err(Failure::failed);
    let ended = ended.and_then(|runtime| {
        let ended = runtime.block_on(run());
        // A diagnosis for the page that is still running must not delay the end.
        runtime.shutdown_background();
        ended
    });
    ended.unwrap_or_else(|failure| {
        // Standard error may be closed.
        _ = match &failure {
            Failure::Usage(what) | Failure::Failed(what) => writeln!(io::stderr(), "error: {what}"),
            Failure::Unread => Ok(()),
        };
        failure.exit_code()
    })
}

async fn run() -> Result<ExitCode, Failure> {
    let mut args: Vec<_> = env::args_os().collect();
    // clap's own `help` suggests nothing for a misspelt command.
    if let [_, first, second, ..] = &args[..]
        && first == "help"
        && second != "help"
    {
        args.remove(1);
        args.push("--help".into());
    }
    match Cli::try_parse_from(args) {
        Ok(cli) => cli.command.run().await,
        Err(error) => explain(&error),
    }
}

/// Prints the requested help or version, or one line with what is wrong with the usage and clap's
/// suggestion.
fn explain(error: &clap::Error) -> Result<ExitCode, Failure> {
    let text = error.to_string();
    let Some(text) = text.strip_prefix("error: ") else {
        error.print().map_err(Failure::output)?;
        return Ok(ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)));
    };
    let (what, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut line = what.split_whitespace().collect::<Vec<_>>().join(" ");
    // That an unknown option could also be passed as a value helps nobody.
    let is_tip = |line: &&str| line.starts_with("tip: ") && !line.starts_with("tip: to pass");
    if let Some(tip) = rest.lines().map(str::trim).find(is_tip) {
        line = format!("{line}; {tip}");
    }
    Err(Failure::usage(format_args!("{line} (see --help)")))
}
