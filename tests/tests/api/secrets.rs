//! Planted secrets, searched for in every answer and in all that the server says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

use crate::echo::Echo;
use crate::forms::forms;
use crate::request::Client;
use crate::server::{Server, TEAM, until};
use crate::table::ask_all;
use crate::world::World;

const HEADER: &str = "Bearer planted/header+%&=\"1";
const API_KEY: &str = "planted api-key/+?2";
const PASSWORD: &str = "planted:password/+%3";
const CLIENT: &str = "planted client/+%&=4";
const TOKEN: &str = "planted-token/+5";

/// A stage's settings with each secret that they know, in as many stages as are needed, and the secrets.
fn planted(echo: &Echo) -> (Vec<Value>, Vec<String>) {
    let signing = format!(
        "whsec_{}",
        STANDARD.encode("planted-signing-secret-of-32-byt")
    );
    let ed25519 = format!(
        "whsk_{}",
        STANDARD.encode("planted-ed25519-seed-of-32-bytes")
    );
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["client.example".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap().pem();
    let key = key.serialize_pem();
    let url = format!("{}/hook", echo.url);
    let settings = vec![
        json!({"url": url, "authorization_header": HEADER, "signing_secrets": [signing, ed25519],
            "headers": {"x-api-key": {"secret": API_KEY}}}),
        json!({"url": url, "authorization": {"type": "basic", "username": "u", "password": PASSWORD}}),
        json!({"url": url, "client_certificate": {"certificate": certificate, "key": key}}),
        json!({"url": url, "authorization": {"type": "oauth2_client_credentials", "client_id": "c",
            "client_secret": CLIENT, "token_url": format!("{}/token", echo.url)}}),
        json!({"url": url, "authorization": {"type": "oauth2_client_credentials", "client_id": "c",
            "client_secret": CLIENT, "token_url": format!("{}/token", echo.url),
            "client_authentication": "client_secret_post"}}),
    ];
    let lines = [certificate, key].map(|pem| pem.lines().nth(1).unwrap().to_owned());
    let texts = [HEADER, API_KEY, PASSWORD, CLIENT, TOKEN, &signing, &ed25519];
    let mut secrets: Vec<_> = texts.iter().map(ToString::to_string).chain(lines).collect();
    secrets.extend(["Bearer ", "whsec_", "whsk_"].iter().filter_map(|prefix| {
        let with = texts.iter().find(|text| text.starts_with(prefix))?;
        Some(with[prefix.len()..].to_owned())
    }));
    secrets.push(STANDARD.encode(format!("u:{PASSWORD}")));
    (settings, secrets)
}

/// Asks what is refused, with the secrets in it.
fn ask_in_vain(client: &Client, key: &str, workflow: &Value) {
    let path = format!("/v2/teams/{TEAM}/workflows");
    let mut without_url = workflow.clone();
    without_url["id"] = json!(uuid::Uuid::new_v4());
    let mut as_list = without_url.clone();
    for stage in without_url["stages"].as_array_mut().unwrap() {
        stage["config"]["url"] = json!("no url");
    }
    for stage in as_list["stages"].as_array_mut().unwrap() {
        let config = stage["config"].as_object_mut().unwrap();
        for (field, value) in config.iter_mut().filter(|(field, _)| *field != "url") {
            *value = json!([value, {field: value}]);
        }
    }
    let mut spoilt = without_url.clone();
    spoilt["stages"][2]["config"] = with_a_control_character(&workflow["stages"][2]["config"]);
    let text = workflow.to_string();
    let cut_off = Value::from(&text[..text.len() / 2]);
    for (wrong, status) in [
        (workflow, 409),
        (&without_url, 422),
        (&as_list, 422),
        (&cut_off, 422),
    ] {
        let answer = client.ask(Some(key), "POST", &path, wrong);
        assert_eq!(answer.status, status, "{answer}");
    }
    // Whether or not it is taken.
    client.ask(Some(key), "POST", &path, &spoilt);
}

/// Each text of the settings, spoilt.
fn with_a_control_character(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(format!("{text}\u{1}")),
        Value::Array(values) => values.iter().map(with_a_control_character).collect(),
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields =
                fields.map(|(name, value)| (name.clone(), with_a_control_character(value)));
            Value::Object(fields.collect())
        }
        other => other.clone(),
    }
}

pub(crate) fn none_is_in_any_answer_nor_in_the_log() {
    let (server, echo) = (Server::start(), Echo::start(TOKEN));
    let (client, key) = (Client::of(&server), server.key(TEAM, "owner", 7));
    let (settings, mut secrets) = planted(&echo);
    for (number, config) in settings.iter().enumerate() {
        let world = World::with(&client, &key, &number.to_string(), config);
        ask_all(&client, &key, &world);
        ask_in_vain(&client, &key, &world.workflow("workflow"));
        // One that the table only registers. Its delivery fails, so that its visits have what the receiver said.
        let put = json!({"filters": {"item_ids": [world.id("new")]},
            "workflow_id": world.id("workflow"), "stage_id": world.id("Hook")});
        client.done(&key, "POST", &format!("/v2/teams/{TEAM}/items/stage"), &put);
        let path = format!("/v2/teams/{TEAM}/items/{}/visits", world.id("new"));
        until(|| client.done(&key, "GET", &path, &Value::Null)["visits"][0]["outcome"] == "failed");
        ask_all(&client, &key, &world);
    }
    let host = server.url.trim_end_matches("/api");
    for path in ["/metrics", "/health", "/ready"] {
        client.ask_at(None, "GET", &format!("{host}{path}"), &Value::Null);
    }
    let (received, said, log) = (echo.received(), client.said(), server.log());
    let basic = STANDARD.encode(format!("u:{PASSWORD}"));
    let form: String = url::form_urlencoded::byte_serialize(CLIENT.as_bytes()).collect();
    let pair = STANDARD.encode(format!("c:{form}"));
    for used in [HEADER, API_KEY, TOKEN, &basic, &form, &pair] {
        assert!(received.contains(used), "it was not used: {used}");
    }
    assert!(said.contains("[redacted]") && said.contains("\"secrets_set\":true"));
    assert!(log.contains("attempt"), "the log was on");
    secrets.extend([key, form, pair]);
    for secret in &secrets {
        for form in forms(secret) {
            for (place, text) in [("an answer", &said), ("the log", &log)] {
                let found = text.find(&form).map(|at| &text[at.saturating_sub(200)..at]);
                assert!(found.is_none(), "{form} in {place}, after {found:?}");
            }
        }
    }
}
