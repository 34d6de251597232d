use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;
use workflow::{WebhookConfig, Workflow};

use super::batch::Batch;
use super::control::{change_control, write_control};
use super::fault::Fault;
use super::limits::LEASE_MARGIN;
use crate::answer::{Answer, ReceiverSays};
use crate::control::{Health, Pace, StageControl, StageKey, after_call, moved, paused};
use crate::machine::Gate;
use crate::message::Delivery;
use crate::ports::{Clock, Controls, StepPorts, Workflows};
use crate::time::Timestamp;

/// The stage that a delivery is about, as it was when the delivery was looked at.
pub(super) struct Stage {
    key: StageKey,
    pub(super) workflow: Option<Arc<Workflow>>,
    control: StageControl,
    reserved: Option<Timestamp>,
    /// Whether its condition holds for the file, once that was asked.
    pub(super) is_wanted: Option<bool>,
    /// The timeout of its calls.
    pub(super) timeout: Duration,
}

impl Stage {
    pub(super) async fn read<P: StepPorts>(
        ports: &P,
        batch: &Batch<'_>,
        message: &Delivery,
    ) -> Result<Self, Fault> {
        let key = message.stage();
        let workflow = ports.workflows().workflow(&key.team, key.workflow_id);
        let workflow = workflow.await?;
        let control = ports.controls().control(&key).await?;
        let mut stage = Self {
            key,
            workflow,
            control,
            reserved: None,
            is_wanted: None,
            timeout: batch.limits.default_timeout,
        };
        let own = stage.config().and_then(|config| config.timeout);
        stage.timeout = own.unwrap_or(stage.timeout).min(batch.limits.longest_call);
        Ok(stage)
    }

    /// The settings, if it still is a Webhook stage.
    pub(super) fn config(&self) -> Option<&WebhookConfig> {
        self.stage()?.webhook.as_ref()
    }

    fn stage(&self) -> Option<&workflow::Stage> {
        self.workflow.as_ref()?.stage(self.key.stage_id)
    }

    /// The names of the workflow and the stage.
    pub(super) fn names(&self) -> (String, String) {
        let workflow = self.workflow.as_ref().map(|workflow| workflow.name.clone());
        let stage = self.stage().map(|stage| stage.name.clone());
        (workflow.unwrap_or_default(), stage.unwrap_or_default())
    }

    pub(super) fn gate(&self) -> Option<Gate<'_>> {
        Some(Gate {
            workflow: self.workflow.as_deref()?,
            config: self.config()?,
            is_wanted: self.is_wanted,
            control: &self.control,
            reserved: self.reserved,
            lease: self.timeout + LEASE_MARGIN,
        })
    }

    /// Tries to become the probe: afterwards the record says who is.
    pub(super) async fn probe<P: StepPorts>(
        &mut self,
        ports: &P,
        next: StageControl,
    ) -> Result<(), Fault> {
        let written = write_control(ports, &self.key, &self.control, next).await?;
        self.control = written.unwrap_or_else(|found| found);
        Ok(())
    }

    pub(super) async fn reserve<P: StepPorts>(
        &mut self,
        ports: &P,
        batch: &Batch<'_>,
        pace: Pace,
    ) -> Result<(), Fault> {
        let time = batch.time(ports, &self.key, &self.control, pace).await?;
        self.reserved = Some(time);
        Ok(())
    }

    /// Pauses the stage if the receiver says so, and says whether it did.
    pub(super) async fn pause_if_told<P: StepPorts>(
        &self,
        ports: &P,
        answer: &Answer,
    ) -> Result<bool, Fault> {
        if answer.receiver_says != Some(ReceiverSays::Disable) {
            return Ok(false);
        }
        let now = ports.clock().now();
        let reason = "the receiver answered webhook-delivery: disable";
        let pause = |control: &StageControl| paused(control, "receiver", Some(reason), now);
        change_control(ports, &self.key, self.control.clone(), pause).await?;
        Ok(true)
    }

    /// Judges the receiver by the answer and the calls before it. The attempt is on record by now, so a failure to
    /// write the control record is only logged: the next call will tell the same.
    pub(super) async fn learn<P: StepPorts>(
        &self,
        ports: &P,
        batch: &Batch<'_>,
        delivery_id: Uuid,
        answer: &Answer,
    ) {
        let Some(config) = self.config() else {
            return;
        };
        let now = ports.clock().now();
        let health = Health::of(answer);
        let window = config.breaker.unwrap_or_default().window;
        let (key, outage, took) = (&self.key, self.control.outage.as_ref(), answer.duration);
        let recent = batch.recent.note(key, outage, health, took, window, now);
        let next = |control: &StageControl| {
            let breaker = after_call(control, config, delivery_id, health, &recent, now);
            let lane = || moved(control, &recent, now).filter(|_| batch.limits.lanes);
            breaker.or_else(lane)
        };
        if let Err(fault) = change_control(ports, &self.key, self.control.clone(), next).await {
            tracing::warn!(
                code = fault.code(), stage_id = %self.key.stage_id,
                "the stage's control record could not be written"
            );
        }
    }
}
