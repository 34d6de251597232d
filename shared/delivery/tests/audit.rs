//! What an audit brings on where it cannot know whether a message is still on its queue.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::Mutex;
use std::time::Duration;

use delivery::machine::Effect;
use delivery::ports::{
    Clock, Outgoing, Page, PortError, PortErrorKind, ScanSegment, SendMessages, Unfinished,
    UnfinishedFile,
};
use delivery::usecase::{AuditSettings, audit};
use delivery::{Assignment, Delivery, DocumentRef, FileState, Timestamp};
use futures_util::FutureExt;
use serde_json::value::RawValue;
use support::{NOW, chain, command, dispatched, id};
use uuid::Uuid;

const DAY: Duration = Duration::from_hours(24);

/// Files without any message, seen by an engine that cannot search its queues.
struct Ports {
    files: Vec<FileState>,
    now: Timestamp,
    sent: Mutex<Vec<Delivery>>,
    /// The file whose message no queue takes.
    refused: Option<Uuid>,
}

impl Unfinished for Ports {
    async fn unfinished(
        &self,
        _: ScanSegment,
        _: Option<&str>,
    ) -> Result<Page<Result<UnfinishedFile, PortError>>, PortError> {
        let rows = self.files.iter().map(|state| {
            Ok(UnfinishedFile {
                state: state.clone(),
                has_message: None,
            })
        });
        Ok(Page {
            rows: rows.collect(),
            next: None,
        })
    }
}

impl Clock for Ports {
    fn now(&self) -> Timestamp {
        self.now
    }
}

impl SendMessages<Delivery> for Ports {
    async fn send(&self, messages: Vec<Outgoing<Delivery>>) -> Vec<Result<(), PortError>> {
        let send = |outgoing: Outgoing<Delivery>| {
            if Some(outgoing.message.item_id) == self.refused {
                return Err(PortError::new(PortErrorKind::Forbidden, "send"));
            }
            self.sent.lock().unwrap().push(outgoing.message);
            Ok(())
        };
        messages.into_iter().map(send).collect()
    }
}

impl SendMessages<Assignment> for Ports {
    async fn send(&self, _: Vec<Outgoing<Assignment>>) -> Vec<Result<(), PortError>> {
        panic!("these files wait for deliveries")
    }
}

delivery::port_set! { impl AuditPorts for Ports as ports {
    Unfinished unfinished: Ports = ports;
    Assignments assignments: Ports = ports;
    Deliveries deliveries: Ports = ports;
    Clock clock: Ports = ports;
    Observer observer: () = &();
} }

fn queued(item: &str, document: Option<DocumentRef>) -> FileState {
    let assignment = Assignment {
        item_id: id(item),
        document,
        ..command("A")
    };
    match &dispatched(&chain(&["A"]), &assignment, None)[..] {
        [Effect::Write(next, _), Effect::SendDelivery(..)] => (**next).clone(),
        other => panic!("{other:?}"),
    }
}

/// The files that were found stuck, and whether each was repaired.
fn audited(ports: &Ports) -> Vec<(Uuid, bool)> {
    let settings = AuditSettings {
        segment: ScanSegment::ALL,
        grace: Duration::from_secs(3600),
        repair: true,
    };
    let found = audit(ports, settings).now_or_never().unwrap().unwrap();
    let found = found.stuck.into_iter();
    found
        .map(|stuck| (stuck.key.item_id, stuck.repaired))
        .collect()
}

fn after(time: Duration) -> Ports {
    let inline = RawValue::from_string("{}".to_owned()).unwrap();
    Ports {
        files: vec![
            queued("stored", None),
            queued("inline", Some(DocumentRef::Inline(inline))),
        ],
        now: NOW.plus(time),
        sent: Mutex::default(),
        refused: None,
    }
}

/// Its message may still come, with the document; a new one would bring an older document, or none.
#[test]
fn a_file_with_its_document_in_its_message_is_reported_until_that_must_be_gone() {
    let ports = after(DAY);
    assert_eq!(
        audited(&ports),
        [(id("stored"), true), (id("inline"), false)]
    );
    assert_eq!(ports.sent.lock().unwrap().len(), 1);
    let ports = after(15 * DAY);
    assert_eq!(
        audited(&ports),
        [(id("stored"), true), (id("inline"), true)]
    );
    assert_eq!(ports.sent.lock().unwrap().len(), 2);
}

/// Where the queue cannot be searched, nobody knows of a message that is lost during a wait before the attempt is past
/// due. Nothing is lost but time.
#[test]
fn a_message_that_is_lost_during_a_long_wait_is_found_when_its_attempt_is_past_due() {
    let mut ports = after(Duration::from_secs(30 * 60));
    ports.files.truncate(1);
    let due = NOW.plus(DAY);
    ports.files[0].delivery.as_mut().unwrap().next_at = due;
    let margin = Duration::from_secs(3600);
    for (now, expected) in [
        (NOW.plus(DAY / 2), vec![]),
        (due.plus(margin), vec![]),
        (
            due.plus(margin + Duration::from_secs(1)),
            vec![(id("stored"), true)],
        ),
    ] {
        ports.now = now;
        assert_eq!(audited(&ports), expected);
    }
    assert_eq!(ports.sent.lock().unwrap().len(), 1);
}

#[test]
fn a_message_that_no_queue_takes_ends_no_audit() {
    let mut ports = after(15 * DAY);
    ports.refused = Some(id("stored"));
    assert_eq!(
        audited(&ports),
        [(id("stored"), false), (id("inline"), true)]
    );
}
