//! Which workflows a team has, and whether they are in use. The table of records finds a workflow by its id only.

use std::sync::atomic::{AtomicBool, Ordering};

use delivery::ports::{PortError, PortErrorKind};
use delivery::{ItemFilter, Listed};
use uuid::Uuid;

use super::Registry;
use crate::error::port_error;
use crate::table::item::{new, text};

impl Registry {
    /// Lists a workflow as the team's. That happens before it is stored: one that is listed and not there is left out,
    /// and one that is there and not listed would be missed.
    pub(crate) async fn list_workflow(&self, team: &str, id: Uuid) -> Result<(), PortError> {
        let put = self.client.put_item().table_name(&self.name);
        let entry = new(partition(team), id.to_string());
        let done = put.set_item(Some(entry)).send().await;
        done.map_err(|error| port_error("list a workflow", &error))?;
        Ok(())
    }

    pub(crate) async fn unlist_workflow(&self, team: &str, id: Uuid) -> Result<(), PortError> {
        let delete = self.client.delete_item().table_name(&self.name);
        let entry = new(partition(team), id.to_string());
        let done = delete.set_key(Some(entry)).send().await;
        done.map_err(|error| port_error("remove a workflow from a list", &error))?;
        Ok(())
    }

    /// The ids of the team's workflows.
    pub(crate) async fn listed_workflows(&self, team: &str) -> Result<Vec<Uuid>, PortError> {
        let query = self.client.query().table_name(&self.name);
        let query = query
            .key_condition_expression("pk = :team")
            .expression_attribute_values(":team", text(partition(team)))
            .consistent_read(true);
        let mut items = query.into_paginator().items().send();
        let mut ids = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| port_error("list a team's workflows", &error))?;
            let id = item.get("sk").and_then(|sk| sk.as_s().ok());
            ids.extend(id.and_then(|id| Uuid::parse_str(id).ok()));
        }
        Ok(ids)
    }

    /// Whether one of the team's items is on its way in this workflow.
    pub(crate) async fn is_under_way(&self, team: &str, workflow: Uuid) -> Result<bool, PortError> {
        let found = AtomicBool::new(false);
        let filter = ItemFilter {
            workflow_id: Some(workflow),
            ..ItemFilter::default()
        };
        let look = |listed: &Listed| {
            let state = listed.state.as_ref();
            let is_moving = state.is_some_and(|state| !state.status.is_at_rest());
            found.fetch_or(is_moving, Ordering::Relaxed);
            !is_moving
        };
        match self.look_through(team, &filter, &look).await {
            // One is enough, however many there are.
            Err(error) if error.kind == PortErrorKind::TooMany && found.load(Ordering::Relaxed) => {
                Ok(true)
            }
            other => other.map(|()| found.into_inner()),
        }
    }
}

fn partition(team: &str) -> String {
    format!("WORKFLOWS#{team}")
}
