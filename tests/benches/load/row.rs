//! A line of the table.

use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};

/// What was found, and whether a promise was broken.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) scenario: String,
    pub(crate) measure: String,
    value: Value,
    target: Option<Target>,
    /// A promise was broken.
    pub(crate) broken: bool,
}

#[derive(Debug, Serialize, Deserialize)]
enum Value {
    Text(String),
    /// One for each time that the scenario was run.
    Numbers(Vec<f64>, String),
}

/// What a number should be. To miss it breaks nothing: times depend on the machine.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Row {
    pub(crate) fn figure(scenario: &str, measure: impl Display, value: impl Display) -> Self {
        Self {
            scenario: scenario.to_owned(),
            measure: measure.to_string(),
            value: Value::Text(value.to_string()),
            target: None,
            broken: false,
        }
    }

    /// A figure of which the median is taken when the scenario is repeated.
    pub(crate) fn number(scenario: &str, measure: impl Display, number: f64, unit: &str) -> Self {
        Self {
            value: Value::Numbers(vec![number], unit.to_owned()),
            ..Self::figure(scenario, measure, "")
        }
    }

    pub(crate) fn at_least(self, target: f64) -> Self {
        Self {
            target: Some(Target::AtLeast(target)),
            ..self
        }
    }

    pub(crate) fn at_most(self, target: f64) -> Self {
        Self {
            target: Some(Target::AtMost(target)),
            ..self
        }
    }

    /// What is counted, and so does not depend on the machine: to miss the target breaks a promise.
    pub(crate) fn counted(self) -> Self {
        Self {
            broken: self.is_met() == Some(false),
            ..self
        }
    }

    /// A promise and whether it was kept.
    pub(crate) fn if_broken(
        broken: bool,
        scenario: &str,
        measure: impl Display,
        value: impl Display,
    ) -> Self {
        Self {
            broken,
            ..Self::figure(scenario, measure, value)
        }
    }

    pub(crate) fn broken(scenario: &str, measure: impl Display, value: impl Display) -> Self {
        Self::if_broken(true, scenario, measure, value)
    }

    /// Takes in the same row of another run.
    pub(crate) fn add(&mut self, again: Self) {
        self.broken |= again.broken;
        match (&mut self.value, again.value) {
            (Value::Numbers(numbers, _), Value::Numbers(more, _)) => numbers.extend(more),
            (value, latest) => *value = latest,
        }
    }

    pub(crate) fn value(&self) -> String {
        match &self.value {
            Value::Text(text) => text.clone(),
            Value::Numbers(numbers, unit) => {
                let (low, median, high) = spread(numbers);
                let spread = match numbers.len() {
                    1 => String::new(),
                    _ => format!(" ({} to {})", Short(low), Short(high)),
                };
                format!("{} {unit}{spread}", Short(median))
            }
        }
    }

    pub(crate) fn target(&self) -> String {
        let verdict = match self.is_met() {
            Some(true) => "met",
            _ => "MISSED",
        };
        match self.target {
            None => String::new(),
            Some(Target::AtLeast(least)) => format!("≥ {} {verdict}", Short(least)),
            Some(Target::AtMost(most)) => format!("≤ {} {verdict}", Short(most)),
        }
    }

    fn is_met(&self) -> Option<bool> {
        let Value::Numbers(numbers, _) = &self.value else {
            return None;
        };
        let (_, median, _) = spread(numbers);
        self.target.map(|target| match target {
            Target::AtLeast(least) => median >= least,
            Target::AtMost(most) => median <= most,
        })
    }
}

/// The smallest, the median and the largest.
fn spread(numbers: &[f64]) -> (f64, f64, f64) {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    (sorted[0], sorted[last / 2], sorted[last])
}

/// With three digits that say something.
struct Short(f64);

impl Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match self.0.abs() {
            large if large >= 100.0 => 0,
            medium if medium >= 10.0 => 1,
            _ => 2,
        };
        write!(f, "{:.digits$}", self.0)
    }
}
