//! Files through the deployed pipeline: SQS → dispatcher → SQS → sender → API Gateway → authorizer →
//! receiver, and where they come to rest.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::{Duration, Instant};

use aws::{Queue, SecretStore, Table, parked};
use delivery::ports::{FileStates, Listing, Lists, Outgoing, SendMessages};
use delivery::{Assignment, DeadLetter, DocumentRef, FileState, Outcome, Reason};
use secrecy::SecretString;
use serde_json::value::RawValue;
use uuid::Uuid;
use workflow::{Actor, Role, StageSecrets, Workflow};

use crate::emulator::{TOKEN, emulator};

pub(crate) struct Deployment {
    table: Table,
    assignments: Queue<Assignment>,
    pub(crate) workflow: Workflow,
}

/// Stores a workflow of its own whose first stage calls the example receiver with `token`.
async fn deployment(team: &str, token: &str) -> Deployment {
    let configured = serde_json::json!({
        "url": emulator().output("ReceiverUrl"),
        "authorization_header": token,
        "retry_delays": [1, 1],
    });
    deployed(team, configured).await
}

/// Stores a workflow of its own whose first stage has this in its config.
pub(crate) async fn deployed(team: &str, configured: serde_json::Value) -> Deployment {
    let emulator = emulator();
    let config = emulator.config();
    let mut document: serde_json::Value = serde_json::from_slice(include_bytes!(
        "../../../infra/local/examples/workflow.json"
    ))
    .unwrap();
    document["id"] = Uuid::new_v4().to_string().into();
    for (name, value) in configured.as_object().unwrap() {
        document["stages"][1]["config"][name] = value.clone();
    }
    let imported = Workflow::import(document.to_string().as_bytes()).unwrap();
    let store = SecretStore::new(&config, emulator.output("SecretsPrefix"));
    store.store(team, &imported.secrets).await.unwrap();
    let table = Table::new(&config, emulator.output("TableName"), Some(1));
    table
        .store_workflow(team, &imported.workflow)
        .await
        .unwrap();
    let assignments = Queue::new(&config, emulator.output("AssignmentsQueueUrl"));
    Deployment {
        table,
        assignments,
        workflow: imported.workflow,
    }
}

impl Deployment {
    pub(crate) fn assignment(&self, team: &str, name: &str) -> Assignment {
        let item_id = Uuid::new_v4();
        let document = format!(
            r#"{{"version":"2.0","item":{{"name":"{name}","source_info":{{"item_id":"{item_id}"}}}},"annotations":[]}}"#
        );
        Assignment {
            assignment_id: Uuid::new_v4(),
            team: team.to_owned(),
            workflow_id: self.workflow.id,
            stage_id: self.workflow.first_webhook().unwrap().id,
            item_id,
            assigned_by: Actor::User {
                id: Some(42),
                role: Role::Admin,
            },
            assignee: None,
            document: Some(DocumentRef::Inline(
                RawValue::from_string(document).unwrap(),
            )),
            trace: None,
            waits: 0,
        }
    }

    pub(crate) async fn assign(&self, assignments: &[Assignment]) {
        let messages = assignments.iter().map(|message| Outgoing {
            message: message.clone(),
            delay: Duration::ZERO,
        });
        let sent = self.assignments.send(messages.collect()).await;
        assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    }

    /// Waits until all these files are at rest.
    pub(crate) async fn at_rest(
        &self,
        assignments: &[Assignment],
        within: Duration,
    ) -> Vec<FileState> {
        let began = Instant::now();
        let mut resting = Vec::new();
        let mut left: Vec<_> = assignments.iter().map(Assignment::key).collect();
        while !left.is_empty() {
            assert!(
                began.elapsed() < within,
                "{} files are not at rest: {:?}; the log ends:\n{}",
                left.len(),
                left[0],
                emulator()
                    .log()
                    .lines()
                    .rev()
                    .take(40)
                    .collect::<Vec<_>>()
                    .join("\n")
            );
            let mut moving = Vec::new();
            for key in left {
                match self.table.get(&key).await.unwrap() {
                    Some(state) if state.status.is_at_rest() => resting.push(state),
                    _ => moving.push(key),
                }
            }
            left = moving;
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        resting
    }
}

/// What a function has logged. The emulator's own log has the lines of functions that read queues only.
fn logged(function: &str) -> String {
    let group = format!("/aws/lambda/webhook-stage-{function}");
    let mut aws = Command::new("aws");
    aws.args(["logs", "filter-log-events", "--log-group-name", &group]);
    aws.args(["--query", "events[].message", "--output", "text"]);
    for (name, value) in emulator().environment() {
        aws.env(name, value);
    }
    let done = aws.output().unwrap();
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap()
}

/// How often the receiver had each delivery. The sender's lines have the same ids, and prove nothing.
fn received(log: &str) -> BTreeMap<&str, usize> {
    let mut calls = BTreeMap::new();
    for rest in log.split("\"webhook_id\":\"").skip(1) {
        let id = rest.split('"').next().unwrap();
        *calls.entry(id).or_default() += 1;
    }
    calls
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_files_arrive_and_leave_by_the_succeeded_edge() {
    let team = "thousand";
    let deployment = deployment(team, TOKEN).await;
    let assignments: Vec<_> = (0..1000)
        .map(|n| deployment.assignment(team, &format!("f{n}")))
        .collect();
    let began = Instant::now();
    deployment.assign(&assignments).await;
    let states = deployment
        .at_rest(&assignments, Duration::from_secs(300))
        .await;
    let took = began.elapsed();
    let annotate = deployment.workflow.find_stage("Annotate").unwrap().id;
    let mut delivered = BTreeSet::new();
    for state in states {
        let delivery = state.delivery.unwrap();
        assert_eq!(
            (delivery.outcome, state.visit.stage_id),
            (Some(Outcome::Succeeded), annotate)
        );
        delivered.insert(delivery.delivery_id.to_string());
    }
    let log = logged("receiver");
    let calls = received(&log);
    let once = delivered
        .iter()
        .filter(|id| calls.get(id.as_str()) == Some(&1));
    assert_eq!((delivered.len(), once.count()), (1000, 1000));
    println!(
        "1,000 files through the deployed pipeline in {:.1} s",
        took.as_secs_f64()
    );
    let listing = Listing {
        stages: vec![annotate],
        failed: false,
    };
    // Other tests' files rest in the stage of the same name as well.
    let (mut listed, mut after) = (0, None);
    loop {
        let page = deployment.table.at_rest(&listing, after.as_deref(), 1000);
        let page = page.await.unwrap();
        let own = page.rows.iter().filter(|state| state.key.team == team);
        listed += own.count();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed, 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_refused_retried_and_leaves_by_the_failed_edge() {
    let team = "wrong-token";
    let deployment = deployment(team, "Bearer not-the-token").await;
    let assignments: Vec<_> = (0..5)
        .map(|n| deployment.assignment(team, &format!("f{n}")))
        .collect();
    deployment.assign(&assignments).await;
    let failed = deployment.workflow.find_stage("Not notified").unwrap().id;
    for state in deployment
        .at_rest(&assignments, Duration::from_secs(120))
        .await
    {
        assert_eq!(state.visit.stage_id, failed);
        let delivery = state.delivery.unwrap();
        assert_eq!(delivery.reason, Some(Reason::HttpStatus));
        let statuses: Vec<_> = delivery
            .attempts
            .iter()
            .map(|attempt| attempt.status)
            .collect();
        assert_eq!(statuses, [Some(403); 3]);
        assert_eq!(
            deployment.table.attempts(&state.key).await.unwrap().len(),
            3
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_is_rejected_and_a_poison_message_costs_itself_only() {
    let team = "poison";
    let deployment = deployment(team, TOKEN).await;
    let config = emulator().config();
    let client = aws_sdk_sqs::Client::new(&config);
    let queue = emulator().output("AssignmentsQueueUrl");
    // Five receives would take a quarter of an hour otherwise.
    let visibility = aws_sdk_sqs::types::QueueAttributeName::VisibilityTimeout;
    let set = client
        .set_queue_attributes()
        .queue_url(queue)
        .attributes(visibility, "2");
    set.send().await.unwrap();
    let mut assignments: Vec<_> = (0..9)
        .map(|n| deployment.assignment(team, &format!("f{n}")))
        .collect();
    client
        .send_message()
        .queue_url(queue)
        .message_body("poison")
        .send()
        .await
        .unwrap();
    let mut by_worker = assignments.pop().unwrap();
    by_worker.assigned_by = Actor::User {
        id: Some(7),
        role: Role::Annotator,
    };
    deployment.assign(&[by_worker.clone()]).await;
    deployment.assign(&assignments).await;
    let states = deployment
        .at_rest(&assignments, Duration::from_secs(120))
        .await;
    assert_eq!(states.len(), 8);
    let rejections = deployment.table.rejections(&by_worker.key()).await.unwrap();
    assert_eq!(
        rejections[0].reason.code(),
        "worker_cannot_fire_automated_stage"
    );
    assert!(
        deployment
            .table
            .get(&by_worker.key())
            .await
            .unwrap()
            .is_none()
    );
    let letters: Queue<DeadLetter> = Queue::new(&config, emulator().output("ParkedQueueUrl"));
    for _ in 0..120 {
        let found = parked(&letters, None).await.unwrap();
        if found
            .iter()
            .flat_map(|parked| &parked.letter)
            .any(|letter| letter.body == "poison")
        {
            return;
        }
    }
    panic!("the poison message was not parked");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_any_log() {
    let deployment = deployment("secret", TOKEN).await;
    let assignment = [deployment.assignment("secret", "f")];
    deployment.assign(&assignment).await;
    deployment
        .at_rest(&assignment, Duration::from_secs(60))
        .await;
    let secrets = StageSecrets {
        authorization: Some(SecretString::from(TOKEN)),
        ..StageSecrets::default()
    };
    assert!(!format!("{secrets:?}").contains("planted"));
    let logs = [
        emulator().log(),
        logged("receiver"),
        logged("authorizer"),
        logged("sender"),
    ];
    for log in logs {
        assert!(!log.contains("planted-7c1f"), "a secret is in a log");
    }
}
