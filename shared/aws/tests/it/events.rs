use aws::EventBus;
use delivery::control::{Change, ChangeKind, StageKey};
use delivery::ports::{Events, PortErrorKind};
use delivery::{FileKey, FileLeft, Outcome, Reason, Timestamp, Trace};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fake::{Answer, Fake};

fn left() -> FileLeft {
    FileLeft {
        key: FileKey {
            team: "t".to_owned(),
            item_id: Uuid::from_u128(1),
        },
        workflow_id: Uuid::from_u128(2),
        stage_id: Uuid::from_u128(3),
        delivery_id: Uuid::from_u128(4),
        trace_id: Trace::begun_by(Uuid::from_u128(4)).id(),
        outcome: Outcome::Failed,
        reason: Some(Reason::HttpStatus),
        attempts: 6,
        moved_to: Some(Uuid::from_u128(5)),
        at: Timestamp::from_millis(1_790_000_000_500),
    }
}

#[tokio::test]
async fn a_file_that_left_is_announced_without_its_content() {
    let fake =
        Fake::new(|_| Answer::json(&json!({"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]})));
    let bus = EventBus::new(&fake.config(), Some("bus".to_owned()));
    bus.file_left(&left()).await.unwrap();
    let entry = &fake.asked()[0].json()["Entries"][0];
    assert_eq!(entry["Source"], "webhook-stage");
    assert_eq!(entry["DetailType"], "File Left Webhook Stage");
    assert_eq!(entry["EventBusName"], "bus");
    assert_eq!(entry["Time"], 1_790_000_000.5);
    let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    let expected = json!({
        "team": "t",
        "item_id": Uuid::from_u128(1),
        "workflow_id": Uuid::from_u128(2),
        "stage_id": Uuid::from_u128(3),
        "delivery_id": Uuid::from_u128(4),
        "trace_id": "00000000000000000000000000000004",
        "outcome": "failed",
        "edge": "failed",
        "reason": "http_status",
        "attempts": 6,
        "moved_to": Uuid::from_u128(5),
    });
    assert_eq!(detail, expected);
}

#[tokio::test]
async fn a_stage_that_changed_is_announced() {
    let fake =
        Fake::new(|_| Answer::json(&json!({"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]})));
    let bus = EventBus::new(&fake.config(), Some("bus".to_owned()));
    let change = Change {
        stage: StageKey {
            team: "t".to_owned(),
            workflow_id: Uuid::from_u128(2),
            stage_id: Uuid::from_u128(3),
        },
        change: ChangeKind::BreakerOpened,
        reason: Some(Reason::Timeout),
        paused_by: None,
        pause_reason: None,
        until: Some(Timestamp::from_millis(1_790_000_010_500)),
        at: Timestamp::from_millis(1_790_000_000_500),
    };
    bus.stage_changed(&change).await.unwrap();
    let entry = &fake.asked()[0].json()["Entries"][0];
    assert_eq!(entry["DetailType"], "Webhook Stage Changed");
    assert_eq!(entry["Time"], 1_790_000_000.5);
    let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail["change"], "breaker_opened");
    assert_eq!(detail["reason"], "timeout");
    assert_eq!(detail["stage_id"], json!(Uuid::from_u128(3)));
}

#[tokio::test]
async fn an_entry_that_failed_is_an_error() {
    let fake = Fake::new(|_| {
        Answer::json(
            &json!({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}),
        )
    });
    let bus = EventBus::new(&fake.config(), Some("bus".to_owned()));
    let error = bus.file_left(&left()).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Throttled);
}

#[tokio::test]
async fn without_a_bus_nobody_is_told() {
    let fake = Fake::new(|_| panic!("nobody is to be asked"));
    EventBus::new(&fake.config(), None)
        .file_left(&left())
        .await
        .unwrap();
}
