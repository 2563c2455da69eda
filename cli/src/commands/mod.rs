//! A file a command: its arguments, then what it does.

mod check;
mod completions;
#[cfg(feature = "inbox")]
mod inbox;
mod listen;
mod replay;
mod schedule;
mod send;
mod sign;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;

use crate::failure::Failure;

#[derive(Subcommand)]
pub(crate) enum Command {
    Listen(listen::Listen),
    Send(send::Send),
    Replay(replay::Replay),
    Sign(sign::Sign),
    Verify(verify::Verify),
    Check(check::Check),
    Schedule(schedule::Schedule),
    #[cfg(feature = "inbox")]
    Inbox(inbox::Inbox),
    Completions(completions::Completions),
}

impl Command {
    pub(crate) async fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Self::Listen(listen) => listen.run().await,
            Self::Send(send) => send.run().await,
            Self::Replay(replay) => replay.run().await,
            Self::Sign(sign) => sign.run(),
            Self::Verify(verify) => verify.run(),
            Self::Check(check) => check.run().await,
            Self::Schedule(schedule) => schedule.run(),
            #[cfg(feature = "inbox")]
            Self::Inbox(inbox) => inbox.run().await,
            Self::Completions(completions) => completions.run(),
        }
    }
}
