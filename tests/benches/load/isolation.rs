//! A healthy receiver, alone and beside one, or several, that take every call and never answer.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};

use crate::files::{File, assign};
use crate::ledger::Ledger;
use crate::percentiles::Latencies;
use crate::pipeline::Pipeline;
use crate::process::Usage;
use crate::receiver::{SILENT, WELL, now_micros};
use crate::remote::{Call, Remote};
use crate::row::Row;
use crate::stage::Stage;

/// One neighbour.
pub(crate) const ISOLATION: &str = "isolation";
/// Several, with as many files between them.
pub(crate) const CROWD: &str = "crowd";

/// Stages that never get an answer, in the order in which they come.
const SILENT_STAGES: [&str; 4] = ["Silent 1", "Silent 2", "Silent 3", "Silent 4"];

/// As the peers were measured: 300 files, 10 a second, whether or not the ones before have arrived.
const HEALTHY: usize = 300;
const EVERY: Duration = Duration::from_millis(100);
const NEIGHBOURS: usize = 2000;

/// How much the 99th percentile may grow beside the neighbours.
const TARGET: f64 = 1.2;

/// When each file was assigned, in microseconds since 1970.
pub(crate) type Assigned = Vec<(File, i64)>;

pub(crate) async fn one() -> Vec<Row> {
    run(ISOLATION, &SILENT_STAGES[..1]).await
}

pub(crate) async fn several() -> Vec<Row> {
    run(CROWD, &SILENT_STAGES).await
}

async fn run(scenario: &str, silent: &[&str]) -> Vec<Row> {
    let mut remote = Remote::start();
    let paths = [("Healthy", WELL)].into_iter();
    let paths = paths.chain(silent.iter().map(|&name| (name, SILENT)));
    let stages = paths.map(|(name, path)| Stage {
        name,
        url: remote.url(path),
        settings: json!({}),
    });
    let stages: Vec<Stage<'_>> = stages.collect();
    let pipeline = Pipeline::new(&stages).await;
    let warm_up = pipeline.files("Healthy", 30).await;
    let alone = pipeline.files("Healthy", HEALTHY).await;
    let beside = pipeline.files("Healthy", HEALTHY).await;
    let mut neighbours = Vec::with_capacity(NEIGHBOURS);
    for stage in silent {
        neighbours.extend(pipeline.files(stage, NEIGHBOURS / silent.len()).await);
    }
    let healthy: Vec<File> = [&warm_up, &alone, &beside]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let pollers = pipeline.start();
    // The first call of a process opens the connection and fills the caches.
    steadily(&pipeline, warm_up).await;
    pipeline.at_rest().await;

    let usage = Usage::begin();
    let alone = steadily(&pipeline, alone).await;
    pipeline.at_rest().await;
    let used_alone = usage.end();

    for of_a_stage in neighbours.chunks(NEIGHBOURS / silent.len()) {
        // The first takes all the places it may before the next comes: the worst case for that one.
        assign(&pipeline.engine, of_a_stage).await;
        pipeline.dispatched().await;
    }
    let usage = Usage::begin();
    let beside = steadily(&pipeline, beside).await;
    let used_beside = usage.end();
    let in_time = settled(&pipeline, healthy.len()).await;
    // As a crash would: what is under way must still have its message.
    drop(pollers);
    sleep(Duration::from_secs(1)).await;

    let calls = remote.calls();
    let unanswered: HashSet<_> = neighbours.iter().map(|file| file.delivery_id).collect();
    let (unanswered, well): (Vec<Call>, Vec<Call>) =
        calls.iter().partition(|call| unanswered.contains(&call.id));
    let states = pipeline.states().await;
    let unfinished = pipeline.unfinished().await;
    let (alone, beside) = (latencies(&alone, &well), latencies(&beside, &well));
    let ratio = beside.percentile(99) / alone.percentile(99);
    let verdict = if ratio <= TARGET { "met" } else { "MISSED" };
    let percentiles = "assigned to arrived, p50 / p95 / p99 / max";
    vec![
        Row::figure(
            scenario,
            format!("{HEALTHY} files alone, {percentiles}"),
            alone,
        ),
        Row::figure(
            scenario,
            format!(
                "{HEALTHY} beside {NEIGHBOURS} never answered at {} stage(s), {percentiles}",
                silent.len()
            ),
            beside,
        ),
        Row::figure(
            scenario,
            "p99 beside / alone; target at most 1.20",
            format!("{ratio:.2}; {verdict}"),
        ),
        Row::figure(scenario, "CPU; peak memory, alone", used_alone),
        Row::figure(scenario, "CPU; peak memory, beside", used_beside),
        Row::figure(scenario, "calls never answered", unanswered.len()),
        Row::if_broken(
            !in_time,
            scenario,
            "healthy files at rest 10 s after the last",
            in_time,
        ),
        Ledger::succeeded(&healthy, &well, &states).row(scenario, "healthy files"),
        Ledger::on_their_way(&neighbours, &unanswered, &unfinished)
            .row(scenario, "never answered files"),
    ]
}

/// Assigns the files one after the other on a clock, and says when each was.
pub(crate) async fn steadily(pipeline: &Pipeline, files: Vec<File>) -> Assigned {
    let began = Instant::now();
    let mut sending = Vec::with_capacity(files.len());
    for (number, file) in (0_u32..).zip(files) {
        sleep_until(began + EVERY * number).await;
        let engine = pipeline.engine.clone();
        // Not waited for: a slow engine must not slow the clock.
        sending.push(tokio::spawn(async move {
            let at = now_micros();
            assign(&engine, std::slice::from_ref(&file)).await;
            (file, at)
        }));
    }
    let mut assigned = Vec::with_capacity(sending.len());
    for sent in sending {
        assigned.push(sent.await.unwrap());
    }
    assigned
}

/// Whether so many files come to their end.
async fn settled(pipeline: &Pipeline, files: usize) -> bool {
    for _ in 0..100 {
        let counts = pipeline.engine.counts().await.unwrap();
        if counts.get("complete").copied() == u64::try_from(files).ok() {
            return true;
        }
        sleep(Duration::from_millis(100)).await;
    }
    false
}

pub(crate) fn latencies(assigned: &Assigned, calls: &[Call]) -> Latencies {
    let arrived: HashMap<_, _> = calls.iter().map(|call| (call.id, call.at)).collect();
    // A lost file is the ledger's to tell.
    Latencies::of(assigned.iter().filter_map(|(file, at)| {
        let arrived = arrived.get(&file.delivery_id)?;
        Some(arrived - at)
    }))
}
