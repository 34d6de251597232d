//! What each role may do: the table of docs/api.md, case by case.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use workflow::Role;

use crate::request::Client;
use crate::routes::routes;
use crate::server::{Server, TEAM};
use crate::world::{USER, World};

/// The statuses for the roles in the order of [`Role::ALL`]: Owner, Admin, User, Workforce Manager, Worker.
type Statuses = [u16; 5];

const ALL: Statuses = [200; 5];
const NOT_WORKERS: Statuses = [200, 200, 200, 200, 403];
const HIDDEN_FROM_WORKERS: Statuses = [200, 200, 200, 200, 404];
const CONFIGURE: Statuses = [200, 200, 200, 403, 403];
const STORE: Statuses = [201, 201, 201, 403, 403];
const REGISTER: Statuses = [201, 201, 201, 201, 403];
const REMOVE: Statuses = [204, 204, 204, 403, 403];

/// A request: its method and its path as the document has it, its workflow or item, its body, and what it is answered with.
type Row = (&'static str, &'static str, &'static str, Value, Statuses);

#[rustfmt::skip]
fn table(world: &World) -> Vec<Row> {
    const WORKFLOW: &str = "/v2/teams/{team}/workflows/{id}";
    const STAGE: [&str; 6] = [
        "/v2/teams/{team}/workflows/{id}/stages/{stage}",
        "/v2/teams/{team}/workflows/{id}/stages/{stage}/test",
        "/v2/teams/{team}/workflows/{id}/stages/{stage}/redeliver",
        "/v2/teams/{team}/workflows/{id}/stages/{stage}/pause",
        "/v2/teams/{team}/workflows/{id}/stages/{stage}/resume",
        "/v2/teams/{team}/workflows/{id}/stages/{stage}/close",
    ];
    const ITEMS: &str = "/v2/teams/{team}/items";
    const ITEM: &str = "/v2/teams/{team}/items/{id}";
    const VISITS: &str = "/v2/teams/{team}/items/{id}/visits";
    const ASSIGN: &str = "/v2/teams/{team}/items/assign";
    const COMMANDS: &str = "/v2/teams/{team}/items/{id}/commands";
    let none = Value::Null;
    let filters = json!({"item_ids": [world.id("nobody's")]});
    let put = json!({"filters": filters, "workflow_id": world.id("workflow"), "stage_id": world.id("Annotate")});
    let assign = |user: u64| json!({"filters": filters, "workflow_id": world.id("workflow"), "assignee_id": user});
    let take = |user: u64| world.command("assign", "assignee_id", &json!(user));
    let send_on = world.command("transition_via_edge", "edge", &json!("default"));
    vec![
        ("GET", "/users/token_info", "", none.clone(), ALL),
        ("GET", "/teams/{team}", "", none.clone(), ALL),
        ("GET", "/v2/teams/{team}/workflows", "", none.clone(), ALL),
        ("POST", "/v2/teams/{team}/workflows", "", world.workflow("new"), STORE),
        ("GET", WORKFLOW, "workflow", none.clone(), ALL),
        ("PUT", WORKFLOW, "workflow", world.workflow("workflow"), CONFIGURE),
        ("DELETE", WORKFLOW, "spare", none.clone(), REMOVE),
        ("GET", STAGE[0], "workflow", none.clone(), ALL),
        ("POST", STAGE[1], "workflow", none.clone(), CONFIGURE),
        ("POST", STAGE[2], "workflow", none.clone(), NOT_WORKERS),
        ("POST", STAGE[3], "workflow", none.clone(), CONFIGURE),
        ("POST", STAGE[4], "workflow", none.clone(), CONFIGURE),
        ("POST", STAGE[5], "workflow", none.clone(), CONFIGURE),
        ("POST", ITEMS, "", world.document("new"), REGISTER),
        ("GET", ITEMS, "", none.clone(), ALL),
        ("GET", "/v2/teams/{team}/items/list_ids", "", none.clone(), ALL),
        ("GET", "/v2/teams/{team}/items/general_counts", "", none.clone(), ALL),
        ("GET", ITEM, "own", none.clone(), ALL),
        ("GET", ITEM, "another's", none.clone(), HIDDEN_FROM_WORKERS),
        ("GET", ITEM, "nobody's", none.clone(), HIDDEN_FROM_WORKERS),
        ("GET", VISITS, "own", none.clone(), ALL),
        ("GET", VISITS, "another's", none.clone(), HIDDEN_FROM_WORKERS),
        ("POST", "/v2/teams/{team}/items/stage", "", put, NOT_WORKERS),
        ("POST", ASSIGN, "", assign(USER), ALL),
        ("POST", ASSIGN, "", assign(8), NOT_WORKERS),
        ("POST", COMMANDS, "own", take(USER), ALL),
        ("POST", COMMANDS, "own", take(8), NOT_WORKERS),
        ("POST", COMMANDS, "another's", take(USER), NOT_WORKERS),
        ("POST", COMMANDS, "another's", send_on.clone(), NOT_WORKERS),
        ("POST", COMMANDS, "own", send_on, ALL),
    ]
}

fn filled(path: &str, team: &str, world: &World, what: &str) -> String {
    let path = path.replace("{team}", team);
    let path = path.replace("{id}", &world.id(what).to_string());
    path.replace("{stage}", &world.id("Hook").to_string())
}

/// Asks all that the table has, as somebody who may.
pub(crate) fn ask_all(client: &Client, key: &str, world: &World) {
    for (method, path, what, body, _) in table(world) {
        client.ask(Some(key), method, &filled(path, TEAM, world, what), &body);
    }
}

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
    assert_eq!(asked, routes(&client), "the table has each route");
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
