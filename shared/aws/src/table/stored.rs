//! A workflow and the control records of its stages, read in one request.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use delivery::control::{StageControl, StageKey};
use delivery::format::{Newer, read_stored};
use delivery::ports::{PortError, stored_control};
use uuid::Uuid;
use workflow::Workflow;

use super::Table;
use super::item::{Item, text};
use crate::cache::MaxAge;
use crate::error::{corrupt, port_error};

/// How long a cached workflow is used; after that an edited URL takes effect. A read costs one unit per 8 KB, and
/// the deliveries of a batch share it: see [`Cache`](crate::cache::Cache).
pub(super) const FRESH: Duration = Duration::from_secs(5);

/// The sort key of a workflow.
pub(super) const WORKFLOW: &str = "WORKFLOW";

/// What the sort keys of control records begin with; a stage's id follows.
pub(super) const CONTROL: &str = "CONTROL#";

/// A workflow with the control records of its stages, as one read found them.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) workflow: Arc<Workflow>,
    /// A control record that only a later version can read concerns its own stage alone.
    pub(super) controls: HashMap<Uuid, Result<StageControl, Newer>>,
}

impl Table {
    /// The workflow and its control records, from the cache if they are young enough.
    pub(super) async fn stored(
        &self,
        team: &str,
        id: Uuid,
        age: MaxAge,
    ) -> Result<Option<Arc<Stored>>, PortError> {
        let key = (team.to_owned(), id);
        self.workflows
            .get(&key, age, "get workflow", || self.read(team, id))
            .await
    }

    async fn read(&self, team: &str, id: Uuid) -> Result<Option<Arc<Stored>>, PortError> {
        // An eventually consistent read costs half, and is fresh enough for a cache. But that there is no
        // workflow must be certain, because the assignment is then rejected for good.
        for consistent in [false, true] {
            let items = self.fetch_workflow(team, id, consistent).await?;
            if let Some(found) = stored(team, id, &items)? {
                return Ok(Some(Arc::new(found)));
            }
        }
        Ok(None)
    }

    /// The items of a workflow: itself and its control records, in one request up to 1 MB. An item costs no more than
    /// if it was read alone.
    async fn fetch_workflow(
        &self,
        team: &str,
        id: Uuid,
        consistent: bool,
    ) -> Result<Vec<Item>, PortError> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :workflow")
            .expression_attribute_values(":workflow", text(pk(team, id)))
            .consistent_read(consistent);
        let mut pages = query.into_paginator().send();
        let mut items = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| port_error("get workflow", &error))?;
            items.extend(page.items.unwrap_or_default());
        }
        Ok(items)
    }
}

/// None if the workflow itself is not among the items.
fn stored(team: &str, id: Uuid, items: &[Item]) -> Result<Option<Stored>, PortError> {
    let is_workflow = |item: &&Item| item.get("sk") == Some(&text(WORKFLOW));
    let Some(item) = items.iter().find(is_workflow) else {
        return Ok(None);
    };
    let Some(AttributeValue::B(body)) = item.get("body") else {
        return Err(corrupt("read workflow", "the item has no body"));
    };
    let workflow =
        Workflow::from_stored(body.as_ref()).map_err(|error| corrupt("read workflow", error))?;
    let controls = items.iter().filter_map(|item| {
        let stage = StageKey {
            team: team.to_owned(),
            workflow_id: id,
            stage_id: stage_of(item)?,
        };
        let control = stored_control(&stage, json_of(item).unwrap_or_default());
        Some((stage.stage_id, control))
    });
    Ok(Some(Stored {
        workflow: Arc::new(workflow),
        controls: controls.collect(),
    }))
}

/// The stage that an item is the control record of; none if it is another item.
fn stage_of(item: &Item) -> Option<Uuid> {
    let sk = item.get("sk")?.as_s().ok()?;
    Uuid::parse_str(sk.strip_prefix(CONTROL)?).ok()
}

pub(super) fn control_of(item: &Item) -> Result<StageControl, PortError> {
    read_stored("read stage control", json_of(item).unwrap_or_default())
}

fn json_of(item: &Item) -> Option<&str> {
    Some(item.get("control")?.as_s().ok()?)
}

pub(super) fn pk(team: &str, id: Uuid) -> String {
    format!("WORKFLOW#{team}#{id}")
}

#[cfg(test)]
mod tests {
    use super::super::item::new;
    use super::*;

    /// It must not make the other stages of its workflow unreadable.
    #[test]
    fn a_control_record_that_cannot_be_read_counts_as_none() {
        let json = include_bytes!("../../../../infra/local/examples/workflow.json");
        let workflow = Workflow::import(json).unwrap().workflow;
        let mut item = new(pk("t", workflow.id), WORKFLOW.to_owned());
        let body = aws_sdk_dynamodb::primitives::Blob::new(workflow.to_json());
        item.insert("body".to_owned(), AttributeValue::B(body));
        let control = |stage: u128, json: Option<&str>| {
            let sk = format!("{CONTROL}{}", Uuid::from_u128(stage));
            let mut item = new(pk("t", workflow.id), sk);
            item.extend(json.map(|json| ("control".to_owned(), text(json))));
            item
        };
        let good = serde_json::to_string(&StageControl {
            version: 3,
            ..StageControl::default()
        });
        let items = [
            item,
            control(1, Some("{")),
            control(2, None),
            control(3, Some(&good.unwrap())),
            control(4, Some(r#"{"format_version": 9}"#)),
        ];
        let found = stored("t", workflow.id, &items).unwrap().unwrap();
        let version = |stage| {
            let control = found.controls[&Uuid::from_u128(stage)].clone();
            control.map(|control| control.version).ok()
        };
        assert_eq!([1, 2, 3, 4].map(version), [Some(0), Some(0), Some(3), None]);
    }
}
