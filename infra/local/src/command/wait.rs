use std::collections::HashMap;
use std::time::Duration;

use delivery::machine::visit_id_of;
use delivery::ports::PortError;
use delivery::{Assignment, FileKey};
use futures_util::{StreamExt, TryStreamExt, stream};
use workflow::{Stage, Workflow};

use crate::report::{self, Row};
use crate::store::Store;
use crate::work::interrupted;

/// How often a deployment is asked.
const LOOK: Duration = Duration::from_millis(500);

/// Files asked for at the same time.
const CONCURRENCY: usize = 16;

/// What became of an assignment; none while its visit lasts.
pub(super) async fn outcome(
    store: &impl Store,
    workflow: &Workflow,
    stage: &Stage,
    assignment: &Assignment,
    name: &str,
) -> Result<Option<Row>, PortError> {
    let key = assignment.key();
    if let Some(state) = store.get(&key).await?
        && state.status.is_at_rest()
    {
        let deliveries = report::deliveries(store, &state).await?;
        let id = visit_id_of(assignment);
        if let Some(row) = report::row_of(workflow, &key, name, &deliveries, id) {
            return Ok(Some(row));
        }
    }
    let rejections = store.rejections(&key).await?;
    let mut own = rejections.iter().rev();
    let own = own.find(|found| found.assignment_id == assignment.assignment_id);
    Ok(own.map(|rejection| Row::rejected(&key, name, &stage.name, rejection.reason)))
}

/// The outcomes of all assignments, in their order, once all are over; fewer when a person stops it.
pub(super) async fn outcomes(
    store: &impl Store,
    workflow: &Workflow,
    stage: &Stage,
    assignments: &[(Assignment, String)],
) -> Result<Vec<Row>, PortError> {
    let mut rows: HashMap<FileKey, Row> = HashMap::new();
    let mut stop = std::pin::pin!(interrupted());
    while rows.len() < assignments.len() {
        let waiting: Vec<_> = assignments
            .iter()
            .filter(|(assignment, _)| !rows.contains_key(&assignment.key()))
            .collect();
        let found: Vec<_> = stream::iter(waiting)
            .map(|(assignment, name)| async move {
                let row = outcome(store, workflow, stage, assignment, name).await?;
                Ok::<_, PortError>(row.map(|row| (assignment.key(), row)))
            })
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await?;
        rows.extend(found.into_iter().flatten());
        if rows.len() < assignments.len() {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = &mut stop => break,
            }
        }
    }
    let keys = assignments.iter().map(|(assignment, _)| assignment.key());
    Ok(keys.filter_map(|key| rows.remove(&key)).collect())
}
