//! An API, as a command sees it.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, StatusCode, Url};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::cli::{ApiArgs, secret};
use crate::error::Error;
use crate::terminal::output::say;

/// The API, with the team of the key.
pub(crate) struct Remote {
    client: Client,
    routes: Url,
    team: String,
}

#[derive(Deserialize)]
struct TokenInfo {
    selected_team: Team,
}

#[derive(Deserialize)]
struct Team {
    slug: String,
}

#[derive(Deserialize)]
struct Refused {
    errors: Detail,
}

#[derive(Deserialize)]
struct Detail {
    message: String,
    field: Option<String>,
}

impl Remote {
    /// Asks the API whom the key stands for.
    pub(crate) async fn connect(api: &Url, key_env: &str) -> Result<Self, Error> {
        let key = secret::api_key("--key-env", key_env)?;
        let value = format!("ApiKey {}", key.expose_secret().trim());
        let mut value = HeaderValue::from_str(&value).map_err(|_| {
            Error::Usage(format!(
                "--key-env {key_env}: the value in {key_env} is not a key"
            ))
        })?;
        value.set_sensitive(true);
        let client = Client::builder()
            .default_headers(HeaderMap::from_iter([(AUTHORIZATION, value)]))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| unreachable(api, &error))?;
        if api.scheme() == "http" && !is_here(api) {
            say!("warning: --api {api}: the key is sent without TLS");
        }
        let mut remote = Self {
            client,
            routes: api.clone(),
            team: String::new(),
        };
        let is_whole = api.path().trim_end_matches('/').ends_with("/api");
        remote.extend(if is_whole { &[] } else { &["api"] });
        let info: TokenInfo = remote.send(Method::GET, "users/token_info", None).await?;
        remote.extend(&["v2", "teams", &info.selected_team.slug]);
        remote.team = info.selected_team.slug;
        Ok(remote)
    }

    /// The key's team.
    pub(crate) fn team(&self) -> &str {
        &self.team
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.send(Method::GET, path, None).await
    }

    /// `None` if the team has no such thing.
    pub(crate) async fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, Error> {
        match self.answer(Method::GET, path, None).await? {
            (StatusCode::NOT_FOUND, _) => Ok(None),
            (status, body) => read(status, &body).map(Some),
        }
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: impl Into<reqwest::Body>,
    ) -> Result<T, Error> {
        self.send(Method::POST, path, Some(body.into())).await
    }

    /// As [`Self::post`], but with what the API finds wrong with the body as a value: others may be right.
    pub(crate) async fn offer<T: DeserializeOwned>(
        &self,
        path: &str,
        body: impl Into<reqwest::Body>,
    ) -> Result<Result<T, String>, Error> {
        let (status, body) = self.answer(Method::POST, path, Some(body.into())).await?;
        match status {
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
                Ok(Err(refusal(status, &body)))
            }
            status => read(status, &body).map(Ok),
        }
    }

    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: impl Into<reqwest::Body>,
    ) -> Result<T, Error> {
        self.send(Method::PUT, path, Some(body.into())).await
    }

    fn extend(&mut self, segments: &[&str]) {
        // The address has a host, so it has a path.
        if let Ok(mut path) = self.routes.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<reqwest::Body>,
    ) -> Result<T, Error> {
        let (status, body) = self.answer(method, path, body).await?;
        read(status, &body)
    }

    async fn answer(
        &self,
        method: Method,
        path: &str,
        body: Option<reqwest::Body>,
    ) -> Result<(StatusCode, Vec<u8>), Error> {
        let mut request = self
            .client
            .request(method, format!("{}/{path}", self.routes));
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let broken = |error: reqwest::Error| unreachable(&self.routes, &error);
        let response = request.send().await.map_err(broken)?;
        let status = response.status();
        let body = response.bytes().await.map_err(broken)?;
        Ok((status, body.into()))
    }
}

fn read<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, Error> {
    if status.is_success() {
        let read = serde_json::from_slice(body);
        return read.map_err(|error| {
            Error::Api(format!(
                "its answer cannot be read ({error}); is it a webhook-stage API?"
            ))
        });
    }
    Err(Error::Api(refusal(status, body)))
}

fn refusal(status: StatusCode, body: &[u8]) -> String {
    let status = status.as_u16();
    let Ok(Refused { errors }) = serde_json::from_slice(body) else {
        return format!("it answered HTTP {status}");
    };
    let message = errors.message;
    match errors.field {
        Some(field) => format!("{message} ({field}, HTTP {status})"),
        None => format!("{message} (HTTP {status})"),
    }
}

fn unreachable(address: &Url, error: &reqwest::Error) -> Error {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Error::Api(format!("{address} cannot be reached: {cause}"))
}

fn is_here(address: &Url) -> bool {
    let host = address.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    host == "localhost" || address.is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

impl Remote {
    /// The API that the arguments name, if they name one.
    pub(crate) async fn of(args: &ApiArgs) -> Result<Option<Self>, Error> {
        match &args.api {
            None => Ok(None),
            Some(api) => Self::connect(api, &args.key_env).await.map(Some),
        }
    }
}
