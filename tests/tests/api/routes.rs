use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::request::Client;
use crate::server::{Server, TEAM};

/// A method and a path of the OpenAPI document.
pub(crate) type Route = (String, String);

/// All that the document has.
pub(crate) fn routes(client: &Client) -> BTreeSet<Route> {
    let document = client.ask(None, "GET", "/openapi.json", &Value::Null);
    let document = document.json();
    let paths = document["paths"].as_object().expect("it needs no key");
    let routes = paths.iter().flat_map(|(path, operations)| {
        let methods = operations.as_object().unwrap().keys();
        methods.map(|method| (method.to_uppercase(), path.clone()))
    });
    routes.collect()
}

/// A path of the document, with a team and with ids of nothing.
pub(crate) fn filled(path: &str, team: &str) -> String {
    let id = "00000000-0000-4000-8000-000000000000";
    let path = path.replace("{team}", team);
    path.replace("{id}", id).replace("{stage}", id)
}

/// Each method of a path is in the document, and each that is in the document is there.
pub(crate) fn are_those_of_the_document() {
    let server = Server::start();
    let (client, key) = (Client::of(&server), server.key(TEAM, "owner", 1));
    let mut documented: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (method, path) in routes(&client) {
        documented.entry(path).or_default().insert(method);
    }
    assert!(documented.len() > 10, "{documented:?}");
    for (path, methods) in documented {
        let url = filled(&path, TEAM);
        for method in &methods {
            let answer = client.ask(Some(&key), method, &url, &Value::Null);
            let code = answer.json()["errors"]["code"].clone();
            let is_there = answer.status != 405 && code != "unknown_route";
            assert!(is_there && answer.status < 500, "{method} {path}: {answer}");
        }
        // Asked for a method that no route has, the router says which it has.
        let answer = client.ask(Some(&key), "TRACE", &url, &Value::Null);
        assert_eq!(
            (answer.status, &answer.json()["errors"]["code"]),
            (405, &"wrong_method".into())
        );
        let allowed = answer.headers["allow"].to_str().unwrap();
        let allowed = allowed.split(',').map(|method| method.trim().to_owned());
        // It has HEAD wherever it has GET.
        let allowed: BTreeSet<String> = allowed.filter(|method| method != "HEAD").collect();
        assert_eq!(allowed, methods, "{path}");
    }
}
