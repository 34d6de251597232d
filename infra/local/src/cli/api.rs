//! Arguments of commands that may work over an API.

use std::time::Duration;

use clap::Args;
use reqwest::Url;

/// An API, in place of a state directory or of AWS.
#[derive(Clone, Debug, Args)]
pub(crate) struct ApiArgs {
    /// Work over this API, such as http://127.0.0.1:8080, with the team and the rights of a key.
    #[arg(long, value_name = "URL", value_parser = address)]
    pub api: Option<Url>,
    /// Read the key from this environment variable.
    #[arg(
        long,
        value_name = "VAR",
        default_value = "WEBHOOK_STAGE_KEY",
        requires = "api"
    )]
    pub key_env: String,
}

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// The API whose files to watch, such as http://127.0.0.1:8080.
    #[arg(long, value_name = "URL", value_parser = address)]
    pub api: Url,
    /// Read the key from this environment variable.
    #[arg(long, value_name = "VAR", default_value = "WEBHOOK_STAGE_KEY")]
    pub key_env: String,
    /// How long to wait between two looks.
    #[arg(long, value_name = "DELAY", default_value = "1s", value_parser = interval)]
    pub interval: Duration,
    /// Look once, and end.
    #[arg(long)]
    pub once: bool,
    /// Print one JSON object a look.
    #[arg(long)]
    pub json: bool,
}

fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if matches!(url.scheme(), "http" | "https") && url.has_host() && is_plain {
        Ok(url)
    } else {
        Err("give the address of an API, such as https://api.example.com".to_owned())
    }
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = super::any_delay(text)?;
    let shortest = Duration::from_millis(100);
    if interval < shortest {
        return Err("give at least 100ms".to_owned());
    }
    Ok(interval)
}
