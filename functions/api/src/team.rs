//! What V7's client asks about a team before it asks for anything else.

use axum::extract::{Extension, Path};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::error::{ApiError, Refused};
use crate::principal::Principal;
use crate::respond::{Answer, ok};
use crate::workflows::team_number;

/// The team of a path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it is only for the documentation")]
pub(crate) struct InTeam {
    /// The team's slug.
    team: String,
}

/// A team.
#[derive(Serialize, ToSchema)]
pub(crate) struct Team {
    /// Derived from the slug.
    id: u32,
    name: String,
    slug: String,
    default_role: &'static str,
}

/// Whom a key stands for.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenInfo {
    id: u64,
    role: &'static str,
    selected_team: Team,
}

fn team(slug: &str) -> Team {
    Team {
        id: team_number(slug),
        name: slug.to_owned(),
        slug: slug.to_owned(),
        default_role: "member",
    }
}

/// Show whom the key stands for.
#[utoipa::path(
    get, path = "/users/token_info", tag = "teams",
    responses(
        (status = 200, description = "The user and the team", body = TokenInfo),
        Refused,
    ),
)]
pub(crate) async fn token_info(
    Extension(principal): Extension<Principal>,
) -> Result<Answer, ApiError> {
    ok(&TokenInfo {
        id: principal.user_id,
        role: principal.role.as_str(),
        selected_team: team(&principal.team),
    })
}

/// Show the team.
#[utoipa::path(
    get, path = "/teams/{team}", tag = "teams",
    params(InTeam),
    responses(
        (status = 200, description = "The team", body = Team),
        Refused,
    ),
)]
pub(crate) async fn show(Path(slug): Path<String>) -> Result<Answer, ApiError> {
    ok(&team(&slug))
}
