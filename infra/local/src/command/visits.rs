use delivery::machine::visit_id_of;
use delivery::ports::{FileStates, Listing, Lists, Operator, PortError};
use delivery::{Assignment, FileKey, FileState, Rejection};
use uuid::Uuid;
use workflow::{Stage, Workflow};

use super::{SOME_FAILED, SUCCESS};
use crate::terminal::output::say;
use crate::terminal::report::{self, Row};

/// Assignments sent in one batch.
const BATCH: usize = 500;

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

/// Sends assignments; it is an error if one cannot be sent.
pub(super) async fn send(
    operator: &impl Operator,
    assignments: &[Assignment],
) -> Result<(), PortError> {
    for batch in assignments.chunks(BATCH) {
        for result in operator.assign(batch.to_vec()).await {
            result?;
        }
    }
    Ok(())
}

/// The outcome of a visit; none while it is not over.
pub(super) async fn outcome(
    records: &(impl FileStates + Lists),
    workflow: &Workflow,
    stage: &Stage,
    visit: &Visit,
) -> Result<Option<Row>, PortError> {
    let (key, name) = (&visit.key, &visit.name);
    if let Some(state) = records.get(key).await?
        && state.status.is_at_rest()
    {
        let deliveries = report::deliveries(records, &state).await?;
        if let Some(row) = report::row_of(workflow, key, name, &deliveries, visit.id) {
            return Ok(Some(row));
        }
    }
    let Some(assignment) = &visit.assignment else {
        return Ok(None);
    };
    let own = own_rejection(records, assignment).await?;
    Ok(own.map(|rejection| Row::rejected(key, name, &stage.name, rejection.reason)))
}

/// A workflow's files at rest, oldest first.
pub(super) async fn at_rest(
    lists: &impl Lists,
    workflow: &Workflow,
    listing: &Listing,
) -> Result<Vec<FileState>, PortError> {
    if lists.reads_all_records(listing) {
        say!(
            "every record is read to find the files at rest: the deployment has no complete index of them (IndexFilesAtRest)"
        );
    }
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = lists.at_rest(listing, after.as_deref(), 1000).await?;
        // A copy of a workflow has the same stage ids.
        let rows = page.rows.into_iter();
        found.extend(rows.filter(|state| state.workflow_id == workflow.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if lists.reads_all_records(listing) {
        found.sort_by_key(|state| (state.updated_at, state.key.item_id));
    }
    Ok(found)
}

/// The last rejection of this assignment.
pub(super) async fn own_rejection(
    lists: &impl Lists,
    assignment: &Assignment,
) -> Result<Option<Rejection>, PortError> {
    let rejections = lists.rejections(&assignment.key()).await?;
    let mut rejections = rejections.into_iter().rev();
    Ok(rejections.find(|found| found.assignment_id == assignment.assignment_id))
}

/// The exit code when every visit is over.
pub(super) fn code_of(rows: &[Row]) -> u8 {
    if rows.iter().all(Row::is_success) {
        SUCCESS
    } else {
        SOME_FAILED
    }
}
