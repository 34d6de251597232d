use super::fault::Fault;
use crate::control::{Change, StageControl, StageKey, changes};
use crate::ports::{
    Clock, ControlWriteError, Controls, Events, Observation, Observer, PortError, PortErrorKind,
    StepPorts,
};

/// How often others may write a control record in between.
const MAX_CONFLICTS: usize = 8;

/// Writes a stage's control record, and tells what changed. The answer is the record as it is now: the one to write,
/// or the one that somebody else wrote first.
pub(super) async fn write_control<P: StepPorts>(
    ports: &P,
    stage: &StageKey,
    before: &StageControl,
    next: StageControl,
) -> Result<Result<StageControl, StageControl>, PortError> {
    let next = StageControl {
        write_id: Some(ports.clock().unique_id()),
        ..next
    };
    let written = put(ports.controls(), stage, next).await?;
    if let Ok(written) = &written {
        for change in changes(stage, before, written) {
            tell(ports, &change).await;
        }
    }
    Ok(written)
}

/// The record as it is now, like [`write_control`]'s answer.
async fn put(
    controls: &impl Controls,
    stage: &StageKey,
    next: StageControl,
) -> Result<Result<StageControl, StageControl>, PortError> {
    match controls.put_control(stage, &next).await {
        Ok(()) => Ok(Ok(next)),
        // An engine that retries by itself may find its own first write.
        Err(ControlWriteError::Conflict(found)) if *found == next => Ok(Ok(next)),
        Err(ControlWriteError::Conflict(found)) => Ok(Err(*found)),
        Err(ControlWriteError::Port(error)) => Err(error),
    }
}

/// Logs and announces a change. A failure stops nothing, because the change is on record.
async fn tell<P: StepPorts>(ports: &P, change: &Change) {
    tracing::warn!(
        team = %change.stage.team, workflow_id = %change.stage.workflow_id, stage_id = %change.stage.stage_id,
        change = change.change.code(), reason = change.reason.map(crate::Reason::code),
        until = change.until.map(tracing::field::display), "the stage's control record changed"
    );
    ports.observer().observe(Observation::StageChanged(change));
    if let Err(error) = ports.events().stage_changed(change).await {
        tracing::warn!(
            code = error.kind.code(),
            "the change of the stage could not be announced"
        );
    }
}

/// Changes a stage's control record as `change` says, which is asked again when somebody else writes first. None:
/// there was nothing to change.
pub(super) async fn change_control<P: StepPorts>(
    ports: &P,
    stage: &StageKey,
    mut control: StageControl,
    change: impl Fn(&StageControl) -> Option<StageControl> + Send,
) -> Result<Option<StageControl>, Fault> {
    for _ in 0..MAX_CONFLICTS {
        let Some(next) = change(&control) else {
            return Ok(None);
        };
        match write_control(ports, stage, &control, next).await? {
            Ok(written) => return Ok(Some(written)),
            Err(found) => control = found,
        }
    }
    Err(Fault::Contended)
}

/// Changes a stage's control record from outside the functions, as an operator does. The answer: what was before, and
/// what is now; the same if there was nothing to change.
///
/// # Errors
/// [`PortError`] when the engine fails, or when others write the record all the time.
pub async fn operate_control(
    controls: &impl Controls,
    stage: &StageKey,
    change: impl Fn(&StageControl) -> Option<StageControl> + Send,
) -> Result<(StageControl, StageControl), PortError> {
    let mut control = controls.control(stage).await?;
    for _ in 0..MAX_CONFLICTS {
        let Some(next) = change(&control) else {
            return Ok((control.clone(), control));
        };
        match put(controls, stage, next).await? {
            Ok(written) => return Ok((control, written)),
            Err(found) => control = found,
        }
    }
    Err(PortError::new(
        PortErrorKind::Unavailable,
        "change a stage's control record: others change it all the time",
    ))
}
