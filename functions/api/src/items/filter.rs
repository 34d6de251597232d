//! Which items a request is about, in V7's words.

use std::sync::Arc;

use delivery::{ItemFilter, Places};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use workflow::{Stage, StageKind, Workflow};

use crate::error::ApiError;
use crate::number::{LARGEST, Number};

/// Filters of V7's, all of which must hold. One that is not known is refused: without it a command would concern more items
/// than were meant.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filters {
    /// These items.
    pub(crate) item_ids: Option<Vec<Uuid>>,
    /// Items with these names.
    pub(crate) item_names: Option<Vec<String>>,
    /// Items of these datasets, by V7's numbers; `"all"` for every dataset.
    pub(crate) dataset_ids: Option<Datasets>,
    /// Items with these statuses: `new`, `annotate`, `review`, `complete`, `archived`, `webhook`, …
    pub(crate) statuses: Option<Vec<String>>,
    /// Items in these stages.
    pub(crate) workflow_stage_ids: Option<Vec<Uuid>>,
    /// `failed`: at rest, and the last webhook failed.
    #[schema(pattern = "^failed$")]
    pub(crate) outcome: Option<String>,
}

/// Numbers of datasets, or all of them.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "expected numbers of datasets, or \"all\"")]
pub(crate) enum Datasets {
    Of(Vec<Number>),
    Named(Every),
    One(Number),
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Every {
    All,
}

/// The same in a query, for the documentation. A list is repeated, or divided by commas.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "it is only for the documentation")]
pub(crate) struct InQuery {
    /// These items.
    item_ids: Option<Vec<Uuid>>,
    /// Items with these names.
    item_names: Option<Vec<String>>,
    /// Items of these datasets, by V7's numbers; or `all`.
    dataset_ids: Option<Datasets>,
    /// Items with these statuses.
    statuses: Option<Vec<String>>,
    /// Items in these stages.
    workflow_stage_ids: Option<Vec<Uuid>>,
    /// `failed`: items at rest whose last webhook failed.
    #[param(pattern = "^failed$")]
    outcome: Option<String>,
}

impl Filters {
    /// Reads the filters of a query and hands back the other parameters. A list is repeated, or divided by commas.
    pub(crate) fn of_query(
        query: Vec<(String, String)>,
    ) -> Result<(Self, Vec<(String, String)>), ApiError> {
        let mut filters = Self::default();
        let mut others = Vec::new();
        for (name, value) in query {
            let plain = name.strip_suffix("[]").unwrap_or(&name);
            let parts = value.split(',').map(str::trim);
            match plain {
                "item_ids" => ids(&mut filters.item_ids, plain, parts)?,
                "workflow_stage_ids" => ids(&mut filters.workflow_stage_ids, plain, parts)?,
                // A name may have a comma in it.
                "item_names" => filters.item_names.get_or_insert_default().push(value),
                "statuses" => {
                    let statuses = filters.statuses.get_or_insert_default();
                    statuses.extend(parts.map(str::to_owned));
                }
                "dataset_ids" if value == "all" => {}
                "dataset_ids" => {
                    let numbers = parts.map(|part| {
                        let invalid = || ApiError::invalid(plain, "dataset_ids are numbers");
                        let number = part.parse().ok().filter(|number| *number <= LARGEST);
                        number.map(Number).ok_or_else(invalid)
                    });
                    let numbers: Vec<Number> = numbers.collect::<Result<_, _>>()?;
                    match &mut filters.dataset_ids {
                        Some(Datasets::Of(known)) => known.extend(numbers),
                        other => *other = Some(Datasets::Of(numbers)),
                    }
                }
                "outcome" => filters.outcome = Some(value),
                _ => others.push((name, value)),
            }
        }
        Ok((filters, others))
    }

    /// Whether they say anything about items other than their dataset. V7's client refuses a command without.
    pub(crate) const fn is_empty(&self) -> bool {
        self.item_ids.is_none()
            && self.item_names.is_none()
            && self.statuses.is_none()
            && self.workflow_stage_ids.is_none()
            && self.outcome.is_none()
    }

    /// The filter by which a store finds the items, given the team's workflows.
    pub(crate) fn resolve(self, workflows: &[Arc<Workflow>]) -> Result<ItemFilter, ApiError> {
        let datasets = match self.dataset_ids {
            None | Some(Datasets::Named(Every::All)) => None,
            Some(Datasets::Of(ids)) => Some(ids.into_iter().map(|id| id.0).collect()),
            Some(Datasets::One(id)) => Some(vec![id.0]),
        };
        let failed_at = match self.outcome.as_deref() {
            None => None,
            Some("failed") => {
                let stages = workflows.iter().flat_map(|workflow| &workflow.stages);
                let stages = stages.filter(|stage| stage.webhook.is_some());
                Some(stages.map(|stage| stage.id).collect())
            }
            Some(_) => {
                let message = "the only outcome that can be asked for is \"failed\"";
                return Err(ApiError::invalid("outcome", message));
            }
        };
        Ok(ItemFilter {
            items: self.item_ids,
            names: self.item_names,
            datasets,
            places: places(self.statuses, self.workflow_stage_ids, workflows),
            failed_at,
            ..ItemFilter::default()
        })
    }
}

/// Where items are that have one of the statuses and are in one of the stages.
fn places(
    statuses: Option<Vec<String>>,
    stages: Option<Vec<Uuid>>,
    workflows: &[Arc<Workflow>],
) -> Option<Places> {
    let Some(statuses) = statuses else {
        return stages.map(|stages| Places {
            in_dataset: false,
            stages,
        });
    };
    let has_status = |stage: &Stage| {
        let status = status_of(&stage.kind);
        statuses.iter().any(|wanted| *wanted == status)
    };
    let all = workflows.iter().flat_map(|workflow| &workflow.stages);
    let mut found: Vec<Uuid> = all
        .filter(|stage| has_status(stage))
        .map(|stage| stage.id)
        .collect();
    found.sort_unstable();
    found.dedup();
    let in_dataset = stages.is_none() && statuses.iter().any(|wanted| wanted == "new");
    if let Some(stages) = stages {
        found.retain(|stage| stages.contains(stage));
    }
    Some(Places {
        in_dataset,
        stages: found,
    })
}

/// V7's status of an item in a stage of this kind. V7 has none for automated stages, so these show their type.
pub(crate) fn status_of(kind: &StageKind) -> &str {
    match kind {
        StageKind::Dataset => "new",
        StageKind::Archive => "archived",
        other => other.as_str(),
    }
}

fn ids<'a>(
    known: &mut Option<Vec<Uuid>>,
    field: &str,
    parts: impl Iterator<Item = &'a str>,
) -> Result<(), ApiError> {
    let known = known.get_or_insert_default();
    for part in parts {
        known.push(crate::request::uuid(field, part)?);
    }
    Ok(())
}
