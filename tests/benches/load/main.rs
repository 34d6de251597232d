//! Load and isolation, with every call counted by its id at the receiver.
//!
//! `cargo bench -p tests --bench load` runs all scenarios, `… -- backlog storm` the ones named, and
//! `… -- --repeat 3 backlog` each of them three times. Each runs in a process of its own, with the engine and
//! the real pollers and handlers; its receiver is another process, so that its CPU time is nobody else's. The
//! exit code is 1 when an id is lost, a call is doubled, an attempt is missing, a file is not where it must be,
//! or anything else that is counted is not as it must be. Times are printed, not judged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod apart;
mod at_rest;
mod backlog;
mod bare;
mod bodies;
mod drained;
mod files;
mod growth;
mod isolation;
mod latency;
mod ledger;
mod outage;
mod percentiles;
mod pipeline;
mod process;
mod rate;
mod receiver;
mod registering;
mod remote;
mod report;
mod row;
mod scenarios;
mod sink;
mod slow;
mod stage;
mod stages;
mod steps;
mod storm;
mod terminal;
mod tls;

use std::env;
use std::process::ExitCode;

use apart::{AS_SCENARIO, AS_STEP};
use remote::AS_RECEIVER;
use scenarios::SCENARIOS;

fn main() -> ExitCode {
    process::raise_open_files();
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [AS_RECEIVER] => receiver::serve(),
        [AS_SCENARIO, name] => apart::hand_over(&scenarios::run(name)),
        [AS_STEP, name, argument] => scenarios::step(name, argument),
        named => {
            // `cargo test --all-targets` builds benches and starts them too, without this.
            if named.contains(&"--bench") {
                return run(named);
            }
            println!("the load scenarios run by `cargo bench -p tests --bench load`");
        }
    }
    ExitCode::SUCCESS
}

fn run(arguments: &[&str]) -> ExitCode {
    let (named, times) = match asked(arguments) {
        Ok(asked) => asked,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let wanted = SCENARIOS
        .iter()
        .filter(|name| named.is_empty() || named.contains(name));
    let mut rows = vec![report::machine()];
    for name in wanted {
        for time in 1..=times {
            eprintln!("running {name}, {time} of {times} …");
            report::add(&mut rows, apart::scenario(name));
        }
    }
    report::print(&rows);
    if rows.iter().any(|row| row.broken) {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The scenarios named, and how often to run each.
fn asked<'a>(arguments: &[&'a str]) -> Result<(Vec<&'a str>, usize), String> {
    let (mut named, mut times) = (Vec::new(), 1);
    let mut arguments = arguments.iter();
    while let Some(&argument) = arguments.next() {
        if argument == "--repeat" {
            let number = arguments.next().and_then(|number| number.parse().ok());
            times = number.ok_or("--repeat needs a number")?;
        } else if SCENARIOS.contains(&argument) {
            named.push(argument);
        } else if !argument.starts_with('-') {
            let known = SCENARIOS.join(", ");
            return Err(format!(
                "there is no scenario \"{argument}\"; there are: {known}"
            ));
        }
    }
    Ok((named, times))
}
