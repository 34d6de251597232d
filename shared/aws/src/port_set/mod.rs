//! The ports of each function, with only the clients that it needs.

#[cfg(feature = "s3")]
mod dead_letter;
mod dispatcher;
#[cfg(feature = "s3")]
mod exit;
#[cfg(all(feature = "s3", feature = "secretsmanager"))]
mod sender;

#[cfg(feature = "s3")]
pub use dead_letter::DeadLetterFunctionPorts;
pub use dispatcher::DispatcherPorts;
#[cfg(all(feature = "s3", feature = "secretsmanager"))]
pub use sender::{SenderError, SenderPorts};
