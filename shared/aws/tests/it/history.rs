use std::time::{SystemTime, UNIX_EPOCH};

use aws::Table;
use delivery::ports::History;
use delivery::{FileKey, Rejection, Timestamp};
use serde_json::json;
use uuid::Uuid;
use workflow::{Actor, RejectReason, Role};

use crate::fake::{Answer, Fake};

fn rejection() -> Rejection {
    Rejection {
        key: FileKey {
            team: "t".to_owned(),
            item_id: Uuid::from_u128(1),
        },
        assignment_id: Uuid::from_u128(2),
        workflow_id: Uuid::from_u128(3),
        stage_id: Uuid::from_u128(4),
        actor: Actor::User {
            id: None,
            role: Role::Annotator,
        },
        reason: RejectReason::Busy,
        at: Timestamp::from_millis(0),
    }
}

/// What a write of the history has as its time to live, in seconds since 1970.
fn expires(fake: &Fake) -> Option<u64> {
    let item = fake.asked()[0].json()["Item"].clone();
    Some(item.get("ttl")?["N"].as_str()?.parse().unwrap())
}

#[tokio::test]
async fn history_is_forgotten_after_the_days_that_are_set_or_never() {
    let fake = Fake::new(|_| Answer::json(&json!({})));
    let table = Table::new(&fake.config(), "table", Some(30));
    table.rejection(&rejection()).await.unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let in_30_days = now.as_secs() + 30 * 24 * 3600;
    let found = expires(&fake).unwrap();
    assert!(in_30_days.abs_diff(found) < 60, "{found}");

    let fake = Fake::new(|_| Answer::json(&json!({})));
    let table = Table::new(&fake.config(), "table", None);
    table.rejection(&rejection()).await.unwrap();
    assert_eq!(expires(&fake), None);
}
