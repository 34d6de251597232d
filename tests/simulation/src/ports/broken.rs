//! What a break makes of that which passes through the ports, where it is more than a line.

use std::sync::Arc;
use std::time::Duration;

use delivery::{AttemptSummary, FileState, Reason};
use uuid::Uuid;
use workflow::Workflow;

use crate::faults::Break;
use crate::world::World;

/// Passed to the machine instead of a status after which it would not call again. The record gets the real
/// status.
const STAND_IN: u16 = 599;

impl World {
    /// The workflow as the functions read it.
    pub(super) fn workflow_read(&self) -> Arc<Workflow> {
        if self.is_broken(Break::RetryOnIgnored) {
            let mut read = Workflow::clone(&self.workflow);
            for config in read.stages.iter_mut().filter_map(|it| it.webhook.as_mut()) {
                config.retry_on = None;
            }
            return Arc::new(read);
        }
        let retries: fn(u32) -> u32 = match self.broken {
            Some(Break::GivesUpEarly) => |calls| calls.saturating_sub(2),
            Some(Break::OneRetryTooMany) => |calls| calls,
            Some(Break::CircuitOpenAtOnce) => |calls| calls.saturating_sub(1),
            _ => return Arc::clone(&self.workflow),
        };
        let mut read = Workflow::clone(&self.workflow);
        for stage in &mut read.stages {
            if let (Some(config), Some(calls)) =
                (stage.webhook.as_mut(), self.most_calls.get(&stage.id))
            {
                config.max_retries = Some(retries(*calls));
                config.retry_if_fails = true;
                let patience = self.limits.get(&stage.id).map(|limits| limits.patience);
                config.breaker_patience = if self.is_broken(Break::CircuitOpenAtOnce) {
                    patience.map(|patience| patience.min(Duration::from_millis(1)))
                } else {
                    patience
                };
            }
        }
        Arc::new(read)
    }

    /// The status that the machine is told, while it has an attempt left.
    pub(super) fn told(&self, stage_id: Uuid, attempt: u32, status: u16) -> u16 {
        let is_last = attempt >= self.most_calls.get(&stage_id).copied().unwrap_or(0);
        if self.stands_for() == Some(status) && !is_last {
            STAND_IN
        } else {
            status
        }
    }

    const fn stands_for(&self) -> Option<u16> {
        match self.broken {
            Some(Break::RetriesAfterGone) => Some(410),
            Some(Break::RetriesAfterSuccess) => Some(200),
            _ => None,
        }
    }

    pub(super) fn as_answered(&self, summary: &mut AttemptSummary) {
        if let Some(status) = self.stands_for()
            && summary.status == Some(STAND_IN)
        {
            summary.status = Some(status);
            summary.reason = (status == 410).then_some(Reason::Gone);
        }
    }

    pub(super) fn all_as_answered(&self, next: &mut FileState) {
        let delivery = next.delivery.as_mut().into_iter();
        for summary in delivery.flat_map(|delivery| &mut delivery.attempts) {
            self.as_answered(summary);
        }
    }
}
