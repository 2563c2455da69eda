//! Sends genuine and hostile deliveries to receivers in axum, actix-web and warp, over real
//! sockets, and checks every answer. Then the accepted deliveries go through an inbox on SQLite.

mod outcome;
mod receivers;
mod shop;

use std::{
    error::Error,
    io::{self, Write as _},
    process::ExitCode,
    time::SystemTime,
};

use tokio::task;
use trackingmore_webhook::{Verifier, testing};

use crate::{
    outcome::Outcome,
    receivers::{Receiver, actix, axum, warp},
};

async fn run() -> Result<ExitCode, Box<dyn Error>> {
    let verifier = Verifier::new(testing::SECRET)?;
    let receivers = [
        axum(verifier.clone()).await?,
        actix(verifier.clone())?,
        warp(verifier).await?,
    ];
    // The receivers run on the other threads while this one waits for their answers.
    let wrong = task::block_in_place(|| print_table(&receivers))?;
    shop::print_what_it_is_told(&receivers).await?;
    Ok(match wrong {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// Sends every case to every receiver, and returns how many answers were wrong.
fn print_table(receivers: &[Receiver; 3]) -> io::Result<usize> {
    let cases = testing::cases(SystemTime::now());
    let width = cases.iter().map(|case| case.name.len()).max().unwrap_or(0);
    let mut out = io::stdout().lock();
    let mut faults = Vec::new();

    let [axum, actix, warp] = receivers.each_ref().map(|receiver| receiver.name);
    writeln!(
        out,
        "{:width$}  {:23}  {axum:5}  {actix:5}  {warp}",
        "case", "expected"
    )?;
    for case in &cases {
        let expected = Outcome::expected(case);
        let [axum, actix, warp] = receivers.each_ref().map(|receiver| {
            let fault = match Outcome::of(case, receiver) {
                Ok(outcome) if outcome == expected => return "ok",
                Ok(outcome) => outcome.described(),
                Err(error) => error.to_string(),
            };
            faults.push(format!("{}, {}: {fault}", case.name, receiver.name));
            "WRONG"
        });
        let expected = expected.to_string();
        writeln!(
            out,
            "{:width$}  {expected:23}  {axum:5}  {actix:5}  {warp}",
            case.name
        )?;
    }

    let answers = cases.len() * receivers.len();
    writeln!(out)?;
    for fault in &faults {
        writeln!(out, "wrong: {fault}")?;
    }
    writeln!(
        out,
        "{} cases, {answers} answers: {} right, {} wrong",
        cases.len(),
        answers - faults.len(),
        faults.len(),
    )?;
    Ok(faults.len())
}

#[tokio::main]
async fn main() -> ExitCode {
    run().await.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}
