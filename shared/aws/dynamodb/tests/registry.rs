//! The table of the API keeps the contract of its ports, and reads no more than it has to.

use aws_dynamodb_tests::Dynamo;
use delivery::ports::Items;
use delivery::{FileKey, Item, ItemFilter, Timestamp};
use tests::contract;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn items_are_listed() {
    let dynamo = Dynamo::default();
    contract::items(&dynamo.registry(), &dynamo.table()).await;
}

#[tokio::test]
async fn keys_are_kept() {
    contract::keys(&Dynamo::default().registry()).await;
}

fn item(number: u128) -> Item {
    Item {
        key: FileKey {
            team: "t".to_owned(),
            item_id: Uuid::from_u128(number),
        },
        name: "a.png".to_owned(),
        path: "/".to_owned(),
        dataset_id: Some(1),
        slots: Vec::new(),
        inserted_at: Timestamp::from_millis(1),
        updated_at: Timestamp::from_millis(1),
    }
}

/// What `infra/sam/README.md` says that the API's requests cost.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_reads_its_own_items_and_their_records() {
    let dynamo = Dynamo::default();
    let registry = dynamo.registry();
    let all: Vec<Item> = (1..=3200).map(item).collect();
    registry.put_items(all).await.unwrap();
    let written = dynamo.spent();
    assert!(
        written
            .iter()
            .all(|spent| spent.operation == "UpdateItem" && spent.units == 1.0)
    );
    assert_eq!(written.len(), 3200);
    let none = ItemFilter::default();
    let page = registry.items("t", &none, None, 100).await.unwrap();
    assert_eq!(page.rows.len(), 100);
    let spent = dynamo.spent();
    let asked: Vec<_> = spent.iter().map(|spent| spent.operation.as_str()).collect();
    assert_eq!(asked, ["Query", "BatchGetItem"]);
    let named = ItemFilter {
        items: Some((1..=100).map(Uuid::from_u128).collect()),
        ..ItemFilter::default()
    };
    let page = registry.items("t", &named, None, 500).await.unwrap();
    assert_eq!((page.rows.len(), page.next), (100, None));
    let spent = dynamo.spent();
    let asked: Vec<_> = spent.iter().map(|spent| spent.operation.as_str()).collect();
    assert_eq!(asked, ["BatchGetItem", "BatchGetItem"]);
    let others = ItemFilter {
        names: Some(vec!["b.png".to_owned()]),
        ..ItemFilter::default()
    };
    let page = registry.items("t", &others, None, 10).await.unwrap();
    assert!(page.rows.is_empty() && page.next.is_some());
    let is_query = |spent: &aws_dynamodb_tests::Spent| spent.operation == "Query";
    assert!(
        dynamo.spent().iter().all(is_query),
        "no record is read of what is not wanted"
    );
}
