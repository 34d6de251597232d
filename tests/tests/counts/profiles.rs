//! A delivered file, with the settings of each profile in `infra/sam/price.json`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::run::{Done, Scene};
use crate::{emulator, template};

/// The template's parameters, with those of a profile.
pub fn parameters(profile: &Value) -> BTreeMap<String, String> {
    let mut parameters = template::defaults();
    for (name, value) in profile["parameters"].as_object().unwrap() {
        let value = value.as_str().unwrap().to_owned();
        let known = parameters.insert(name.clone(), value);
        assert!(known.is_some(), "the template has no parameter {name}");
    }
    parameters
}

pub fn all() -> Map<String, Value> {
    let file = emulator::root().join("infra/sam/price.json");
    let file: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    file["profiles"].as_object().unwrap().clone()
}

pub async fn counted(programs: &Path) -> Value {
    let mut found = Map::new();
    for (name, profile) in all() {
        let parameters = parameters(&profile);
        let number = |name: &str| parameters[name].parse().unwrap();
        let (dispatched, sent) = (number("DispatcherBatchSize"), number("SenderBatchSize"));
        let inline = profile["document"] == "inline";
        let scene = Scene::new(programs, parameters, inline).await;
        let batched = scene.deliver(4, dispatched, sent);
        // A message alone shows what it asks for one after the other.
        let alone = scene.deliver(3, 1, 1);
        let of = |batched: &Done, alone: &Done| {
            let mut counted = batched.a_message();
            counted["requests_in_a_row"] = alone.a_message()["requests"].clone();
            counted
        };
        let functions = json!({
            "dispatcher": of(&batched[0], &alone[0]),
            "sender": of(&batched[1], &alone[1]),
        });
        println!("{name}: {functions:#}");
        found.insert(name, functions);
    }
    Value::Object(found)
}
