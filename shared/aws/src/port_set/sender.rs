use aws_config::SdkConfig;
use webhook::{CallerConfig, ClientError, WebhookCaller};

use super::exit::{Exit, lend_exit};
use crate::environment::{Environment, EnvironmentError};
use crate::presign::S3Presign;
use crate::secrets::SecretStore;

/// The sender's ports.
#[derive(Clone, Debug)]
pub struct SenderPorts {
    exit: Exit,
    secrets: SecretStore,
    caller: WebhookCaller<S3Presign>,
}

/// The sender cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SenderError {
    /// Its environment is not complete or not valid.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// Its HTTP client cannot be made.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl SenderPorts {
    /// From the function's environment: the dispatcher's variables, `ASSIGNMENTS_QUEUE_URL`,
    /// `DOCUMENTS_BUCKET`, `SECRETS_PREFIX`, `EVENT_BUS_NAME` (empty: no events) and
    /// `ALLOW_NETWORKS` (empty: none).
    ///
    /// # Errors
    /// [`SenderError`], in one line.
    pub fn new(config: &SdkConfig, environment: Environment) -> Result<Self, SenderError> {
        let caller = WebhookCaller::new(CallerConfig {
            allow_networks: environment.networks("ALLOW_NETWORKS")?,
            ..CallerConfig::default()
        })?;
        let documents = environment.required("DOCUMENTS_BUCKET")?;
        let prefix = environment.optional("SECRETS_PREFIX").unwrap_or_default();
        Ok(Self {
            exit: Exit::new(config, environment)?,
            caller: caller.with_presign(S3Presign::new(config, documents)),
            secrets: SecretStore::new(config, prefix),
        })
    }

    /// Opens the connections that the first message needs, while starting: at more than the share of a CPU
    /// that an invocation has.
    pub async fn warm(&self) {
        self.exit.warm().await;
    }
}

lend_exit!(SenderPorts);

delivery::port_set! { impl SendPorts for SenderPorts as ports {
    Secrets secrets: SecretStore = &ports.secrets;
    Caller caller: WebhookCaller<S3Presign> = &ports.caller;
} }
