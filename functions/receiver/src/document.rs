use serde::Deserialize;
use serde::de::IgnoredAny;

/// What the receiver reads of a Darwin JSON 2.0 document. Everything else is left alone, so that new
/// fields break nothing.
pub(crate) struct Summary {
    pub(crate) item_id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) annotations: Option<usize>,
}

#[derive(Deserialize)]
struct Document {
    item: Item,
    annotations: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
struct Item {
    name: Option<String>,
    source_info: Option<SourceInfo>,
}

#[derive(Deserialize)]
struct SourceInfo {
    item_id: Option<String>,
}

impl Summary {
    /// Reads a body; the error is a line for the caller.
    pub(crate) fn read(body: &[u8]) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("the body is not a Darwin JSON document: line {line}, column {column}")
        })?;
        Ok(Self {
            item_id: document.item.source_info.and_then(|source| source.item_id),
            name: document.item.name,
            annotations: document.annotations.map(|annotations| annotations.len()),
        })
    }
}
