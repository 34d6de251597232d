//! The product on an embedded engine: one workflow, the real pollers, handlers and caller.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use delivery::FileState;
use delivery::ports::{
    FileStates as _, Observation, Observer, Queue, Receive, ScanSegment, Unfinished as _,
};
use embedded::{Engine, Options};
use futures_util::future::join_all;
use sender::Settings;
use tempfile::TempDir;
use uuid::Uuid;
use webhook::guard::{Lookup, SystemLookup};
use webhook::{CallerConfig, WebhookCaller};
use webhook_stage::{Local, PollSettings, Pollers};
use workflow::Workflow;

use crate::files::{self, File, TEAM, assign};
use crate::ledger::Unfinished;
use crate::stage::{Stage, id, workflow};

/// Calls at the same time: the default of `webhook-stage run`.
const CONCURRENCY: usize = 64;

/// How often to look whether the work is done.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// An engine with a workflow.
pub(crate) struct Pipeline {
    pub(crate) engine: Engine,
    pub(crate) workflow_id: Uuid,
    pub(crate) lags: Arc<Lags>,
    _directory: Option<TempDir>,
}

/// How calls are made, if not as `webhook-stage run` does by default.
pub(crate) struct Calls {
    /// At the same time.
    pub(crate) concurrency: usize,
    pub(crate) lookup: Arc<dyn Lookup>,
    pub(crate) extra_roots_pem: Vec<Vec<u8>>,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            concurrency: CONCURRENCY,
            lookup: Arc::new(SystemLookup),
            extra_roots_pem: Vec::new(),
        }
    }
}

/// From due to sent, of the retries.
#[derive(Default)]
pub(crate) struct Lags {
    longest_ms: AtomicU64,
}

impl Lags {
    pub(crate) fn longest(&self) -> Duration {
        Duration::from_millis(self.longest_ms.load(Ordering::Relaxed))
    }
}

impl Observer for Lags {
    fn observe(&self, observation: Observation<'_>) {
        if let Observation::Attempted(attempted) = observation
            && attempted.summary.attempt > 1
        {
            let lag = u64::try_from(attempted.lag.as_millis()).unwrap();
            self.longest_ms.fetch_max(lag, Ordering::Relaxed);
        }
    }
}

/// On the disk of the build, not in a `/tmp` that may be memory: the flushes are part of the work.
pub(crate) fn directory() -> TempDir {
    tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap()
}

impl Pipeline {
    pub(crate) async fn new(stages: &[Stage<'_>]) -> Self {
        let directory = directory();
        let pipeline = Self::open(directory.path(), stages).await;
        Self {
            _directory: Some(directory),
            ..pipeline
        }
    }

    /// In a directory that stays, and may have files already.
    pub(crate) async fn open(directory: &Path, stages: &[Stage<'_>]) -> Self {
        let engine = Engine::open(directory, Options::default()).unwrap();
        let imported = Workflow::import(&workflow(stages)).unwrap();
        let (workflow, secrets) = (imported.workflow, imported.secrets);
        engine.store_secrets(TEAM, secrets).await.unwrap();
        engine.store_workflow(TEAM, &workflow).await.unwrap();
        Self {
            engine,
            workflow_id: workflow.id,
            lags: Arc::default(),
            _directory: None,
        }
    }

    /// A workflow of one stage, with so many files, all of them assigned.
    pub(crate) async fn of_one(stage: Stage<'_>, files: usize) -> (Self, Vec<File>) {
        let name = stage.name;
        let pipeline = Self::new(&[stage]).await;
        let files = pipeline.files(name, files).await;
        assign(&pipeline.engine, &files).await;
        (pipeline, files)
    }

    /// Files of a stage, with their documents, not yet assigned.
    pub(crate) async fn files(&self, stage: &str, count: usize) -> Vec<File> {
        self.files_of(stage, count, files::SIZE).await
    }

    /// The same with documents of so many bytes.
    pub(crate) async fn files_of(&self, stage: &str, count: usize, size: usize) -> Vec<File> {
        files::store(&self.engine, self.workflow_id, id(stage), count, size).await
    }

    /// Starts what `webhook-stage run` starts.
    pub(crate) fn start(&self) -> Pollers {
        self.start_with(Calls::default())
    }

    pub(crate) fn start_with(&self, calls: Calls) -> Pollers {
        let caller = WebhookCaller::new(CallerConfig {
            allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
            idle_connections: calls.concurrency,
            lookup: calls.lookup,
            extra_roots_pem: calls.extra_roots_pem,
            ..CallerConfig::default()
        });
        let watch = Arc::clone(&self.lags);
        let ports = Local::new(self.engine.clone(), caller.unwrap(), watch);
        let sender = Settings {
            longest_call: workflow::MAX_TIMEOUT,
            lanes: false,
            ..Settings::default()
        };
        let settings = PollSettings {
            concurrency: calls.concurrency,
            sender,
        };
        Pollers::start(&ports, settings)
    }

    /// Until no message is left, so that all files are at rest.
    pub(crate) async fn at_rest(&self) {
        while !self.engine.is_idle(&[]).await.unwrap() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Until no assignment is left.
    pub(crate) async fn dispatched(&self) {
        while self.engine.depth(Queue::Assignments).await.unwrap().total() > 0 {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// The records of all files.
    pub(crate) async fn states(&self) -> HashMap<Uuid, FileState> {
        let mut states = HashMap::new();
        let mut after = None;
        loop {
            let page = self.engine.states(after.as_ref(), 1000).await.unwrap();
            let Some(last) = page.last() else {
                return states;
            };
            after = Some(last.key.clone());
            states.extend(page.into_iter().map(|state| (state.key.item_id, state)));
        }
    }

    /// The records of these files, of which there may be many more.
    pub(crate) async fn states_of(&self, files: &[File]) -> HashMap<Uuid, FileState> {
        let mut states = HashMap::new();
        for some in files.chunks(500) {
            let read = some.iter().map(|file| async {
                let state = self.engine.get(&file.key()).await.unwrap();
                state.map(|state| (state.key.item_id, state))
            });
            states.extend(join_all(read).await.into_iter().flatten());
        }
        states
    }

    /// The files not at rest, as the audit sees them.
    pub(crate) async fn unfinished(&self) -> Unfinished {
        let mut found = HashMap::new();
        let mut after = None;
        loop {
            let page = self
                .engine
                .unfinished(ScanSegment::ALL, after.as_deref())
                .await
                .unwrap();
            for file in page.rows {
                let file = file.unwrap();
                let has_message = file.has_message == Some(true);
                found.insert(file.state.key.item_id, (file.state, has_message));
            }
            after = page.next;
            if after.is_none() {
                return found;
            }
        }
    }
}
