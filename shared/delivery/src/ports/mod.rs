//! The traits that an engine implements. The same contract suite runs against every adapter.
//!
//! An adapter returns an error only as [`PortError`], when the engine itself failed: the message then goes
//! back to its queue, and no attempt is counted. Everything else is an ordinary value of the result.

mod absent;
mod call;
mod clock;
mod config;
mod controls;
mod documents;
mod history;
mod items;
mod keys;
mod lists;
mod observe;
mod operator;
mod port_set;
mod presign;
mod queue;
mod receive;
mod service;
mod sign_request;
mod states;
mod unfinished;

pub use crate::error::{PortError, PortErrorKind};
pub use absent::Absent;
pub use call::{Call, Caller, Wanted};
pub use clock::{Clock, SystemClock};
pub use config::{Freshness, Secrets, Workflows};
pub use controls::{ControlWriteError, Controls, stored_control};
pub use documents::{DocumentError, Documents};
pub use history::{Archived, History};
pub use items::Items;
pub use keys::{ApiKeys, StoredKey};
pub use lists::{Listing, Lists, Page};
pub use observe::{Events, NoEvents, Observation, Observer};
pub use operator::{NewDocument, Operator, Redriven};
pub use port_set::{AuditPorts, SendPorts, StepPorts};
pub use presign::Presign;
pub use queue::{Outgoing, SendMessages};
pub use receive::{Group, MAX_RECEIVES, Queue, Receive, Received};
pub use service::{Removed, Service};
pub use sign_request::{SignError, SignRequest, SignatureHeader, Unsigned};
pub use states::{FileStates, WriteError};
pub use unfinished::{ScanSegment, Unfinished, UnfinishedFile};
