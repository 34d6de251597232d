//! Files on their way through both functions, and what that came to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aws::Names;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use serde_json::{Value, json};
use tests::contract::put_workflow;
use uuid::Uuid;
use workflow::Workflow;

use crate::endpoint::{Asked, DOCUMENT, Endpoint};
use crate::function::{Function, deliveries};
use crate::template;

/// As long as a slug may well be.
pub const TEAM: &str = "university-hospital-radiology-02";

pub const ASSIGNMENTS: &str = "webhook-stage-assignments";
pub const DELIVERIES: &str = "webhook-stage-deliveries";

/// Names of metrics, each with the values of its dimensions.
pub type Metrics = BTreeSet<(String, BTreeMap<String, String>)>;

/// What a function did for so many messages.
#[derive(Debug, Default)]
pub struct Done {
    pub messages: usize,
    pub asked: Vec<Asked>,
    pub log: Vec<String>,
}

impl Done {
    fn sum(&self, of: impl Fn(&Asked) -> f64) -> f64 {
        let own = self.asked.iter().filter(|asked| !asked.is_cached);
        own.map(of).sum::<f64>() / self.messages as f64
    }

    /// A message's share. What is kept for a time, the workflow and the secrets, is apart.
    pub fn a_message(&self) -> Value {
        let is = |service: &'static str, operation: &'static str| {
            move |asked: &Asked| {
                f64::from(u8::from(
                    asked.service == service && asked.operation == operation,
                ))
            }
        };
        let bytes: usize = self.log.iter().map(|line| line.len() + 1).sum();
        json!({
            "write_units": self.sum(|asked| asked.units.write),
            "index_writes": self.sum(|asked| asked.units.index),
            "read_units": self.sum(|asked| asked.units.read),
            "sqs_sends": self.sum(is("AmazonSQS", "SendMessageBatch")),
            "s3_gets": self.sum(is("S3", "GET")),
            "requests": self.sum(|_| 1.0),
            "log_bytes": bytes as f64 / self.messages as f64,
            "log_lines": self.log.len() as f64 / self.messages as f64,
        })
    }

    /// Each metric with the values of its dimensions, as CloudWatch bills them.
    pub fn metrics(&self) -> Metrics {
        let mut found = BTreeSet::new();
        let lines = self
            .log
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        for line in lines {
            for directive in line["_aws"]["CloudWatchMetrics"]
                .as_array()
                .into_iter()
                .flatten()
            {
                for set in directive["Dimensions"].as_array().unwrap() {
                    let of = |name: &Value| {
                        let name = name.as_str().unwrap();
                        (name.to_owned(), line[name].as_str().unwrap().to_owned())
                    };
                    let dimensions: BTreeMap<_, _> =
                        set.as_array().unwrap().iter().map(of).collect();
                    for metric in directive["Metrics"].as_array().unwrap() {
                        let name = metric["Name"].as_str().unwrap().to_owned();
                        found.insert((name, dimensions.clone()));
                    }
                }
            }
        }
        found
    }
}

fn config(endpoint: &Endpoint) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(format!("http://{}", endpoint.address))
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// A deployment of nothing but the two functions.
pub struct Scene<'a> {
    pub endpoint: Endpoint,
    pub workflow: Workflow,
    pub programs: &'a Path,
    /// Of the template, with those of the profile.
    pub parameters: BTreeMap<String, String>,
    /// Whether documents come with their assignment instead of from the bucket.
    pub inline: bool,
}

impl<'a> Scene<'a> {
    pub async fn new(
        programs: &'a Path,
        parameters: BTreeMap<String, String>,
        inline: bool,
    ) -> Self {
        Self::with_delays(programs, parameters, inline, &json!([1, 1, 1, 1, 1])).await
    }

    /// With these delays between attempts.
    pub async fn with_delays(
        programs: &'a Path,
        parameters: BTreeMap<String, String>,
        inline: bool,
        delays: &Value,
    ) -> Self {
        let endpoint = Endpoint::start();
        endpoint.tag(template::tags(&parameters));
        let config = config(&endpoint);
        let names = Names::of_stack(&config, "webhook-stage").await.unwrap();
        let mut json: Value = serde_json::from_slice(include_bytes!(
            "../../../infra/local/examples/workflow.json"
        ))
        .unwrap();
        for stage in json["stages"].as_array_mut().unwrap() {
            if stage["type"] == "webhook" {
                let config = &mut stage["config"];
                config["url"] = json!(format!("http://{}/receiver", endpoint.address));
                config["retry_delays"] = delays.clone();
                config["breaker"] = json!(false);
            }
        }
        let operator = aws::Deployment::new(&config, &names);
        let workflow = put_workflow(&operator, TEAM, json.to_string().as_bytes()).await;
        endpoint.asked();
        Self {
            endpoint,
            workflow,
            programs,
            parameters,
            inline,
        }
    }

    pub fn start(&self, name: &str) -> Function {
        Function::start(
            &[],
            &self.programs.join(name),
            &self.parameters,
            &self.endpoint,
        )
    }

    /// Assignments to the stage, as a producer sends them.
    pub fn assignments(&self, stage: Uuid, count: usize) -> Vec<String> {
        let body = |_| {
            let mut assignment = json!({
                "assignment_id": Uuid::new_v4(), "team": TEAM, "workflow_id": self.workflow.id,
                "stage_id": stage, "item_id": Uuid::new_v4(),
                "assigned_by": {"user": {"id": 4_294_967_295_u64, "role": "workforce_manager"}},
            });
            if self.inline {
                let document: Value = serde_json::from_str(DOCUMENT).unwrap();
                assignment["document"] = json!({"inline": document});
            }
            assignment.to_string()
        };
        (0..count).map(body).collect()
    }

    /// What the function does for the messages, in batches, without what it does first.
    pub fn handle(&self, name: &str, queue: &str, messages: &[String], batch: usize) -> Done {
        let function = self.start(name);
        let (first, rest) = messages.split_at(batch);
        function.handle(queue, first);
        self.endpoint.asked();
        let from = function.logged();
        for batch in rest.chunks(batch) {
            function.handle(queue, batch);
        }
        Done {
            messages: rest.len(),
            asked: self.endpoint.asked(),
            log: function.lines(from),
        }
    }

    /// Delivers files in `batches` batches, after a first one.
    pub fn deliver(&self, batches: usize, dispatched: usize, sent: usize) -> [Done; 2] {
        let stage = self.workflow.first_webhook().unwrap().id;
        let files = (batches + 1) * dispatched.max(sent);
        let dispatcher = self.handle(
            "dispatcher",
            ASSIGNMENTS,
            &self.assignments(stage, files),
            dispatched,
        );
        let messages = deliveries(&self.endpoint.sent());
        assert_eq!(messages.len(), files);
        let sender = self.handle("sender", DELIVERIES, &messages, sent);
        assert_eq!(self.endpoint.calls(), files as u64);
        [dispatcher, sender]
    }
}
