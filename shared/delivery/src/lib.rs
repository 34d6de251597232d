//! The core of webhook-stage: what happens to a file from its assignment to a Webhook stage until it leaves
//! the stage, and how that survives crashes, retries and duplicate messages.
//!
//! [`control`] has what is known of a stage as a whole: circuit breaker, pause, lane and rate.
//! [`mod@format`] tells what a later version wrote from damage.
//! [`machine`] is pure: it takes the state record and a message, and returns a step, which is a list of effects in
//! their order. [`ports`] are the traits that an engine implements (SQLite on one machine, AWS at scale).
//! [`usecase`] carries out the effects over the ports; the Lambda handlers are thin adapters over it. The
//! exhaustive check in `tests/simulation` carries out the same lists.
//!
//! Even the delay before a retry, with its jitter, is a function of its inputs:
//!
//! ```text
//! let policy = Policy::of(&webhook_config);
//! let delay = policy.delay_after(attempt, delivery_id, retry_after, now); // None: it was the last attempt
//! ```

mod answer;
mod attempt;
mod audit;
mod bulk;
mod document;
mod error;
mod event;
mod formats;
mod item;
mod message;
mod reason;
mod record;
mod retry_after;
mod state;
mod team;
mod time;
mod trace;

pub mod control;
pub mod format;
pub mod machine;
pub mod ports;
pub mod retry;
pub mod usecase;

pub use answer::{Answer, ReceiverSays};
pub use attempt::AttemptSummary;
pub use audit::{Audit, Stuck};
pub use bulk::{BulkAssignment, MAX_NAMED};
pub use document::{Document, DocumentReader, DocumentRef, S3Object};
pub use event::{Attempted, FileLeft};
pub use item::{Item, ItemFilter, Listed, Places, Slot};
pub use message::{Assignment, DeadLetter, Delivery, Grouped, MAX_BODY, MessageError, Task};
pub use reason::Reason;
pub use record::{AttemptRecord, Rejection, VisitRecord};
pub use state::{DeliveryState, FileKey, FileState, Outcome, Status, Visit};
pub use team::{InvalidTeam, MAX_TEAM, check_team, team_slug};
pub use time::Timestamp;
pub use trace::{InvalidTrace, Trace, TraceId, Traceparent};
