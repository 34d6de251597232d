use workflow::{Actor, Role};

use crate::error::ApiError;

/// Whoever makes a request, as their key says. What a request's body says about this is never used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The team that they may act in.
    pub team: String,
    /// V7's user id.
    pub user_id: u64,
    /// Their role in the team.
    pub role: Role,
}

impl Principal {
    /// As the one who assigns a file.
    pub(crate) fn actor(&self) -> Actor {
        Actor::User {
            id: Some(self.user_id),
            role: self.role,
        }
    }

    /// Who may change workflows and the state of stages: owners, admins and users.
    pub(crate) fn may_configure(&self) -> Result<(), ApiError> {
        match self.role {
            Role::Owner | Role::Admin | Role::Member => Ok(()),
            Role::WorkforceManager | Role::Annotator => Err(ApiError::forbidden(format!(
                "the role {} may not do this: a User, Admin or Owner must",
                self.role
            ))),
        }
    }

    /// Who may register, see and assign all items: everyone but Workers.
    pub(crate) fn may_assign(&self) -> Result<(), ApiError> {
        if self.is_worker() {
            let message =
                "a Worker (annotator) may not do this: a User, Admin or Workforce Manager must";
            return Err(ApiError::forbidden(message));
        }
        Ok(())
    }

    pub(crate) fn is_worker(&self) -> bool {
        self.role == Role::Annotator
    }
}
