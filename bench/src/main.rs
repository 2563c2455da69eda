//! Compares `trackingmore-webhook` with the alternatives, side by side in one run.
//!
//! Without arguments, everything is measured. Arguments choose parts: `verify`, `parse`,
//! `requests`, `refusals`, `cost`, `inbox`, `inspector`.

mod cost;
mod deliveries;
mod inbox;
mod inspector;
mod load;
mod pairs;
mod parse;
mod plain;
mod refusals;
mod requests;
mod server;
mod table;
mod verify;

use std::{env, process::ExitCode};

use table::Table;

type Part = (&'static str, fn(&mut Table));

const PARTS: [Part; 7] = [
    ("verify", verify::measure),
    ("parse", parse::measure),
    ("requests", requests::measure),
    ("refusals", refusals::measure),
    ("cost", cost::measure),
    ("inbox", inbox::measure),
    ("inspector", inspector::measure),
];

/// The webhook secret of every part.
const SECRET: &str = "2e55b9a3-4dd1-4416-9897-c4bd1e3d738f";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [command, framework, handler] = &arguments[..]
        && command == "serve"
    {
        server::serve(framework, handler);
    }
    if let [command, address, head] = &arguments[..]
        && command == "announce"
    {
        println!("{}", refusals::announce(address, head));
        return ExitCode::SUCCESS;
    }
    let is_known = |name: &String| PARTS.iter().any(|(part, _)| part == name);
    if !arguments.iter().all(is_known) {
        eprintln!("parts are: {}", PARTS.map(|(part, _)| part).join(", "));
        return ExitCode::FAILURE;
    }
    let mut table = Table::default();
    for (name, measure) in PARTS {
        if arguments.is_empty() || arguments.iter().any(|argument| argument == name) {
            eprintln!("measuring: {name}");
            measure(&mut table);
        }
    }
    print!("{table}");
    ExitCode::SUCCESS
}
