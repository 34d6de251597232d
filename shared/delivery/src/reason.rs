use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    (@ retry) => { (true, false) };
    (@ trouble) => { (true, true) };
    (@ stop) => { (false, false) };
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $after:ident, $explain:literal;)+) => {
        /// Why an attempt or a delivery failed: a stable machine code and one line for people.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[doc = $doc])+ #[serde(rename = $code)] $name,)+
        }

        impl Reason {
            /// Every reason, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable code, as used in records, logs, metrics and `--json`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// One line for a person: what happened and where to look.
            #[must_use]
            pub const fn explain(self) -> &'static str {
                match self { $(Self::$name => $explain,)+ }
            }

            /// Whether another attempt might end differently, where the stage does not say itself what it repeats.
            #[must_use]
            pub const fn is_retriable(self) -> bool {
                match self { $(Self::$name => reasons!(@ $after).0,)+ }
            }

            /// Whether it says that the receiver is in trouble, rather than that the file or the stage's settings
            /// are wrong. An error status may say either.
            #[must_use]
            pub const fn is_trouble(self) -> bool {
                match self { $(Self::$name => reasons!(@ $after).1,)+ }
            }
        }
    };
}

// Code, whether a failed attempt is followed by a retry (and whether the receiver is in trouble), and one line for
// people.
reasons! {
    /// The receiver answered with a status that is not 2xx, 3xx or 410.
    HttpStatus = "http_status", retry, "the receiver answered with an error status";
    /// A 3xx answer; redirects are never followed.
    Redirect = "redirect", retry, "the receiver answered with a redirect, which is never followed: set the stage's URL to the final address";
    /// 410 Gone: the receiver asks for no more calls.
    Gone = "gone", stop, "the receiver answered 410 Gone, so it was not called again";
    /// The deadline of the whole exchange passed.
    Timeout = "timeout", trouble, "the receiver did not answer in time";
    /// No connection within the connect timeout.
    ConnectTimeout = "connect_timeout", trouble, "no connection to the receiver within the connect timeout";
    /// The name could not be resolved.
    Dns = "dns", trouble, "the receiver's host name could not be resolved";
    /// The connection was refused or the host is unreachable.
    Connect = "connect", trouble, "the receiver refused the connection or could not be reached";
    /// The TLS handshake failed, or the certificate is not valid.
    Tls = "tls", trouble, "no secure connection: check the receiver's certificate and TLS version";
    /// The connection ended before a whole answer head was read.
    ConnectionClosed = "connection_closed", trouble, "the receiver closed the connection before it had answered";
    /// What came back is not HTTP, or its head is too large.
    InvalidResponse = "invalid_response", trouble, "the receiver's answer is not valid HTTP";
    /// The URL points, directly or through DNS, to an address that must not be called.
    ForbiddenAddress = "forbidden_address", stop, "the stage's URL leads to an address that may not be called (loopback, private, link-local or special)";
    /// The URL cannot be used: scheme, user information or syntax.
    InvalidUrl = "invalid_url", stop, "the stage's URL cannot be used: it needs http or https, a host, and no user name";
    /// The stored document is not the Darwin JSON it should be.
    DocumentInvalid = "document_invalid", stop, "the file's document is not valid Darwin JSON";
    /// The item has no document.
    DocumentMissing = "document_missing", stop, "the file's document was not found";
    /// The document changed since it was assigned.
    DocumentChanged = "document_changed", stop, "the file's document changed after it was assigned";
    /// The document may not be read.
    DocumentForbidden = "document_forbidden", stop, "the file's document may not be read: check the bucket's policy";
    /// The document could not be read within the call's timeout.
    DocumentTooLarge = "document_too_large", retry, "the file's document is too large to be read and sent within the call's timeout: raise the stage's timeout";
    /// The stage's secrets could not be found or read.
    SecretMissing = "secret_missing", retry, "the stage's Authorization value or signing secrets were not found where the workflow says";
    /// There is no token or signature to call the receiver with.
    AuthorizationFailed = "authorization_failed", retry, "the call could not be authorized: the authorization server gave no token, or there are no AWS credentials to sign with";
    /// The workflow is not stored (any more).
    WorkflowMissing = "workflow_missing", stop, "the workflow is not stored any more";
    /// The stage was removed from the workflow, or is not a Webhook stage any more.
    StageMissing = "stage_missing", stop, "the stage is no longer a Webhook stage of the workflow";
    /// The file went through more Webhook stages in a row than the hop limit allows.
    HopLimit = "hop_limit", stop, "the file went round a cycle of Webhook stages too often";
    /// The circuit breaker of the stage was open for longer than the stage lets a delivery wait; no call was made.
    CircuitOpen = "circuit_open", retry, "the receiver was in trouble for longer than the stage lets a file wait, so it was not called";
    /// The receiver answered `webhook-delivery: abort-message`.
    Aborted = "aborted", stop, "the receiver asked for no more calls for this file";
    /// The stage's condition cannot be evaluated for the file.
    ConditionInvalid = "condition_invalid", stop, "the stage's condition cannot be evaluated for this file: see the attempt's detail";
    /// The stage's body cannot be made for the file, or is not the JSON it should be.
    BodyInvalid = "body_invalid", stop, "the stage's body cannot be made for this file: see the attempt's detail";
    /// The delivery's message was received too often without being handled, because of an internal error.
    DeadLettered = "dead_lettered", stop, "the delivery could not be handled and was dead-lettered; see the dead letter for the cause";
}

impl Reason {
    /// Whether records of format 1 do not know it.
    #[must_use]
    pub const fn is_of_format_2(self) -> bool {
        matches!(
            self,
            Self::AuthorizationFailed | Self::ConditionInvalid | Self::BodyInvalid
        )
    }

    /// Whether a call got no answer: no name, no connection, no TLS, none in time, or none that is HTTP.
    #[must_use]
    pub const fn is_network(self) -> bool {
        matches!(
            self,
            Self::Timeout
                | Self::ConnectTimeout
                | Self::Dns
                | Self::Connect
                | Self::Tls
                | Self::ConnectionClosed
                | Self::InvalidResponse
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The text is not a reason code.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a reason code")]
pub struct UnknownReason(String);

impl FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|reason| reason.code() == code)
            .ok_or_else(|| UnknownReason(code.to_owned()))
    }
}
