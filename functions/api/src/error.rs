use std::fmt;

use axum::response::{IntoResponse, Response};
use delivery::Reason;
use delivery::ports::{DocumentError, PortError, PortErrorKind};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was not carried out. Every answer other than 2xx has this form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// The stable code for machines.
    pub code: &'static str,
    /// One line for people.
    pub message: String,
    /// The field or parameter that is wrong, if it is one.
    pub field: Option<String>,
}

/// The body of an error.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody {
    /// What is wrong.
    errors: ErrorDetail,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorDetail {
    /// The stable code for machines.
    code: String,
    /// One line for people.
    message: String,
    /// The field or parameter that is wrong, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            status,
            code,
            message,
            field: None,
        }
    }

    /// A field or parameter that cannot be used.
    pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message)
        }
    }

    /// The team has no such thing. Another team's things are missing in the same way.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("{what} not found"),
        )
    }

    /// The key's role does not allow this.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// The request has no key that can be used.
    pub(crate) fn unauthorized() -> Self {
        let message = "give a valid key: Authorization: ApiKey <key>";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    pub(crate) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }
}

impl From<DocumentError> for ApiError {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::Port(error) => error.into(),
            DocumentError::Reason(reason) => {
                let status = match reason {
                    Reason::DocumentMissing => StatusCode::NOT_FOUND,
                    _ => StatusCode::UNPROCESSABLE_ENTITY,
                };
                Self::new(status, reason.code(), reason.explain())
            }
        }
    }
}

impl From<PortError> for ApiError {
    fn from(error: PortError) -> Self {
        tracing::error!(%error, cause = ?error.source, "the engine failed");
        let code = error.kind.code();
        match error.kind {
            PortErrorKind::Unavailable | PortErrorKind::Throttled => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                code,
                "the service cannot do this now; try again",
            ),
            PortErrorKind::TooLarge => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                code,
                "this is larger than the service can store",
            ),
            PortErrorKind::TooMany => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                code,
                "the team has more items than are looked through for one request; list them a page at a time",
            ),
            _ => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                code,
                "the service failed; its log says why",
            ),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorBody {
            errors: ErrorDetail {
                code: self.code.to_owned(),
                message: self.message,
                field: self.field,
            },
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = Response::new(body.into());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
            }
            StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("60"));
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("ApiKey"));
            }
            _ => {}
        }
        response
    }
}
