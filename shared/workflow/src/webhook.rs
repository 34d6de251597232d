use std::time::Duration;

use crate::breaker::{BreakerConfig, Rate};
use crate::secrets::SecretRef;

/// The most retries that a stage may ask for.
pub const MAX_RETRIES: u32 = 10;

/// The longest delay between two attempts: SQS's `DelaySeconds` limit of 15 minutes.
pub const MAX_DELAY: Duration = Duration::from_secs(900);

/// The longest timeout of a call.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(300);

/// A Webhook stage's settings: V7's `config` fields, and this project's optional ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookConfig {
    /// Where to POST (V7's `url`). Knowing the URL may be enough to use it, so only its host may be shown, never
    /// its path or query.
    pub url: String,
    /// V7's `retry_if_fails`; true when absent. False means one call.
    pub retry_if_fails: bool,
    /// V7's `include_annotations`; true when absent. False leaves `annotations` out of the body.
    pub include_annotations: bool,
    /// Retries after the first call, 0 to [`MAX_RETRIES`]; 5 when absent.
    pub max_retries: Option<u32>,
    /// Delay before each retry, at most [`MAX_DELAY`]; the number of entries is the number of retries.
    pub retry_delays: Option<Vec<Duration>>,
    /// The time limit of the whole exchange, from 100 ms to [`MAX_TIMEOUT`].
    pub timeout: Option<Duration>,
    /// Where the stage's secrets are stored; none if it has no secrets.
    pub secret_ref: Option<SecretRef>,
    /// How long presigned URLs in the body stay valid.
    pub presigned_url_expiry: Option<Duration>,
    /// When the circuit breaker trips; none if it is switched off (`"breaker": false`).
    pub breaker: Option<BreakerConfig>,
    /// For how long in sum the circuit breaker may hold a delivery back, at most [`crate::MAX_PATIENCE`]; the sum of
    /// the stage's retry delays when absent.
    pub breaker_patience: Option<Duration>,
    /// The most calls in a time; unlimited when absent.
    pub max_rate: Option<Rate>,
    /// Whether the receiver may stop a delivery, or pause the stage, by a response header; false when absent.
    pub receiver_control: bool,
}

impl WebhookConfig {
    /// A stage that calls this URL, with the default of every other setting.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            retry_if_fails: true,
            include_annotations: true,
            max_retries: None,
            retry_delays: None,
            timeout: None,
            secret_ref: None,
            presigned_url_expiry: None,
            breaker: Some(BreakerConfig::default()),
            breaker_patience: None,
            max_rate: None,
            receiver_control: false,
        }
    }
}
