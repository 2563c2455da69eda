use std::{
    io::{self, Write as _},
    time::SystemTime,
};

use trackingmore_webhook::testing;

use crate::{outcome::Outcome, receivers::Receiver};

/// Sends every case to every receiver, and returns how many answers were wrong.
pub(crate) fn print(receivers: &[Receiver; 3]) -> io::Result<usize> {
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
