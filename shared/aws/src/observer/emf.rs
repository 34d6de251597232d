//! Lines in CloudWatch's embedded metric format:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use delivery::Timestamp;
use serde_json::{Map, Value, json};

/// The most values that a metric may have in one line.
const MOST_VALUES: usize = 100;

/// How the values of a metric that are collected for one line are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// All are kept, as CloudWatch needs them for percentiles and averages.
    Keep,
    /// Their sum.
    Sum,
    /// The largest.
    Max,
}

/// The combinations of dimensions that a metric is counted by. Each combination of their values is billed as a metric
/// of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sets {
    /// Without dimensions.
    All,
    /// By all dimensions of the line together.
    Each,
    /// By the dimension of [`MetricsBy`](super::MetricsBy), which is the line's first, and without.
    FirstAndAll,
}

impl Sets {
    /// The same where metrics are not counted by team or stage.
    const fn without_first(self) -> Self {
        match self {
            Self::FirstAndAll => Self::All,
            other => other,
        }
    }
}

/// A metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    /// A unit that CloudWatch knows; `None` for counts.
    pub(super) unit: Option<&'static str>,
    pub(super) merge: Merge,
    pub(super) sets: Sets,
}

/// What the lines of values that belong together have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shared {
    /// The team or stage, if metrics are counted by it: the first dimension.
    pub(super) by: Option<(&'static str, String)>,
    /// A further dimension.
    pub(super) dimension: Option<(&'static str, &'static str)>,
    /// Other fields, to search the log by.
    pub(super) fields: Vec<(&'static str, String)>,
}

/// Values that were observed at once.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) shared: Shared,
    pub(super) values: Vec<(Metric, f64)>,
}

/// What was observed since metrics were last written. Each group of values that have the same dimensions becomes a line.
#[derive(Debug, Default)]
pub(super) struct Collected(BTreeMap<Shared, Vec<(Metric, Vec<f64>)>>);

/// What becomes a line.
#[derive(Debug)]
pub(super) struct Group(Shared, Vec<(Metric, Vec<f64>)>);

impl Collected {
    /// Adds values. Returns their group if no more fit into its line.
    pub(super) fn add(&mut self, observed: Observed) -> Option<Group> {
        let mut entry = match self.0.entry(observed.shared) {
            Entry::Vacant(entry) => entry.insert_entry(Vec::new()),
            Entry::Occupied(entry) => entry,
        };
        let group = entry.get_mut();
        let mut is_full = false;
        for (metric, value) in observed.values {
            match group.iter_mut().find(|(known, _)| *known == metric) {
                None => group.push((metric, vec![value])),
                Some((_, values)) => {
                    merge(values, metric.merge, value);
                    is_full |= values.len() >= MOST_VALUES;
                }
            }
        }
        is_full.then(|| {
            let (shared, values) = entry.remove_entry();
            Group(shared, values)
        })
    }

    /// Everything, by group.
    pub(super) fn into_groups(self) -> impl Iterator<Item = Group> {
        self.0
            .into_iter()
            .map(|(shared, values)| Group(shared, values))
    }
}

fn merge(values: &mut Vec<f64>, how: Merge, value: f64) {
    match (how, values.last_mut()) {
        (Merge::Sum, Some(sum)) => *sum += value,
        (Merge::Max, Some(max)) => *max = max.max(value),
        _ => values.push(value),
    }
}

impl Group {
    /// The line.
    pub(super) fn line(self, namespace: &str, now: Timestamp) -> String {
        let Self(shared, mut metrics) = self;
        let names: Vec<_> = (shared.by.iter().map(|(name, _)| *name))
            .chain(shared.dimension.map(|(name, _)| name))
            .collect();
        if shared.by.is_none() {
            for (metric, _) in &mut metrics {
                metric.sets = metric.sets.without_first();
            }
        }
        // Metrics with the same dimensions share a directive.
        metrics.sort_by_key(|(metric, _)| metric.sets);
        let directives: Vec<_> = metrics
            .chunk_by(|(one, _), (other, _)| one.sets == other.sets)
            .map(|metrics| {
                let sets = match metrics[0].0.sets {
                    Sets::All => json!([[]]),
                    Sets::Each => json!([names]),
                    Sets::FirstAndAll => json!([names[..1], []]),
                };
                let metrics: Vec<_> = metrics
                    .iter()
                    .map(|(metric, _)| definition(metric))
                    .collect();
                json!({"Namespace": namespace, "Dimensions": sets, "Metrics": metrics})
            })
            .collect();
        let mut line = Map::new();
        let head = json!({"Timestamp": now.as_millis(), "CloudWatchMetrics": directives});
        line.insert("_aws".to_owned(), head);
        let by = shared
            .by
            .map(|(name, value)| (name, dimension_value(&value)));
        let dimension = shared
            .dimension
            .map(|(name, value)| (name, value.to_owned()));
        for (name, value) in by.into_iter().chain(dimension).chain(shared.fields) {
            line.insert(name.to_owned(), json!(value));
        }
        for (metric, values) in metrics {
            let mut values: Vec<_> = values.into_iter().map(number).collect();
            let value = match values.len() {
                1 => values.remove(0),
                _ => Value::from(values),
            };
            line.insert(metric.name.to_owned(), value);
        }
        Value::Object(line).to_string()
    }
}

fn definition(metric: &Metric) -> Value {
    match metric.unit {
        None => json!({"Name": metric.name}),
        Some(unit) => json!({"Name": metric.name, "Unit": unit}),
    }
}

/// Without a fraction if there is none, because each byte of a line is billed.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts and times are never negative, and far below 2^53"
)]
fn number(value: f64) -> Value {
    if value.fract() == 0.0 {
        json!(value as u64)
    } else {
        json!(value)
    }
}

/// CloudWatch refuses the whole line if a dimension's value is empty, blank, longer than 1,024 characters, or has anything
/// but printable ASCII: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html>
fn dimension_value(value: &str) -> String {
    let printable = value.chars().take(1024).map(|char| match char {
        ' '..='~' => char,
        _ => '?',
    });
    let value: String = printable.collect();
    if value.trim().is_empty() {
        "?".to_owned()
    } else {
        value
    }
}
