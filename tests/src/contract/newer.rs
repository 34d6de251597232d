use delivery::control::{StageControl, StageKey};
use delivery::ports::{
    ControlWriteError, Controls, FileStates, History, PortErrorKind, ScanSegment, Unfinished,
    WriteError,
};
use delivery::{FileKey, Outcome, Status, Timestamp, VisitRecord};
use uuid::Uuid;

use super::{finished, key, waiting};

/// The control record of a later version.
pub const CONTROL: &str = r#"{"format_version":9,"version":1,"updated_at":{"what":"is new"}}"#;

/// What a later version wrote is an error of its own, and stays as it is.
///
/// `raise` gives the file's record and history the format 2, and stores [`CONTROL`] as the stage's.
pub async fn newer(
    store: &(impl FileStates + History + Controls + Unfinished),
    raise: impl AsyncFn(&FileKey, &StageKey),
) {
    let key = key();
    let stage = StageKey {
        team: key.team.clone(),
        workflow_id: Uuid::new_v4(),
        stage_id: Uuid::new_v4(),
    };
    let mut state = waiting(&key, stage.stage_id);
    state.status = Status::Queued;
    let visit = VisitRecord {
        key: key.clone(),
        workflow_id: stage.workflow_id,
        version: 1,
        visit: state.visit.clone(),
        delivery: Some(finished(stage.stage_id, Outcome::Failed)),
    };
    store.put(&state).await.unwrap();
    store.visit(&visit).await.unwrap();
    raise(&key, &stage).await;

    let newer = PortErrorKind::Newer;
    assert_eq!(store.get(&key).await.unwrap_err().kind, newer);
    match store.put(&state).await {
        Err(WriteError::Port(error)) => assert_eq!(error.kind, newer),
        other => panic!("a conflict with a later version's record: {other:?}"),
    }
    let found = store.find_visit(&key, visit.visit.id).await;
    assert_eq!(found.unwrap_err().kind, newer);
    assert_eq!(store.control(&stage).await.unwrap_err().kind, newer);
    let control = StageControl {
        version: 1,
        updated_at: Timestamp::from_millis(1),
        ..StageControl::default()
    };
    match store.put_control(&stage, &control).await {
        Err(ControlWriteError::Port(error)) => assert_eq!(error.kind, newer),
        other => panic!("a conflict with a later version's control record: {other:?}"),
    }
    // It is still there, and is told apart from damage when files are looked through.
    assert_eq!(store.get(&key).await.unwrap_err().kind, newer);
    let mut after = None;
    let mut found = 0;
    loop {
        let page = store.unfinished(ScanSegment::ALL, after.as_deref()).await;
        let page = page.unwrap();
        let errors = page.rows.into_iter().filter_map(Result::err);
        found += errors.filter(|error| error.kind == newer).count();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(found >= 1, "the audit does not see it");
}
