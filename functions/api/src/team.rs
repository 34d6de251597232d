//! What V7's client asks about a team before it asks for anything else.

use axum::extract::{Extension, Path};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::path::InTeam;
use crate::principal::Principal;
use crate::refused::{Missing, Refused};
use crate::respond::{Answer, ok};

/// UUID namespace of teams' numbers. It must never change.
const NAMESPACE: Uuid = Uuid::from_u128(0x8b0e_5a41_92d7_4c1c_8d5f_6a0c_54f3_19e2);

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
    get, path = "/users/token_info", tag = "teams", operation_id = "show_token_info",
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
    get, path = "/teams/{team}", tag = "teams", operation_id = "show_team",
    params(InTeam),
    responses(
        (status = 200, description = "The team", body = Team),
        Refused,
        Missing,
    ),
)]
pub(crate) async fn show(Path(slug): Path<String>) -> Result<Answer, ApiError> {
    ok(&team(&slug))
}

/// V7 knows a team by a number too, and its client asks for one. It is derived from the slug.
pub(crate) fn team_number(team: &str) -> u32 {
    let derived = Uuid::new_v5(&NAMESPACE, team.as_bytes());
    derived.as_fields().0 & 0x7fff_ffff
}
