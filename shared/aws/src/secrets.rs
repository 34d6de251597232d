use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::create_secret::CreateSecretError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use delivery::ports::{Freshness, PortError, Secrets};
use secrecy::ExposeSecret;
use workflow::{SecretRef, StageSecrets};

use crate::error::{corrupt, port_error};

/// How long a secret is used without a look at the store.
const FRESH: Duration = Duration::from_secs(300);

/// A secret read this lately is the latest: a receiver that answers every call with 401 must not
/// make every call cost a read.
const LATEST: Duration = Duration::from_secs(5);

/// Secrets held at most.
const HELD: usize = 10_000;

type Cache = HashMap<SecretRef, (Instant, Option<StageSecrets>)>;

/// Secrets Manager. A stage's secrets are one secret: `<prefix><reference>`.
#[derive(Clone, Debug)]
pub struct SecretStore {
    client: Client,
    prefix: String,
    cache: Arc<Mutex<Cache>>,
}

impl SecretStore {
    /// The secrets under a prefix.
    #[must_use]
    pub fn new(config: &SdkConfig, prefix: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            prefix: prefix.into(),
            cache: Arc::default(),
        }
    }

    /// Stores a stage's secrets.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub async fn store(
        &self,
        reference: &SecretRef,
        secrets: &StageSecrets,
    ) -> Result<(), PortError> {
        let (name, value) = (self.name(reference), secrets.to_json());
        let create = self
            .client
            .create_secret()
            .name(&name)
            .secret_string(value.expose_secret())
            .send();
        let Err(error) = create.await else {
            return Ok(());
        };
        let failed = port_error("store a secret", &error);
        match error.into_service_error() {
            CreateSecretError::ResourceExistsException(_) => {
                let put = self.client.put_secret_value().secret_id(name);
                let put = put.secret_string(value.expose_secret()).send().await;
                put.map(|_| ())
                    .map_err(|error| port_error("store a secret", &error))
            }
            _ => Err(failed),
        }
    }

    async fn read(&self, reference: &SecretRef) -> Result<Option<StageSecrets>, PortError> {
        let read = self
            .client
            .get_secret_value()
            .secret_id(self.name(reference))
            .send()
            .await;
        let value = match read {
            Ok(value) => value,
            Err(error) => {
                let failed = port_error("read a secret", &error);
                return match error.into_service_error() {
                    GetSecretValueError::ResourceNotFoundException(_) => Ok(None),
                    _ => Err(failed),
                };
            }
        };
        let text = value.secret_string.unwrap_or_default();
        StageSecrets::from_json(&text)
            .map(Some)
            .map_err(|error| corrupt("read a secret", error))
    }

    fn name(&self, reference: &SecretRef) -> String {
        format!("{}{reference}", self.prefix)
    }
}

impl Secrets for SecretStore {
    async fn stage_secrets(
        &self,
        reference: &SecretRef,
        freshness: Freshness,
    ) -> Result<Option<StageSecrets>, PortError> {
        let most = match freshness {
            Freshness::Cached => FRESH,
            Freshness::Latest => LATEST,
        };
        if let Some((read, secrets)) =
            self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(reference)
            && read.elapsed() < most
            // What was not there may be stored any moment.
            && (secrets.is_some() || read.elapsed() < LATEST)
        {
            return Ok(secrets.clone());
        }
        let secrets = self.read(reference).await?;
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= HELD {
            cache.clear();
        }
        cache.insert(reference.clone(), (Instant::now(), secrets.clone()));
        Ok(secrets)
    }
}
