use bytes::Bytes;
use delivery::ports::{Call, PortError, Presign, SignRequest};
use delivery::{DocumentReader, Reason};
use http::header::{CONTENT_LENGTH, HOST, USER_AGENT};
use url::Position;
use workflow::{Access, Method};

use crate::caller::WebhookCaller;
use crate::certificates::check_client_certificate;
use crate::failed::{Denied, Failed};
use crate::guard::Target;
use crate::redact::Redactor;

/// What a secret value is shown as.
const HIDDEN: &str = "[secret]";

/// The request that a call would send, for people to see. It has no secret: their values are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The HTTP method.
    pub method: Method,
    /// The URL, without those parts of its path and query that may be secrets.
    pub url: String,
    /// The headers, in alphabetical order. A token and a signature for AWS are got only when the call is made; what
    /// stands for them says so.
    pub headers: Vec<(String, String)>,
    /// Whether a client certificate would be shown.
    pub has_client_certificate: bool,
    /// The body; none if it is so large that it would be streamed.
    pub body: Option<Bytes>,
    /// The body's length in bytes.
    pub length: u64,
}

/// The call could not be made like this.
#[derive(Debug, thiserror::Error)]
pub enum NoPreview {
    /// An attempt would fail for this reason, before anything is sent.
    #[error("{reason}: {}", .detail.as_deref().unwrap_or(.reason.explain()))]
    Reason {
        /// The reason.
        reason: Reason,
        /// More about it, without secrets.
        detail: Option<String>,
    },
    /// An internal error.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl From<Failed> for NoPreview {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Reason(reason, detail) | Failed::Unsent(reason, detail) => {
                Self::Reason { reason, detail }
            }
            Failed::Port(error) => Self::Port(error),
        }
    }
}

impl<P: Presign, S: SignRequest> WebhookCaller<P, S> {
    /// What [`call`](delivery::ports::Caller::call) would send. Nothing is sent to anyone, and no name is looked up,
    /// but files may be presigned, which asks no one either.
    ///
    /// # Errors
    /// [`NoPreview`] when the call would fail before it is sent, as far as can be told here.
    pub async fn preview<R: DocumentReader>(&self, call: &Call<R>) -> Result<Preview, NoPreview> {
        let url =
            Target::parse(&call.config.url, &self.guard).map_err(|error| NoPreview::Reason {
                reason: error.reason(),
                detail: Some(error.to_string()),
            })?;
        let url = url.into_url();
        if call.config.has_client_certificate {
            check_client_certificate(&call.secrets)
                .map_err(|error| Failed::from(Denied::from(error)))?;
        }
        let ready = self.unauthorized(call).await?;
        let mut headers: Vec<(String, String)> = ready
            .headers
            .iter()
            .map(|(name, value)| {
                let shown = value.to_str().ok().filter(|_| !value.is_sensitive());
                (name.to_string(), shown.unwrap_or(HIDDEN).to_owned())
            })
            .collect();
        let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
        add(
            HOST.as_str(),
            url[Position::BeforeHost..Position::AfterPort].to_owned(),
        );
        add(USER_AGENT.as_str(), self.user_agent.to_string());
        add(CONTENT_LENGTH.as_str(), ready.length.to_string());
        match &call.config.access {
            Some(Access::OAuth2(_)) => add("authorization", "Bearer [token]".to_owned()),
            Some(Access::SigV4(access)) => {
                let (region, service) = (&access.region, &access.service);
                let value = format!("AWS4-HMAC-SHA256 [signature for {service} in {region}]");
                add("authorization", value);
            }
            None => {}
        }
        headers.sort_unstable();
        let redactor = Redactor::new(&call.secrets, &call.config.url);
        Ok(Preview {
            method: call.config.method,
            url: redactor.redact(url.as_str().as_bytes()),
            headers,
            has_client_certificate: call.config.has_client_certificate,
            body: ready.body.as_bytes().map(Bytes::copy_from_slice),
            length: ready.length,
        })
    }
}
