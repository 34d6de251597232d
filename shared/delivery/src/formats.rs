//! The format of each message and record. It is raised as [`crate::format`] says.
//!
//! Format 2 has the outcome `skipped`, and the reasons for which [`Reason::is_of_format_2`] holds.

use crate::control::StageControl;
use crate::format::Formatted;
use crate::message::{Assignment, DeadLetter, Delivery};
use crate::reason::Reason;
use crate::record::{AttemptRecord, Rejection, VisitRecord};
use crate::state::{DeliveryState, FileState, Outcome};

macro_rules! formats {
    ($($type:ty: $what:literal = $format:literal $(by $of:expr)?;)+) => {
        $(impl Formatted for $type {
            const WHAT: &'static str = $what;
            const FORMAT: u64 = $format;
            $(fn format(&self) -> u64 {
                $of(self)
            })?
        })+
    };
}

formats! {
    Assignment: "assignment" = 1;
    Delivery: "delivery" = 1;
    DeadLetter: "dead letter" = 1;
    FileState: "record" = 2 by |state: &Self| of_delivery(state.delivery.as_ref());
    VisitRecord: "visit" = 2 by |visit: &Self| of_delivery(visit.delivery.as_ref());
    AttemptRecord: "attempt" = 2 by |attempt: &Self| of_reasons(attempt.summary.reason);
    Rejection: "rejection" = 1;
    StageControl: "control record" = 1;
}

fn of_delivery(delivery: Option<&DeliveryState>) -> u64 {
    let Some(delivery) = delivery else {
        return 1;
    };
    if delivery.outcome == Some(Outcome::Skipped) {
        return 2;
    }
    let attempts = delivery.attempts.iter();
    of_reasons(
        attempts
            .filter_map(|attempt| attempt.reason)
            .chain(delivery.reason),
    )
}

fn of_reasons(reasons: impl IntoIterator<Item = Reason>) -> u64 {
    let is_new = reasons.into_iter().any(Reason::is_of_format_2);
    if is_new { 2 } else { 1 }
}
