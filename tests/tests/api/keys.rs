//! Who gets an answer at all.

use serde_json::Value;

use crate::request::Client;
use crate::routes::{filled, routes};
use crate::server::{Server, TEAM};

/// After as many wrong keys an address is not answered for a minute.
const MOST_FAILURES: usize = 20;

/// The same key with another last character.
fn wrong(key: &str) -> String {
    let last = if key.ends_with('A') { "B" } else { "A" };
    format!("{}{last}", &key[..key.len() - 1])
}

pub(crate) fn each_route_needs_a_valid_one() {
    let all: Vec<_> = routes(&Client::of(&Server::start())).into_iter().collect();
    for some in all.chunks(MOST_FAILURES) {
        let server = Server::start();
        let (client, key) = (Client::of(&server), server.key(TEAM, "owner", 1));
        for (method, path) in some {
            let path = filled(path, TEAM);
            for given in [None, Some(wrong(&key))] {
                let answer = client.ask(given.as_deref(), method, &path, &Value::Null);
                assert_eq!(answer.status, 401, "{method} {path}: {answer}");
                assert_eq!(answer.json()["errors"]["code"], "unauthorized");
                assert_eq!(answer.headers["www-authenticate"], "ApiKey");
            }
        }
    }
}

pub(crate) fn wrong_ones_are_counted() {
    let server = Server::start();
    let (client, key) = (Client::of(&server), server.key(TEAM, "owner", 1));
    let ask = |key: Option<&str>| client.ask(key, "GET", "/users/token_info", &Value::Null);
    let wrong = wrong(&key);
    for _ in 0..MOST_FAILURES {
        // Neither a right key nor none at all makes a difference.
        assert_eq!(ask(Some(&key)).status, 200);
        assert_eq!(ask(None).status, 401);
        assert_eq!(ask(Some(&wrong)).status, 401);
    }
    for given in [Some(wrong.as_str()), Some(&key), None] {
        let answer = ask(given);
        assert_eq!(answer.status, 429, "{answer}");
        assert_eq!(answer.json()["errors"]["code"], "too_many_failures");
        assert_eq!(answer.headers["retry-after"], "60");
    }
}
