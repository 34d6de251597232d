use super::carry_out::{carry_out, ready};
use super::fault::Fault;
use super::file::{Decision, File};
use crate::machine::{Dispatched, Effect, dispatch_step};
use crate::message::{Assignment, Delivery};
use crate::ports::{Outgoing, PortError, PortErrorKind, SendMessages, StepPorts, Workflows};

/// An assignment whose step has been carried out up to the message that it sends, so that the messages of a whole
/// batch can be sent together: ten messages in one request cost no more than one.
#[derive(Debug)]
pub struct Prepared {
    message: Option<Outgoing<Delivery>>,
    rest: Vec<Effect>,
    result: Dispatched,
}

/// Checks an assignment against the rules and opens its delivery, without sending its message yet.
///
/// # Errors
/// [`Fault`]: the assignment must stay on its queue.
pub async fn prepare<P: StepPorts>(ports: &P, assignment: &Assignment) -> Result<Prepared, Fault> {
    let workflow = ports
        .workflows()
        .workflow(&assignment.team, assignment.workflow_id)
        .await?;
    let mut file = File::read_eventual(ports, assignment.key()).await?;
    loop {
        let workflow = workflow.as_deref();
        let decision = file
            .decide(|state, history, now| dispatch_step(workflow, assignment, state, history, now));
        let (mut first, result) = match decision.await? {
            Decision::Do(effects, result) => (effects, result),
            Decision::Sender(never) => match never {},
        };
        // The rest begins with the message to send, or is empty.
        let is_send = |effect: &Effect| matches!(effect, Effect::SendDelivery(..));
        let at = first.iter().position(is_send).unwrap_or(first.len());
        let mut rest = first.split_off(at).into_iter();
        let written = first.iter().find_map(|effect| match effect {
            Effect::Write(next, _) => Some(next.clone()),
            _ => None,
        });
        if let Some(conflict) = carry_out(ports, first).await? {
            file.overtaken(conflict)?;
            continue;
        }
        let message = match rest.next() {
            Some(Effect::SendDelivery(message, delay)) => Some(Outgoing {
                message: ready(ports, *message, written.as_deref()).await?,
                delay,
            }),
            _ => None,
        };
        return Ok(Prepared {
            message,
            rest: rest.collect(),
            result,
        });
    }
}

/// Sends the messages of prepared assignments together, and carries out what comes after them. One result for each
/// assignment, in order: only the one whose own message was sent may be acknowledged.
pub async fn finish<P: StepPorts>(
    ports: &P,
    mut prepared: Vec<Prepared>,
) -> Vec<Result<Dispatched, Fault>> {
    let has_message: Vec<_> = prepared.iter().map(|it| it.message.is_some()).collect();
    let messages: Vec<_> = prepared
        .iter_mut()
        .filter_map(|it| it.message.take())
        .collect();
    let mut sent = if messages.is_empty() {
        Vec::new().into_iter()
    } else {
        ports.deliveries().send(messages).await.into_iter()
    };
    let mut results = Vec::with_capacity(prepared.len());
    for (Prepared { rest, result, .. }, has_message) in prepared.into_iter().zip(has_message) {
        // Fewer answers than messages would be a bug of an adapter; an assignment without one stays on its queue.
        let missing = || {
            Err(PortError::new(
                PortErrorKind::Unavailable,
                "send to deliveries",
            ))
        };
        let sent = if has_message {
            sent.next().unwrap_or_else(missing)
        } else {
            Ok(())
        };
        results.push(match sent {
            Err(error) => Err(error.into()),
            Ok(()) => match carry_out(ports, rest).await {
                Err(fault) => Err(fault),
                Ok(Some(_)) => Err(Fault::Contended),
                Ok(None) => Ok(result),
            },
        });
    }
    results
}

/// Checks one assignment against the rules, opens its delivery and sends its message.
///
/// # Errors
/// [`Fault`]: the assignment must stay on its queue.
pub async fn dispatch<P: StepPorts>(
    ports: &P,
    assignment: &Assignment,
) -> Result<Dispatched, Fault> {
    let prepared = prepare(ports, assignment).await?;
    let result = finish(ports, vec![prepared]).await.pop();
    result.unwrap_or(Err(Fault::Contended))
}
