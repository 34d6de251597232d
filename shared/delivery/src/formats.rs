//! The format of each message and record. It is raised as [`crate::format`] says.

use crate::control::StageControl;
use crate::format::Formatted;
use crate::message::{Assignment, DeadLetter, Delivery};
use crate::record::{AttemptRecord, Rejection, VisitRecord};
use crate::state::FileState;

macro_rules! formats {
    ($($type:ty: $what:literal = $format:literal;)+) => {
        $(impl Formatted for $type {
            const WHAT: &'static str = $what;
            const FORMAT: u64 = $format;
        })+
    };
}

formats! {
    Assignment: "assignment" = 1;
    Delivery: "delivery" = 1;
    DeadLetter: "dead letter" = 1;
    FileState: "record" = 1;
    VisitRecord: "visit" = 1;
    AttemptRecord: "attempt" = 1;
    Rejection: "rejection" = 1;
    StageControl: "control record" = 1;
}
