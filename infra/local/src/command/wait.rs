//! Waiting until a deployment's functions have ended the visits.

use std::collections::HashMap;
use std::time::Duration;

use delivery::ports::{FileStates, Lists, Operator, PortError};
use futures_util::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;
use workflow::{Stage, Workflow};

use super::INTERRUPTED;
use super::visits::{Visit, code_of, outcome};
use crate::error::Error;
use crate::terminal::interrupt::interrupted;
use crate::terminal::report::{self, Row};

/// How often the deployment's records are read.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Records read at the same time.
const CONCURRENCY: usize = 16;

/// Waits for the outcomes, prints them with a summary, and returns the exit code.
pub(super) async fn wait_and_print(
    operator: &impl Operator,
    workflow: &Workflow,
    stage: &Stage,
    visits: &[Visit],
    json: bool,
) -> Result<u8, Error> {
    let rows = outcomes(operator.records(), workflow, stage, visits).await?;
    report::print(&rows, json)?;
    Ok(if rows.len() < visits.len() {
        INTERRUPTED
    } else {
        code_of(&rows)
    })
}

/// The outcomes of all visits, in order, once all are over; only those known so far when a person stops it.
async fn outcomes(
    records: &(impl FileStates + Lists),
    workflow: &Workflow,
    stage: &Stage,
    visits: &[Visit],
) -> Result<Vec<Row>, PortError> {
    let mut rows: HashMap<Uuid, Row> = HashMap::new();
    let mut stop = std::pin::pin!(interrupted());
    loop {
        let waiting: Vec<_> = visits
            .iter()
            .filter(|visit| !rows.contains_key(&visit.id))
            .collect();
        if waiting.is_empty() {
            break;
        }
        let found: Vec<_> = stream::iter(waiting)
            .map(|visit| async move {
                let row = outcome(records, workflow, stage, visit).await?;
                Ok::<_, PortError>(row.map(|row| (visit.id, row)))
            })
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await?;
        rows.extend(found.into_iter().flatten());
        if visits.iter().any(|visit| !rows.contains_key(&visit.id)) {
            tokio::select! {
                () = tokio::time::sleep(POLL_INTERVAL) => {}
                () = &mut stop => break,
            }
        }
    }
    let found = visits.iter().filter_map(|visit| rows.get(&visit.id));
    Ok(found.cloned().collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use delivery::ports::{History, SystemClock};
    use delivery::{FileKey, Rejection};
    use workflow::{RejectReason, Role, Workflow};

    use super::{Visit, outcomes};
    use crate::intake::examples::WORKFLOW;
    use delivery::machine::first_assignment;

    /// An item named twice is one file: waiting for two outcomes would never end.
    #[tokio::test]
    async fn a_visit_meant_twice_is_waited_for_once() {
        let directory = tempfile::tempdir().unwrap();
        let engine = crate::backend::directory::create(directory.path()).unwrap();
        let workflow = Workflow::import(WORKFLOW.as_bytes()).unwrap().workflow;
        let stage = workflow.first_webhook().unwrap();
        let key = FileKey {
            team: "t".to_owned(),
            item_id: uuid::Uuid::from_u128(1),
        };
        let assignment = first_assignment(workflow.id, stage.id, &key, Role::Annotator);
        let rejection = Rejection {
            key,
            assignment_id: assignment.assignment_id,
            workflow_id: workflow.id,
            stage_id: stage.id,
            actor: assignment.assigned_by.clone(),
            reason: RejectReason::Busy,
            at: delivery::ports::Clock::now(&SystemClock),
        };
        engine.rejection(&rejection).await.unwrap();
        let visit = Visit::opened_by(assignment, "n".to_owned());
        let twice = [visit.clone(), visit];
        let rows = outcomes(&engine, &workflow, stage, &twice);
        let rows = tokio::time::timeout(Duration::from_secs(20), rows).await;
        assert_eq!(rows.expect("it waits for ever").unwrap().len(), 2);
    }
}
