//! The handlers on the embedded engine, and a receiver.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use batch::Answer;
use bytes::Bytes;
use delivery::control::RecentCalls;
use delivery::ports::{Queue, Receive};
use delivery::{Assignment, Timestamp};
use embedded::{Engine, Options};
use lambda_runtime::{Context, LambdaEvent};
use sender::Settings;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use uuid::Uuid;
use webhook::{CallerConfig, WebhookCaller};
use webhook_stage::Local;
use workflow::{Actor, Role, Workflow};

pub(crate) const EXAMPLE: &[u8] = include_bytes!("../../../infra/local/examples/workflow.json");

pub(crate) struct World {
    pub(crate) ports: Local,
    pub(crate) workflow: Workflow,
    recent: RecentCalls,
    calls: Arc<std::sync::atomic::AtomicUsize>,
    directory: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::of(EXAMPLE).await
    }

    /// With a workflow whose first Webhook stage calls a receiver that answers 200.
    pub(crate) async fn of(json: &[u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let calls = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        tokio::spawn(answer(listener, Arc::clone(&calls)));
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::open(directory.path(), Options::default()).unwrap();
        let mut workflow = Workflow::import(json).unwrap().workflow;
        let stage = workflow.first_webhook().unwrap().id;
        workflow.set_webhook_url(stage, &url).unwrap();
        let secrets = Workflow::import(json).unwrap().secrets;
        engine.store_secrets("team", secrets).await.unwrap();
        engine.store_workflow("team", &workflow).await.unwrap();
        let config = CallerConfig {
            allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
            ..CallerConfig::default()
        };
        let ports = Local::new(engine, WebhookCaller::new(config).unwrap(), Arc::new(()));
        Self {
            ports,
            workflow,
            recent: RecentCalls::default(),
            calls,
            directory,
        }
    }

    /// The engine's database, for what no engine does.
    /// The database, with all changes in its tables.
    pub(crate) async fn database(&self) -> rusqlite::Connection {
        self.ports.engine().counts().await.unwrap();
        rusqlite::Connection::open(self.directory.path().join("webhook-stage.db")).unwrap()
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// An assignment whose delivery is open, and the delivery's message.
    pub(crate) async fn opened(&self) -> (Assignment, String) {
        let assignment = self.assignment(1).await;
        self.dispatch(&[json(&assignment)]).await;
        let delivery = self.deliveries().await.pop().unwrap();
        (assignment, delivery)
    }

    pub(crate) async fn assignment(&self, item: u128) -> Assignment {
        let assignment = Assignment {
            assignment_id: Uuid::new_v4(),
            team: "team".to_owned(),
            workflow_id: self.workflow.id,
            stage_id: self.workflow.first_webhook().unwrap().id,
            item_id: Uuid::from_u128(item),
            assigned_by: Actor::User {
                id: None,
                role: Role::Admin,
            },
            assignee: None,
            document: None,
            trace: None,
            waits: 0,
        };
        let body = Bytes::from_static(b"{\"version\":\"2.0\",\"item\":{}}");
        self.ports
            .engine()
            .store_document(&assignment.key(), body)
            .await
            .unwrap();
        assignment
    }

    pub(crate) async fn dispatch(&self, bodies: &[String]) -> Answer {
        dispatcher::handle(&self.ports, event(bodies, Duration::from_secs(60)))
            .await
            .unwrap()
    }

    pub(crate) async fn send(&self, bodies: &[String], left: Duration) -> Answer {
        let event = event(bodies, left);
        sender::handle(&self.ports, &Settings::default(), &self.recent, event)
            .await
            .unwrap()
    }

    /// The delivery messages on the queue.
    pub(crate) async fn deliveries(&self) -> Vec<String> {
        let mut bodies = Vec::new();
        loop {
            let engine = self.ports.engine();
            let got = engine
                .receive(Queue::Deliveries, 10, Duration::from_secs(60), |_| 1000)
                .await
                .unwrap();
            if got.is_empty() {
                return bodies;
            }
            bodies.extend(got.iter().map(|message| message.body.clone()));
            engine.delete(Queue::Deliveries, &got).await.unwrap();
        }
    }
}

/// Answers every request with 200, after a moment that lets doubled calls meet.
async fn answer(listener: TcpListener, calls: Arc<std::sync::atomic::AtomicUsize>) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let calls = Arc::clone(&calls);
        tokio::spawn(async move {
            let mut head = vec![0; 16 * 1024];
            while stream.read(&mut head).await.is_ok_and(|read| read > 0) {
                calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(100)).await;
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    .await;
            }
        });
    }
}

pub(crate) fn event(bodies: &[String], left: Duration) -> LambdaEvent<SqsEvent> {
    let mut event = SqsEvent::default();
    for (index, body) in bodies.iter().enumerate() {
        let mut message = SqsMessage::default();
        message.message_id = Some(format!("m{index}"));
        message.body = Some(body.clone());
        event.records.push(message);
    }
    let mut context = Context::default();
    let deadline = Timestamp::from(SystemTime::now()).plus(left);
    context.deadline = u64::try_from(deadline.as_millis()).unwrap();
    LambdaEvent::new(event, context)
}

pub(crate) fn failed(answer: &Answer) -> Vec<&str> {
    let failed = answer.failed.iter();
    failed
        .map(|failed| failed.record.message_id.as_str())
        .collect()
}

pub(crate) fn json(message: &impl serde::Serialize) -> String {
    serde_json::to_string(message).unwrap()
}

pub(crate) const LONG: Duration = Duration::from_secs(120);
