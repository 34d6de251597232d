use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// What the receiver reads of a Darwin JSON 2.0 document. Everything else is left alone, so that new
/// fields break nothing.
pub(crate) struct Summary {
    pub(crate) item_id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) annotations: Option<usize>,
}

#[derive(Deserialize)]
struct Document {
    item: Map<String, Value>,
    annotations: Option<Vec<IgnoredAny>>,
}

impl Summary {
    /// Reads a body; the error is a line for the caller.
    pub(crate) fn read(body: &[u8]) -> Result<Self, String> {
        // serde would take an array for an object, by the order of its fields.
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err("the body is not a Darwin JSON document: it is no JSON object".to_owned());
        }
        let document: Document = serde_json::from_slice(body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("the body is not a Darwin JSON document: line {line}, column {column}")
        })?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let source = document.item.get("source_info");
        Ok(Self {
            item_id: text(source.and_then(|source| source.get("item_id"))),
            name: text(document.item.get("name")),
            annotations: document.annotations.map(|annotations| annotations.len()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Summary;

    #[test]
    fn an_array_is_no_document() {
        for body in [r#"[{"name":"a"},[]]"#, r#"{"item":["a",null]}"#] {
            assert!(Summary::read(body.as_bytes()).is_err(), "{body}");
        }
        let body = br#" {"item":{"name":"a","source_info":{"item_id":"1"}},"annotations":[1,2]}"#;
        let summary = Summary::read(body).expect("a document");
        let read = (summary.name.as_deref(), summary.item_id.as_deref());
        assert_eq!(
            (read, summary.annotations),
            ((Some("a"), Some("1")), Some(2))
        );
    }
}
