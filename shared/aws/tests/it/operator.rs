use std::sync::Mutex;
use std::time::Duration;

use aws::{AtRestIndex, Bucket, Deployment, Names};
use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use delivery::FileKey;
use delivery::ports::{Documents, NewDocument, Operator};
use serde_json::json;
use uuid::Uuid;
use workflow::{Imported, Workflow};

use crate::fake::{Answer, Fake, Request};
use crate::workflows::EXAMPLE;

fn names() -> Names {
    let queue = |name: &str| format!("https://sqs.eu-central-1.amazonaws.com/1/{name}");
    Names {
        table: "table".to_owned(),
        registry: None,
        assignments_queue_url: queue("assignments"),
        deliveries_queue_url: queue("deliveries"),
        parked_queue_url: queue("parked"),
        documents_bucket: "documents".to_owned(),
        secrets_prefix: "webhook-stage/".to_owned(),
        secret_per_team: false,
        index_at_rest: AtRestIndex::Absent,
        kms_key: None,
    }
}

fn operations(fake: &Fake) -> Vec<String> {
    let operation = |request: &Request| request.operation().to_owned();
    fake.asked().iter().map(operation).collect()
}

#[tokio::test]
async fn new_secrets_are_encrypted_with_the_stacks_key() {
    let key = "arn:aws:kms:eu-central-1:1:key/k";
    let mut json: serde_json::Value = serde_json::from_slice(EXAMPLE).unwrap();
    json["stages"][1]["config"]["authorization_header"] = "Bearer planted".into();
    let imported = Workflow::import(json.to_string().as_bytes()).unwrap();
    for kms_key in [None, Some(key.to_owned())] {
        let fake = Fake::new(|_| Answer::json(&json!({})));
        let names = Names {
            kms_key: kms_key.clone(),
            ..names()
        };
        let stored = Deployment::new(&fake.config(), &names)
            .put_workflow("t", &imported.workflow, &imported.secrets)
            .await;
        stored.unwrap();
        let asked = fake.asked()[0].json();
        assert_eq!(asked["KmsKeyId"].as_str(), kms_key.as_deref());
    }
}

#[tokio::test]
async fn a_workflows_secrets_are_stored_first_and_apart() {
    let mut json: serde_json::Value = serde_json::from_slice(EXAMPLE).unwrap();
    json["stages"][1]["config"]["authorization_header"] = "Bearer planted".into();
    let fake = Fake::new(|_| Answer::json(&json!({})));
    let deployment = Deployment::new(&fake.config(), &names());
    let Imported {
        workflow, secrets, ..
    } = Workflow::import(json.to_string().as_bytes()).unwrap();
    let stored = deployment.put_workflow("t", &workflow, &secrets).await;
    stored.unwrap();
    assert_eq!(
        operations(&fake),
        ["CreateSecret", "CreateSecret", "PutItem"]
    );
    assert!(fake.asked()[0].body.contains("Bearer planted"));
    let item = fake.asked()[2].json();
    let body = item["Item"]["body"]["B"].as_str().unwrap();
    let body = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, body).unwrap();
    let body = String::from_utf8(body).unwrap();
    assert!(body.contains("secret_ref") && !body.contains("planted"));
}

#[tokio::test]
async fn dead_letters_are_assigned_again_and_others_stay() {
    let delivery = json!({
        "delivery_id": Uuid::nil(), "team": "t", "item_id": Uuid::nil(), "workflow_id": Uuid::nil(),
        "stage_id": Uuid::nil(), "attempt": 1,
    });
    let letter =
        |queue: &str, body: String| json!({"queue": queue, "body": body, "cause": "c"}).to_string();
    let parked = [
        letter("deliveries", delivery.to_string()),
        letter("deliveries", "poison".to_owned()),
        "no letter".to_owned(),
    ];
    let messages = parked.iter().enumerate();
    let messages: Vec<_> = messages
        .map(|(n, body)| json!({"MessageId": n.to_string(), "ReceiptHandle": n.to_string(), "Body": body}))
        .collect();
    let messages = Mutex::new(Some(messages));
    let fake = Fake::new(move |request| match request.operation() {
        "ReceiveMessage" => {
            let messages = messages.lock().unwrap().take();
            Answer::json(&json!({"Messages": messages.unwrap_or_default()}))
        }
        "SendMessageBatch" => Answer::json(&json!({
            "Successful": [{"Id": "0", "MessageId": "m", "MD5OfMessageBody": "x"}], "Failed": [],
        })),
        _ => Answer::json(&json!({})),
    });
    let deployment = Deployment::new(&fake.config(), &names());
    let redriven = deployment.redrive(10).await.unwrap();
    assert_eq!((redriven.sent.len(), redriven.unreadable), (1, 2));
    let expected = [
        "ReceiveMessage",
        "SendMessageBatch",
        "DeleteMessage",
        "ReceiveMessage",
    ];
    assert_eq!(operations(&fake), expected);
    assert_eq!(
        fake.asked()[1].json()["QueueUrl"],
        names().assignments_queue_url
    );
    let entry = fake.asked()[1].json()["Entries"][0].clone();
    // A fair share of the assignments queue is a stage's.
    assert_eq!(entry["MessageGroupId"], json!(Uuid::nil()));
    let sent = entry["MessageBody"].clone();
    assert!(
        sent.as_str().unwrap().contains("\"role\":\"admin\""),
        "{sent}"
    );
    assert_eq!(fake.asked()[2].json()["ReceiptHandle"], "0");
}

#[tokio::test]
async fn a_stacks_parts_are_found_by_its_queues() {
    let tags = json!({
        "webhook-stage:table": "table", "webhook-stage:documents-bucket": "documents",
        "webhook-stage:secrets-prefix": "webhook-stage/", "Owner": "somebody",
    });
    let given = tags.clone();
    let fake = Fake::new(move |request| match request.operation() {
        "GetQueueUrl" => {
            let name = request.json()["QueueName"].as_str().unwrap().to_owned();
            let queue = name.strip_prefix("my-stack-").unwrap();
            let url = format!("https://sqs.eu-central-1.amazonaws.com/1/{queue}");
            Answer::json(&json!({"QueueUrl": url}))
        }
        _ => Answer::json(&json!({"Tags": given})),
    });
    let found = Names::of_stack(&fake.config(), "my-stack").await.unwrap();
    assert_eq!(found, names(), "of an older version");
    for (tag, index) in [
        ("false", AtRestIndex::Absent),
        ("partial", AtRestIndex::Partial),
        ("true", AtRestIndex::Complete),
    ] {
        let mut tags = tags.clone();
        tags["webhook-stage:index-files-at-rest"] = tag.into();
        tags["webhook-stage:secret-per-team"] = "true".into();
        let fake = Fake::new(move |request| match request.operation() {
            "GetQueueUrl" => Answer::json(&json!({"QueueUrl": "https://sqs.test/1/q"})),
            _ => Answer::json(&json!({"Tags": tags})),
        });
        let found = Names::of_stack(&fake.config(), "my-stack").await.unwrap();
        assert_eq!((found.index_at_rest, found.secret_per_team), (index, true));
    }
}

#[tokio::test]
async fn a_stack_that_is_not_there_or_not_ours_is_told_apart() {
    for code in [
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
    ] {
        let fake = Fake::new(move |_| Answer::error(code));
        let error = Names::of_stack(&fake.config(), "no").await.unwrap_err();
        assert_eq!(error.code(), "stack_not_found");
    }
    let fake = Fake::new(|_| Answer::json(&json!({"QueueUrl": "https://sqs.test/1/q"})));
    let error = Names::of_stack(&fake.config(), "other").await.unwrap_err();
    assert_eq!(error.code(), "stack_tag_missing");
}

#[tokio::test]
async fn a_look_at_parked_letters_leaves_them_there() {
    let letter = json!({"queue": "assignments", "body": "poison", "cause": "c"}).to_string();
    // A standard queue may hand out a message twice.
    let messages: Vec<_> = [("1", letter.as_str()), ("2", "no letter"), ("1", &letter)]
        .map(|(id, body)| json!({"MessageId": id, "ReceiptHandle": id, "Body": body}))
        .into();
    let fake = Fake::new(move |_| Answer::json(&json!({"Messages": messages})));
    let deployment = Deployment::new(&fake.config(), &names());
    let letters = deployment.parked(10).await.unwrap();
    assert_eq!(letters.len(), 2);
    let readable: Vec<_> = letters.into_iter().flatten().collect();
    assert_eq!(readable[0].body, "poison");
    assert_eq!(operations(&fake), ["ReceiveMessage", "ReceiveMessage"]);
    assert_eq!(fake.asked()[0].json()["VisibilityTimeout"], 5);
}

/// With a function's own timeouts, as [`aws::sdk_config`] has them.
fn impatient(fake: &Fake) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(8))
        .build();
    let config = fake.config().into_builder();
    config.timeout_config(timeouts).build()
}

#[tokio::test(start_paused = true)]
async fn an_upload_over_a_slow_line_has_its_time_and_ends() {
    let key = FileKey {
        team: "t".to_owned(),
        item_id: Uuid::nil(),
    };
    let four_mib = bytes::Bytes::from(vec![b' '; 4 * 1024 * 1024]);
    for (seconds, stored) in [(200, true), (24 * 3600, false)] {
        let after = Duration::from_secs(seconds);
        let fake = Fake::new(move |_| Answer::ok("").after(after));
        let config = impatient(&fake);
        let document = NewDocument {
            key: key.clone(),
            name: "x.jpg".to_owned(),
            digest: Uuid::nil(),
            bytes: four_mib.clone(),
        };
        let deployment = Deployment::new(&config, &names());
        let uploaded = deployment.put_documents(vec![document]).await;
        assert_eq!(uploaded.is_ok(), stored, "{seconds} s: {uploaded:?}");
        let within_a_function = Bucket::new(&config, "documents");
        let failed = within_a_function.store(&key, four_mib.clone()).await;
        assert!(failed.is_err());
    }
}
