//! A table that keeps items and says what AWS would bill for each request. It knows no conditions: one worker at a
//! time asks it. `shared/aws/dynamodb` counts the same units on a DynamoDB of others.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

type Item = Map<String, Value>;
type Key = (String, String);

#[derive(Default)]
pub struct Table {
    items: BTreeMap<Key, Item>,
}

/// What a request comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Units {
    pub read: f64,
    /// With those of the indexes.
    pub write: f64,
    /// Of the indexes alone.
    pub index: f64,
}

impl Table {
    /// The answer, and its units by the rules of "Read and write operations" and "Global secondary indexes" in the
    /// DynamoDB Developer Guide
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>).
    pub fn answer(&mut self, operation: &str, request: &Value) -> Option<(Value, Units)> {
        match operation {
            "GetItem" => Some(self.get(request)),
            "Query" => Some(self.query(request)),
            "PutItem" => Some(self.put(request)),
            _ => None,
        }
    }

    fn get(&self, request: &Value) -> (Value, Units) {
        let found = self.items.get(&key(request["Key"].as_object().unwrap()));
        let units = read_units(found.map_or(0, size), request);
        let answer = found.map_or_else(|| json!({}), |item| json!({"Item": item}));
        (answer, units)
    }

    /// The only query is for a workflow and what is stored with it.
    fn query(&self, request: &Value) -> (Value, Units) {
        let values = request["ExpressionAttributeValues"].as_object().unwrap();
        let pk = values.values().next().unwrap()["S"].as_str().unwrap();
        let found: Vec<&Item> = self
            .items
            .iter()
            .filter(|((item, _), _)| item == pk)
            .map(|(_, item)| item)
            .collect();
        let units = read_units(found.iter().map(|item| size(item)).sum(), request);
        (json!({"Count": found.len(), "Items": found}), units)
    }

    fn put(&mut self, request: &Value) -> (Value, Units) {
        let item = request["Item"].as_object().unwrap().clone();
        let before = self.items.insert(key(&item), item.clone());
        let before = before.unwrap_or_default();
        let larger = size(&item).max(size(&before));
        let index = entries(&before, &item);
        let write = whole(larger, 1024) + index;
        let units = Units {
            write,
            index,
            ..Units::default()
        };
        (json!({}), units)
    }
}

fn key(item: &Item) -> Key {
    let part = |name: &str| item[name]["S"].as_str().unwrap().to_owned();
    (part("pk"), part("sk"))
}

fn whole(bytes: usize, unit: usize) -> f64 {
    bytes.div_ceil(unit).max(1) as f64
}

fn read_units(bytes: usize, request: &Value) -> Units {
    let consistent = request["ConsistentRead"] == true;
    let read = whole(bytes, 4096) * if consistent { 1.0 } else { 0.5 };
    Units {
        read,
        ..Units::default()
    }
}

/// An index entry that goes and one that comes are a write each; one that stays as it is costs nothing. All index
/// keys end in `_pk`, which `main.rs` compares with the template.
fn entries(before: &Item, after: &Item) -> f64 {
    let entry = |item: &Item, pk: &str| {
        let sk = pk.replace("_pk", "_sk");
        item.get(pk).map(|pk| (pk.clone(), item.get(&sk).cloned()))
    };
    let mut indexes: Vec<&String> = before.keys().chain(after.keys()).collect();
    indexes.retain(|name| name.ends_with("_pk"));
    indexes.sort_unstable();
    indexes.dedup();
    let writes = indexes.into_iter().map(|pk| {
        let (before, after) = (entry(before, pk), entry(after, pk));
        if before == after {
            0
        } else {
            u32::from(before.is_some()) + u32::from(after.is_some())
        }
    });
    f64::from(writes.sum::<u32>())
}

/// "DynamoDB item sizes and formats": the lengths of names and values.
fn size(item: &Item) -> usize {
    let value = |value: &Value| {
        let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
        let text = value.as_str().unwrap_or_default();
        match kind.as_str() {
            "S" => text.len(),
            "B" => text.trim_end_matches('=').len() * 3 / 4,
            "N" => text.len().div_ceil(2) + 1,
            "BOOL" | "NULL" => 1,
            other => panic!("what is the size of {other}?"),
        }
    };
    item.iter().map(|(name, it)| name.len() + value(it)).sum()
}

#[test]
fn units_are_whole_and_index_entries_are_apart() {
    let mut table = Table::default();
    let put = |body: usize, index: Option<&str>| {
        let mut item = json!({"pk": {"S": "a"}, "sk": {"S": "b"}, "body": {"S": "x".repeat(body)}});
        if let Some(index) = index {
            item["rest_pk"] = json!({"S": index});
        }
        json!({"Item": item})
    };
    let mut written = |body, index| table.put(&put(body, index)).1.write;
    assert_eq!(written(900, None), 1.0);
    assert_eq!(written(900, Some("one")), 2.0);
    assert_eq!(written(900, Some("one")), 1.0);
    assert_eq!(written(900, Some("two")), 3.0);
    assert_eq!(written(1100, None), 3.0);
    assert_eq!(written(10, None), 2.0, "the larger of before and after");
    let get = |consistent| json!({"Key": {"pk": {"S": "a"}, "sk": {"S": "b"}}, "ConsistentRead": consistent});
    assert_eq!(table.get(&get(true)).1.read, 1.0);
    assert_eq!(table.get(&get(false)).1.read, 0.5);
}
