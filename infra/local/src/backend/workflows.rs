use std::sync::Arc;

use delivery::ports::Workflows;
use embedded::Engine;
use workflow::{StageLookupError, Workflow};

use crate::error::Error;

/// The workflows of a state directory, each once.
pub(crate) async fn workflows(engine: &Engine) -> Result<Vec<Arc<Workflow>>, Error> {
    let mut found: Vec<Arc<Workflow>> = Vec::new();
    for (team, id) in engine.workflows().await? {
        if found.iter().all(|workflow| workflow.id != id)
            && let Some(workflow) = engine.workflow(&team, id).await?
        {
            found.push(workflow);
        }
    }
    Ok(found)
}

/// The error that none of the workflows has the stage, with the stages that they have.
pub(crate) fn no_such_stage(wanted: &str, workflows: &[Arc<Workflow>]) -> Error {
    let stages = workflows.iter().flat_map(|workflow| &workflow.stages);
    StageLookupError::unknown(wanted, stages).into()
}
