//! The engine for AWS: it implements the ports of `delivery` on SQS, DynamoDB, S3, Secrets Manager and
//! EventBridge, and gives operators access to a deployment.
//!
//! Each service is a feature, so that a function links only the services that it uses. A function reads its
//! ports from its environment:
//!
//! ```text
//! let ports = aws::SenderPorts::new(&aws::sdk_config().await, environment)?;
//! ```

#[cfg(any(feature = "dynamodb", feature = "secretsmanager"))]
mod cache;
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
mod metrics;

#[cfg(feature = "operator")]
mod admin;
#[cfg(all(feature = "dynamodb", feature = "sqs"))]
mod audit;
#[cfg(feature = "s3")]
mod documents;
#[cfg(feature = "eventbridge")]
mod events;
#[cfg(all(feature = "dynamodb", feature = "sqs", feature = "eventbridge"))]
mod port_set;
#[cfg(feature = "s3")]
mod presign;
#[cfg(feature = "sqs")]
mod queue;
#[cfg(feature = "secretsmanager")]
mod secrets;
#[cfg(feature = "sqs")]
mod source;
#[cfg(feature = "operator")]
mod stack;
#[cfg(feature = "dynamodb")]
mod table;
#[cfg(all(feature = "dynamodb", feature = "sqs", feature = "eventbridge"))]
mod warm;

pub use config::sdk_config;
pub use environment::{Environment, EnvironmentError};
pub use metrics::EmfMetrics;

#[cfg(feature = "operator")]
pub use admin::{Admin, PutWorkflowError, Redriven, Stored};
#[cfg(all(feature = "dynamodb", feature = "sqs"))]
pub use audit::AuditFunctionPorts;
#[cfg(feature = "s3")]
pub use documents::{Bucket, ObjectReader, ObjectStream};
#[cfg(feature = "eventbridge")]
pub use events::EventBus;
#[cfg(all(
    feature = "dynamodb",
    feature = "sqs",
    feature = "eventbridge",
    feature = "s3"
))]
pub use port_set::DeadLetterFunctionPorts;
#[cfg(all(feature = "dynamodb", feature = "sqs", feature = "eventbridge"))]
pub use port_set::DispatcherPorts;
#[cfg(all(
    feature = "dynamodb",
    feature = "sqs",
    feature = "eventbridge",
    feature = "s3",
    feature = "secretsmanager"
))]
pub use port_set::{SenderError, SenderPorts};
#[cfg(feature = "s3")]
pub use presign::S3Presign;
#[cfg(feature = "sqs")]
pub use queue::{Parked, Queue, parked, unpark};
#[cfg(feature = "secretsmanager")]
pub use secrets::SecretStore;
#[cfg(feature = "sqs")]
pub use source::SourceQueue;
#[cfg(feature = "operator")]
pub use stack::{Names, StackError};
#[cfg(feature = "dynamodb")]
pub use table::Table;
#[cfg(feature = "dynamodb")]
#[doc(hidden)]
pub use table::{read_record, record_item};
