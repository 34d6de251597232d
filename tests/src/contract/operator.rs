use std::time::Duration;

use bytes::Bytes;
use delivery::ports::{
    Documents, FileStates, Freshness, NewDocument, Operator, Outgoing, Secrets, SendMessages,
    Workflows,
};
use delivery::{Assignment, DeadLetter, Document, DocumentRef, FileKey};
use serde_json::value::RawValue;
use uuid::Uuid;
use workflow::{Actor, Imported, Role, Workflow};

use super::key;

const EXAMPLE: &[u8] = include_bytes!("../../../infra/local/examples/workflow.json");

/// A person's assignment of a file to a stage.
fn assignment(key: &FileKey, document: Option<DocumentRef>) -> Assignment {
    Assignment {
        assignment_id: Uuid::new_v4(),
        team: key.team.clone(),
        workflow_id: Uuid::from_u128(1),
        stage_id: Uuid::from_u128(2),
        item_id: key.item_id,
        assigned_by: Actor::User {
            id: Some(42),
            role: Role::Admin,
        },
        assignee: None,
        document,
        trace: None,
        waits: 0,
    }
}

/// Stores a document for a file.
pub async fn put_document(operator: &impl Operator, key: &FileKey, bytes: impl Into<Bytes>) {
    let document = NewDocument {
        key: key.clone(),
        name: "x.jpg".to_owned(),
        digest: Uuid::from_u128(1),
        bytes: bytes.into(),
    };
    operator.put_documents(vec![document]).await.unwrap();
}

/// Stores a workflow with its secrets.
pub async fn put_workflow(operator: &impl Operator, team: &str, json: &[u8]) -> Workflow {
    let Imported {
        workflow, secrets, ..
    } = Workflow::import(json).unwrap();
    let put = operator.put_workflow(team, &workflow, &secrets);
    put.await.unwrap();
    workflow
}

/// What an operator stores is there for the functions, and a parked letter's file is assigned once. The queues
/// must be empty, and nobody else may receive from them.
pub async fn operator(
    operator: &impl Operator,
    documents: &impl Documents,
    parked: &impl SendMessages<DeadLetter>,
) {
    workflows(operator).await;
    let key = key();
    assert!(operator.records().get(&key).await.unwrap().is_none());
    assert_eq!(operator.name(&key).await.unwrap(), key.item_id.to_string());
    put_document(operator, &key, "{\"a\": 1}\n").await;
    match documents.open(&key, None).await {
        Ok(Document::Bytes(bytes)) => assert_eq!(bytes, "{\"a\": 1}\n"),
        other => panic!("the document is not there: {:?}", other.is_ok()),
    }
    let other = Uuid::from_u128(2);
    assert!(!operator.has_document(&key, other).await.unwrap());
    let name = operator.name(&key).await.unwrap();
    assert!(name == "x.jpg" || name == key.item_id.to_string(), "{name}");

    let large = RawValue::from_string(format!("\"{}\"", "x".repeat(delivery::MAX_BODY))).unwrap();
    let large = assignment(&key, Some(DocumentRef::Inline(large)));
    let sent = operator.assign(vec![assignment(&key, None), large, assignment(&key, None)]);
    let sent: Vec<bool> = sent.await.iter().map(Result::is_ok).collect();
    assert_eq!(sent, [true, false, true]);

    letters(operator, parked).await;
}

/// A workflow is its team's, and takes the place of the one before.
async fn workflows(operator: &impl Operator) {
    let mut json: serde_json::Value = serde_json::from_slice(EXAMPLE).unwrap();
    json["id"] = Uuid::new_v4().to_string().into();
    json["stages"][1]["config"]["authorization_header"] = "Bearer planted".into();
    let mut workflow = put_workflow(operator, "contract", json.to_string().as_bytes()).await;
    let id = workflow.id;
    let url = "https://elsewhere.example/";
    let stage = workflow.first_webhook().unwrap();
    let (stage_id, reference) = (stage.id, stage.webhook.as_ref().unwrap().secret_ref.clone());
    let reference = reference.unwrap();
    for edited in [false, true] {
        if edited {
            workflow.set_webhook_url(stage_id, url).unwrap();
            let put = operator.put_workflow("contract", &workflow, &[]);
            put.await.unwrap();
        }
        let found = operator.records().workflow("contract", id).await.unwrap();
        assert_eq!(*found.unwrap(), workflow);
        let secrets = operator.secrets();
        let found = secrets.stage_secrets("contract", &reference, Freshness::Latest);
        assert!(found.await.unwrap().unwrap().authorization.is_some());
        let found = secrets.stage_secrets("another", &reference, Freshness::Latest);
        assert!(found.await.unwrap().is_none());
    }
    let found = operator.records().workflow("another", id).await.unwrap();
    assert!(found.is_none());
    let known = operator.workflows().await.unwrap();
    assert!(known.is_sorted());
    let here = known.iter().filter(|(_, known)| *known == id);
    assert_eq!(here.collect::<Vec<_>>(), [&("contract".to_owned(), id)]);
}

/// Letters stay parked until they are redriven, and those that nobody can read for longer.
async fn letters(operator: &impl Operator, parked: &impl SendMessages<DeadLetter>) {
    assert!(operator.parked(10).await.unwrap().is_empty());
    let assignments = [assignment(&key(), None), assignment(&key(), None)];
    let mut bodies = vec!["poison".to_owned()];
    bodies.extend(
        assignments
            .iter()
            .map(|it| serde_json::to_string(it).unwrap()),
    );
    let letters = bodies.into_iter().map(|body| Outgoing {
        message: DeadLetter {
            queue: "assignments".to_owned(),
            body,
            cause: "played".to_owned(),
        },
        delay: Duration::ZERO,
    });
    for sent in parked.send(letters.collect()).await {
        sent.unwrap();
    }
    until_parked(operator, 3).await;
    let mut sent = Vec::new();
    for limit in [1, 10] {
        sent.extend(redriven(operator, limit).await);
    }
    sent.sort_by_key(|assignment| assignment.item_id);
    let mut expected = assignments.to_vec();
    expected.sort_by_key(|assignment| assignment.item_id);
    assert_eq!(sent, expected);
    until_parked(operator, 1).await;
}

/// A letter that was looked at or received may be hidden from the next look for a while.
async fn until_parked(operator: &impl Operator, count: usize) {
    for _ in 0..120 {
        let letters = operator.parked(10).await.unwrap();
        if letters.iter().flatten().count() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("{count} letters are not parked after a minute");
}

async fn redriven(operator: &impl Operator, limit: usize) -> Vec<Assignment> {
    for _ in 0..120 {
        let sent = operator.redrive(limit).await.unwrap().sent;
        if !sent.is_empty() {
            assert!(sent.len() <= limit);
            return sent;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("no letter was redriven in a minute");
}
