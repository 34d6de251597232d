//! How a call is authorized, if not by a fixed value: by a token, or by a signature for AWS.

mod answer;
mod oauth2;
mod tokens;

use std::sync::Arc;

use delivery::Reason;
use delivery::ports::{Call, SignRequest, Unsigned};
use http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use reqwest::Client;
use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout_at};
use url::Url;
use workflow::{Access, OAuth2, SigV4};

pub(crate) use tokens::{Source, Tokens};

use self::tokens::Token;
use crate::failed::Denied;
use crate::fingerprint::Fingerprint;
use crate::guard::Guard;
use crate::headers::sensitive;
use crate::redact::Redactor;

/// A token, where it comes from, and where it is kept.
pub(crate) struct Ticket {
    key: Fingerprint,
    token: Arc<Token>,
    pub(crate) source: Source,
}

impl Ticket {
    /// Puts the token into the headers.
    pub(crate) fn show(&self, headers: &mut HeaderMap) -> Result<(), Denied> {
        let value = format!("Bearer {}", self.token.value.expose_secret());
        let value = sensitive(&value).map_err(|_| cannot_be_sent())?;
        headers.insert(AUTHORIZATION, value);
        Ok(())
    }

    /// Lets it not be seen in what the receiver answers.
    pub(crate) fn hide(&self, redactor: &mut Redactor) {
        redactor.hide(self.token.value.expose_secret());
    }

    /// Throws it away.
    pub(crate) fn forget(&self, tokens: &Tokens) {
        tokens.forget(self.key, &self.token);
    }
}

/// The token for a call, if its stage asks for one.
///
/// # Errors
/// [`Denied`] when there is none by the deadline.
pub(crate) async fn ticket<R>(
    call: &Call<R>,
    tokens: &Tokens,
    client: &Client,
    guard: &Guard,
    deadline: Instant,
) -> Result<Option<Ticket>, Denied> {
    let Some(Access::OAuth2(from)) = &call.config.access else {
        return Ok(None);
    };
    let Some(secret) = &call.secrets.client_secret else {
        let detail = "the stage's client_secret is not stored";
        return Err(Denied::new(Reason::SecretMissing, detail));
    };
    let stored = call.config.secret_ref.as_ref().map(|name| name.0.as_str());
    let key = key(from, stored.unwrap_or_default(), secret.expose_secret());
    let ask = oauth2::ask(client.clone(), guard.clone(), from.clone(), secret.clone());
    match timeout_at(deadline, tokens.get(key, ask)).await {
        Ok(Ok((token, source))) => Ok(Some(Ticket { key, token, source })),
        Ok(Err(denied)) => Err(denied),
        Err(_) => Err(Denied::new(
            Reason::AuthorizationFailed,
            "the authorization server did not answer within the call's timeout",
        )),
    }
}

fn key(from: &OAuth2, stored: &str, secret: &str) -> Fingerprint {
    let parts = [
        stored,
        from.token_url.as_str(),
        &from.client_id,
        from.authentication.as_str(),
        from.audience.as_deref().unwrap_or_default(),
        secret,
    ];
    let scopes = from.scopes.iter().map(String::as_str);
    Fingerprint::of(parts.into_iter().chain(scopes).map(str::as_bytes))
}

/// What a stage's signature for AWS is for, if it asks for one.
pub(crate) const fn sigv4<R>(call: &Call<R>) -> Option<&SigV4> {
    match &call.config.access {
        Some(Access::SigV4(access)) => Some(access),
        _ => None,
    }
}

/// Adds a signature for AWS to the headers.
///
/// # Errors
/// [`Denied`] when the request cannot be signed.
pub(crate) async fn sign<R>(
    call: &Call<R>,
    access: &SigV4,
    url: &Url,
    body_sha256: [u8; 32],
    signer: &impl SignRequest,
    headers: &mut HeaderMap,
    redactor: &mut Redactor,
) -> Result<(), Denied> {
    let request = Unsigned {
        method: call.config.method.as_str(),
        url: url.as_str(),
        body_sha256,
        at: call.sent_at,
        service: &access.service,
        region: &access.region,
    };
    let signed = signer.sign(request).await;
    let signed =
        signed.map_err(|error| Denied::new(Reason::AuthorizationFailed, error.to_string()))?;
    for header in signed {
        let value = header.value.expose_secret();
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| cannot_be_sent())?;
        headers.insert(name, sensitive(value).map_err(|_| cannot_be_sent())?);
        if let Some((_, signature)) = value.split_once("Signature=") {
            redactor.hide(signature);
        } else if header.name == "x-amz-security-token" {
            redactor.hide(value);
        }
    }
    Ok(())
}

fn cannot_be_sent() -> Denied {
    let detail = "the authorization has a character that a header cannot have";
    Denied::new(Reason::AuthorizationFailed, detail)
}
