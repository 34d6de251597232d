use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use delivery::ports::{PortError, PortErrorKind, Workflows};
use uuid::Uuid;
use workflow::Workflow;

use super::Table;
use super::item::{new, text};
use crate::error::{corrupt, port_error};

/// How long a workflow is used without a look at the table: an edited URL takes effect after that.
const FRESH: Duration = Duration::from_secs(5);

/// Largest workflow: an item takes 400 KB.
const LARGEST: usize = 380 * 1024;

impl Workflows for Table {
    async fn workflow(&self, team: &str, id: Uuid) -> Result<Option<Arc<Workflow>>, PortError> {
        let key = (team.to_owned(), id);
        if let Some((read, workflow)) = self
            .workflows
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            && read.elapsed() < FRESH
        {
            return Ok(Some(Arc::clone(workflow)));
        }
        let found = self
            .client
            .get_item()
            .table_name(&self.name)
            .key("pk", text(pk(team, id)))
            .key("sk", text("WORKFLOW"))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| port_error("get workflow", &error))?;
        let Some(item) = found.item else {
            return Ok(None);
        };
        let Some(AttributeValue::B(body)) = item.get("body") else {
            return Err(corrupt("read workflow", "the item has no body"));
        };
        let imported =
            Workflow::import(body.as_ref()).map_err(|error| corrupt("read workflow", error))?;
        let workflow = Arc::new(imported.workflow);
        let mut cached = self
            .workflows
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        cached.insert(key, (Instant::now(), Arc::clone(&workflow)));
        Ok(Some(workflow))
    }
}

impl Table {
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
        let mut item = new(pk(team, workflow.id), "WORKFLOW".to_owned());
        item.insert("body".to_owned(), AttributeValue::B(Blob::new(body)));
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item));
        put.send()
            .await
            .map_err(|error| port_error("store workflow", &error))?;
        let key = (team.to_owned(), workflow.id);
        self.workflows
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&key);
        Ok(())
    }
}

fn pk(team: &str, id: Uuid) -> String {
    format!("WORKFLOW#{team}#{id}")
}
