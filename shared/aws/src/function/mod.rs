//! What a function's clients have in common. On Lambda everything is in the environment, so nothing is searched for, and
//! all clients share their connections.

mod connect;
mod http;
mod logs;
#[cfg(test)]
mod tests;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::sdk_config::Builder;

use crate::config::{retries, timeouts};
use crate::environment::{Environment, EnvironmentError};

use connect::Connect;
use http::Pool;
pub use logs::init_logs;

/// A function cannot set up its clients.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// Its region or credentials are missing.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// The configuration of all clients of a function: region, credentials and endpoint come from the environment.
///
/// # Errors
/// [`FunctionError`].
pub fn function_config(from: Environment) -> Result<SdkConfig, FunctionError> {
    let credentials = Credentials::new(
        from.required("AWS_ACCESS_KEY_ID")?,
        from.required("AWS_SECRET_ACCESS_KEY")?,
        from.optional("AWS_SESSION_TOKEN"),
        // An environment ends before they do.
        None,
        "environment",
    );
    let is_true = |name| {
        let value = from.optional(name);
        value.map(|value| value.eq_ignore_ascii_case("true"))
    };
    let mut config = shared(credentials, from.required("AWS_REGION")?)?;
    config.set_endpoint_url(from.optional("AWS_ENDPOINT_URL"));
    config.set_use_fips(is_true("AWS_USE_FIPS_ENDPOINT"));
    config.set_use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"));
    Ok(config.build())
}

fn shared(credentials: Credentials, region: String) -> Result<Builder, FunctionError> {
    let timeouts = timeouts();
    let connect = Connect::new(timeouts.connect_timeout())?;
    Ok(SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(retries())
        .timeout_config(timeouts)
        // An attempt's time is for the whole answer, except of S3, whose client has its own protection.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(Pool::new(connect)))
}
