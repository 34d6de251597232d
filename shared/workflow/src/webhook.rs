use std::time::Duration;

use url::Url;

use crate::access::Access;
use crate::breaker::{BreakerConfig, Rate};
use crate::request::{Body, Header, Method};
use crate::retry_on::RetryOn;
use crate::secrets::SecretRef;

/// The most retries that a stage may ask for.
pub const MAX_RETRIES: u32 = 20;

/// The longest delay between two attempts: a day.
pub const MAX_DELAY: Duration = Duration::from_secs(24 * 3600);

/// The longest time that all retries of a delivery may take: 7 days. SQS keeps a message for up to 14.
pub const MAX_RETRY_TIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// The schedule that Standard Webhooks recommends: 9 retries over about three days
/// (standard-webhooks/standard-webhooks, spec/standard-webhooks.md, "Deliverability and reliability").
pub const STANDARD_WEBHOOKS: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(5 * 3600),
    Duration::from_secs(10 * 3600),
    Duration::from_secs(14 * 3600),
    Duration::from_secs(20 * 3600),
    Duration::from_secs(24 * 3600),
];

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
    /// The expression that must hold for a file to be sent; all files are sent when absent.
    pub condition: Option<String>,
    /// What is sent instead of the document.
    pub body: Option<Body>,
    /// The HTTP method; POST when absent.
    pub method: Method,
    /// Headers of the stage's own, at most [`crate::MAX_HEADERS`].
    pub headers: Vec<Header>,
    /// Which failed calls are repeated; by default all but those that another call cannot mend.
    pub retry_on: Option<RetryOn>,
    /// How calls are authorized, if not by a fixed value.
    pub access: Option<Access>,
    /// Whether the stage's secrets have a client certificate for TLS.
    pub has_client_certificate: bool,
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
            condition: None,
            body: None,
            method: Method::Post,
            headers: Vec::new(),
            retry_on: None,
            access: None,
            has_client_certificate: false,
        }
    }

    /// The host that is called: all of the URL that may be shown.
    #[must_use]
    pub fn host(&self) -> Option<String> {
        let url = Url::parse(&self.url).ok()?;
        url.host_str().map(str::to_owned)
    }
}
