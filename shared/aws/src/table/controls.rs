//! The stages' control records, beside their workflow and read with it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use delivery::control::{StageControl, StageKey};
use delivery::ports::{ControlWriteError, Controls, PortError};

use super::Table;
use super::item::{json, number, text};
use super::stored::{CONTROL, FRESH, control_of, pk};
use crate::cache::MaxAge;
use crate::error::port_error;

/// What a read says of a stage counts less than what this process knows from its own writes, for this long: a cached
/// read may have begun 5 s before the write, and an eventually consistent one may lag behind it. Afterwards the table
/// alone says what is so, also after somebody has deleted a record by hand.
const KNOWN: Duration = Duration::from_secs(2 * FRESH.as_secs());

/// The most records that are known from writes; one more, and those that are too old are forgotten.
const MOST: usize = 1000;

/// Writes name these attributes and no others, so that a role can be limited to them (`dynamodb:Attributes`): a
/// function can change a workflow's control records, and never the workflow.
impl Controls for Table {
    async fn control(&self, stage: &StageKey) -> Result<StageControl, PortError> {
        let age = MaxAge {
            found: FRESH,
            // Without a workflow nothing is called, so that it is looked for again is left to `Workflows`.
            absent: FRESH,
        };
        let stored = self.stored(&stage.team, stage.workflow_id, age).await?;
        let read = stored.and_then(|stored| stored.controls.get(&stage.stage_id).cloned());
        let read = read.transpose();
        let read = read.map_err(|newer| newer.into_port_error("read stage control"))?;
        Ok(self.written.or_known(stage, read.unwrap_or_default()))
    }

    async fn put_control(
        &self,
        stage: &StageKey,
        next: &StageControl,
    ) -> Result<(), ControlWriteError> {
        let what = "write stage control";
        let control = json(what, next).map_err(ControlWriteError::Port)?;
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .key("pk", text(pk(&stage.team, stage.workflow_id)))
            .key("sk", text(format!("{CONTROL}{}", stage.stage_id)))
            .update_expression("SET #v = :next, #c = :control")
            .expression_attribute_names("#v", "version")
            .expression_attribute_names("#c", "control")
            .expression_attribute_values(":next", number(next.version))
            .expression_attribute_values(":control", control)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = if next.version <= 1 {
            update.condition_expression("attribute_not_exists(#v)")
        } else {
            update
                .condition_expression("#v = :before")
                .expression_attribute_values(":before", number(next.version - 1))
        };
        let Err(error) = update.send().await else {
            self.written.know(stage, next.clone());
            return Ok(());
        };
        let failed = port_error(what, &error);
        match error.into_service_error() {
            // The refusal contains the current record, so that a conflict costs no read.
            UpdateItemError::ConditionalCheckFailedException(refused) => {
                let found = refused.item.map(|item| control_of(&item)).transpose();
                let found = found.map_err(ControlWriteError::Port)?.unwrap_or_default();
                self.written.know(stage, found.clone());
                Err(ControlWriteError::Conflict(Box::new(found)))
            }
            _ => Err(ControlWriteError::Port(failed)),
        }
    }
}

/// The records that this process has written lately, or was shown when a write was refused.
#[derive(Debug, Default)]
pub(super) struct Written(Mutex<HashMap<StageKey, (SystemTime, StageControl)>>);

impl Written {
    /// The newer of a record that was read and the one that is known from a write.
    fn or_known(&self, stage: &StageKey, read: StageControl) -> StageControl {
        match self.lock().get(stage) {
            Some((at, known)) if is_young(*at) && known.version > read.version => known.clone(),
            _ => read,
        }
    }

    fn know(&self, stage: &StageKey, control: StageControl) {
        let mut known = self.lock();
        if known.len() >= MOST {
            known.retain(|_, (at, _)| is_young(*at));
        }
        // The answers to two writes may arrive in another order than they were made in.
        let newer = known.get(stage).is_some_and(|(at, known)| {
            is_young(*at) && known.version > control.version && control.version > 0
        });
        if !newer {
            known.insert(stage.clone(), (SystemTime::now(), control));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<StageKey, (SystemTime, StageControl)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// If the clock was set back, the age is not known.
fn is_young(at: SystemTime) -> bool {
    at.elapsed().is_ok_and(|age| age < KNOWN)
}
