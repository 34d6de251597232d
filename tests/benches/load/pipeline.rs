//! The product on an embedded engine: one workflow, the real pollers, handlers and caller.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use delivery::FileState;
use delivery::ports::{Observation, Observer, Queue, Receive, ScanSegment, Unfinished as _};
use embedded::{Engine, Options};
use sender::Settings;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;
use webhook::{CallerConfig, WebhookCaller};
use webhook_stage::{Local, PollSettings, Pollers};
use workflow::Workflow;

use crate::files::{self, File, assign};
use crate::ledger::Unfinished;

/// The stage every file goes to that succeeded.
pub(crate) const COMPLETE: &str = "Complete";

/// Calls at the same time: the default of `webhook-stage run`.
const CONCURRENCY: usize = 64;

/// How often to look whether the work is done.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A Webhook stage.
pub(crate) struct Stage<'a> {
    pub(crate) name: &'a str,
    pub(crate) url: String,
    /// Settings besides, as in a workflow file.
    pub(crate) settings: Value,
}

/// An engine with a workflow.
pub(crate) struct Pipeline {
    pub(crate) engine: Engine,
    pub(crate) workflow_id: Uuid,
    pub(crate) lags: Arc<Lags>,
    _directory: TempDir,
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

/// A stage's id.
pub(crate) fn id(stage: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, stage.as_bytes())
}

impl Pipeline {
    pub(crate) async fn new(stages: &[Stage<'_>]) -> Self {
        // On the disk of the build, not in a `/tmp` that may be memory: the flushes are part of the work.
        let directory = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
        let engine = Engine::open(directory.path(), Options::default()).unwrap();
        let imported = Workflow::import(&workflow(stages)).unwrap();
        engine
            .store_secrets("load", imported.secrets)
            .await
            .unwrap();
        let workflow = imported.workflow;
        engine.store_workflow("load", &workflow).await.unwrap();
        Self {
            engine,
            workflow_id: workflow.id,
            lags: Arc::default(),
            _directory: directory,
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
        files::store(&self.engine, self.workflow_id, id(stage), count).await
    }

    /// Starts what `webhook-stage run` starts.
    pub(crate) fn start(&self) -> Pollers {
        let caller = WebhookCaller::new(CallerConfig {
            allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
            idle_connections: CONCURRENCY,
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
            concurrency: CONCURRENCY,
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

fn workflow(stages: &[Stage<'_>]) -> Vec<u8> {
    let edge = |from: &str, name: &str, to: &str| {
        json!({"id": id(&format!("{from} {name}")), "name": name,
            "source_stage_id": id(from), "target_stage_id": id(to)})
    };
    let plain = |name: &str, kind: &str, edges: serde_json::Value| {
        json!({"id": id(name), "name": name, "type": kind,
            "config": {"initial": kind == "dataset"}, "edges": edges})
    };
    let first = stages[0].name;
    let mut all = vec![
        plain(
            "Dataset",
            "dataset",
            json!([edge("Dataset", "default", first)]),
        ),
        plain("Failed", "annotate", json!([])),
        plain(COMPLETE, "complete", json!([])),
    ];
    for Stage {
        name,
        url,
        settings,
    } in stages
    {
        // Signed and with a token, as stages in earnest are.
        let mut config = json!({"url": url, "retry_if_fails": true, "include_annotations": true,
            "authorization_header": "Bearer load",
            "signing_secrets": ["whsec_bG9hZC1sb2FkLWxvYWQtbG9hZC1sb2Fk"]});
        for (field, value) in settings.as_object().unwrap() {
            config[field] = value.clone();
        }
        all.push(
            json!({"id": id(name), "name": name, "type": "webhook", "config": config,
            "edges": [edge(name, "succeeded", COMPLETE), edge(name, "failed", "Failed")]}),
        );
    }
    let workflow = json!({"id": id("workflow"), "name": "Load", "stages": all});
    workflow.to_string().into_bytes()
}
