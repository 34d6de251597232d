//! How many files a second the sender delivers on AWS while receivers are in trouble, by the model of
//! `tests/capacity`.
//!
//! `cargo bench -p capacity` runs all scenarios, `… -- hang` the ones named, `… -- --long` their long forms. The time
//! is virtual, so the figures do not depend on the machine. They are the model's: what it assumes is in
//! `tests/capacity/src/aws.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod dead;
mod hang;
mod neighbours;
mod outage;
mod table;

use std::env;
use std::process::ExitCode;
use std::time::Instant;

use table::Table;

/// Whether a scenario takes seconds or minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Short,
    Long,
}

type Scenario = fn(Form) -> Table;

const SCENARIOS: [(&str, Scenario); 4] = [
    ("hang", hang::run),
    ("neighbours", neighbours::run),
    ("dead", dead::run),
    ("outage", outage::run),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |option: &str| arguments.iter().any(|argument| argument == option);
    // `cargo test --all-targets` builds benches and starts them too, without this.
    if !has("--bench") {
        println!("the model's scenarios run by `cargo bench -p capacity`");
        return ExitCode::SUCCESS;
    }
    let form = if has("--long") {
        Form::Long
    } else {
        Form::Short
    };
    let named = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'));
    let named: Vec<&str> = named.map(String::as_str).collect();
    let known = |name: &str| SCENARIOS.iter().any(|(known, _)| *known == name);
    if let Some(unknown) = named.iter().find(|name| !known(name)) {
        let all = SCENARIOS.map(|(name, _)| name).join(", ");
        eprintln!("there is no scenario \"{unknown}\"; there are: {all}");
        return ExitCode::FAILURE;
    }
    let mut misses = Vec::new();
    for (name, scenario) in SCENARIOS {
        if named.is_empty() || named.contains(&name) {
            let began = Instant::now();
            let table = scenario(form);
            table.print();
            misses.extend(table.misses().iter().map(|miss| format!("{name}: {miss}")));
            println!("  ({:.1} s to simulate)", began.elapsed().as_secs_f64());
        }
    }
    for miss in &misses {
        eprintln!("target missed: {miss}");
    }
    if misses.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
