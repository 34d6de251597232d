//! The contract, against DynamoDB, SQS, S3 and Secrets Manager.

use aws::{Bucket, Deployment, Names, Queue, SecretStore, Table};
use aws_sdk_sqs::types::QueueAttributeName;
use bytes::Bytes;
use delivery::ports::{
    Documents, Freshness, Outgoing, PortError, Secrets, SendMessages, Workflows,
};
use delivery::{Delivery, FileKey};
use secrecy::{ExposeSecret, SecretString};
use tests::contract::{self, InFlight, QueueUnderTest};
use workflow::{SecretRef, StageSecrets, Workflow};

use crate::emulator::emulator;
use crate::presigned::aws;

fn table() -> Table {
    let emulator = emulator();
    Table::new(&emulator.config(), emulator.output("TableName"), Some(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_keeps_the_contract() {
    let table = table();
    contract::conditional_writes(&table).await;
    contract::one_of_many_writers(&table).await;
    contract::snapshots(&table).await;
    contract::held_back(&table).await;
    contract::controls(&table).await;
    contract::history(&table).await;
    contract::lists(&table).await;
    contract::unfinished(&table).await;
}

struct Deliveries {
    sending: Queue<Delivery>,
    client: aws_sdk_sqs::Client,
    url: String,
}

impl SendMessages<Delivery> for Deliveries {
    async fn send(&self, messages: Vec<Outgoing<Delivery>>) -> Vec<Result<(), PortError>> {
        self.sending.send(messages).await
    }
}

impl QueueUnderTest for Deliveries {
    type Receipt = String;

    async fn receive(&self) -> Vec<InFlight<String>> {
        let name = aws_sdk_sqs::types::MessageSystemAttributeName::ApproximateReceiveCount;
        let request = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(10);
        let got = request
            .message_system_attribute_names(name.clone())
            .send()
            .await
            .unwrap();
        let in_flight = |message: aws_sdk_sqs::types::Message| InFlight {
            receive_count: message.attributes.unwrap()[&name].parse().unwrap(),
            body: message.body.unwrap(),
            receipt: message.receipt_handle.unwrap(),
        };
        got.messages
            .unwrap_or_default()
            .into_iter()
            .map(in_flight)
            .collect()
    }

    async fn delete(&self, receipt: String) {
        let delete = self
            .client
            .delete_message()
            .queue_url(&self.url)
            .receipt_handle(receipt);
        delete.send().await.unwrap();
    }

    async fn release(&self, receipt: String) {
        let change = self.client.change_message_visibility().queue_url(&self.url);
        change
            .receipt_handle(receipt)
            .visibility_timeout(0)
            .send()
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_keeps_the_contract() {
    let config = emulator().config();
    let client = aws_sdk_sqs::Client::new(&config);
    let made = client
        .create_queue()
        .queue_name("contract")
        .send()
        .await
        .unwrap();
    let url = made.queue_url.unwrap();
    let sending = Queue::new(&config, &url);
    contract::queues(&Deliveries {
        sending,
        client,
        url,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_keeps_the_contract() {
    let config = emulator().config();
    let client = aws_sdk_sqs::Client::new(&config);
    let mut names = Names::of_stack(&config, "webhook-stage").await.unwrap();
    // The deployment's own functions would receive from its own queues.
    for (name, url) in [
        ("operator-assignments", &mut names.assignments_queue_url),
        ("operator-parked", &mut names.parked_queue_url),
    ] {
        let create = client.create_queue().queue_name(name);
        let create = create.attributes(QueueAttributeName::VisibilityTimeout, "5");
        *url = create.send().await.unwrap().queue_url.unwrap();
    }
    let parked = Queue::new(&config, &names.parked_queue_url);
    let documents = Bucket::new(&config, &names.documents_bucket);
    contract::operator(&Deployment::new(&config, &names), &documents, &parked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bucket_keeps_the_contract() {
    let emulator = emulator();
    let bucket = Bucket::new(&emulator.config(), emulator.output("DocumentsBucket"));
    contract::documents(&bucket, async |key: &FileKey, content: Vec<u8>| {
        bucket.store(key, Bytes::from(content)).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workflows_and_secrets_are_kept_apart() {
    let emulator = emulator();
    let table = table();
    let json = include_bytes!("../../../infra/local/examples/workflow.json");
    let mut workflow = Workflow::import(json).unwrap().workflow;
    assert!(
        table
            .workflow("kept-apart", workflow.id)
            .await
            .unwrap()
            .is_none()
    );
    table.store_workflow("kept-apart", &workflow).await.unwrap();
    assert_eq!(
        *table
            .workflow("kept-apart", workflow.id)
            .await
            .unwrap()
            .unwrap(),
        workflow
    );
    let stage = workflow.first_webhook().unwrap().id;
    workflow
        .set_webhook_url(stage, "https://elsewhere.example/")
        .unwrap();
    table.store_workflow("kept-apart", &workflow).await.unwrap();
    assert_eq!(
        *table
            .workflow("kept-apart", workflow.id)
            .await
            .unwrap()
            .unwrap(),
        workflow
    );

    let store = SecretStore::new(&emulator.config(), emulator.output("SecretsPrefix"));
    let reference = SecretRef("kept/apart".to_owned());
    assert!(
        store
            .stage_secrets("team", &reference, Freshness::Cached)
            .await
            .unwrap()
            .is_none()
    );
    for value in ["Bearer one", "Bearer two"] {
        let authorization = Some(SecretString::from(value));
        let secrets = StageSecrets {
            authorization,
            ..StageSecrets::default()
        };
        let secrets = [(reference.clone(), secrets)];
        store.store("team", &secrets).await.unwrap();
        let fresh = SecretStore::new(&emulator.config(), emulator.output("SecretsPrefix"));
        let found = fresh
            .stage_secrets("team", &reference, Freshness::Latest)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.authorization.unwrap().expose_secret(), value);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_stored_again_while_its_deletion_can_be_undone() {
    let config = emulator().config();
    let store = SecretStore::new(&config, emulator().output("SecretsPrefix"));
    let reference = SecretRef("taken/away".to_owned());
    let secrets = |value: &str| {
        let secrets = StageSecrets {
            authorization: Some(SecretString::from(value)),
            ..StageSecrets::default()
        };
        [(reference.clone(), secrets)]
    };
    let before = secrets("Bearer before");
    store.store("team", &before).await.unwrap();
    // As the README takes a deployment away.
    let name = format!("{}team/{reference}", emulator().output("SecretsPrefix"));
    let delete = ["secretsmanager", "delete-secret", "--secret-id", &name];
    aws(&[&delete[..], &["--recovery-window-in-days", "7"]].concat());
    let gone = store.stage_secrets("team", &reference, Freshness::Latest);
    assert!(gone.await.unwrap().is_none());

    let again = secrets("Bearer again");
    store.store("team", &again).await.unwrap();
    let found = store.stage_secrets("team", &reference, Freshness::Latest);
    let found = found.await.unwrap().unwrap().authorization.unwrap();
    assert_eq!(found.expose_secret(), "Bearer again");
}
