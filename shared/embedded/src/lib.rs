//! The engine of one machine: the ports on SQLite and local files.
//!
//! One process owns a state directory. One thread owns the database and commits the work of many
//! tasks at once, so that a delivery costs a share of a disk flush, not several of its own. What was
//! answered is on disk: it survives `kill -9` and loss of power. Only that a message was received or
//! deleted may be forgotten by a loss of power: it comes again, as any message may.

mod config;
mod documents;
mod engine;
mod error;
mod health;
mod history;
mod in_flight;
mod items;
mod lists;
mod queue;
mod queue_ports;
mod queues;
mod receive;
mod schema;
mod secrets_file;
mod states;
mod unfinished;
mod writer;

pub use documents::{FileReader, INLINE_LIMIT, MEMORY_LIMIT};
pub use engine::{Engine, Options};
pub use error::OpenError;
pub use items::Item;
pub use queue::{Depth, MAX_CRASHES, MAX_RECEIVES, Queue, Received};
#[doc(hidden)]
pub use states::parse as read_record;
