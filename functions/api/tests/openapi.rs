//! The OpenAPI document of the API.
//!
//! `UPDATE_OPENAPI=1 cargo test -p api --test openapi` writes docs/openapi.json anew.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

#[test]
fn the_committed_copy_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let current = api::openapi();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(&path, &current).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    assert!(committed == current, "run it with UPDATE_OPENAPI=1");
}

/// Clients that are made from the document name their functions by these.
#[test]
fn each_operation_has_an_id_of_its_own() {
    let document: serde_json::Value = serde_json::from_str(&api::openapi()).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(seen.insert(id.to_owned()), "{method} {path}: {id} is taken");
        }
    }
}
