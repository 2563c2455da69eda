//! Sends genuine and hostile deliveries to receivers in axum, actix-web and warp, over real
//! sockets, and checks every answer. Then the accepted deliveries go through an inbox on SQLite.

mod outcome;
mod receivers;
mod shop;
mod table;

use std::{error::Error, process::ExitCode};

use tokio::task;
use trackingmore_webhook::{Verifier, testing};

use crate::receivers::{actix, axum, warp};

async fn run() -> Result<ExitCode, Box<dyn Error>> {
    let verifier = Verifier::new(testing::SECRET)?;
    let receivers = [
        axum(verifier.clone()).await?,
        actix(verifier.clone())?,
        warp(verifier).await?,
    ];
    // The receivers run on the other threads while this one waits for their answers.
    let wrong = task::block_in_place(|| table::print(&receivers))?;
    shop::print_news(&receivers).await?;
    Ok(match wrong {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

#[tokio::main]
async fn main() -> ExitCode {
    run().await.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}
