//! DynamoDB inside the process, for tests: requests of the AWS SDK go to `dynoxide` without a socket, and their
//! cost in read and write units is counted.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../tests/it/fake.rs"]
pub mod fake;

use std::sync::{Arc, Mutex};

use aws::{AtRestIndex, Registry, Table};
use aws_sdk_dynamodb::Client;
use dynoxide::Database;
use fake::{Answer, Fake, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A request and its cost.
#[derive(Clone, Debug)]
pub struct Spent {
    pub operation: String,
    /// The whole request names a workflow, not a file.
    pub of_workflow: bool,
    pub units: f64,
}

/// A database with the product's table.
pub struct Dynamo {
    fake: Fake,
    database: Arc<Mutex<Database>>,
    spent: Arc<Mutex<Vec<Spent>>>,
}

impl Default for Dynamo {
    fn default() -> Self {
        let database = Database::memory().unwrap();
        create_table(&database);
        create_registry(&database);
        let spent = Arc::new(Mutex::new(Vec::new()));
        let counted = Arc::clone(&spent);
        // One request at a time, because the database has a single connection.
        let database = Arc::new(Mutex::new(database));
        let asked = Arc::clone(&database);
        let fake = Fake::new(move |request| answer(&asked.lock().unwrap(), request, &counted));
        Self {
            fake,
            database,
            spent,
        }
    }
}

impl Dynamo {
    pub fn table(&self) -> Table {
        Table::new(&self.fake.config(), "table", Some(90))
    }

    /// The table of the API.
    pub fn registry(&self) -> Registry {
        Registry::beside(&self.table(), "registry")
    }

    /// A client of its own, for what the product does not do.
    pub fn client(&self) -> Client {
        Client::new(&self.fake.config())
    }

    /// The table with its index of files at rest.
    pub fn indexed(&self, index: AtRestIndex) -> Table {
        self.table().with_index_at_rest(index)
    }

    /// What is stored under these keys.
    pub fn item(&self, pk: &str, sk: &str) -> Value {
        let key = json!({"pk": {"S": pk}, "sk": {"S": sk}});
        let request = json!({"TableName": "table", "Key": key});
        let database = self.database.lock().unwrap();
        let answer = database.get_item(serde_json::from_value(request).unwrap());
        serde_json::to_value(answer.unwrap()).unwrap()["Item"].clone()
    }

    /// Deletes what is stored under these keys, as a time to live does.
    pub fn delete(&self, pk: &str, sk: &str) {
        let key = json!({"pk": {"S": pk}, "sk": {"S": sk}});
        let request = json!({"TableName": "table", "Key": key});
        let database = self.database.lock().unwrap();
        database
            .delete_item(serde_json::from_value(request).unwrap())
            .unwrap();
    }

    /// Stores an item as it is.
    pub fn put(&self, item: &Value) {
        let request = json!({"TableName": "table", "Item": item});
        let database = self.database.lock().unwrap();
        database
            .put_item(serde_json::from_value(request).unwrap())
            .unwrap();
    }

    /// What the requests since the last call of this function cost.
    pub fn spent(&self) -> Vec<Spent> {
        std::mem::take(&mut self.spent.lock().unwrap())
    }
}

/// The table as in `infra/sam/template.yaml`, which `tests/tests/aws` deploys to an emulator.
fn create_table(database: &Database) {
    let names = ["pk", "sk", "rest_pk", "rest_sk", "failed_pk", "failed_sk"];
    let attributes = names.map(|name| json!({"AttributeName": name, "AttributeType": "S"}));
    let keys = |pk: &str, sk: &str| json!([{"AttributeName": pk, "KeyType": "HASH"}, {"AttributeName": sk, "KeyType": "RANGE"}]);
    let index = |name: &str, pk: &str, sk: &str| {
        let projection = json!({"ProjectionType": "KEYS_ONLY"});
        json!({"IndexName": name, "KeySchema": keys(pk, sk), "Projection": projection})
    };
    let request = json!({
        "TableName": "table",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes,
        "KeySchema": keys("pk", "sk"),
        "GlobalSecondaryIndexes": [
            index("at-rest", "rest_pk", "rest_sk"), index("failed", "failed_pk", "failed_sk"),
        ],
    });
    database
        .create_table(serde_json::from_value(request).unwrap())
        .unwrap();
}

/// The table of the API, as in `infra/sam/template.yaml`.
fn create_registry(database: &Database) {
    let names = ["pk", "sk"];
    let attributes = names.map(|name| json!({"AttributeName": name, "AttributeType": "S"}));
    let keys = ["HASH", "RANGE"].iter().zip(names);
    let keys = keys.map(|(kind, name)| json!({"AttributeName": name, "KeyType": kind}));
    let request = json!({
        "TableName": "registry",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes,
        "KeySchema": keys.collect::<Vec<_>>(),
    });
    database
        .create_table(serde_json::from_value(request).unwrap())
        .unwrap();
}

fn answer(database: &Database, request: &Request, spent: &Mutex<Vec<Spent>>) -> Answer {
    let answer = match request.operation() {
        "PutItem" => run(request, |request| database.put_item(request)),
        "UpdateItem" => run(request, |request| database.update_item(request)),
        "DeleteItem" => run(request, |request| database.delete_item(request)),
        "GetItem" => run(request, |request| database.get_item(request)),
        "BatchGetItem" => run(request, |request| database.batch_get_item(request)),
        "Query" => run(request, |request| database.query(request)),
        "Scan" => run(request, |request| database.scan(request)),
        other => panic!("{other} is not to be asked"),
    };
    match answer {
        Ok(answer) => {
            spent.lock().unwrap().push(Spent {
                operation: request.operation().to_owned(),
                of_workflow: request.body.contains("WORKFLOW#"),
                units: units(&answer["ConsumedCapacity"]),
            });
            Answer::json(&answer)
        }
        Err(error) => Answer::status(error.status_code(), error.to_json()),
    }
}

fn run<Q: DeserializeOwned, A: Serialize>(
    request: &Request,
    call: impl FnOnce(Q) -> dynoxide::Result<A>,
) -> dynoxide::Result<Value> {
    let mut body = request.json();
    body["ReturnConsumedCapacity"] = "INDEXES".into();
    let answer = call(serde_json::from_value(body).unwrap())?;
    Ok(serde_json::to_value(answer).unwrap())
}

fn units(consumed: &Value) -> f64 {
    let each = consumed.as_array().cloned();
    let each = each.unwrap_or_else(|| vec![consumed.clone()]);
    each.iter()
        .map(|consumed| consumed["CapacityUnits"].as_f64().unwrap())
        .sum()
}
