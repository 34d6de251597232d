//! What people see: tables, JSON lines, progress, hints; and when they interrupt.

pub(crate) mod columns;
pub(crate) mod hint;
pub(crate) mod interrupt;
pub(crate) mod notices;
pub(crate) mod output;
pub(crate) mod pace;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod resting;
pub(crate) mod stages;
