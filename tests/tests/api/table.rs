//! What each role may do: the table of docs/api.md, case by case.

use serde_json::{Value, json};

use crate::request::Client;
use crate::server::TEAM;
use crate::world::{USER, World};

/// The statuses for the roles in the order of [`Role::ALL`]: Owner, Admin, User, Workforce Manager, Worker.
pub(crate) type Statuses = [u16; 5];

const ALL: Statuses = [200; 5];
const NOT_WORKERS: Statuses = [200, 200, 200, 200, 403];
const HIDDEN_FROM_WORKERS: Statuses = [200, 200, 200, 200, 404];
const CONFIGURE: Statuses = [200, 200, 200, 403, 403];
const STORE: Statuses = [201, 201, 201, 403, 403];
const REGISTER: Statuses = [201, 201, 201, 201, 403];
const NO_URLS: Statuses = [409, 409, 409, 409, 403];
const REMOVE: Statuses = [204, 204, 204, 403, 403];

/// A request: its method and its path as the document has it, its workflow or item, its body, and what it is answered with.
pub(crate) type Row = (&'static str, &'static str, &'static str, Value, Statuses);

#[rustfmt::skip]
pub(crate) fn table(world: &World) -> Vec<Row> {
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
    let cancel = json!({"commands": [{"type": "cancel", "data": {}}]});
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
        // The local server takes large documents in the body.
        ("POST", "/v2/teams/{team}/items/{id}/upload", "own", none.clone(), NO_URLS),
        ("POST", "/v2/teams/{team}/items/{id}/register", "own", none.clone(), NOT_WORKERS),
        ("GET", ITEMS, "", none.clone(), ALL),
        ("GET", "/v2/teams/{team}/items/list_ids", "", none.clone(), ALL),
        // An older name of the same, which the document does not have.
        ("GET", "/v2/teams/{team}/items/ids", "", none.clone(), ALL),
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
        ("POST", COMMANDS, "another's", cancel.clone(), NOT_WORKERS),
        ("POST", COMMANDS, "own", cancel, ALL),
        ("POST", COMMANDS, "own", send_on, ALL),
    ]
}

pub(crate) fn filled(path: &str, team: &str, world: &World, what: &str) -> String {
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
