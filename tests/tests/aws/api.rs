//! The API, deployed: from a key to what a file's visits show.

use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use aws::{ApiStore, Deployment, Names, Registry};
use delivery::ports::Operator;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tests::contract;
use uuid::Uuid;

use crate::emulator::{Emulator, TOKEN, start};

const EXAMPLE: &[u8] = include_bytes!("../../../infra/local/examples/workflow.json");

/// A deployment with the API. The others are without, as a user's is who did not ask for it.
pub(super) fn emulator() -> &'static Emulator {
    static EMULATOR: OnceLock<Emulator> = OnceLock::new();
    EMULATOR.get_or_init(|| start(&["--parameter", "Api=true"]))
}

fn keys(arguments: &[&str]) -> Output {
    keys_of(emulator(), arguments)
}

fn keys_of(emulator: &Emulator, arguments: &[&str]) -> Output {
    let mut keys = Command::new(emulator.programs().join("webhook-stage"));
    keys.arg("keys")
        .args(arguments)
        .args(["--aws", "--stack", "webhook-stage"]);
    keys.envs(emulator.environment());
    keys.output().unwrap()
}

struct Caller {
    client: Client,
    key: String,
    team: String,
}

/// A new key.
pub(super) fn key(team: &str, role: &str, user: &str) -> String {
    let made = keys(&["add", "--team", team, "--role", role, "--user-id", user]);
    assert!(made.status.success(), "{made:?}");
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

impl Caller {
    /// Somebody with a new key.
    fn with(team: &str, role: &str, user: &str) -> Self {
        Self {
            client: Client::new(),
            key: key(team, role, user),
            team: team.to_owned(),
        }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let url = emulator().output("ApiUrl");
        let url = format!("{url}/v2/teams/{}{path}", self.team);
        let mut request = self.client.request(method, url);
        request = request.header("Authorization", format!("ApiKey {}", self.key));
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json");
            request = request.body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body = answer.bytes().await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        (status, body)
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, body) = self.call(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    /// A workflow whose first stage calls the example receiver. Its answer shows no secret.
    async fn store_workflow(&self) -> Value {
        let mut workflow: Value = serde_json::from_slice(EXAMPLE).unwrap();
        workflow["id"] = Uuid::new_v4().to_string().into();
        let config = &mut workflow["stages"][1]["config"];
        config["url"] = emulator().output("ReceiverUrl").into();
        config["authorization_header"] = TOKEN.into();
        let stored = self.post("/workflows", workflow).await;
        assert!(!stored.to_string().contains("planted-7c1f"), "{stored}");
        stored
    }

    async fn register(&self, name: &str) -> String {
        let document = json!({
            "version": "2.0",
            "item": {"name": name, "path": "/", "slots": [{"slot_name": "0", "type": "image", "source_files": [{"file_name": name}]}]},
            "annotations": [],
        });
        let item = self.post("/items?dataset_id=7", document).await;
        item["id"].as_str().unwrap().to_owned()
    }

    /// Waits until the file's first delivery has ended.
    async fn delivered(&self, item: &str) -> Value {
        let began = Instant::now();
        loop {
            let visits = self.get(&format!("/items/{item}/visits")).await;
            if visits["visits"][0]["outcome"].is_string() {
                return visits;
            }
            let log = emulator().log();
            let end: Vec<_> = log.lines().rev().take(40).collect();
            let late = began.elapsed() > Duration::from_secs(60);
            assert!(!late, "{visits}; the log ends:\n{}", end.join("\n"));
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_registered_staged_and_delivered() {
    let team = "served";
    let admin = Caller::with(team, "admin", "7");
    let workflow = admin.store_workflow().await;
    let webhook = workflow["stages"][1]["id"].as_str().unwrap();
    let mut items = Vec::new();
    for number in 0..3 {
        items.push(admin.register(&format!("{number}.png")).await);
    }
    let counts = admin.get("/items/general_counts").await;
    assert_eq!(counts["total_item_count"], 3, "{counts}");
    assert_eq!(counts["statuses"]["new"], 3, "{counts}");
    let listed = admin.get("/items?page[size]=2").await;
    let next = listed["page"]["next"].as_str().unwrap();
    let rest = admin.get(&format!("/items?page[from]={next}")).await;
    let page = |page: &Value| page["items"].as_array().unwrap().len();
    assert_eq!((page(&listed), page(&rest)), (2, 1), "{listed} {rest}");

    let staged = json!({
        "filters": {"statuses": ["new"]}, "stage_id": webhook, "workflow_id": workflow["id"],
    });
    let made = admin.post("/items/stage", staged).await;
    assert_eq!(made, json!({"created_commands": 3}));
    for item in &items {
        let visits = admin.delivered(item).await;
        let first = &visits["visits"][0];
        assert_eq!(first["outcome"], "succeeded", "{visits}");
        assert_eq!(first["entered_by"]["user_id"], 7, "{visits}");
        assert_eq!(first["attempts"][0]["status"], 200, "{visits}");
    }

    // A Worker sees nothing of it, another team's key nothing at all.
    let worker = Caller::with(team, "annotator", "9");
    let seen = worker.get("/items/general_counts").await;
    assert_eq!(seen["total_item_count"], 0, "{seen}");
    let foreign = Caller {
        team: "another".to_owned(),
        ..Caller::with(team, "admin", "7")
    };
    let (status, _) = foreign.call(Method::GET, "/items", None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);

    let path = format!("/workflows/{}", workflow["id"].as_str().unwrap());
    let (status, answer) = admin.call(Method::DELETE, &path, None).await;
    assert!(status.is_success(), "{status} {answer}");
    let (status, _) = admin.call(Method::GET, &path, None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    nothing_was_refused();
    for secret in [TOKEN, admin.key.split('.').nth(1).unwrap()] {
        assert!(!emulator().log().contains(secret), "a secret is in a log");
    }
}

/// The functions asked for nothing that their roles do not allow.
fn nothing_was_refused() {
    for role in ["ApiRole", "AssignerRole"] {
        let mut calls = emulator().calls();
        calls.retain(|call| call["role"].as_str().unwrap().contains(role));
        assert!(!calls.is_empty(), "{role} has asked for nothing");
        calls.retain(|call| call["allowed"] != true);
        assert!(calls.is_empty(), "{calls:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_too_large_for_a_request_is_uploaded() {
    let admin = Caller::with("uploads", "admin", "7");
    let workflow = admin.store_workflow().await;
    let item = Uuid::new_v4().to_string();
    let document = json!({
        "version": "2.0",
        "item": {"name": "long.mp4", "path": "/", "source_info": {"item_id": item}, "slots": []},
        "annotations": [{"id": "a", "name": "x".repeat(7 * 1024 * 1024)}],
    });
    let register = format!("/items/{item}/register");
    let (status, answer) = admin.call(Method::POST, &register, None).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{answer}");
    let upload = admin
        .post(&format!("/items/{item}/upload"), Value::Null)
        .await;
    let put = admin.client.put(upload["upload_url"].as_str().unwrap());
    let put = put.body(document.to_string()).send().await.unwrap();
    assert!(put.status().is_success(), "{put:?}");
    let registered = admin.post(&register, Value::Null).await;
    assert_eq!(
        (&registered["id"], &registered["name"]),
        (&json!(item), &json!("long.mp4"))
    );
    let staged = json!({
        "filters": {"item_ids": [item]}, "stage_id": workflow["stages"][1]["id"], "workflow_id": workflow["id"],
    });
    admin.post("/items/stage", staged).await;
    let visits = admin.delivered(&item).await;
    assert!(
        visits["visits"][0]["attempts"][0]["status"].is_number(),
        "{visits}"
    );
    nothing_was_refused();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_asked_for_and_a_revoked_one_lets_nobody_in() {
    let admin = Caller::with("locked", "admin", "1");
    let prefix = admin.key.split('.').next().unwrap();
    admin.get("/workflows").await;
    let listed = String::from_utf8(keys(&["list"]).stdout).unwrap();
    assert!(listed.contains(prefix) && !listed.contains(&admin.key));
    assert!(keys(&["revoke", prefix]).status.success());
    let (status, answer) = admin.call(Method::GET, "/workflows", None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer["errors"]["code"], "unauthorized");
    assert!(!keys(&["revoke", prefix]).status.success());
    let url = emulator().output("ApiUrl");
    let without = reqwest::get(format!("{url}/v2/teams/locked/items")).await;
    assert_eq!(without.unwrap().status(), StatusCode::UNAUTHORIZED);
    let elsewhere = url.strip_suffix("/api").unwrap();
    let unknown = reqwest::get(format!("{elsewhere}/admin")).await;
    assert_eq!(unknown.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_without_the_api_has_no_keys() {
    let refused = keys_of(crate::emulator::emulator(), &["list"]);
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("deploy it with the parameter Api=true"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_keeps_the_contract() {
    let config = emulator().config();
    let names = Names::of_stack(&config, "webhook-stage").await.unwrap();
    assert_eq!(
        names.registry.as_deref(),
        Some(emulator().output("RegistryName"))
    );
    let deployment = Deployment::new(&config, &names);
    let registry = Registry::beside(deployment.records(), names.registry.as_ref().unwrap());
    let bulk = emulator().output("BulkQueueUrl");
    let store = ApiStore::new(deployment, registry, bulk);
    contract::service(&store).await;
    contract::keys(&store).await;
    contract::items(&store, store.records()).await;
}
