use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use delivery::control::StageControl;
use delivery::ports::{PortError, PortErrorKind, Workflows};
use uuid::Uuid;
use workflow::Workflow;

use super::Table;
use super::controls::{control_of, stage_of};
use super::item::{Item, new, text};
use crate::cache::MaxAge;
use crate::error::{corrupt, port_error};

/// How long a cached workflow is used; after that an edited URL takes effect. A read costs one unit per 8 KB, and
/// the deliveries of a batch share it: see [`Cache`](crate::cache::Cache).
pub(super) const FRESH: Duration = Duration::from_secs(5);

/// The sort key of a workflow.
const WORKFLOW: &str = "WORKFLOW";

/// The largest workflow, since an item can have at most 400 KB.
const LARGEST: usize = 380 * 1024;

/// A workflow with the control records of its stages, as one read found them.
#[derive(Debug)]
pub(super) struct Stored {
    workflow: Arc<Workflow>,
    pub(super) controls: HashMap<Uuid, StageControl>,
}

impl Workflows for Table {
    async fn workflow(&self, team: &str, id: Uuid) -> Result<Option<Arc<Workflow>>, PortError> {
        let age = MaxAge {
            found: FRESH,
            absent: Duration::ZERO,
        };
        let stored = self.stored(team, id, age).await?;
        Ok(stored.map(|stored| Arc::clone(&stored.workflow)))
    }
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

    /// The team and id of every stored workflow, in order. It reads every item of the table, at half a read unit
    /// per 4 KB.
    ///
    /// # Errors
    /// [`PortError`] when the table fails.
    pub async fn stored_workflows(&self) -> Result<Vec<(String, Uuid)>, PortError> {
        let scan = self.client.scan().table_name(&self.name);
        let scan = scan
            .filter_expression("sk = :workflow")
            .expression_attribute_values(":workflow", text(WORKFLOW))
            .projection_expression("pk");
        let mut items = scan.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| port_error("list workflows", &error))?;
            let pk = item.get("pk").and_then(|pk| pk.as_s().ok());
            found.extend(pk.and_then(|pk| parse(pk)));
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Stores a workflow for a team; it takes effect within seconds.
    ///
    /// # Errors
    /// [`PortErrorKind::TooLarge`] above 380 KiB, or when the table fails.
    pub async fn store_workflow(&self, team: &str, workflow: &Workflow) -> Result<(), PortError> {
        let body = workflow.to_json();
        if body.len() > LARGEST {
            return Err(PortError::new(
                PortErrorKind::TooLarge,
                "store a workflow above 380 KiB",
            ));
        }
        let mut item = new(pk(team, workflow.id), WORKFLOW.to_owned());
        item.insert("body".to_owned(), AttributeValue::B(Blob::new(body)));
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item));
        put.send()
            .await
            .map_err(|error| port_error("store workflow", &error))?;
        self.workflows.forget(&(team.to_owned(), workflow.id));
        Ok(())
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

pub(super) fn pk(team: &str, id: Uuid) -> String {
    format!("WORKFLOW#{team}#{id}")
}

fn parse(pk: &str) -> Option<(String, Uuid)> {
    let (team, id) = pk.strip_prefix("WORKFLOW#")?.rsplit_once('#')?;
    Some((team.to_owned(), Uuid::parse_str(id).ok()?))
}
