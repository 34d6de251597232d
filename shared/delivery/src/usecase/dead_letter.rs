use super::carry_out::carry_out;
use super::fault::Fault;
use super::file::{Decision, File};
use crate::machine::{
    DeadLettered, Effect, FromHistory, Step, dead_letter_assignment_step, dead_letter_step,
};
use crate::message::{Assignment, DeadLetter, Delivery};
use crate::ports::{StepPorts, Workflows};
use crate::state::{FileKey, FileState};
use crate::time::Timestamp;

/// Moves the file of a dead-lettered delivery out of its stage, and parks the letter.
///
/// # Errors
/// [`Fault`]: the message must stay on the dead-letter queue.
pub async fn dead_letter<P: StepPorts>(
    ports: &P,
    message: &Delivery,
    letter: &DeadLetter,
) -> Result<DeadLettered, Fault> {
    let workflow = ports
        .workflows()
        .workflow(&message.team, message.workflow_id)
        .await?;
    let decide = |state: Option<&FileState>, history: &FromHistory, now| {
        dead_letter_step(workflow.as_deref(), message, letter, state, history, now)
    };
    move_on(ports, message.key(), decide).await
}

/// Moves the file of a dead-lettered assignment out of the stage that it was to fire, if the file is there, and
/// parks the letter.
///
/// # Errors
/// [`Fault`]: the message must stay on the dead-letter queue.
pub async fn dead_letter_assignment<P: StepPorts>(
    ports: &P,
    assignment: &Assignment,
    letter: &DeadLetter,
) -> Result<DeadLettered, Fault> {
    let workflow = ports
        .workflows()
        .workflow(&assignment.team, assignment.workflow_id)
        .await?;
    let decide = |state: Option<&FileState>, history: &FromHistory, now| {
        dead_letter_assignment_step(workflow.as_deref(), assignment, letter, state, history, now)
    };
    move_on(ports, assignment.key(), decide).await
}

async fn move_on<P: StepPorts>(
    ports: &P,
    key: FileKey,
    decide: impl Fn(Option<&FileState>, &FromHistory, Timestamp) -> Step<DeadLettered>,
) -> Result<DeadLettered, Fault> {
    let mut file = File::read(ports, key).await?;
    loop {
        let (effects, became) = match file.decide(&decide).await? {
            Decision::Do(effects, became) => (effects, became),
            Decision::Sender(never) => match never {},
        };
        match carry_out(ports, effects).await? {
            None => return Ok(became),
            Some(conflict) => file.overtaken(conflict)?,
        }
    }
}

/// Parks a message that no step can be decided about, for inspection and redrive.
///
/// # Errors
/// [`Fault`]: the message must stay on the dead-letter queue.
pub async fn park<P: StepPorts>(ports: &P, letter: DeadLetter) -> Result<(), Fault> {
    carry_out(ports, vec![Effect::Park(Box::new(letter))]).await?;
    Ok(())
}
