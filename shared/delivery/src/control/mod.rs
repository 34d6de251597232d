//! Each stage's control record: the state of its circuit breaker, an operator's pause, its lane and the bookkeeping of
//! its rate. Pure.
//!
//! The record is small, is read together with the workflow and cached as long, and changes only when something
//! happens to the stage: it costs nothing per file. Every change is a conditional write, so that fifty senders trip a
//! breaker once.

mod admit;
mod breaker;
mod by_hand;
mod change;
mod key;
mod lane;
mod move_lane;
mod outage;
mod pause;
mod rate;
mod recent;
mod record;

pub use admit::{Admission, HeldBy, PutOff, admit};
pub use breaker::after_call;
pub use by_hand::{closed_by_hand, paused, resumed};
pub use change::{Change, ChangeKind, changes};
pub use key::StageKey;
pub use lane::{Lane, LongCalls};
pub use move_lane::moved;
pub use outage::{Outage, Phase};
pub use pause::Pause;
pub use rate::{Pace, Reservation, reserve};
pub use recent::{Health, Recent, RecentCalls};
pub use record::StageControl;
