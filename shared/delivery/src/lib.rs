//! The core of webhook-stage: what a visit to a Webhook stage has to get done, and how.
//!
//! [`machine`] is pure: state and message in, decision out. [`ports`] says what the engine must
//! offer (SQLite on one machine, AWS at scale). [`usecase`] drives the machine over the ports;
//! the Lambda handlers are thin adapters over it.

mod document;
mod message;
mod reason;
mod record;
mod state;
mod team;
mod time;

pub mod machine;
pub mod ports;
pub mod retry;
pub mod usecase;

pub use document::{Document, DocumentReader, DocumentRef, S3Object};
pub use message::{Assignment, DeadLetter, Delivery, MAX_BODY, MessageError, QueueName};
pub use reason::Reason;
pub use record::{AttemptRecord, AttemptSummary, Rejection, VisitRecord};
pub use state::{DeliveryState, FileKey, FileState, Outcome, Status, Visit};
pub use team::{InvalidTeam, MAX_TEAM, check_team, team_slug};
pub use time::Timestamp;
