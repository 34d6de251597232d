//! A deployment behind a proxy, for one test at a time.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use aws::Names;
use aws_sdk_sqs::types::QueueAttributeName;
use delivery::ports::{FileStates, Lists, Operator};
use delivery::{Assignment, DocumentRef, FileState, Reason};
use futures_util::{StreamExt, stream};
use serde_json::json;
use serde_json::value::RawValue;
use simulation::check::{self, Command, Evidence};
use tests::contract::put_workflow;
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;
use workflow::{Actor, Role, Workflow};

use crate::emulator::{Emulator, start};
use crate::proxy::{Fault, Proxy};
use crate::receiver::{Answer, Receiver, Seen};

struct Deployment {
    emulator: Emulator,
    proxy: Proxy,
}

/// Room for one test.
struct Place {
    alone: Mutex<()>,
    deployment: OnceLock<Deployment>,
}

impl Place {
    const fn new() -> Self {
        Self {
            alone: Mutex::const_new(()),
            deployment: OnceLock::new(),
        }
    }
}

/// Two tests at a time, since they wait more than they compute.
static PLACES: [Place; 2] = [Place::new(), Place::new()];

/// A deployment that no other test uses until the guard is dropped.
async fn deployment() -> (&'static Deployment, MutexGuard<'static, ()>) {
    let [first, second] = &PLACES;
    let (place, alone) = tokio::select! {
        alone = first.alone.lock() => (first, alone),
        alone = second.alone.lock() => (second, alone),
    };
    let deployed = tokio::task::spawn_blocking(|| place.deployment.get_or_init(deploy));
    (deployed.await.unwrap(), alone)
}

fn deploy() -> Deployment {
    let proxy = Proxy::start();
    // Short calls and leases, so that what dies is taken up soon.
    let timeout = ["--parameter", "SenderTimeout=15"];
    let through = ["--functions-endpoint", &proxy.url];
    let emulator = start(&[timeout, through].concat());
    proxy.leads_to(emulator.endpoint());
    Deployment { emulator, proxy }
}

/// What another test has left under way must not be counted here.
async fn emptied(config: &aws_config::SdkConfig, url: &str) {
    let client = aws_sdk_sqs::Client::new(config);
    for _ in 0..240 {
        let asked = client.get_queue_attributes().queue_url(url);
        let asked = asked.attribute_names(QueueAttributeName::All).send();
        let found = asked.await.unwrap().attributes.unwrap_or_default();
        let count = |name| found.get(&name).map_or("0", String::as_str) == "0";
        if count(QueueAttributeName::ApproximateNumberOfMessages)
            && count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
            && count(QueueAttributeName::ApproximateNumberOfMessagesDelayed)
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("{url} is not empty after a minute");
}

/// What the files of a test came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Calls that came again.
    pub doubled: usize,
    /// Files that failed because of us.
    pub dead: usize,
    /// Files that failed because of the receiver.
    pub refused: usize,
    /// Attempts after the first.
    pub retries: usize,
}

pub struct Scene {
    pub emulator: &'static Emulator,
    pub proxy: Proxy,
    pub receiver: Receiver,
    pub operator: aws::Deployment,
    pub workflow: Workflow,
    team: String,
    _alone: MutexGuard<'static, ()>,
}

impl Scene {
    /// A workflow of its own whose first stage calls a receiver that answers so.
    pub async fn new(team: &str, answer: Answer) -> Self {
        let settings = json!({
            // The first is longer than what a retry may come early by, or none could be too early.
            "retry_delays": [4, 1],
            // The receiver refuses as much as a breaker takes for an outage.
            "breaker": false,
        });
        Self::with(team, answer, settings).await
    }

    /// With these settings of the stage.
    pub async fn with(team: &str, answer: Answer, settings: serde_json::Value) -> Self {
        Self::of(team, answer, settings, |_| {}).await
    }

    /// And with more changes of the workflow.
    pub async fn of(
        team: &str,
        answer: Answer,
        settings: serde_json::Value,
        change: impl FnOnce(&mut serde_json::Value) + Send,
    ) -> Self {
        let (deployment, alone) = deployment().await;
        let config = deployment.emulator.config();
        let names = Names::of_stack(&config, "webhook-stage").await.unwrap();
        let queues = [&names.assignments_queue_url, &names.deliveries_queue_url];
        let dead = queues.map(|url| format!("{url}-dlq"));
        let slow = deployment.emulator.output("SlowDeliveriesQueueUrl");
        let queues = [queues[0], queues[1], slow, &dead[0], &dead[1]];
        // What comes back must come back soon: a dead letter that is refused once would take six minutes.
        for url in queues {
            let set = aws_sdk_sqs::Client::new(&config).set_queue_attributes();
            let set = set.queue_url(url);
            let set = set.attributes(QueueAttributeName::VisibilityTimeout, "12");
            set.send().await.unwrap();
        }
        for url in queues {
            emptied(&config, url).await;
        }
        let receiver = Receiver::start(answer).await;
        let mut json: serde_json::Value = serde_json::from_slice(include_bytes!(
            "../../../infra/local/examples/workflow.json"
        ))
        .unwrap();
        json["id"] = json!(Uuid::new_v4());
        json["stages"][1]["config"]["url"] = json!(receiver.url);
        json["stages"][1]["config"]["retry_if_fails"] = json!(true);
        json["stages"][1]["config"]["authorization_header"] = json!("Bearer planted");
        for (name, value) in settings.as_object().unwrap() {
            json["stages"][1]["config"][name] = value.clone();
        }
        change(&mut json);
        let operator = aws::Deployment::new(&config, &names);
        let workflow = put_workflow(&operator, team, json.to_string().as_bytes()).await;
        deployment.proxy.plan(|_, _, _| Fault::None);
        Self {
            emulator: &deployment.emulator,
            proxy: deployment.proxy.clone(),
            receiver,
            operator,
            workflow,
            team: team.to_owned(),
            _alone: alone,
        }
    }

    pub fn assignments(&self, count: usize) -> Vec<Assignment> {
        let assignment = |_| {
            let item_id = Uuid::new_v4();
            let document = json!({"version": "2.0", "item": {"name": "x.jpg", "slots": []}});
            Assignment {
                assignment_id: Uuid::new_v4(),
                team: self.team.clone(),
                workflow_id: self.workflow.id,
                stage_id: self.workflow.first_webhook().unwrap().id,
                item_id,
                assigned_by: Actor::User {
                    id: Some(42),
                    role: Role::Admin,
                },
                assignee: None,
                document: Some(DocumentRef::Inline(
                    RawValue::from_string(document.to_string()).unwrap(),
                )),
                trace: None,
                waits: 0,
            }
        };
        (0..count).map(assignment).collect()
    }

    pub async fn assign(&self, assignments: &[Assignment]) {
        for sent in self.operator.assign(assignments.to_vec()).await {
            sent.unwrap();
        }
    }

    fn last_logged(&self) -> String {
        let log = self.emulator.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Waits until so much has come to the receiver.
    pub async fn until(&self, came: impl Fn(&Seen) -> bool) {
        let began = Instant::now();
        while !came(&self.receiver.seen) {
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "too few calls after a minute; what was logged:\n{}",
                self.last_logged()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until every file has left the stage and is at rest; none may take longer than `most`.
    pub async fn settled(&self, assignments: &[Assignment], most: Duration) -> Vec<FileState> {
        let began = Instant::now();
        let mut waiting: Vec<&Assignment> = assignments.iter().collect();
        let mut settled = Vec::new();
        while !waiting.is_empty() {
            let looked: Vec<_> = stream::iter(waiting)
                .map(|assignment| async move {
                    let found = self.operator.records().get(&assignment.key()).await;
                    (assignment, found.unwrap())
                })
                .buffer_unordered(8)
                .collect()
                .await;
            waiting = Vec::new();
            for (assignment, found) in looked {
                match found.filter(|state| state.status.is_at_rest()) {
                    Some(state) => settled.push(state),
                    None => waiting.push(assignment),
                }
            }
            assert!(
                began.elapsed() < most,
                "{} of {} files are not at rest after {most:?}; what was logged:\n{}",
                waiting.len(),
                assignments.len(),
                self.last_logged()
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        settled
    }

    /// What must hold whatever was done to the functions. A call may have come twice only where
    /// `excused` says so.
    pub async fn checked(
        &self,
        assignments: &[Assignment],
        settled: Vec<FileState>,
        excused: impl Fn(&check::Call) -> bool,
    ) -> Checked {
        let (mut visits, mut attempts) = (Vec::new(), Vec::new());
        for state in &settled {
            visits.extend(self.operator.records().visits(&state.key).await.unwrap());
            attempts.extend(self.operator.records().attempts(&state.key).await.unwrap());
        }
        let calls = self.receiver.seen.calls().into_iter();
        let webhooks = self.workflow.webhook_stages();
        let evidence = Evidence {
            workflow: &self.workflow,
            files: settled,
            visits,
            attempts,
            rejections: Vec::new(),
            parked: Vec::new(),
            commands: assignments.iter().map(Command::of).collect(),
            calls: calls
                .map(|call| check::Call {
                    excused: excused(&call),
                    ..call
                })
                .collect(),
            most_calls: webhooks.map(|(stage, _)| (stage.id, 3)).collect(),
            // Queues count whole seconds, and a message may come a second and a half early.
            early: Duration::from_millis(2_500),
            announced: None,
            held: Vec::new(),
            limits: BTreeMap::new(),
        };
        assert_eq!(evidence.violations(), []);
        let failed = evidence.files.iter().filter(|f| f.is_failed_at_rest());
        let reasons = failed.map(|file| file.delivery.as_ref().unwrap().reason);
        let (dead, refused): (Vec<_>, Vec<_>) =
            reasons.partition(|reason| *reason == Some(Reason::DeadLettered));
        Checked {
            doubled: evidence.doubled(),
            dead: dead.len(),
            refused: refused.len(),
            retries: self.receiver.seen.retries(),
        }
    }
}
