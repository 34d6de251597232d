//! All scenarios.

use serde::Deserialize;

use crate::apart::hand_over;
use crate::row::Row;
use crate::{
    answers, backlog, bodies, growth, isolation, latency, outage, rate, registering, slow, stages,
    steps, storm, tls,
};

pub(crate) const SCENARIOS: [&str; 14] = [
    isolation::ISOLATION,
    isolation::CROWD,
    slow::NAME,
    backlog::NAME,
    latency::NAME,
    growth::NAME,
    stages::NAME,
    bodies::NAME,
    answers::NAME,
    tls::NAME,
    registering::NAME,
    storm::NAME,
    outage::NAME,
    rate::NAME,
];

pub(crate) fn run(name: &str) -> Vec<Row> {
    runtime().block_on(async {
        match name {
            isolation::ISOLATION => isolation::one().await,
            isolation::CROWD => isolation::several().await,
            slow::NAME => slow::run().await,
            backlog::NAME => backlog::run().await,
            latency::NAME => latency::run().await,
            growth::NAME => growth::run().await,
            stages::NAME => stages::run().await,
            bodies::NAME => bodies::run(),
            answers::NAME => answers::run().await,
            tls::NAME => tls::run().await,
            registering::NAME => registering::run(),
            storm::NAME => storm::run().await,
            outage::NAME => outage::run().await,
            rate::NAME => rate::run().await,
            _ => panic!("there is no scenario {name}"),
        }
    })
}

/// A part of a scenario.
pub(crate) fn step(name: &str, argument: &str) {
    runtime().block_on(async {
        match name {
            steps::QUEUE => hand_over(&steps::queue(read(argument)).await),
            steps::DRAIN => hand_over(&steps::drain(read(argument)).await),
            _ => panic!("there is no step {name}"),
        }
    });
}

fn read<'a, T: Deserialize<'a>>(argument: &'a str) -> T {
    serde_json::from_str(argument).unwrap()
}

/// As the product's own: one worker a core.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}
