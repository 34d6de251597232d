use delivery::ports::{FileStates, Items};
use delivery::{FileKey, Item, ItemFilter, Outcome, Places, Slot, Timestamp};
use uuid::Uuid;

use super::{finished, waiting};

/// More than one look of an engine that looks at a part of the items at a time.
const MANY: u128 = 4_500;

/// Items are found by what is known of them and of their files, each once, in an order that stays the same.
pub async fn items(store: &impl Items, records: &impl FileStates) {
    let team = format!("items-{}", Uuid::new_v4());
    let item = |number: u128| item(&team, number);
    let none = ItemFilter::default();
    assert!(store.count_items(&team, &none).await.unwrap().is_empty());
    store.put_items((1..=6).map(item).collect()).await.unwrap();
    store
        .put_items(vec![Item {
            name: "of another team".to_owned(),
            key: FileKey {
                team: format!("{team}-other"),
                ..item(1).key
            },
            ..item(1)
        }])
        .await
        .unwrap();
    again(store, &team).await;

    let [annotate, webhook] = [Uuid::new_v4(), Uuid::new_v4()];
    let mut state = waiting(&item(2).key, annotate);
    state.visit.assignee = Some(9);
    records.put(&state).await.unwrap();
    let mut failed = waiting(&item(3).key, annotate);
    failed.delivery = Some(finished(webhook, Outcome::Failed));
    records.put(&failed).await.unwrap();
    let ended = failed.delivery.and_then(|delivery| delivery.ended_at);
    let ended = ended.unwrap();
    let later = Timestamp::from_millis(ended.as_millis() + 1);

    let places = |in_dataset, stages: &[Uuid]| {
        let stages = stages.to_vec();
        Some(Places { in_dataset, stages })
    };
    let ids = |numbers: &[u128]| Some(numbers.iter().copied().map(Uuid::from_u128).collect());
    for (filter, expected) in [
        (none.clone(), &[1, 2, 3, 4, 5, 6][..]),
        (only(|filter| filter.items = ids(&[5, 1, 77, 1])), &[1, 5]),
        (only(|filter| filter.items = ids(&[])), &[]),
        (
            only(|filter| filter.names = Some(vec!["4, it's \"4\"".to_owned()])),
            &[4],
        ),
        (
            only(|filter| filter.datasets = Some(vec![1, 3])),
            &[1, 3, 5],
        ),
        (
            only(|filter| filter.workflow_id = Some(state.workflow_id)),
            &[2, 3],
        ),
        (only(|filter| filter.workflow_id = Some(Uuid::nil())), &[]),
        (
            only(|filter| filter.places = places(true, &[])),
            &[1, 4, 5, 6],
        ),
        (
            only(|filter| filter.places = places(false, &[webhook, annotate])),
            &[2, 3],
        ),
        (only(|filter| filter.places = places(false, &[])), &[]),
        (only(|filter| filter.failed_at = Some(vec![webhook])), &[3]),
        (only(|filter| filter.failed_at = Some(vec![annotate])), &[]),
        (only(|filter| filter.ended_from = Some(ended)), &[3]),
        (only(|filter| filter.ended_from = Some(later)), &[]),
        (only(|filter| filter.ended_before = Some(later)), &[3]),
        (only(|filter| filter.ended_before = Some(ended)), &[]),
        (only(|filter| filter.assignee = Some(9)), &[2]),
        (
            only(|filter| {
                filter.items = ids(&[2, 3]);
                filter.assignee = Some(9);
            }),
            &[2],
        ),
    ] {
        let order = listed(store, &team, &filter, 1000).await;
        assert_eq!(sorted(&order), expected, "{filter:?}");
        for limit in [1, 2] {
            let found = listed(store, &team, &filter, limit).await;
            assert_eq!(found, order, "{filter:?} by {limit}");
        }
        let counts = store.count_items(&team, &filter).await.unwrap();
        let in_dataset = |number: &&u128| ![2, 3].contains(*number);
        for (stage, count) in [
            (None, expected.iter().filter(in_dataset).count()),
            (
                Some(annotate),
                expected.len() - expected.iter().filter(in_dataset).count(),
            ),
        ] {
            let counted = counts.get(&stage).copied().unwrap_or_default();
            assert_eq!(counted, count as u64, "{filter:?}");
        }
    }
    many(store, &team).await;
}

fn only(set: impl FnOnce(&mut ItemFilter)) -> ItemFilter {
    let mut filter = ItemFilter::default();
    set(&mut filter);
    filter
}

fn item(team: &str, number: u128) -> Item {
    Item {
        key: FileKey {
            team: team.to_owned(),
            item_id: Uuid::from_u128(number),
        },
        name: format!("{number}, it's \"{number}\""),
        path: "/a".to_owned(),
        dataset_id: (!number.is_multiple_of(2)).then_some(if number == 3 { 3 } else { 1 }),
        slots: vec![Slot {
            slot_name: "0".to_owned(),
            file_name: "a.png".to_owned(),
            kind: Some("image".to_owned()),
        }],
        inserted_at: Timestamp::from_millis(1_000),
        updated_at: Timestamp::from_millis(1_000),
    }
}

/// An item that is registered again is the new one, but was first registered when it was.
async fn again(store: &impl Items, team: &str) {
    let later = Timestamp::from_millis(2_000);
    let renamed = Item {
        name: "renamed".to_owned(),
        inserted_at: later,
        updated_at: later,
        ..item(team, 6)
    };
    store.put_items(vec![renamed.clone()]).await.unwrap();
    let found = store.item(&renamed.key).await.unwrap().unwrap();
    assert_eq!(found.state, None);
    let expected = Item {
        inserted_at: item(team, 6).inserted_at,
        ..renamed
    };
    assert_eq!(found.item, expected);
    let missing = item(team, 99).key;
    assert_eq!(store.item(&missing).await.unwrap(), None);
}

async fn many(store: &impl Items, team: &str) {
    let team = format!("{team}-many");
    let all: Vec<Item> = (1..=MANY).map(|number| item(&team, number)).collect();
    for chunk in all.chunks(500) {
        store.put_items(chunk.to_vec()).await.unwrap();
    }
    let filter = ItemFilter {
        datasets: Some(vec![3]),
        ..ItemFilter::default()
    };
    assert_eq!(listed(store, &team, &filter, 500).await, [3]);
    let all = ItemFilter::default();
    let counts = store.count_items(&team, &all).await.unwrap();
    assert_eq!(counts, [(None, MANY as u64)].into());
    let ids: Vec<Uuid> = (1..=MANY).rev().map(Uuid::from_u128).collect();
    let named = ItemFilter {
        items: Some(ids),
        ..ItemFilter::default()
    };
    let found = listed(store, &team, &named, 700).await;
    assert_eq!(sorted(&found), (1..=MANY).collect::<Vec<_>>());
    let none = ItemFilter::default();
    assert_eq!(listed(store, &team, &none, 999).await, found);
}

fn sorted(found: &[u128]) -> Vec<u128> {
    let mut found = found.to_vec();
    found.sort_unstable();
    found
}

async fn listed(store: &impl Items, team: &str, filter: &ItemFilter, limit: usize) -> Vec<u128> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.items(team, filter, after, limit).await.unwrap();
        assert!(page.rows.len() <= limit);
        found.extend(page.rows.iter().map(|row| row.item.key.item_id.as_u128()));
        let Some(next) = page.next else {
            return found;
        };
        after = Some(Uuid::parse_str(&next).unwrap());
    }
}
