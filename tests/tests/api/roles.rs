//! What each role may do: asked for by the table, case by case.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use workflow::Role;

use crate::request::Client;
use crate::routes::routes;
use crate::server::{Server, TEAM};
use crate::table::{filled, table};
use crate::world::{USER, World};

pub(crate) fn each_may_do_what_the_table_says() {
    let server = Server::start();
    let (client, admin) = (Client::of(&server), server.key(TEAM, "admin", 1));
    let mut asked = BTreeSet::new();
    let mut wrong = Vec::new();
    for (role, place) in Role::ALL.into_iter().zip(0..) {
        let world = World::new(&client, &admin, role.as_str());
        let key = server.key(TEAM, role.as_str(), USER);
        for (method, path, what, body, statuses) in table(&world) {
            let expected = statuses[place];
            let answer = client.ask(Some(&key), method, &filled(path, TEAM, &world, what), &body);
            if answer.status != expected {
                wrong.push(format!(
                    "{role}: {method} {path} {what}: not {expected} but {answer}"
                ));
            }
            asked.insert((method.to_owned(), path.to_owned()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let all = routes(&client);
    let missing: Vec<_> = all.difference(&asked).collect();
    assert!(missing.is_empty(), "the table lacks {missing:?}");
}

/// Lists are filtered, and not only forbidden.
pub(crate) fn a_worker_sees_what_is_assigned_to_them() {
    let server = Server::start();
    let (client, admin) = (Client::of(&server), server.key(TEAM, "admin", 1));
    let (world, key) = (
        World::new(&client, &admin, "w"),
        server.key(TEAM, "annotator", USER),
    );
    let get = |query: &str| {
        let path = format!("/v2/teams/{TEAM}/items{query}");
        client.done(&key, "GET", &path, &Value::Null)
    };
    let own = json!([world.id("own")]);
    assert_eq!(get("/list_ids")["item_ids"], own);
    assert_eq!(get("/general_counts")["total_item_count"], 1);
    let items = get("")["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1, "{items}");
    assert_eq!(items[0]["id"], own[0]);
    let others = format!("/list_ids?item_ids={}", world.id("another's"));
    assert_eq!(get(&others)["item_ids"], json!([]));
}

/// By whatever route, with the other team in the path or with one's own.
pub(crate) fn another_teams_things_are_not_found() {
    let server = Server::start();
    let (client, admin) = (Client::of(&server), server.key(TEAM, "admin", 1));
    let world = World::new(&client, &admin, "theirs");
    let key = server.key("another", "owner", USER);
    for (method, path, what, body, _) in table(&world) {
        let ask =
            |team: &str| client.ask(Some(&key), method, &filled(path, team, &world, what), &body);
        if path.contains("{team}") {
            let answer = ask(TEAM);
            assert_eq!(answer.status, 404, "{method} {path}: {answer}");
            assert_eq!(answer.json()["errors"]["message"], "team not found");
        }
        // A document may be uploaded before its item is registered.
        if path.ends_with("/upload") {
            continue;
        }
        if path.contains("{id}") || body["workflow_id"].is_string() {
            let answer = ask("another");
            assert_eq!(answer.status, 404, "{method} {path}: {answer}");
        }
    }
    for list in ["workflows", "items/list_ids"] {
        let path = format!("/v2/teams/another/{list}");
        let text = client.done(&key, "GET", &path, &Value::Null).to_string();
        assert!(
            ["[]", "{\"item_ids\":[]}"].contains(&text.as_str()),
            "{text}"
        );
    }
}
