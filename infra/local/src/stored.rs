use std::sync::Arc;

use delivery::ports::Workflows;
use embedded::Engine;
use workflow::Workflow;

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
