use std::fmt;
use std::future::Future;

use secrecy::SecretString;

use crate::time::Timestamp;

/// A request that is to be signed by AWS Signature Version 4. Its `Debug` does not show the URL.
#[derive(Clone, Copy)]
pub struct Unsigned<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The whole URL, percent-encoded as it is sent.
    pub url: &'a str,
    /// The SHA-256 of the body.
    pub body_sha256: [u8; 32],
    /// When it is sent. AWS refuses a request whose time is more than 5 minutes away from its own.
    pub at: Timestamp,
    /// The service's signing name.
    pub service: &'a str,
    /// The service's region.
    pub region: &'a str,
}

impl fmt::Debug for Unsigned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsigned")
            .field("service", &self.service)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// A header that a signature adds to its request.
#[derive(Clone, Debug)]
pub struct SignatureHeader {
    /// Its name, in lower case.
    pub name: &'static str,
    /// Its value.
    pub value: SecretString,
}

/// A request cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// There is nothing that could.
    #[error("this program was built without signatures for AWS: build it with --features aws")]
    Unsupported,
    /// There are no credentials, or they could not be loaded.
    #[error("no AWS credentials could be loaded to sign the call with")]
    Credentials,
    /// The request has something that cannot be signed.
    #[error("the request cannot be signed for AWS")]
    Request,
}

impl SignError {
    /// The stable machine code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unsupported => "sigv4_unsupported",
            Self::Credentials => "sigv4_credentials",
            Self::Request => "sigv4_request",
        }
    }
}

/// Signs requests by AWS Signature Version 4, with the credentials of whoever runs the stage.
pub trait SignRequest: Send + Sync {
    /// The headers to add to the request: `authorization` and those it signs, except `host`.
    fn sign(
        &self,
        request: Unsigned<'_>,
    ) -> impl Future<Output = Result<Vec<SignatureHeader>, SignError>> + Send;
}

/// Signs nothing.
impl SignRequest for () {
    async fn sign(&self, _: Unsigned<'_>) -> Result<Vec<SignatureHeader>, SignError> {
        Err(SignError::Unsupported)
    }
}
