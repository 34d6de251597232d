use serde_json::Value;
use uuid::Uuid;

use crate::webhook::WebhookConfig;

/// The kind of a stage, by V7's type names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StageKind {
    /// The entry.
    Dataset,
    /// People annotate.
    Annotate,
    /// People review.
    Review,
    /// An end: done.
    Complete,
    /// An end: discarded.
    Discard,
    /// An end: archived.
    Archive,
    /// A model annotates.
    Model,
    /// The Webhook stage.
    Webhook,
    /// Consensus, its entry.
    ConsensusEntrypoint,
    /// Consensus, its test.
    ConsensusTest,
    /// Rules choose the edge.
    Logic,
    /// Chance chooses the edge.
    Sampling,
    /// Code runs.
    Code,
    /// A type that this version does not know; it is accepted and kept.
    Other(String),
}

impl StageKind {
    /// The kind with this type name of V7's.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "dataset" => Self::Dataset,
            "annotate" => Self::Annotate,
            "review" => Self::Review,
            "complete" => Self::Complete,
            "discard" => Self::Discard,
            "archive" => Self::Archive,
            "model" => Self::Model,
            "webhook" => Self::Webhook,
            "consensus_entrypoint" => Self::ConsensusEntrypoint,
            "consensus_test" => Self::ConsensusTest,
            "logic" => Self::Logic,
            "sampling" => Self::Sampling,
            "code" => Self::Code,
            other => Self::Other(other.to_owned()),
        }
    }

    /// V7's type name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Dataset => "dataset",
            Self::Annotate => "annotate",
            Self::Review => "review",
            Self::Complete => "complete",
            Self::Discard => "discard",
            Self::Archive => "archive",
            Self::Model => "model",
            Self::Webhook => "webhook",
            Self::ConsensusEntrypoint => "consensus_entrypoint",
            Self::ConsensusTest => "consensus_test",
            Self::Logic => "logic",
            Self::Sampling => "sampling",
            Self::Code => "code",
            Self::Other(name) => name,
        }
    }

    /// Whether it is automated: it fires when a file is assigned to it.
    #[must_use]
    pub const fn is_automated(&self) -> bool {
        matches!(
            self,
            Self::Model
                | Self::Webhook
                | Self::ConsensusEntrypoint
                | Self::ConsensusTest
                | Self::Logic
                | Self::Sampling
                | Self::Code
        )
    }

    /// Whether people work in it.
    #[must_use]
    pub const fn is_human(&self) -> bool {
        matches!(self, Self::Annotate | Self::Review)
    }

    /// Whether it is an end, where files stay for good.
    #[must_use]
    pub const fn is_end(&self) -> bool {
        matches!(self, Self::Complete | Self::Discard | Self::Archive)
    }
}

/// Who may take files of a stage for themselves (`config.assignable_to`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AssignableTo {
    /// Anyone of the team.
    Anyone,
    /// Only the users named.
    Manual,
    /// Not specified.
    #[default]
    Unset,
}

/// A stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: StageKind,
    /// The edges that leave it.
    pub edges: Vec<Edge>,
    /// V7's ids of the users assigned to it.
    pub assignable_users: Vec<u64>,
    /// Who may take files for themselves.
    pub assignable_to: AssignableTo,
    /// Whether it is the entry (`config.initial`).
    pub initial: bool,
    /// The webhook's settings, for a Webhook stage.
    pub webhook: Option<WebhookConfig>,
    /// The stage as it was exported, without secrets, including fields that this version does not read.
    pub(crate) raw: Value,
}

/// An edge; it belongs to the stage that it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Its id, where it has one.
    pub id: Option<Uuid>,
    /// Its name: `succeeded`, `failed`, `approve`, `reject`, `default`, …
    pub name: String,
    /// The stage that it leaves, as given in the export.
    pub source_stage_id: Option<Uuid>,
    /// The stage that it leads to; none if it is not connected.
    pub target_stage_id: Option<Uuid>,
}
