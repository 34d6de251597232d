use std::error::Error;
use std::time::Duration;

use delivery::usecase::Fault;
use delivery::{Assignment, Delivery, MessageError, Timestamp};
use uuid::Uuid;

/// Why a record goes back to its queue: a stable code, and a message without secrets or payload.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// The stable machine code.
    pub code: &'static str,
    /// One line for the log.
    pub message: String,
    /// What the record is about, if it could be read.
    pub subject: Option<Box<Subject>>,
    /// Set if the message is not the cause: how long to wait before it is tried again, without counting this
    /// receive towards the dead-letter queue.
    pub retry_after: Option<Duration>,
}

/// What a record is about. These are fields of the log, to search by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The team's slug.
    pub team: String,
    /// The item.
    pub item_id: Uuid,
    /// The stage.
    pub stage_id: Uuid,
    /// The delivery; an assignment has none yet.
    pub delivery_id: Option<Uuid>,
}

impl From<&Assignment> for Subject {
    fn from(assignment: &Assignment) -> Self {
        Self {
            team: assignment.team.clone(),
            item_id: assignment.item_id,
            stage_id: assignment.stage_id,
            delivery_id: None,
        }
    }
}

impl From<&Delivery> for Subject {
    fn from(delivery: &Delivery) -> Self {
        Self {
            team: delivery.team.clone(),
            item_id: delivery.item_id,
            stage_id: delivery.stage_id,
            delivery_id: Some(delivery.delivery_id),
        }
    }
}

impl Failure {
    /// A step that could not be carried out.
    #[must_use]
    pub fn of(fault: &Fault, subject: impl Into<Option<Subject>>, now: Timestamp) -> Self {
        Self {
            code: fault.code(),
            message: with_causes(fault),
            subject: subject.into().map(Box::new),
            retry_after: fault.retry_after(now),
        }
    }

    /// A panic, which fails only the record in which it happens.
    pub(crate) fn panic() -> Self {
        Self {
            code: "panic",
            message: "the function panicked on this record".to_owned(),
            subject: None,
            retry_after: None,
        }
    }
}

impl From<&MessageError> for Failure {
    fn from(error: &MessageError) -> Self {
        Self {
            code: error.code(),
            message: with_causes(error),
            subject: None,
            retry_after: error.retry_after(),
        }
    }
}

impl From<MessageError> for Failure {
    fn from(error: MessageError) -> Self {
        Self::from(&error)
    }
}

/// People look for the causes in the log.
fn with_causes(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        message.push_str(": ");
        message.push_str(&cause.to_string());
        next = cause.source();
    }
    message
}

#[cfg(test)]
mod tests {
    use delivery::format::LOOK_AGAIN;

    use super::*;

    #[test]
    fn only_a_message_of_a_later_version_is_not_at_fault() {
        let failure = |body: &str| Failure::from(Delivery::parse(body).unwrap_err());
        let newer = failure(r#"{"format_version":9}"#);
        assert_eq!(
            (newer.code, newer.retry_after),
            ("newer_format", Some(LOOK_AGAIN))
        );
        let damaged = failure(r#"{"format_version":1}"#);
        assert_eq!(
            (damaged.code, damaged.retry_after),
            ("invalid_message", None)
        );
    }
}
