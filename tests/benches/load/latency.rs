//! Files that come at a steady rate, whether or not the ones before have arrived.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::files::{File, assign};
use crate::isolation::{Assigned, latencies};
use crate::ledger::Ledger;
use crate::pipeline::Pipeline;
use crate::process::Usage;
use crate::receiver::{WELL, now_micros};
use crate::remote::Remote;
use crate::row::Row;
use crate::stage::Stage;

pub(crate) const NAME: &str = "latency";

/// 200 files a second.
const EVERY: Duration = Duration::from_millis(5);
const WARM_UP: usize = 2 * 200;
const FILES: usize = 30 * 200;

pub(crate) async fn run() -> Vec<Row> {
    let mut remote = Remote::start();
    let stage = Stage {
        name: "Well",
        url: remote.url(WELL),
        settings: json!({}),
    };
    let pipeline = Pipeline::new(&[stage]).await;
    let files = pipeline.files("Well", WARM_UP + FILES).await;
    let pollers = pipeline.start();
    let usage = Usage::begin();
    let assigned = on_schedule(&pipeline, files.clone()).await;
    pipeline.at_rest().await;
    let used = usage.end();
    pollers.stop().await;
    let calls = remote.calls();
    let states = pipeline.states().await;
    let warm: Assigned = assigned.into_iter().skip(WARM_UP).collect();
    let latencies = latencies(&warm, &calls);
    let row = |what: &str, percent| {
        let measure = format!("200 files/s, due to be assigned → arrived: {what}");
        Row::number(NAME, measure, latencies.percentile(percent), "ms")
    };
    vec![
        row("p50", 50).at_most(2.0),
        row("p99", 99).at_most(8.0),
        row("longest", 100),
        Row::figure(NAME, "CPU; peak memory", used),
        Ledger::succeeded(&files, &calls, &states).row(NAME, "files"),
    ]
}

/// Assigns each file at its time, and says when that was by the schedule: a file that comes late because the
/// program was busy has waited all the same.
async fn on_schedule(pipeline: &Pipeline, files: Vec<File>) -> Assigned {
    let (engine, runtime) = (pipeline.engine.clone(), Handle::current());
    // A thread of its own, because the runtime's timer counts in milliseconds.
    let clock = std::thread::spawn(move || {
        let (began, began_micros) = (Instant::now(), now_micros());
        let send = |(number, file): (u32, File)| {
            let due = EVERY * number;
            std::thread::sleep(due.saturating_sub(began.elapsed()));
            let engine = engine.clone();
            runtime.spawn(async move {
                assign(&engine, std::slice::from_ref(&file)).await;
                (file, began_micros + i64::try_from(due.as_micros()).unwrap())
            })
        };
        (0..).zip(files).map(send).collect::<Vec<JoinHandle<_>>>()
    });
    let sending = tokio::task::spawn_blocking(|| clock.join().unwrap());
    let mut assigned = Vec::new();
    for sent in sending.await.unwrap() {
        assigned.push(sent.await.unwrap());
    }
    assigned
}
