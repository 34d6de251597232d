//! What V7's client asks about a team before it asks for anything else.

use axum::extract::{Extension, Path};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, ErrorBody};
use crate::principal::Principal;
use crate::respond::{Answer, ok};
use crate::workflows::team_number;

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
        (status = "4XX", description = "The request was refused", body = ErrorBody),
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
    params(("team" = String, Path, description = "The team's slug")),
    responses(
        (status = 200, description = "The team", body = Team),
        (status = "4XX", description = "The request was refused", body = ErrorBody),
    ),
)]
pub(crate) async fn show(
    Extension(principal): Extension<Principal>,
    Path(slug): Path<String>,
) -> Result<Answer, ApiError> {
    principal.of_team(&slug)?;
    ok(&team(&slug))
}
