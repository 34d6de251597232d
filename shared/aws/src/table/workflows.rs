use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use delivery::ports::{PortError, PortErrorKind, Workflows};
use uuid::Uuid;
use workflow::Workflow;

use super::Table;
use super::item::{new, text};
use super::stored::{FRESH, WORKFLOW, pk};
use crate::cache::MaxAge;
use crate::error::port_error;

/// The largest workflow, since an item can have at most 400 KB.
const LARGEST: usize = 380 * 1024;

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

    /// Removes a team's workflow, and returns whether there was one. The control records of its stages stay.
    #[cfg(feature = "service")]
    pub(crate) async fn remove_workflow(&self, team: &str, id: Uuid) -> Result<bool, PortError> {
        let delete = self.client.delete_item().table_name(&self.name);
        let key = new(pk(team, id), WORKFLOW.to_owned());
        let all_old = aws_sdk_dynamodb::types::ReturnValue::AllOld;
        let delete = delete.set_key(Some(key)).return_values(all_old).send();
        let gone = delete.await;
        let gone = gone.map_err(|error| port_error("remove a workflow", &error))?;
        self.workflows.forget(&(team.to_owned(), id));
        Ok(gone.attributes.is_some())
    }
}

fn parse(pk: &str) -> Option<(String, Uuid)> {
    let (team, id) = pk.strip_prefix("WORKFLOW#")?.rsplit_once('#')?;
    Some((team.to_owned(), Uuid::parse_str(id).ok()?))
}
