//! One secret for all stages of a team: JSON with an object for each reference.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use aws_sdk_secretsmanager::operation::create_secret::CreateSecretError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use delivery::ports::{PortError, PortErrorKind};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use uuid::Uuid;
use workflow::{SecretRef, SecretsError, StageSecrets};

use super::{STORE, SecretStore};
use crate::error::{corrupt, port_error};

/// The largest value of a secret, in bytes
/// (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>).
const LARGEST: usize = 65_536;

/// The label of a value that is stored and not yet current.
const PENDING: &str = "WEBHOOKSTAGEPENDING";

/// How often a value is merged again because others changed the secret meanwhile.
const ROUNDS: u32 = 20;

/// The first pause before that, at most.
const PAUSE: Duration = Duration::from_millis(50);

/// A team's secrets by their references.
pub(super) type TeamSecrets = BTreeMap<String, StageSecrets>;

/// What is stored: entries of other stages are kept as they are.
type Stored = BTreeMap<String, Value>;

/// A team's secret as it is now.
enum Current {
    Value { text: String, version: String },
    Absent,
    MarkedForDeletion,
}

/// Reads a team's secret.
pub(super) fn parse(text: &str) -> Result<TeamSecrets, SecretsError> {
    let stored: Stored = serde_json::from_str(text).map_err(|_| SecretsError)?;
    let stored = stored.into_iter();
    let stages = stored
        .map(|(reference, value)| Ok((reference, StageSecrets::from_json(&value.to_string())?)));
    stages.collect()
}

/// A team's secret with these stages' secrets in it.
fn merged(
    current: &str,
    secrets: &[(SecretRef, StageSecrets)],
) -> Result<(Stored, Stored), serde_json::Error> {
    let before: Stored = serde_json::from_str(current)?;
    let mut after = before.clone();
    for (reference, secrets) in secrets {
        let value = serde_json::from_str(secrets.to_json().expose_secret())?;
        after.insert(reference.to_string(), value);
    }
    Ok((before, after))
}

impl SecretStore {
    /// Stores these stages' secrets in their team's secret, and keeps those of other stages.
    ///
    /// Secrets Manager has no conditional write. But the label of the current value moves only from the version that is
    /// named, so a value that was merged from an older one never becomes current
    /// (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html>).
    pub(super) async fn store_in_team(
        &self,
        name: &str,
        secrets: &[(SecretRef, StageSecrets)],
    ) -> Result<(), PortError> {
        for round in 0..ROUNDS {
            if round > 0 {
                // Two that failed at the same moment must not meet again.
                let share = f64::from(Uuid::new_v4().as_bytes()[0]) / 255.0;
                tokio::time::sleep(PAUSE.mul_f64(share) * round).await;
            }
            let is_stored = match self.current(name).await? {
                Current::Value { text, version } => {
                    let merged =
                        merged(&text, secrets).map_err(|_| corrupt(STORE, SecretsError))?;
                    let (before, after) = merged;
                    before == after || self.replace(name, &checked(&after)?, &version).await?
                }
                Current::Absent => {
                    let merged = merged("{}", secrets).map_err(|_| corrupt(STORE, SecretsError))?;
                    self.create(name, &checked(&merged.1)?).await?
                }
                Current::MarkedForDeletion => {
                    let restore = self.client.restore_secret().secret_id(name);
                    let restored = restore.send().await;
                    restored.map_err(|error| port_error("restore a secret", &error))?;
                    false
                }
            };
            if is_stored {
                return Ok(());
            }
        }
        Err(PortError::new(
            PortErrorKind::Unavailable,
            "store a team's secrets, which others change all the time",
        ))
    }

    async fn current(&self, name: &str) -> Result<Current, PortError> {
        let read = self.client.get_secret_value().secret_id(name).send().await;
        let error = match read {
            Ok(value) => {
                return Ok(Current::Value {
                    text: value.secret_string.unwrap_or_default(),
                    version: value.version_id.unwrap_or_default(),
                });
            }
            Err(error) => error,
        };
        let failed = port_error("read a secret", &error);
        match error.into_service_error() {
            GetSecretValueError::ResourceNotFoundException(_) => Ok(Current::Absent),
            GetSecretValueError::InvalidRequestException(_) => Ok(Current::MarkedForDeletion),
            _ => Err(failed),
        }
    }

    /// Whether it was created; somebody else may have done so first.
    async fn create(&self, name: &str, value: &SecretString) -> Result<bool, PortError> {
        let create = self.client.create_secret().name(name);
        let create = create.set_kms_key_id(self.key.clone());
        let create = create.secret_string(value.expose_secret());
        let Err(error) = create.send().await else {
            return Ok(true);
        };
        let failed = port_error(STORE, &error);
        match error.into_service_error() {
            CreateSecretError::ResourceExistsException(_)
            | CreateSecretError::InvalidRequestException(_) => Ok(false),
            _ => Err(failed),
        }
    }

    /// Whether the value replaced this version; somebody else may have replaced it first.
    async fn replace(
        &self,
        name: &str,
        value: &SecretString,
        version: &str,
    ) -> Result<bool, PortError> {
        let put = self.client.put_secret_value().secret_id(name);
        let put = put.secret_string(value.expose_secret());
        let put = put.version_stages(PENDING).send().await;
        let stored = put.map_err(|error| port_error(STORE, &error))?;
        let moved = self
            .client
            .update_secret_version_stage()
            .secret_id(name)
            .version_stage("AWSCURRENT")
            .remove_from_version_id(version)
            .set_move_to_version_id(stored.version_id)
            .send()
            .await;
        match moved {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("InvalidParameterException") => Ok(false),
            // The version is so old that it is gone.
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(false),
            Err(error) => Err(port_error(STORE, &error)),
        }
    }
}

/// The value to store, if Secrets Manager can hold it.
fn checked(stored: &Stored) -> Result<SecretString, PortError> {
    let text = serde_json::to_string(stored).map_err(|_| corrupt(STORE, SecretsError))?;
    if text.len() > LARGEST {
        return Err(PortError::new(
            PortErrorKind::TooLarge,
            "store more than 64 KiB of secrets in one secret of a team (SecretPerTeam)",
        ));
    }
    Ok(text.into())
}
