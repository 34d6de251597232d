use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use delivery::Reason;
use futures_util::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::{Request, Response};
use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
    BasicTokenIntrospectionResponse,
};
use oauth2::{
    AsyncHttpClient, AuthType, Client, ClientId, ClientSecret, RequestTokenError, Scope,
    StandardRevocableToken, TokenResponse as _, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;
use workflow::{ClientAuthentication, OAuth2};

use super::answer::TokenAnswer;
use super::tokens::Token;
use crate::classify::classify;
use crate::failed::{Denied, Failed};
use crate::guard::{Guard, Target};

/// The longest that a request for a token may take.
const TIME: Duration = Duration::from_secs(10);

/// The largest answer that is read. Tokens with many claims have some KiB.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Asks the stage's authorization server for a token, by client credentials (RFC 6749, 4.4).
///
/// The request is held to the same as a call: it goes only where calls may go, and no redirect or proxy is followed.
///
/// # Errors
/// [`Denied`] when there is none, or it cannot be used. The detail has nothing of what the server sent, except an error
/// code of RFC 6749.
pub(super) async fn ask(
    client: reqwest::Client,
    guard: Guard,
    from: OAuth2,
    secret: SecretString,
) -> Result<Token, Denied> {
    let url = Target::parse(&from.token_url, &guard)
        .map_err(|error| Denied::new(error.reason(), of_server(&error.to_string())))?;
    let url = TokenUrl::from_url(url.into_url());
    let registered = Registered::new(ClientId::new(from.client_id))
        .set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()))
        .set_token_uri(url)
        .set_auth_type(match from.authentication {
            ClientAuthentication::Basic => AuthType::BasicAuth,
            ClientAuthentication::Post => AuthType::RequestBody,
        });
    let mut request = registered
        .exchange_client_credentials()
        .add_scopes(from.scopes.into_iter().map(Scope::new));
    if let Some(audience) = from.audience {
        request = request.add_extra_param("audience", audience);
    }
    let client = Guarded {
        client,
        status: AtomicU16::new(0),
    };
    match timeout(TIME, request.request_async(&client)).await {
        Err(_) => Err(denied("did not answer in time")),
        Ok(Err(error)) => Err(explain(error, client.status.load(Ordering::Relaxed))),
        Ok(Ok(answer)) => usable(&answer),
    }
}

/// What the crate needs to know of a client, although only tokens are asked for here.
type Registered = Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
>;

/// Why there is no answer of the authorization server.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error("{}", .0.detail)]
    Failed(Denied),
    #[error("the answer is too large")]
    TooLarge,
    #[error("the answer broke off")]
    BrokeOff,
    #[error("the request cannot be built")]
    Request,
}

impl From<reqwest::Error> for Unanswered {
    fn from(error: reqwest::Error) -> Self {
        let (reason, detail) = match classify(&error) {
            Failed::Reason(reason, detail) | Failed::Unsent(reason, detail) => (reason, detail),
            Failed::Port(_) => (Reason::Connect, None),
        };
        Self::Failed(match reason {
            Reason::ForbiddenAddress => Denied::new(reason, of_server(&detail.unwrap_or_default())),
            _ => {
                let detail = detail.map(|detail| format!(": {detail}"));
                denied(&format!(
                    "was not reached ({reason}{})",
                    detail.unwrap_or_default()
                ))
            }
        })
    }
}

/// The client, which notes the status that the server answers with.
struct Guarded {
    client: reqwest::Client,
    status: AtomicU16,
}

impl<'c> AsyncHttpClient<'c> for Guarded {
    type Error = Unanswered;
    type Future = BoxFuture<'c, Result<Response<Vec<u8>>, Unanswered>>;

    fn call(&'c self, asked: Request<Vec<u8>>) -> Self::Future {
        Box::pin(async move {
            let answer = exchange(&self.client, asked).await?;
            self.status
                .store(answer.status().as_u16(), Ordering::Relaxed);
            Ok(answer)
        })
    }
}

async fn exchange(
    client: &reqwest::Client,
    asked: Request<Vec<u8>>,
) -> Result<Response<Vec<u8>>, Unanswered> {
    let asked = reqwest::Request::try_from(asked).map_err(|_| Unanswered::Request)?;
    let mut received = client.execute(asked).await?;
    let mut answer = Response::builder().status(received.status());
    // Nothing else is looked at.
    if let Some(kind) = received.headers().get(CONTENT_TYPE) {
        answer = answer.header(CONTENT_TYPE, kind);
    }
    let mut body = Vec::new();
    while let Some(chunk) = received.chunk().await.map_err(|_| Unanswered::BrokeOff)? {
        if body.len() + chunk.len() > ANSWER_LIMIT {
            return Err(Unanswered::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    answer.body(body).map_err(|_| Unanswered::Request)
}

fn usable(answer: &TokenAnswer) -> Result<Token, Denied> {
    if !answer.is_bearer() {
        return Err(denied("gave a token that is not a Bearer token"));
    }
    let value = answer.access_token().secret();
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(denied("gave a token that cannot be sent in a header"));
    }
    Ok(Token::new(value.as_str().into(), answer.expires_in()))
}

fn explain(error: RequestTokenError<Unanswered, BasicErrorResponse>, status: u16) -> Denied {
    let code = match error {
        RequestTokenError::Request(Unanswered::Failed(denied)) => return denied,
        RequestTokenError::Request(error) => {
            return denied(&format!("gave no token: {error}"));
        }
        RequestTokenError::ServerResponse(answer) => code(answer.error()),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => None,
    };
    match (status, code) {
        (0, _) => denied("was not asked: its URL cannot be written into a request"),
        (200, _) => denied("answered 200 without a token in JSON (RFC 6749, 5.1)"),
        (status, Some(code)) => denied(&format!("answered {status} ({code})")),
        (status @ 300..400, None) => denied(&format!(
            "answered {status}, a redirect, which is not followed: set token_url to the final address"
        )),
        (status, None) => denied(&format!("answered {status}")),
    }
}

/// Error codes from elsewhere: RFC 8707, and RFC 6749, 4.1.2.1.
const OTHERS: [&str; 4] = [
    "access_denied",
    "invalid_target",
    "server_error",
    "temporarily_unavailable",
];

/// The error code, if it is one of RFC 6749 (5.2) or a common one. Another one is not shown, because a server can write
/// anything there.
fn code(error: &BasicErrorResponseType) -> Option<&'static str> {
    match error {
        BasicErrorResponseType::InvalidClient => Some("invalid_client"),
        BasicErrorResponseType::InvalidGrant => Some("invalid_grant"),
        BasicErrorResponseType::InvalidRequest => Some("invalid_request"),
        BasicErrorResponseType::InvalidScope => Some("invalid_scope"),
        BasicErrorResponseType::UnauthorizedClient => Some("unauthorized_client"),
        BasicErrorResponseType::UnsupportedGrantType => Some("unsupported_grant_type"),
        BasicErrorResponseType::Extension(other) => OTHERS.into_iter().find(|known| other == known),
    }
}

fn denied(what: &str) -> Denied {
    Denied::new(
        Reason::AuthorizationFailed,
        format!("the authorization server {what}"),
    )
}

fn of_server(what: &str) -> String {
    format!("the authorization server: {what}")
}
