//! Files put on the queue by one process and drained by another, which so has its memory to itself.

use std::fs::{self, File as OnDisk};
use std::path::{Path, PathBuf};
use std::time::Instant;

use embedded::{Engine, Options};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::drained::{Drained, drain as drain_queues};
use crate::files::{File, assign};
use crate::pipeline::{Calls, Pipeline};
use crate::receiver::WELL;
use crate::remote::Remote;
use crate::row::Row;
use crate::stage::{Stage, id};

pub(crate) const QUEUE: &str = "queue";
pub(crate) const DRAIN: &str = "drain";

const STAGE: &str = "Well";

/// Files to put on the queue of a state directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Queued {
    pub(crate) directory: PathBuf,
    pub(crate) count: usize,
    /// Bytes of each document.
    pub(crate) size: usize,
    /// How many are then delivered at a time.
    pub(crate) concurrency: usize,
    /// Whether to time how long it takes to open the directory.
    pub(crate) is_opened_before: bool,
}

/// What the process saw that drained them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) rate: f64,
    pub(crate) cpu_per_thousand: f64,
    pub(crate) peak: f64,
    /// Bytes that the receiver was sent as bodies.
    pub(crate) bytes: u64,
    /// Seconds to open the directory: not in the cache, and at once again.
    pub(crate) opened: Option<[f64; 2]>,
    /// What must hold of every file.
    pub(crate) promises: Vec<Row>,
}

pub(crate) async fn queue(queued: Queued) {
    // The workflow that the other process stores takes this one's place.
    let pipeline = pipeline(&queued, "http://127.0.0.1:9/".to_owned()).await;
    let files = pipeline.files_of(STAGE, queued.count, queued.size).await;
    assign(&pipeline.engine, &files).await;
    let ids = files.iter().map(|file| {
        let assignment = &file.assignment;
        (assignment.assignment_id, assignment.item_id)
    });
    let ids: Vec<(Uuid, Uuid)> = ids.collect();
    fs::write(list(&queued), serde_json::to_vec(&ids).unwrap()).unwrap();
}

/// Drains what was queued; `who` says in the rows whose files they are.
pub(crate) async fn drain((queued, scenario, who): (Queued, String, String)) -> Part {
    let opened = queued.is_opened_before.then(|| {
        let database = queued.directory.join("webhook-stage.db");
        forget(&database);
        [(); 2].map(|()| open(&queued.directory))
    });
    let mut remote = Remote::start();
    let pipeline = pipeline(&queued, remote.url(WELL)).await;
    let calls = Calls {
        concurrency: queued.concurrency,
        ..Calls::default()
    };
    let spent = drain_queues(&pipeline, calls).await;
    // Not before, because the list of 100,000 files takes memory too, and that is no need of the product's.
    let ids = fs::read(list(&queued)).unwrap();
    let ids: Vec<(Uuid, Uuid)> = serde_json::from_slice(&ids).unwrap();
    let workflow_id = pipeline.workflow_id;
    let file = |(assignment, item)| File::new(workflow_id, id(STAGE), assignment, item);
    let files: Vec<File> = ids.into_iter().map(file).collect();
    let drained = Drained::afterwards(spent, &pipeline, &files, &mut remote).await;
    Part {
        rate: drained.rate,
        cpu_per_thousand: drained.used.per_thousand(queued.count),
        peak: drained.used.peak,
        bytes: remote.bytes(),
        opened,
        promises: drained.promises(&scenario, &who).into(),
    }
}

async fn pipeline(queued: &Queued, url: String) -> Pipeline {
    let stage = Stage {
        name: STAGE,
        url,
        settings: json!({}),
    };
    Pipeline::open(&queued.directory, &[stage]).await
}

fn list(queued: &Queued) -> PathBuf {
    queued.directory.join("queued.json")
}

fn open(directory: &Path) -> f64 {
    let began = Instant::now();
    let engine = Engine::open(directory, Options::default()).unwrap();
    let took = began.elapsed().as_secs_f64();
    drop(engine);
    took
}

/// Takes a file out of the system's cache, as far as the system can be asked to.
fn forget(path: &Path) {
    let file = OnDisk::open(path).unwrap();
    file.sync_all().unwrap();
    #[cfg(target_os = "linux")]
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
}
