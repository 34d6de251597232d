use std::mem;
use std::time::Duration;

use serde::Deserialize;
use uuid::Uuid;

use super::document_offload::{offload_large_inline, shrink_to_fit};
use super::fault::Fault;
use super::write::{Conflict, send_one, write};
use crate::control::Lane;
use crate::machine::{Effect, OnConflict, Report};
use crate::message::{DeadLetter, Delivery};
use crate::ports::{
    Archived, Controls, Documents, Events, FileStates, History, Observation, Observer, PortError,
    StepPorts,
};
use crate::record::Rejection;
use crate::state::FileState;

/// Carries out the effects in their order, and stops at the first that fails. `Some`: somebody else wrote the record
/// first, nothing after the write was done, and the step is to be decided again.
pub(super) async fn carry_out<P: StepPorts>(
    ports: &P,
    effects: Vec<Effect>,
) -> Result<Option<Conflict>, Fault> {
    carry_out_from(ports, None, effects).await
}

/// The same; messages that follow no write have this record, from which the effects were decided.
pub(super) async fn carry_out_from<P: StepPorts>(
    ports: &P,
    seen: Option<&FileState>,
    effects: Vec<Effect>,
) -> Result<Option<Conflict>, Fault> {
    let mut written = None;
    let mut archived = Vec::new();
    for effect in effects {
        match effect {
            Effect::ArchiveVisit(visit) => archived.push(Archived::Visit(visit)),
            Effect::ArchiveAttempt(attempt) => archived.push(Archived::Attempt(attempt)),
            Effect::ArchiveRejection(rejection) => {
                ports.history().rejection(&rejection).await?;
                report_rejection(ports, &rejection);
            }
            Effect::Write(next, on_conflict) => {
                match write(ports, mem::take(&mut archived), &next).await? {
                    None => written = Some(next),
                    Some(_) if on_conflict == OnConflict::GiveUp => return Err(Fault::Contended),
                    conflict => return Ok(conflict),
                }
            }
            Effect::Report(made_true) => report(ports, &made_true),
            Effect::KeepDocument(key, document) => {
                if let Err(error) = ports.documents().keep(&key, &document).await {
                    tracing::warn!(
                        item_id = %key.item_id, code = error.kind.code(),
                        "the failed file's document could not be stored for redelivery"
                    );
                }
            }
            Effect::SendDelivery(delivery, delay) => {
                let record = written.as_deref().or(seen);
                let delivery = ready(ports, *delivery, record).await?;
                send_one(ports.deliveries(), delivery, delay).await?;
            }
            Effect::SendLeg(mut delivery, delay) => {
                // Nothing is called, so it holds up no batch; in the slow lane it would wait for the long calls of its own.
                delivery.lane = Lane::Fast;
                let delivery = with_record(ports, *delivery, written.as_deref().or(seen));
                send_one(ports.deliveries(), delivery, delay).await?;
            }
            Effect::SendAssignment(mut assignment, delay) => {
                offload_large_inline(ports.documents(), &mut assignment).await;
                send_one(ports.assignments(), *assignment, delay).await?;
            }
            Effect::Announce(left) => ports.events().file_left(&left).await?,
            Effect::Park(letter) => {
                report_dead_letter(&letter);
                let letter = shrink_to_fit(ports.documents(), *letter).await?;
                send_one(ports.parked(), letter, Duration::ZERO).await?;
            }
        }
    }
    // A step that archives also writes. Should one not, its history is kept all the same.
    for record in &archived {
        ports.history().keep(record).await?;
    }
    Ok(None)
}

/// The message as it is sent: in its stage's lane, and with the record that was written before it.
pub(super) async fn ready<P: StepPorts>(
    ports: &P,
    mut delivery: Delivery,
    record: Option<&FileState>,
) -> Result<Delivery, PortError> {
    delivery.lane = ports.controls().control(&delivery.stage()).await?.lane();
    Ok(with_record(ports, delivery, record))
}

fn with_record<P: StepPorts>(
    ports: &P,
    mut delivery: Delivery,
    record: Option<&FileState>,
) -> Delivery {
    if let Some(record) = record
        && delivery.has_room_for_snapshot()
    {
        delivery.snapshot = ports.states().snapshot(record);
    }
    delivery
}

fn report<P: StepPorts>(ports: &P, report: &Report) {
    let observation = match report {
        Report::Attempted(attempted) => Observation::Attempted(attempted),
        Report::Left(left) => Observation::Left(left),
        Report::PutOff(stage, by) => Observation::PutOff(stage, *by),
    };
    ports.observer().observe(observation);
}

fn report_rejection<P: StepPorts>(ports: &P, rejection: &Rejection) {
    ports.observer().observe(Observation::Rejected(rejection));
    tracing::warn!(
        team = %rejection.key.team, item_id = %rejection.key.item_id, stage_id = %rejection.stage_id,
        workflow_id = %rejection.workflow_id, assignment_id = %rejection.assignment_id,
        reason = rejection.reason.code(), "assignment rejected"
    );
}

/// The file that the message was about, as far as it says so.
#[derive(Default, Deserialize)]
#[serde(default)]
struct About {
    team: Option<String>,
    item_id: Option<Uuid>,
    stage_id: Option<Uuid>,
    delivery_id: Option<Uuid>,
}

fn report_dead_letter(letter: &DeadLetter) {
    let about: About = serde_json::from_str(&letter.body).unwrap_or_default();
    tracing::error!(
        queue = letter.queue,
        cause = letter.cause,
        team = about.team,
        item_id = about.item_id.map(tracing::field::display),
        stage_id = about.stage_id.map(tracing::field::display),
        delivery_id = about.delivery_id.map(tracing::field::display),
        "message dead-lettered"
    );
}
