use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::{Server, key};
use crate::support::{Endpoint, directory, document, workflow};

fn id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

fn stage_command(item: Uuid) -> String {
    json!({"filters": {"item_ids": [item]}, "stage_id": id("Hook"), "workflow_id": id("workflow")})
        .to_string()
}

/// Registers files and assigns each, until the server is gone; returns those whose assignment was accepted.
fn load(address: &str, key: &str, name: &str, until: &AtomicBool) -> Vec<Uuid> {
    let client = super::Client::new(address, key);
    let mut accepted = Vec::new();
    for number in 0.. {
        if until.load(Ordering::SeqCst) {
            break;
        }
        let item = id(&format!("{name}{number}"));
        let body = document("file", &item.to_string());
        let registered = client.request("POST", "items", "", &body);
        let Ok((201, _)) = registered else {
            break;
        };
        match client.request("POST", "items/stage", "", &stage_command(item)) {
            Ok((200, answer)) => {
                assert_eq!(answer["created_commands"], 1);
                accepted.push(item);
            }
            _ => break,
        }
    }
    accepted
}

fn under_load(end: impl Fn(&mut Server)) {
    let (endpoint, directory) = (Endpoint::start("200"), directory());
    let state = directory.path().join("state");
    let key = key(&state, "admin");
    let mut server = Server::start(&state);
    let stages = [("Hook", Some("Annotate"), Some("Failures"))];
    let body = workflow(&endpoint.url(), &stages);
    assert_eq!(server.client(&key).post("workflows", &body).0, 201);
    let all = Arc::new(Mutex::new(Vec::new()));
    for round in 0..3 {
        let stop = Arc::new(AtomicBool::new(false));
        let loads: Vec<_> = (0..4)
            .map(|thread| {
                let (address, key) = (server.address.clone(), key.clone());
                let (stop, all) = (Arc::clone(&stop), Arc::clone(&all));
                std::thread::spawn(move || {
                    let accepted = load(&address, &key, &format!("{round}/{thread}/"), &stop);
                    all.lock().unwrap().extend(accepted);
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(400));
        end(&mut server);
        stop.store(true, Ordering::SeqCst);
        for load in loads {
            load.join().unwrap();
        }
        server = Server::start(&state);
    }
    let accepted = all.lock().unwrap().clone();
    assert!(accepted.len() > 10, "too little load");
    let client = server.client(&key);
    let mut calls: BTreeMap<String, usize> = BTreeMap::new();
    for item in &accepted {
        let mut looks = 0;
        loop {
            let (code, found) = client.get(&format!("items/{item}"));
            assert_eq!(code, 200, "{item} is gone");
            if found["status"] == "annotate" {
                break;
            }
            looks += 1;
            assert!(looks < 1000, "{found}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    for call in endpoint.calls() {
        let name = call.header("webhook-id").unwrap().to_owned();
        *calls.entry(name).or_default() += 1;
    }
    assert!(calls.len() >= accepted.len());
}

#[test]
fn nothing_accepted_is_lost_by_a_kill() {
    under_load(Server::kill);
}

#[test]
fn asked_to_stop_it_finishes_what_is_under_way() {
    under_load(|server| assert_eq!(server.terminate(), Some(0)));
}

#[test]
fn a_call_under_way_is_finished_before_the_server_stops() {
    let endpoint = Endpoint::with("200", Duration::from_millis(700), "");
    let directory = directory();
    let state = directory.path().join("state");
    let key = key(&state, "admin");
    let mut server = Server::start(&state);
    let client = server.client(&key);
    let stages = [("Hook", Some("Annotate"), None)];
    let body = workflow(&endpoint.url(), &stages);
    assert_eq!(client.post("workflows", &body).0, 201);
    let item = id("slow");
    assert_eq!(
        client.post("items", &document("slow", &item.to_string())).0,
        201
    );
    assert_eq!(client.post("items/stage", &stage_command(item)).0, 200);
    // Until the call has begun.
    let (mut looks, sending) = (
        0,
        "webhook_stage_messages{queue=\"deliveries\",state=\"in_flight\"} 1",
    );
    while !client.about("/metrics").contains(sending) {
        looks += 1;
        assert!(looks < 600, "no call begins");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(endpoint.count(), 1);
    let server = Server::start(&state);
    let (_, found) = server.client(&key).get(&format!("items/{item}"));
    assert_eq!(found["status"], "annotate", "{found}");
    assert_eq!(endpoint.count(), 1);
}
