//! How routes answer requests that they do not carry out, for the documentation.

use utoipa::IntoResponses;

use crate::error::ErrorBody;

/// By each route.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it is only for the documentation")]
pub(crate) enum Refused {
    /// There is no key that can be used.
    #[response(status = 401)]
    NoKey(ErrorBody),
    /// Too many wrong keys came from this address.
    #[response(status = 429)]
    TooManyFailures(ErrorBody),
    /// The service failed.
    #[response(status = "5XX")]
    Service(ErrorBody),
}

/// By each route with a team in its path.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it is only for the documentation")]
pub(crate) enum Missing {
    /// The request cannot be read.
    #[response(status = 400)]
    Unreadable(ErrorBody),
    /// The team has no such thing.
    #[response(status = 404)]
    NotFound(ErrorBody),
}

/// By each route that not everybody may use.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it is only for the documentation")]
pub(crate) enum Forbidden {
    /// The key's role does not allow this.
    #[response(status = 403)]
    Role(ErrorBody),
}

/// By each route with parameters.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it is only for the documentation")]
pub(crate) enum Invalid {
    /// A parameter or a field cannot be used.
    #[response(status = 422)]
    Field(ErrorBody),
}

/// By each route that takes a body.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it is only for the documentation")]
pub(crate) enum InvalidBody {
    /// The body is too large.
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// The body is not said to be JSON.
    #[response(status = 415)]
    NotJson(ErrorBody),
    /// A parameter or a field cannot be used.
    #[response(status = 422)]
    Field(ErrorBody),
}
