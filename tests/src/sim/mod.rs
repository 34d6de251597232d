//! Deterministic simulation of the whole pipeline.
//!
//! The real handlers run over simulated ports, a virtual clock and one seed. Every port call is a place
//! where a task can be interrupted, fail before or after its effect, or die. A checker that knows
//! nothing of the implementation watches the effects and decides the invariants of ARCHITECTURE.md.

mod check;
mod faults;
mod ports;
mod run;
mod scenario;
mod world;

pub use faults::{Break, Faults};
pub use run::{Report, simulate, simulate_broken};
