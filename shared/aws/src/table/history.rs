use aws_sdk_dynamodb::operation::put_item::PutItemError;
use delivery::ports::{History, PortError};
use delivery::{AttemptRecord, FileKey, Rejection, VisitRecord};
use uuid::Uuid;
use workflow::Actor;

use super::Table;
use super::item::{Item, file, json, new, number, read, text};
use crate::error::port_error;

impl History for Table {
    async fn attempt(&self, record: &AttemptRecord) -> Result<(), PortError> {
        let sk = format!(
            "ATTEMPT#{}#{:04}",
            record.delivery_id, record.summary.attempt
        );
        let mut item = new(file(&record.key), sk);
        item.insert("body".to_owned(), json("write attempt", record)?);
        self.keep_newest("keep attempt", self.retention.attempt(item), record.version)
            .await
    }

    async fn visit(&self, record: &VisitRecord) -> Result<(), PortError> {
        let mut item = new(file(&record.key), format!("VISIT#{}", record.visit.id));
        item.insert("body".to_owned(), json("write visit", record)?);
        self.keep_newest("keep visit", self.retention.visit(item), record.version)
            .await
    }

    async fn find_visit(
        &self,
        key: &FileKey,
        visit_id: Uuid,
    ) -> Result<Option<VisitRecord>, PortError> {
        let what = "read visit";
        let found = self
            .client
            .get_item()
            .table_name(&self.name)
            .key("pk", text(file(key)))
            .key("sk", text(format!("VISIT#{visit_id}")))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| port_error(what, &error))?;
        found.item.map(|item| read(what, &item)).transpose()
    }

    async fn rejection(&self, record: &Rejection) -> Result<(), PortError> {
        let actor = match &record.actor {
            Actor::User { role, .. } => role.as_str(),
            Actor::Workflow { .. } => "workflow",
        };
        let sk = format!("REJECTION#{}#{actor}", record.assignment_id);
        let mut item = new(file(&record.key), sk);
        item.insert("body".to_owned(), json("write rejection", record)?);
        let put = self.client.put_item().table_name(&self.name);
        put.set_item(Some(self.retention.attempt(item)))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| port_error("keep rejection", &error))
    }
}

impl Table {
    /// Stores an item, unless a newer one is already stored.
    async fn keep_newest(
        &self,
        what: &'static str,
        mut item: Item,
        version: u64,
    ) -> Result<(), PortError> {
        item.insert("version".to_owned(), number(version));
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR #v <= :v")
            .expression_attribute_names("#v", "version")
            .expression_attribute_values(":v", number(version));
        let Err(error) = put.send().await else {
            return Ok(());
        };
        let failed = port_error(what, &error);
        match error.into_service_error() {
            PutItemError::ConditionalCheckFailedException(_) => Ok(()),
            _ => Err(failed),
        }
    }
}
