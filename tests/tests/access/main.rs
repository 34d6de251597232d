//! How calls are authorized and signed, checked by implementations that are not this project's: botocore, oauthlib,
//! standardwebhooks and cryptography for Python.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod aws_signatures;
mod server;
mod signatures;
mod tokens;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use delivery::ports::{Call, Caller, SignRequest};
use delivery::{Answer, Document, Timestamp, Trace};
use embedded::Engine;
use uuid::Uuid;
use webhook::{CallerConfig, WebhookCaller};
use workflow::{StageSecrets, WebhookConfig};

type Reader = <Engine as delivery::ports::Documents>::Reader;

fn caller() -> WebhookCaller {
    WebhookCaller::new(CallerConfig {
        allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
        ..CallerConfig::default()
    })
    .unwrap()
}

fn call(url: String, document: &'static str) -> Call<Reader> {
    let delivery_id = Uuid::new_v4();
    Call {
        config: WebhookConfig::new(url),
        secrets: StageSecrets::default(),
        document: Document::Bytes(Bytes::from_static(document.as_bytes())),
        team: "team".to_owned(),
        workflow_name: String::new(),
        stage_name: String::new(),
        delivery_id,
        workflow_id: Uuid::nil(),
        stage_id: Uuid::nil(),
        attempt: 1,
        traceparent: Trace::begun_by(delivery_id).call(Uuid::new_v4()),
        sent_at: Timestamp::from(SystemTime::now()),
        timeout: Duration::from_secs(20),
        fresh_connection: false,
    }
}

async fn answer<S: SignRequest>(caller: &WebhookCaller<(), S>, call: Call<Reader>) -> Answer {
    caller.call(call).await.unwrap()
}
