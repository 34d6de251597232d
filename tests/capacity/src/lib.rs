//! A model of what SQS and Lambda make of the sender: how many files a second it delivers while receivers hang or
//! are down, how long the others wait, and how much Lambda bills.
//!
//! The real handler runs over ports in memory, in virtual time. The event source mapping is what no emulator
//! shows: an invocation takes up to ten messages, and its place is free again only when the slowest of their calls
//! has ended.
//!
//! ```text
//! let plan = Plan { stages: vec![Stage::new(Receiver::hanging(0.05), Load::saturating())], … };
//! let run = capacity::run(&plan)?;
//! println!("{} delivered a second", run.rate(0, Count::Delivered, from..until));
//! ```

pub mod aws;

mod arrivals;
mod files;
mod ids;
mod invocation;
mod lock;
mod mapping;
mod meter;
mod model;
mod plan;
mod ports;
mod queue;
mod receiver;
mod run;
mod tally;
mod time;
mod workflow;

pub use delivery::control::Lane;
pub use mapping::Mapping;
pub use plan::{Load, Plan, Stage};
pub use receiver::{Receiver, Trouble};
pub use run::{Lags, Run, run};
pub use tally::Count;
