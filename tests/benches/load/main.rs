//! Load and isolation, with every call counted by its id at the receiver.
//!
//! `cargo bench -p tests --bench load` runs all scenarios, `… -- backlog storm` the ones named. Each runs
//! in a process of its own, with the engine and the real pollers and handlers; its receiver is another
//! process, so that its CPU time is nobody else's. The exit code is 1 when an id is lost, a call is
//! doubled, an attempt is missing or a file is not where it must be. Times are printed, not judged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod backlog;
mod files;
mod isolation;
mod latency;
mod ledger;
mod outage;
mod pipeline;
mod process;
mod rate;
mod receiver;
mod remote;
mod report;
mod slow;
mod storm;

use std::env;
use std::process::{Command, ExitCode, Stdio};

use report::Row;

const SCENARIOS: [&str; 7] = [
    isolation::ISOLATION,
    isolation::CROWD,
    slow::NAME,
    backlog::NAME,
    storm::NAME,
    outage::NAME,
    rate::NAME,
];

/// How this program starts itself again.
const AS_SCENARIO: &str = "--scenario";
const AS_RECEIVER: &str = "--receiver";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [AS_RECEIVER] => {
            receiver::serve();
            ExitCode::SUCCESS
        }
        [AS_SCENARIO, name] => {
            report::hand_over(&scenario(name));
            ExitCode::SUCCESS
        }
        named => {
            // `cargo test --all-targets` builds benches and starts them too, without this.
            if !named.contains(&"--bench") {
                println!("the load scenarios run by `cargo bench -p tests --bench load`");
                return ExitCode::SUCCESS;
            }
            run(named)
        }
    }
}

fn scenario(name: &str) -> Vec<Row> {
    // As the product's own: one worker a core.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        match name {
            isolation::ISOLATION => isolation::one().await,
            isolation::CROWD => isolation::several().await,
            slow::NAME => slow::run().await,
            backlog::NAME => backlog::run().await,
            storm::NAME => storm::run().await,
            outage::NAME => outage::run().await,
            rate::NAME => rate::run().await,
            _ => panic!("there is no scenario {name}"),
        }
    })
}

fn run(arguments: &[&str]) -> ExitCode {
    let named: Vec<&str> = arguments
        .iter()
        .copied()
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    if let Some(unknown) = named.iter().find(|name| !SCENARIOS.contains(name)) {
        eprintln!(
            "there is no scenario \"{unknown}\"; there are: {}",
            SCENARIOS.join(", ")
        );
        return ExitCode::FAILURE;
    }
    let wanted = SCENARIOS
        .iter()
        .filter(|name| named.is_empty() || named.contains(name));
    let mut rows = vec![report::machine()];
    for name in wanted {
        eprintln!("running {name} …");
        rows.extend(apart(name));
    }
    report::print(&rows);
    if rows.iter().any(|row| row.broken) {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// A scenario in a process of its own: none inherits the memory of the one before.
fn apart(name: &str) -> Vec<Row> {
    let output = Command::new(env::current_exe().unwrap())
        .args([AS_SCENARIO, name])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    if output.status.success() {
        return report::take_over(&output.stdout);
    }
    vec![Row::broken(name, "did not finish", output.status)]
}
