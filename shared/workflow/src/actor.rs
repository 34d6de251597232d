use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A team member's role, by V7's API names (darwin-py, `team_member_role.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Team owner.
    Owner,
    /// Admin.
    Admin,
    /// Called User in V7's interface.
    Member,
    /// Workforce manager.
    WorkforceManager,
    /// Called Worker in V7's interface.
    Annotator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [
        Self::Owner,
        Self::Admin,
        Self::Member,
        Self::WorkforceManager,
        Self::Annotator,
    ];

    /// V7's API name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
            Self::WorkforceManager => "workforce_manager",
            Self::Annotator => "annotator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the name of a role.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a role: use owner, admin, member, workforce_manager or annotator")]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == name)
            .ok_or_else(|| UnknownRole(name.to_owned()))
    }
}

/// Who assigns a file to a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person.
    User {
        /// V7's user id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        /// Their role in the team.
        role: Role,
    },
    /// The workflow itself: the file arrives over an edge.
    Workflow {
        /// The visit that ended.
        from_visit: Uuid,
    },
}
