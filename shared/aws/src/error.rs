use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use delivery::ports::{PortError, PortErrorKind};

/// Converts an SDK error to the ports' error. Only its code is kept, because the message may quote the request.
pub(crate) fn port_error<E: ProvideErrorMetadata, R>(
    what: &'static str,
    error: &SdkError<E, R>,
) -> PortError {
    let code = match error {
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "not reached",
        SdkError::ConstructionFailure(_) => "request not built",
        SdkError::ResponseError(_) => "answer not read",
        error => error.code().unwrap_or("unknown"),
    };
    PortError::caused(kind(code), what, code.to_owned())
}

/// The kind of error that a service's error code stands for.
pub(crate) fn kind(code: &str) -> PortErrorKind {
    let is = |parts: &[&str]| parts.iter().any(|part| code.contains(part));
    if is(&[
        "Throttl",
        "LimitExceeded",
        "ThroughputExceeded",
        "SlowDown",
        "TooManyRequests",
    ]) {
        PortErrorKind::Throttled
    } else if is(&[
        "AccessDenied",
        "NotAuthorized",
        "UnrecognizedClient",
        "ExpiredToken",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "Signature",
        // The deployment refers to something that does not exist.
        "ResourceNotFound",
        "NonExistentQueue",
        "QueueDoesNotExist",
        "NoSuchBucket",
    ]) {
        PortErrorKind::Forbidden
    } else {
        PortErrorKind::Unavailable
    }
}

/// The error for a stored value that cannot be read back.
#[cfg(any(feature = "dynamodb", feature = "secretsmanager"))]
pub(crate) fn corrupt(
    what: &'static str,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> PortError {
    PortError::caused(PortErrorKind::Corrupt, what, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_whose_fault_it_is() {
        for (code, expected) in [
            ("ThrottlingException", PortErrorKind::Throttled),
            (
                "ProvisionedThroughputExceededException",
                PortErrorKind::Throttled,
            ),
            ("RequestLimitExceeded", PortErrorKind::Throttled),
            ("SlowDown", PortErrorKind::Throttled),
            ("TooManyRequestsException", PortErrorKind::Throttled),
            ("AccessDeniedException", PortErrorKind::Forbidden),
            ("ExpiredTokenException", PortErrorKind::Forbidden),
            (
                "AWS.SimpleQueueService.NonExistentQueue",
                PortErrorKind::Forbidden,
            ),
            ("ResourceNotFoundException", PortErrorKind::Forbidden),
            ("InternalServerError", PortErrorKind::Unavailable),
            ("timeout", PortErrorKind::Unavailable),
        ] {
            assert_eq!(kind(code), expected, "{code}");
        }
    }
}
