use delivery::machine::visit_id_of;
use delivery::ports::PortError;
use delivery::{Assignment, FileKey};
use uuid::Uuid;
use workflow::{Stage, Workflow};

use crate::backend::store::Store;
use crate::terminal::report::{self, Row};

/// A visit whose end is waited for.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    /// The file.
    pub(super) key: FileKey,
    /// The file's name for people.
    pub(super) name: String,
    /// The visit's id.
    pub(super) id: Uuid,
    /// The assignment that opens it; none if an earlier command has opened it.
    pub(super) assignment: Option<Assignment>,
}

impl Visit {
    /// The visit that an assignment opens.
    pub(super) fn opened_by(assignment: Assignment, name: String) -> Self {
        Self {
            key: assignment.key(),
            name,
            id: visit_id_of(&assignment),
            assignment: Some(assignment),
        }
    }
}

/// The assignments that are still to be sent.
pub(super) fn assignments(visits: &[Visit]) -> Vec<Assignment> {
    let assignments = visits.iter().filter_map(|visit| visit.assignment.clone());
    assignments.collect()
}

/// The outcome of a visit; none while it is not over.
pub(super) async fn outcome(
    store: &impl Store,
    workflow: &Workflow,
    stage: &Stage,
    visit: &Visit,
) -> Result<Option<Row>, PortError> {
    let (key, name) = (&visit.key, &visit.name);
    if let Some(state) = store.get(key).await?
        && state.status.is_at_rest()
    {
        let deliveries = report::deliveries(store, &state).await?;
        if let Some(row) = report::row_of(workflow, key, name, &deliveries, visit.id) {
            return Ok(Some(row));
        }
    }
    let Some(assignment) = &visit.assignment else {
        return Ok(None);
    };
    let rejections = store.rejections(key).await?;
    let mut own = rejections.iter().rev();
    let own = own.find(|found| found.assignment_id == assignment.assignment_id);
    Ok(own.map(|rejection| Row::rejected(key, name, &stage.name, rejection.reason)))
}
