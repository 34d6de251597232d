use serde_json::{Value, json};
use uuid::Uuid;

use crate::request::Client;
use crate::server::TEAM;

/// The user whose key is tried, in each role.
pub(crate) const USER: u64 = 7;

/// A workflow with files in Annotate: one is the user's, one another's, and the rest nobody's. It has names of its own.
pub(crate) struct World {
    name: String,
    config: Value,
}

pub(crate) fn id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

impl World {
    pub(crate) fn new(client: &Client, admin: &str, name: &str) -> Self {
        // Nobody listens there.
        Self::with(client, admin, name, &json!({"url": "http://127.0.0.1:9/"}))
    }

    /// With these settings of the Webhook stage, which makes one attempt.
    pub(crate) fn with(client: &Client, admin: &str, name: &str, config: &Value) -> Self {
        let mut config = config.clone();
        config["retry_if_fails"] = json!(false);
        let world = Self {
            name: name.to_owned(),
            config,
        };
        let post = |path: &str, body: &Value| {
            client.done(admin, "POST", &format!("/v2/teams/{TEAM}/{path}"), body)
        };
        for workflow in ["workflow", "spare"] {
            post("workflows", &world.workflow(workflow));
        }
        for (item, user) in [
            ("own", Some(USER)),
            ("another's", Some(8)),
            ("nobody's", None),
        ] {
            post("items", &world.document(item));
            let put = json!({"filters": {"item_ids": [world.id(item)]},
                "workflow_id": world.id("workflow"), "stage_id": world.id("Annotate")});
            post("items/stage", &put);
            if let Some(user) = user {
                world.until(client, admin, item, None);
                let path = format!("items/{}/commands", world.id(item));
                post(&path, &world.command("assign", "assignee_id", &json!(user)));
            }
            world.until(client, admin, item, user);
        }
        world
    }

    pub(crate) fn id(&self, what: &str) -> Uuid {
        id(&format!("{} {what}", self.name))
    }

    /// Waits until the item is in Annotate with this user.
    fn until(&self, client: &Client, admin: &str, item: &str, user: Option<u64>) {
        let path = format!("/v2/teams/{TEAM}/items/{}", self.id(item));
        crate::server::until(|| {
            let found = client.done(admin, "GET", &path, &Value::Null);
            let place = &found["workflow_data"]["current_stage_instances"][0];
            place.is_object() && place["user_id"] == json!(user)
        });
    }

    /// A command about a file in Annotate.
    pub(crate) fn command(&self, kind: &str, field: &str, value: &Value) -> Value {
        json!({"commands": [{"type": kind, "data": {"stage_id": self.id("Annotate"), field: value}}]})
    }

    pub(crate) fn workflow(&self, name: &str) -> Value {
        let stage = |name: &str, kind: &str, config: Value, edges: &[(&str, &str)]| {
            let edges = edges.iter();
            let edges = edges
                .map(|(name, target)| json!({"name": name, "target_stage_id": self.id(target)}));
            json!({"id": self.id(name), "name": name, "type": kind, "config": config,
                "edges": edges.collect::<Value>()})
        };
        json!({"id": self.id(name), "name": name, "stages": [
            stage("Dataset", "dataset", json!({"initial": true}), &[("default", "Annotate")]),
            stage("Annotate", "annotate", json!({"assignable_to": "anyone"}), &[("default", "Hook")]),
            stage("Hook", "webhook", self.config.clone(),
                &[("succeeded", "Complete"), ("failed", "Complete")]),
            stage("Complete", "complete", json!({}), &[]),
        ]})
    }

    pub(crate) fn document(&self, name: &str) -> Value {
        json!({"version": "2.0", "item": {"name": name, "path": "/", "slots": [],
            "source_info": {"item_id": self.id(name), "team": {"slug": TEAM}}}, "annotations": []})
    }
}
