use delivery::ports::{ApiKeys, FileStates, Removed, Service, StoredKey, Workflows};
use delivery::{FileKey, Item, Status, Timestamp};
use uuid::Uuid;
use workflow::Role;

use super::{put_workflow, waiting};

const EXAMPLE: &[u8] = include_bytes!("../../../infra/local/examples/workflow.json");

/// A team's workflows are listed, and one is removed only while no file is on its way in it.
pub async fn service(store: &(impl Service + Workflows)) {
    let team = format!("service-{}", Uuid::new_v4());
    assert!(store.workflows_of(&team).await.unwrap().is_empty());
    let workflow = put_workflow(store, &team, EXAMPLE).await;
    put_workflow(store, &format!("{team}-other"), EXAMPLE).await;
    let found = store.workflows_of(&team).await.unwrap();
    let found: Vec<_> = found.iter().map(|workflow| workflow.id).collect();
    assert_eq!(found, [workflow.id]);

    let key = FileKey {
        team: team.clone(),
        item_id: Uuid::new_v4(),
    };
    store.put_items(vec![registered(&key)]).await.unwrap();
    let mut state = waiting(&key, workflow.stages[0].id);
    state.workflow_id = workflow.id;
    state.status = Status::Assigned;
    store.records().put(&state).await.unwrap();
    let remove = || store.remove_workflow(&team, workflow.id);
    assert_eq!(remove().await.unwrap(), Removed::InUse);
    assert!(store.workflow(&team, workflow.id).await.unwrap().is_some());
    state.version += 1;
    state.status = Status::Waiting;
    store.records().put(&state).await.unwrap();
    assert_eq!(remove().await.unwrap(), Removed::Removed);
    assert_eq!(remove().await.unwrap(), Removed::Missing);
    assert!(store.workflow(&team, workflow.id).await.unwrap().is_none());
    assert!(store.workflows_of(&team).await.unwrap().is_empty());
}

fn registered(key: &FileKey) -> Item {
    Item {
        key: key.clone(),
        name: "a".to_owned(),
        path: "/".to_owned(),
        dataset_id: None,
        slots: Vec::new(),
        inserted_at: Timestamp::from_millis(1),
        updated_at: Timestamp::from_millis(1),
    }
}

/// A key is stored once, found by its first part, and gone once it is removed.
pub async fn keys(store: &impl ApiKeys) {
    let prefix: String = Uuid::new_v4().simple().to_string()[..7].to_owned();
    let key = StoredKey {
        prefix: prefix.clone(),
        digest: "0".repeat(64),
        team: "team".to_owned(),
        user_id: 42,
        role: Role::WorkforceManager,
        name: "for a test".to_owned(),
        created_at: Timestamp::from_millis(1),
    };
    assert_eq!(store.key(&prefix).await.unwrap(), None);
    assert!(store.put_key(&key).await.unwrap());
    let other = StoredKey {
        team: "other".to_owned(),
        ..key.clone()
    };
    assert!(!store.put_key(&other).await.unwrap());
    assert_eq!(store.key(&prefix).await.unwrap(), Some(key.clone()));
    assert!(store.keys().await.unwrap().contains(&key));
    assert!(store.remove_key(&prefix).await.unwrap());
    assert!(!store.remove_key(&prefix).await.unwrap());
    assert_eq!(store.key(&prefix).await.unwrap(), None);
}
