use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use delivery::ports::{FileStates, PortError, WriteError};
use delivery::{FileKey, FileState, Outcome};

use super::Table;
use super::item::{Item, body, file, json, new, number, text};
use crate::error::port_error;

impl FileStates for Table {
    async fn get(&self, key: &FileKey) -> Result<Option<FileState>, PortError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.name)
            .key("pk", text(file(key)))
            .key("sk", text("STATE"))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| port_error("get file state", &error))?;
        found
            .item
            .map(|item| body("read file state", &item))
            .transpose()
    }

    async fn put(&self, next: &FileState) -> Result<(), WriteError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item(next).map_err(WriteError::Port)?))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = if next.version == 1 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("#v = :before")
                .expression_attribute_names("#v", "version")
                .expression_attribute_values(":before", number(next.version - 1))
        };
        let Err(error) = put.send().await else {
            return Ok(());
        };
        let failed = port_error("put file state", &error);
        match error.into_service_error() {
            // The record there is comes with the refusal: no read is needed to decide again.
            PutItemError::ConditionalCheckFailedException(refused) => {
                let found = refused
                    .item
                    .map(|item| body("read file state", &item))
                    .transpose();
                Err(WriteError::Conflict(
                    found.map_err(WriteError::Port)?.map(Box::new),
                ))
            }
            _ => Err(WriteError::Port(failed)),
        }
    }
}

fn item(state: &FileState) -> Result<Item, PortError> {
    let mut item = new(file(&state.key), "STATE".to_owned());
    item.insert("version".to_owned(), number(state.version));
    item.insert("body".to_owned(), json("write file state", state)?);
    if state.status.is_at_rest() {
        // Padded, so that text sorts as time does.
        let millis = state.updated_at.as_millis().max(0);
        let order = format!("{millis:015}#{}#{}", state.key.item_id, state.key.team);
        let stage = |id: uuid::Uuid| text(id.to_string());
        item.insert("rest_pk".to_owned(), stage(state.visit.stage_id));
        item.insert("rest_sk".to_owned(), text(order.clone()));
        let failed = state
            .delivery
            .as_ref()
            .filter(|d| d.outcome == Some(Outcome::Failed));
        if let Some(delivery) = failed {
            item.insert("failed_pk".to_owned(), stage(delivery.stage_id));
            item.insert("failed_sk".to_owned(), text(order));
        }
    }
    Ok(item)
}
