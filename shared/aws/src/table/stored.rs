//! A workflow and the control records of its stages, read in one request.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use delivery::control::StageControl;
use delivery::ports::PortError;
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
    pub(super) controls: HashMap<Uuid, StageControl>,
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
            if let Some(found) = stored(&items)? {
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
fn stored(items: &[Item]) -> Result<Option<Stored>, PortError> {
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
        let stage_id = stage_of(item)?;
        Some(control_of(item).map(|control| (stage_id, control)))
    });
    Ok(Some(Stored {
        workflow: Arc::new(workflow),
        controls: controls.collect::<Result<_, _>>()?,
    }))
}

/// The stage that an item is the control record of; none if it is another item.
pub(super) fn stage_of(item: &Item) -> Option<Uuid> {
    let sk = item.get("sk")?.as_s().ok()?;
    Uuid::parse_str(sk.strip_prefix(CONTROL)?).ok()
}

pub(super) fn control_of(item: &Item) -> Result<StageControl, PortError> {
    let what = "read stage control";
    match item.get("control") {
        Some(AttributeValue::S(control)) => {
            serde_json::from_str(control).map_err(|error| corrupt(what, error))
        }
        _ => Err(corrupt(what, "the item has no control record")),
    }
}

pub(super) fn pk(team: &str, id: Uuid) -> String {
    format!("WORKFLOW#{team}#{id}")
}
