use std::sync::atomic::{AtomicUsize, Ordering};

use aws::{Registry, Table};
use delivery::ports::{ApiKeys, Items, PortErrorKind};
use delivery::{FileKey, Item, ItemFilter, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fake::{Answer, Fake, Request};

fn registry(fake: &Fake) -> Registry {
    Registry::beside(&Table::new(&fake.config(), "table", None), "registry")
}

fn item(number: u128) -> Item {
    Item {
        key: FileKey {
            team: "t".to_owned(),
            item_id: Uuid::from_u128(number),
        },
        name: "a".to_owned(),
        path: "/".to_owned(),
        dataset_id: None,
        slots: Vec::new(),
        inserted_at: Timestamp::from_millis(1),
        updated_at: Timestamp::from_millis(1),
    }
}

fn stored(item: &Item) -> Value {
    let body = serde_json::to_string(item).unwrap();
    json!({"pk": {"S": "ITEM#t#0"}, "sk": {"S": item.key.item_id.to_string()}, "body": {"S": body}, "inserted_at": {"N": "1"}})
}

#[tokio::test]
async fn a_team_of_very_many_items_is_not_looked_through() {
    let page: Vec<Value> = (0..500).map(|number| stored(&item(number))).collect();
    let key = json!({"pk": page[499]["pk"], "sk": page[499]["sk"]});
    let fake = Fake::new(move |request: &Request| match request.operation() {
        "Query" => Answer::json(&json!({"Items": page, "LastEvaluatedKey": key})),
        _ => Answer::json(&json!({"Responses": {}, "UnprocessedKeys": {}})),
    });
    let (registry, all) = (registry(&fake), ItemFilter::default());
    let error = registry.count_items("t", &all).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::TooMany);
    let asked = fake.asked();
    let queries = asked.iter().filter(|asked| asked.operation() == "Query");
    assert!(queries.count() <= 100_000 / 500 + 16);
}

/// An answer has 16 MB at most, and what is throttled is left out of it.
#[tokio::test]
async fn items_that_an_answer_leaves_out_are_asked_for_again() {
    let rounds = AtomicUsize::new(0);
    let fake = Fake::new(move |request: &Request| {
        let asked = request.json();
        let Some(keys) = asked["RequestItems"]["registry"]["Keys"].as_array() else {
            return Answer::json(&json!({"Responses": {}}));
        };
        let is_first = rounds.fetch_add(1, Ordering::SeqCst) == 0;
        let left = if is_first { &keys[1..] } else { &[] };
        let id = |key: &Value| Uuid::parse_str(key["sk"]["S"].as_str().unwrap()).unwrap();
        let given = &keys[..keys.len() - left.len()];
        let given: Vec<Value> = given
            .iter()
            .map(|key| stored(&item(id(key).as_u128())))
            .collect();
        let left = match left {
            [] => json!({}),
            keys => json!({"registry": {"Keys": keys}}),
        };
        Answer::json(&json!({"Responses": {"registry": given}, "UnprocessedKeys": left}))
    });
    let filter = ItemFilter {
        items: Some((1..=3).map(Uuid::from_u128).collect()),
        ..ItemFilter::default()
    };
    let page = registry(&fake).items("t", &filter, None, 10).await.unwrap();
    let found: Vec<u128> = page
        .rows
        .iter()
        .map(|row| row.item.key.item_id.as_u128())
        .collect();
    assert_eq!((found, page.next), (vec![1, 2, 3], None));
}

#[tokio::test]
async fn an_item_that_is_too_large_is_refused() {
    let fake = Fake::new(|_| panic!("it is not to be sent"));
    let mut large = item(1);
    large.name = "x".repeat(400 * 1024);
    let error = registry(&fake).put_items(vec![large]).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::TooLarge);
}

/// Nobody is let in by what DynamoDB knew a moment ago.
#[tokio::test]
async fn a_key_is_read_consistently() {
    let fake = Fake::new(|_| Answer::json(&json!({})));
    assert_eq!(registry(&fake).key("abcdefg").await.unwrap(), None);
    assert_eq!(fake.asked()[0].json()["ConsistentRead"], true);
}
