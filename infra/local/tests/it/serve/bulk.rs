use std::time::Instant;

use bytes::Bytes;
use delivery::ports::{Items, NewDocument, Operator};
use delivery::{FileKey, Item, Timestamp};
use embedded::{Engine, Options};
use serde_json::json;
use uuid::Uuid;

use super::{Server, key};
use crate::support::{Endpoint, directory, document, workflow};

/// `BULK_FILES=100000 cargo test --release --workspace --test it bulk -- --nocapture` is the whole.
fn files() -> u64 {
    let set = std::env::var("BULK_FILES").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(3000)
}

fn id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// As if by as many requests, but sooner.
async fn registered(state: &std::path::Path, files: u64) {
    let engine = Engine::open(state, Options::default()).unwrap();
    let all: Vec<u64> = (0..files).collect();
    for chunk in all.chunks(1000) {
        let keys = chunk.iter().map(|number| FileKey {
            team: "t".to_owned(),
            item_id: id(&number.to_string()),
        });
        let keys: Vec<_> = keys.collect();
        let documents = keys.iter().map(|key| NewDocument {
            key: key.clone(),
            name: "file".to_owned(),
            digest: Uuid::nil(),
            bytes: Bytes::from(document("file", &key.item_id.to_string())),
        });
        engine.put_documents(documents.collect()).await.unwrap();
        let now = Timestamp::from_millis(1);
        let items = keys.into_iter().map(|key| Item {
            key,
            name: "file".to_owned(),
            path: "/".to_owned(),
            dataset_id: Some(4711),
            slots: Vec::new(),
            inserted_at: now,
            updated_at: now,
        });
        engine.put_items(items.collect()).await.unwrap();
    }
}

#[test]
fn one_call_assigns_all_files_and_each_is_delivered_once() {
    let (endpoint, directory) = (Endpoint::start("200"), directory());
    let state = directory.path().join("state");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(registered(&state, files()));
    drop(runtime);
    let key = key(&state, "workforce_manager");
    let admin = super::key(&state, "admin");
    let server = Server::start(&state);
    let stages = [("Hook", Some("Annotate"), None)];
    let body = workflow(&endpoint.url(), &stages);
    assert_eq!(server.client(&admin).post("workflows", &body).0, 201);
    let client = server.client(&key);
    let command = json!({
        "filters": {"dataset_ids": [4711], "statuses": ["new"]},
        "stage_id": id("Hook"), "workflow_id": id("workflow"),
    });
    // The second has no effect, since it has the first one's key.
    for round in 0..2 {
        let header = "idempotency-key: all\r\n";
        let asked = Instant::now();
        let answer = client.request("POST", "items/stage", header, &command.to_string());
        println!("answered after {} ms", asked.elapsed().as_millis());
        let (status, answer) = answer.unwrap();
        assert_eq!(status, 200, "{answer}");
        if round == 0 {
            assert_eq!(answer["created_commands"], files());
        }
    }
    let begun = Instant::now();
    client.wait_for("annotate", files());
    let (took, peak) = (begun.elapsed().as_secs_f32(), server.peak_memory());
    println!("all delivered after {took:.1} s more; most memory: {peak}");
    let calls = endpoint.calls();
    let delivered = calls.iter().map(|call| call.header("webhook-id").unwrap());
    let delivered: std::collections::BTreeSet<_> = delivered.collect();
    let files = usize::try_from(files()).unwrap();
    assert_eq!((calls.len(), delivered.len()), (files, files));
}
