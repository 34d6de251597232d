//! Invariants 3 and 7: nothing is stuck, no command is lost, no Worker fires a Webhook stage.

use std::collections::BTreeSet;

use delivery::machine::visit_id_of;
use delivery::{Assignment, Rejection};
use uuid::Uuid;
use workflow::{Actor, Role};

use super::{Command, Evidence, Violations};

pub(super) fn check(evidence: &Evidence<'_>, found: &mut Violations) {
    for file in &evidence.files {
        if !file.status.is_at_rest() {
            found.add(3, format!("{} is stuck as {:?}", file.key, file.status));
        }
    }
    let traces = traces(evidence);
    for command in &evidence.commands {
        if !traces.contains(&command.visit_id) {
            let id = command.visit_id;
            found.add(3, format!("the command of visit {id} left no trace"));
        }
    }
    let by_workers: BTreeSet<Uuid> = evidence
        .commands
        .iter()
        .filter(|command| command.by_worker)
        .map(|command| command.visit_id)
        .collect();
    for call in &evidence.calls {
        if by_workers.contains(&call.delivery_id) {
            found.add(7, format!("{}: fired by a Worker", call.delivery_id));
        }
    }
}

/// The visits that are on record, and the commands that were rejected or parked.
fn traces(evidence: &Evidence<'_>) -> BTreeSet<Uuid> {
    let files = evidence.files.iter().map(|file| file.visit.id);
    let deliveries = evidence.deliveries().into_iter();
    let deliveries = deliveries.map(|(_, delivery)| delivery.delivery_id);
    let visits = evidence.visits.iter().map(|visit| visit.visit.id);
    let rejections = evidence.rejections.iter();
    let rejections = rejections.map(|rejection| commanded(rejection).visit_id);
    let parked = evidence.parked.iter().filter_map(|letter| {
        let assignment = Assignment::parse(&letter.body).ok()?;
        Some(visit_id_of(&assignment))
    });
    files
        .chain(deliveries)
        .chain(visits)
        .chain(rejections)
        .chain(parked)
        .collect()
}

/// What the rejected assignment would have commanded, had a person made it.
#[must_use]
fn commanded(rejection: &Rejection) -> Command {
    Command::of(&Assignment {
        assignment_id: rejection.assignment_id,
        team: rejection.key.team.clone(),
        workflow_id: rejection.workflow_id,
        stage_id: rejection.stage_id,
        item_id: rejection.key.item_id,
        assigned_by: Actor::User {
            id: None,
            role: Role::Admin,
        },
        assignee: None,
        document: None,
        trace: None,
        waits: 0,
    })
}

impl Command {
    #[must_use]
    pub fn of(assignment: &Assignment) -> Self {
        let by_worker = matches!(
            assignment.assigned_by,
            Actor::User {
                role: Role::Annotator,
                ..
            }
        );
        Self {
            visit_id: visit_id_of(assignment),
            by_worker,
        }
    }
}
