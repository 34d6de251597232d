//! The engine for AWS: it implements the ports of `delivery` on SQS, DynamoDB, S3, Secrets Manager and
//! EventBridge, and gives operators access to a deployment.
//!
//! Each service is a feature, so that a function links only the services that it uses. Each function joins its
//! adapters in its own binary, see `functions/sender/src/ports.rs`.

#[cfg(any(feature = "dynamodb", feature = "s3", feature = "sqs"))]
mod agent;
#[cfg(any(feature = "dynamodb", feature = "secretsmanager"))]
mod cache;
#[cfg(any(feature = "function", feature = "operator"))]
mod config;
mod environment;
#[cfg(any(
    feature = "dynamodb",
    feature = "eventbridge",
    feature = "s3",
    feature = "secretsmanager",
    feature = "sqs"
))]
mod error;
#[cfg(feature = "function")]
mod function;
mod observer;
mod warm;

#[cfg(feature = "s3")]
mod documents;
#[cfg(feature = "eventbridge")]
mod events;
#[cfg(feature = "sqs")]
mod gather;
#[cfg(feature = "sqs")]
mod lanes;
#[cfg(feature = "service")]
mod operator;
#[cfg(feature = "s3")]
mod presign;
#[cfg(feature = "sqs")]
mod queue;
#[cfg(feature = "registry")]
mod registry;
#[cfg(feature = "secretsmanager")]
mod secrets;
#[cfg(feature = "service")]
mod service;
#[cfg(feature = "sigv4")]
mod sigv4;
#[cfg(feature = "sqs")]
mod source;
#[cfg(feature = "service")]
mod stack;
#[cfg(feature = "dynamodb")]
mod table;

pub use aws_types::SdkConfig;
#[cfg(feature = "operator")]
pub use config::sdk_config;
pub use environment::{Environment, EnvironmentError};
#[cfg(feature = "function")]
pub use function::{FunctionError, function_config, init_logs};
pub use observer::{CloudWatchObserver, Invocation, LogAttempts, MetricsBy};
pub use warm::warm;

#[cfg(feature = "s3")]
pub use documents::{Bucket, ObjectReader, ObjectStream};
#[cfg(feature = "eventbridge")]
pub use events::EventBus;
#[cfg(feature = "sqs")]
pub use gather::Gathered;
#[cfg(feature = "sqs")]
pub use lanes::Lanes;
#[cfg(feature = "service")]
pub use operator::Deployment;
#[cfg(feature = "s3")]
pub use presign::S3Presign;
#[cfg(feature = "sqs")]
pub use queue::{Parked, Queue, parked, unpark};
#[cfg(feature = "registry")]
pub use registry::Registry;
#[cfg(feature = "secretsmanager")]
pub use secrets::SecretStore;
#[cfg(feature = "service")]
pub use service::ApiStore;
#[cfg(feature = "sigv4")]
pub use sigv4::SigV4Signer;
#[cfg(feature = "sqs")]
pub use source::SourceQueue;
#[cfg(feature = "service")]
pub use stack::{Names, StackError};
#[cfg(feature = "dynamodb")]
pub use table::{AtRestIndex, Table};
#[cfg(feature = "dynamodb")]
#[doc(hidden)]
pub use table::{read_record, record_item};
