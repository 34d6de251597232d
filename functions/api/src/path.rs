//! What paths and headers say, for the documentation.
#![allow(dead_code, reason = "it is only for the documentation")]

use utoipa::IntoParams;
use uuid::Uuid;

/// The team of a path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct InTeam {
    /// The team's slug.
    team: String,
}

/// The workflow of a path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfWorkflow {
    /// The workflow.
    id: Uuid,
}

/// The stage of a path, and its workflow.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfStage {
    /// The workflow.
    id: Uuid,
    /// The stage.
    stage: Uuid,
}

/// The item of a path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfItem {
    /// The item.
    id: Uuid,
}

/// The header of a request that may be sent twice.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct OnlyOnce {
    /// The same key has one effect.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    key: Option<String>,
}
