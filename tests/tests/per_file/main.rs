//! What a delivered file costs on one machine, as far as it can be counted: the short form of the load bench,
//! which fails when a change makes a file dearer. No time is judged.
//!
//! The pipeline runs in this process with an allocator that counts, the receiver in another one, so that what
//! it allocates is not counted. SQLite's own allocations are not seen either: they do not come from Rust.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

// What the bench has and needs of its own is not all used here.
#[path = "../../benches/load/files.rs"]
#[allow(dead_code)]
mod files;
#[path = "../../benches/load/ledger.rs"]
#[allow(dead_code)]
mod ledger;
#[path = "../../benches/load/pipeline.rs"]
#[allow(dead_code)]
mod pipeline;
#[path = "../../benches/load/receiver.rs"]
#[allow(dead_code)]
mod receiver;
#[path = "../../benches/load/remote.rs"]
#[allow(dead_code)]
mod remote;
#[path = "../../benches/load/row.rs"]
#[allow(dead_code)]
mod row;
#[path = "../../benches/load/sink/mod.rs"]
#[allow(dead_code)]
mod sink;
#[path = "../../benches/load/stage.rs"]
#[allow(dead_code)]
mod stage;

mod cost;
mod log;

use std::alloc::System;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use cost::{Bounds, Cost, Counted};
use files::{File, assign};
use ledger::Ledger;
use pipeline::Pipeline;
use receiver::WELL;
use remote::{AS_RECEIVER, Remote};
use stage::Stage;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Before anything is counted: the connections, the caches, the first pages.
const WARM_UP: usize = 50;
/// Each delivered before the next is assigned.
const ALONE: usize = 100;
/// Queued together, as in a backlog, where files share commits. How many do is a matter of time, so the bound of the commits is
/// three times the most that was counted, and that of the log, which has a page or two of each commit, one and a half times.
const TOGETHER: usize = 500;

/// About 15 % more than what was counted when this was last changed.
const OF_ONE_ALONE: Bounds = Bounds {
    commits: 6.9,
    wal_bytes: 36_000.0,
    allocations: 323.0,
    allocated_bytes: 240_000.0,
};
const OF_ONE_OF_MANY: Bounds = Bounds {
    commits: 3.6,
    wal_bytes: 15_000.0,
    allocations: 249.0,
    allocated_bytes: 195_000.0,
};

/// Not a test of the usual harness, because this program starts itself again as the receiver.
fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(AS_RECEIVER) {
        receiver::serve();
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (alone, together) = runtime.block_on(counted());
    let is_within = alone.is_within("one alone", &OF_ONE_ALONE);
    let is_within = together.is_within("one of many", &OF_ONE_OF_MANY) && is_within;
    if is_within {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn counted() -> (Cost, Cost) {
    let mut remote = Remote::start();
    let stage = Stage {
        name: "Well",
        url: remote.url(WELL),
        settings: json!({}),
    };
    let pipeline = Pipeline::new(&[stage]).await;
    let files = pipeline.files("Well", WARM_UP + ALONE + TOGETHER).await;
    // While somebody reads the log it is not begun anew, so that all that was written is still in it.
    let _reader = log::held(pipeline.engine.path());
    let pollers = pipeline.start();
    for file in &files[..WARM_UP] {
        deliver_alone(&pipeline, file).await;
    }
    let before = Counted::now(pipeline.engine.path(), ALLOCATOR);
    for file in &files[WARM_UP..WARM_UP + ALONE] {
        deliver_alone(&pipeline, file).await;
    }
    let between = Counted::now(pipeline.engine.path(), ALLOCATOR);
    assign(&pipeline.engine, &files[WARM_UP + ALONE..]).await;
    at_rest(&pipeline).await;
    let after = Counted::now(pipeline.engine.path(), ALLOCATOR);
    pollers.stop().await;
    let ledger = Ledger::succeeded(&files, &remote.calls(), &pipeline.states().await);
    let row = ledger.row("per file", "files");
    assert!(!row.broken, "{row:?}");
    let alone = before.to(&between, ALONE);
    (alone, between.to(&after, TOGETHER))
}

async fn deliver_alone(pipeline: &Pipeline, file: &File) {
    assign(&pipeline.engine, std::slice::from_ref(file)).await;
    at_rest(pipeline).await;
}

/// Seldom looks, because looking is work that is counted too.
async fn at_rest(pipeline: &Pipeline) {
    use delivery::ports::Receive;
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if pipeline.engine.is_idle(&[]).await.unwrap() {
            return;
        }
    }
}
