//! The engine for one machine: it implements the ports of `delivery` on SQLite and local files in a state
//! directory.
//!
//! One process owns a state directory. The work of many tasks is committed and flushed together, so that a delivery costs only a
//! share of a disk flush. Every write that was confirmed is on disk,
//! and survives `kill -9` and loss of power. The only exception is that a crash within 5 ms may undo the receipt or
//! deletion of a message, which is then delivered again, as any message may be.
//!
//! ```text
//! let engine = Engine::open(directory, Options::default())?;
//! ```

mod check;
mod committer;
mod config;
mod controls;
mod database;
mod documents;
mod engine;
mod error;
mod health;
mod history;
mod items;
mod keys_file;
mod lists;
mod operator;
mod private_file;
mod queue;
mod queue_ports;
mod queues;
mod receive;
mod registry;
mod schema;
mod secrets_file;
mod service;
mod stages;
mod states;
mod store;
mod unfinished;
mod writer;

pub use documents::{FileReader, INLINE_LIMIT, MEMORY_LIMIT};
pub use engine::{Engine, Options};
pub use error::OpenError;
pub use keys_file::KeysFile;
pub use queue::{Depth, Gauges, MAX_CRASHES};
#[doc(hidden)]
pub use states::parse as read_record;
