//! Secrets Manager, with a secret for each stage or for each team.

mod team;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::create_secret::CreateSecretError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_secretsmanager::operation::put_secret_value::PutSecretValueError;
use aws_sdk_secretsmanager::operation::restore_secret::RestoreSecretError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_types::SdkConfig;
use delivery::ports::{Freshness, PortError, Secrets};
use secrecy::ExposeSecret;
use uuid::Uuid;
use workflow::{SecretRef, SecretsError, StageSecrets};

use self::team::TeamSecrets;
use crate::cache::{Cache, MaxAge};
use crate::environment::Environment;
use crate::error::{corrupt, port_error};

/// How long a cached secret is used.
const FRESH: Duration = Duration::from_secs(300);

/// A secret that was read within this time counts as current, so that a receiver which answers every call with
/// 401 or 403 does not make every call cost a read.
const LATEST: Duration = Duration::from_secs(5);

/// What was tried, for errors while storing.
const STORE: &str = "store a secret";

/// The most secrets of each form that are cached.
const HELD: usize = 10_000;

/// Secrets Manager. A stage's secrets are one secret, `<prefix><team>/<reference>`: JSON with `authorization` and
/// `signing_secrets`. Or all stages of a team have one, `<prefix><team>`: JSON with such an object for each
/// reference. What is not found in one is looked for in the other, so that a deployment can change from one form to the
/// other. Values are cached for 5 minutes at most.
#[derive(Clone, Debug)]
pub struct SecretStore {
    client: Client,
    prefix: String,
    per_team: bool,
    stages: Arc<Cache<String, StageSecrets>>,
    teams: Arc<Cache<String, Arc<TeamSecrets>>>,
    key: Option<String>,
}

impl SecretStore {
    /// The secrets whose names begin with this prefix.
    #[must_use]
    pub fn new(config: &SdkConfig, prefix: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            prefix: prefix.into(),
            per_team: false,
            stages: Arc::new(Cache::new(HELD)),
            teams: Arc::new(Cache::new(HELD)),
            key: None,
        }
    }

    /// The store of a function: `SECRETS_PREFIX` and `SECRET_PER_TEAM` (`false` by default).
    #[must_use]
    pub fn of(config: &SdkConfig, environment: Environment) -> Self {
        let prefix = environment.optional("SECRETS_PREFIX").unwrap_or_default();
        let per_team = environment.optional("SECRET_PER_TEAM");
        Self::new(config, prefix).per_team(per_team.as_deref() == Some("true"))
    }

    /// The same, with one secret for each team, or with one for each stage.
    #[must_use]
    pub fn per_team(self, per_team: bool) -> Self {
        Self { per_team, ..self }
    }

    /// The same, with new secrets encrypted by this KMS key. Secrets that exist keep theirs.
    #[must_use]
    pub fn encrypted_with(self, key: Option<String>) -> Self {
        Self { key, ..self }
    }

    /// The same with another clock, for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn by(self, now: fn() -> SystemTime) -> Self {
        Self {
            stages: Arc::new(Cache::new(HELD).by(now)),
            teams: Arc::new(Cache::new(HELD).by(now)),
            ..self
        }
    }

    /// Stores stages' secrets, for this team only. A secret that is marked for deletion is restored first, because its name
    /// is taken until its recovery window ends.
    ///
    /// # Errors
    /// [`PortErrorKind::TooLarge`](delivery::ports::PortErrorKind::TooLarge) when a team's secret would exceed 64 KiB, or
    /// when the store fails; some may then be stored.
    pub async fn store(
        &self,
        team: &str,
        secrets: &[(SecretRef, StageSecrets)],
    ) -> Result<(), PortError> {
        if self.per_team && !secrets.is_empty() {
            let name = self.team_name(team);
            let stored = self.store_in_team(&name, secrets).await;
            self.teams.forget(&name);
            return stored;
        }
        for (reference, secrets) in secrets {
            let (name, value) = (self.name(team, reference), secrets.to_json());
            let stored = self.create_or_replace(&name, value.expose_secret()).await;
            self.stages.forget(&name);
            stored?;
        }
        Ok(())
    }

    async fn create_or_replace(&self, name: &str, value: &str) -> Result<(), PortError> {
        let create = self.client.create_secret().name(name);
        let create = create.set_kms_key_id(self.key.clone());
        let Err(error) = create.secret_string(value).send().await else {
            return Ok(());
        };
        let failed = port_error(STORE, &error);
        match error.into_service_error() {
            CreateSecretError::ResourceExistsException(_) => {}
            CreateSecretError::InvalidRequestException(_) => {
                return self.restore_and_replace(name, value, failed).await;
            }
            _ => return Err(failed),
        }
        let Err(error) = self.put(name, value).await else {
            return Ok(());
        };
        let failed = port_error(STORE, &error);
        match error.into_service_error() {
            PutSecretValueError::InvalidRequestException(_) => {
                self.restore_and_replace(name, value, failed).await
            }
            _ => Err(failed),
        }
    }

    /// `refused` may have another cause than the mark for deletion, so it is returned if nothing can be restored.
    async fn restore_and_replace(
        &self,
        name: &str,
        value: &str,
        refused: PortError,
    ) -> Result<(), PortError> {
        let restored = self.client.restore_secret().secret_id(name).send().await;
        if let Err(error) = restored {
            let failed = port_error("restore a secret", &error);
            return Err(match error.into_service_error() {
                RestoreSecretError::InvalidRequestException(_)
                | RestoreSecretError::ResourceNotFoundException(_) => refused,
                _ => failed,
            });
        }
        let put = self.put(name, value).await;
        put.map_err(|error| port_error(STORE, &error))
    }

    async fn put(
        &self,
        name: &str,
        value: &str,
    ) -> Result<(), SdkError<PutSecretValueError, HttpResponse>> {
        let put = self.client.put_secret_value().secret_id(name);
        put.secret_string(value).send().await.map(|_| ())
    }

    async fn read<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, SecretsError>,
    ) -> Result<Option<T>, PortError> {
        let read = self.client.get_secret_value().secret_id(name).send().await;
        let value = match read {
            Ok(value) => value,
            Err(error) => {
                let failed = port_error("read a secret", &error);
                return match error.into_service_error() {
                    GetSecretValueError::ResourceNotFoundException(_)
                    // It is marked for deletion, or no secret can have such a name.
                    | GetSecretValueError::InvalidRequestException(_)
                    | GetSecretValueError::InvalidParameterException(_) => Ok(None),
                    _ => Err(failed),
                };
            }
        };
        let text = value.secret_string.unwrap_or_default();
        let value = parse(&text).map(Some);
        value.map_err(|error| corrupt("read a secret", error))
    }

    async fn of_stage(
        &self,
        team: &str,
        reference: &SecretRef,
        age: MaxAge,
    ) -> Result<Option<StageSecrets>, PortError> {
        let name = self.name(team, reference);
        let read = || self.read(&name, StageSecrets::from_json);
        self.stages.get(&name, age, "read a secret", read).await
    }

    async fn of_team(
        &self,
        team: &str,
        reference: &SecretRef,
        age: MaxAge,
    ) -> Result<Option<StageSecrets>, PortError> {
        let name = self.team_name(team);
        let read = || self.read(&name, |text| team::parse(text).map(Arc::new));
        let found = self.teams.get(&name, age, "read a secret", read).await?;
        Ok(found.and_then(|secrets| secrets.get(&reference.0).cloned()))
    }

    /// The name of the secret of all stages of a team.
    fn team_name(&self, team: &str) -> String {
        format!("{}{}", self.prefix, team_part(team))
    }

    /// The name of a secret. The team is part of it: a reference is text from a workflow file, and one team's file
    /// must not reach another's secrets.
    fn name(&self, team: &str, reference: &SecretRef) -> String {
        format!("{}{}/{reference}", self.prefix, team_part(team))
    }
}

/// A team as part of a secret's name, in which Secrets Manager allows only ASCII letters, digits and `/_+=.@-`. For
/// another team it is a readable part and, after `=`, an id made from the whole team: different teams never share
/// a name.
fn team_part(team: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_+.@-".contains(c);
    if team.chars().all(is_plain) {
        return Cow::Borrowed(team);
    }
    let readable: String = team.chars().filter(|&c| is_plain(c)).take(100).collect();
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, team.as_bytes());
    Cow::Owned(format!("{readable}={}", id.simple()))
}

impl Secrets for SecretStore {
    async fn stage_secrets(
        &self,
        team: &str,
        reference: &SecretRef,
        freshness: Freshness,
    ) -> Result<Option<StageSecrets>, PortError> {
        let age = match freshness {
            Freshness::Cached => MaxAge {
                found: FRESH,
                absent: LATEST,
            },
            Freshness::Latest => MaxAge {
                found: LATEST,
                absent: LATEST,
            },
        };
        if self.per_team {
            match self.of_team(team, reference, age).await? {
                None => self.of_stage(team, reference, age).await,
                found => Ok(found),
            }
        } else {
            match self.of_stage(team, reference, age).await? {
                None => self.of_team(team, reference, age).await,
                found => Ok(found),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::team_part;

    #[test]
    fn every_team_has_a_name_of_its_own_that_secrets_manager_accepts() {
        let plain = ["acme", "v7-labs", "a.b@c+d_e"];
        assert_eq!(plain.map(|team| team_part(team).into_owned()), plain);
        let long = "é".repeat(127);
        let odd = [
            "équipe",
            "quipe",
            "my team",
            "myteam",
            "my=team",
            "チーム",
            &long,
        ];
        let parts: BTreeSet<String> = odd
            .iter()
            .map(|team| team_part(team).into_owned())
            .collect();
        assert_eq!(parts.len(), odd.len());
        for part in parts {
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
            assert!(part.len() <= 255 && part.chars().all(is_allowed), "{part}");
        }
    }
}
