use std::fmt;

use serde::Serialize;
use uuid::Uuid;

/// A stage of a team's workflow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct StageKey {
    /// The team's slug.
    pub team: String,
    /// The workflow.
    pub workflow_id: Uuid,
    /// The stage.
    pub stage_id: Uuid,
}

impl fmt::Display for StageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.team, self.workflow_id, self.stage_id)
    }
}
