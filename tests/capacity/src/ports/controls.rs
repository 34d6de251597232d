//! The stages' control records.

use std::collections::HashMap;
use std::sync::Mutex;

use delivery::control::{StageControl, StageKey};
use delivery::ports::{ControlWriteError, Controls, PortError};
use tokio::time::{Instant, sleep};

use super::Environment;
use crate::aws;
use crate::ids;
use crate::lock::lock;
use crate::tally::Count;

/// An environment's copies, by stage, and when they were read.
pub(super) type Copies = Mutex<HashMap<usize, (Instant, StageControl)>>;

impl Environment {
    fn copy(&self, stage: usize, control: &StageControl) {
        lock(&self.controls).insert(stage, (Instant::now(), control.clone()));
    }
}

impl Controls for Environment {
    async fn control(&self, stage: &StageKey) -> Result<StageControl, PortError> {
        let stage = ids::number(stage.stage_id);
        if let Some((read, control)) = lock(&self.controls).get(&stage)
            && read.elapsed() <= aws::WORKFLOW_AGE
        {
            return Ok(control.clone());
        }
        self.model.count(stage, Count::ControlReads);
        sleep(aws::DYNAMODB).await;
        let stored = lock(&self.model.controls).get(stage).cloned();
        let control = stored.unwrap_or_default();
        self.copy(stage, &control);
        Ok(control)
    }

    async fn put_control(
        &self,
        stage: &StageKey,
        next: &StageControl,
    ) -> Result<(), ControlWriteError> {
        let stage = ids::number(stage.stage_id);
        self.model.count(stage, Count::ControlWrites);
        sleep(aws::DYNAMODB).await;
        let found = {
            let mut controls = lock(&self.model.controls);
            match controls.get_mut(stage) {
                Some(stored) if stored.version + 1 == next.version => {
                    stored.clone_from(next);
                    None
                }
                stored => Some(stored.map(|stored| stored.clone()).unwrap_or_default()),
            }
        };
        self.copy(stage, found.as_ref().unwrap_or(next));
        match found {
            None => Ok(()),
            Some(found) => {
                self.model.count(stage, Count::ControlConflicts);
                Err(ControlWriteError::Conflict(Box::new(found)))
            }
        }
    }
}
