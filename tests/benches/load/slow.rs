//! A receiver that answers just before the timeout: slow is not a failure.

use serde_json::json;

use crate::ledger::Ledger;
use crate::pipeline::Pipeline;
use crate::process::Usage;
use crate::receiver::SLOW;
use crate::remote::Remote;
use crate::row::Row;
use crate::stage::Stage;

pub(crate) const NAME: &str = "slow";
const FILES: usize = 200;

pub(crate) async fn run() -> Vec<Row> {
    let mut remote = Remote::start();
    let stage = Stage {
        name: "Slow",
        url: remote.url(SLOW),
        settings: json!({}),
    };
    let (pipeline, files) = Pipeline::of_one(stage, FILES).await;
    let usage = Usage::begin();
    let began = std::time::Instant::now();
    let pollers = pipeline.start();
    pipeline.at_rest().await;
    let took = began.elapsed().as_secs_f64();
    let used = usage.end();
    pollers.stop().await;
    let calls = remote.calls();
    let states = pipeline.states().await;
    vec![
        Row::figure(
            NAME,
            "200 after 29 s: files; calls; seconds in all",
            format!("{FILES}; {}; {took:.0}", calls.len()),
        ),
        Row::figure(NAME, "CPU; peak memory", used),
        Row::if_broken(
            calls.len() != FILES,
            NAME,
            "exactly one call a file",
            calls.len() == FILES,
        ),
        Ledger::succeeded(&files, &calls, &states).row(NAME, "files"),
    ]
}
