use std::sync::Arc;

use serde_json::Value;

use crate::calendar;

/// The members that a document without annotations lacks.
pub(crate) const CUT: [&str; 2] = ["annotations", "properties"];

/// The Darwin JSON document of a delivery.
#[derive(Clone, Debug)]
pub struct Document {
    pub(crate) root: Arc<Value>,
    pub(crate) whole: bool,
}

impl Document {
    /// The whole document.
    #[must_use]
    pub fn whole(root: impl Into<Arc<Value>>) -> Self {
        Self {
            root: root.into(),
            whole: true,
        }
    }

    /// A document without `annotations` and `properties`, because they are too large to hold. A template that
    /// uses them fails.
    #[must_use]
    pub fn without_annotations(root: impl Into<Arc<Value>>) -> Self {
        Self {
            root: root.into(),
            whole: false,
        }
    }
}

/// What a template may know besides the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The slug of the team.
    pub team: String,
    /// The workflow.
    pub workflow: Named,
    /// The Webhook stage.
    pub stage: Named,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The delivery's id.
    pub delivery_id: String,
    /// The time of the attempt, in seconds since 1970.
    pub now: i64,
}

/// Id and name of a workflow or a stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The id, a UUID.
    pub id: String,
    /// The name.
    pub name: String,
}

impl From<&Named> for Value {
    fn from(named: &Named) -> Self {
        Self::from_iter([("id", named.id.as_str()), ("name", named.name.as_str())])
    }
}

/// All that a template can reach.
#[derive(Clone, Debug)]
pub struct Context {
    pub(crate) document: Document,
    about: Value,
}

impl Context {
    /// The names that a template may use.
    pub(crate) const NAMES: [&str; 9] = [
        "document",
        "item",
        "annotations",
        "team",
        "workflow",
        "stage",
        "attempt",
        "delivery_id",
        "now",
    ];

    /// Makes the document and the delivery known to templates. The document is not copied.
    #[must_use]
    pub fn new(document: Document, about: About) -> Self {
        let about = Value::from_iter([
            ("workflow", Value::from(&about.workflow)),
            ("stage", Value::from(&about.stage)),
            ("attempt", about.attempt.into()),
            ("team", about.team.into()),
            ("delivery_id", about.delivery_id.into()),
            ("now", calendar::rfc_3339(about.now).into()),
        ]);
        Self { document, about }
    }

    /// What a name stands for, if the document has it.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        match name {
            "document" => Some(&self.document.root),
            "item" | "annotations" => self.document.root.get(name),
            _ => self.about.get(name),
        }
    }
}
