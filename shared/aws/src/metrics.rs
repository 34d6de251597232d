use std::io::Write;
use std::time::SystemTime;

use delivery::Timestamp;
use delivery::ports::{Observation, Observer};
use serde_json::{Value, json};

/// Metrics as CloudWatch's embedded metric format: lines on standard output that Lambda's log turns
/// into metrics. No call, no agent, no payload.
#[derive(Clone, Debug)]
pub struct EmfMetrics {
    namespace: String,
}

impl EmfMetrics {
    /// Metrics in this namespace.
    pub fn new(namespace: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
        }
    }

    fn line(&self, observation: &Observation<'_>) -> Option<Value> {
        match observation {
            Observation::Attempt {
                summary,
                stage_id,
                delivery_id,
                lag,
                ..
            } => {
                let reason = summary.reason.map_or("none", delivery::Reason::code);
                let metrics = [
                    ("Attempts", "Count", json!(1)),
                    ("Latency", "Milliseconds", json!(summary.duration_ms)),
                    ("Lag", "Seconds", json!(lag.as_secs_f64())),
                ];
                let stage = stage_id.to_string();
                let fields = [("Stage", stage.as_str()), ("Reason", reason)];
                let mut line = self.emf(&fields, &[&["Stage", "Reason"], &["Stage"]], &metrics);
                line["delivery_id"] = json!(delivery_id);
                line["attempt"] = json!(summary.attempt);
                line["status"] = json!(summary.status);
                Some(line)
            }
            Observation::Left(left) => {
                let (stage, outcome) = (left.stage_id.to_string(), left.outcome.edge());
                let reason = left.reason.map_or("none", delivery::Reason::code);
                let fields = [
                    ("Stage", stage.as_str()),
                    ("Outcome", outcome),
                    ("Reason", reason),
                ];
                let given_up = u32::from(left.reason.is_some());
                let metrics = [
                    ("Deliveries", "Count", json!(1)),
                    ("GivenUp", "Count", json!(given_up)),
                ];
                let sets: [&[&str]; 3] = [&["Stage", "Outcome"], &["Reason"], &[]];
                Some(self.emf(&fields, &sets, &metrics))
            }
            Observation::Rejected(rejection) => {
                let stage = rejection.stage_id.to_string();
                let fields = [
                    ("Stage", stage.as_str()),
                    ("Reason", rejection.reason.code()),
                ];
                let metrics = [("RejectedAssignments", "Count", json!(1))];
                Some(self.emf(&fields, &[&["Stage", "Reason"], &[]], &metrics))
            }
            _ => None,
        }
    }

    fn emf(
        &self,
        fields: &[(&str, &str)],
        dimensions: &[&[&str]],
        metrics: &[(&str, &str, Value)],
    ) -> Value {
        let now = Timestamp::from(SystemTime::now()).as_millis();
        let named: Vec<Value> = metrics
            .iter()
            .map(|(name, unit, _)| json!({"Name": name, "Unit": unit}))
            .collect();
        let mut line = json!({"_aws": {"Timestamp": now, "CloudWatchMetrics": [{
            "Namespace": self.namespace, "Dimensions": dimensions, "Metrics": named,
        }]}});
        for (name, value) in fields {
            line[*name] = json!(value);
        }
        for (name, _, value) in metrics {
            line[*name] = value.clone();
        }
        line
    }
}

impl Observer for EmfMetrics {
    fn observe(&self, observation: Observation<'_>) {
        if let Some(line) = self.line(&observation) {
            // A closed standard output takes the metrics with it, not the delivery.
            let _ = writeln!(std::io::stdout().lock(), "{line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use delivery::ports::FileLeft;
    use delivery::{FileKey, Outcome, Reason};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_line_names_its_metrics_and_dimensions() {
        let left = FileLeft {
            key: FileKey {
                team: "t".to_owned(),
                item_id: Uuid::nil(),
            },
            workflow_id: Uuid::nil(),
            stage_id: Uuid::nil(),
            delivery_id: Uuid::nil(),
            outcome: Outcome::Failed,
            reason: Some(Reason::Timeout),
            attempts: 6,
            moved_to: None,
            at: Timestamp::from_millis(0),
        };
        let line = EmfMetrics::new("WebhookStage")
            .line(&Observation::Left(&left))
            .expect("a line");
        let metrics = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(metrics["Namespace"], "WebhookStage");
        for named in metrics["Metrics"].as_array().expect("metrics") {
            let name = named["Name"].as_str().expect("a name");
            assert!(line[name].is_number(), "{name}");
        }
        for set in metrics["Dimensions"].as_array().expect("dimensions") {
            for name in set.as_array().expect("names") {
                assert!(line[name.as_str().expect("a name")].is_string(), "{name}");
            }
        }
        assert_eq!(
            (&line["Outcome"], &line["GivenUp"]),
            (&json!("failed"), &json!(1))
        );
    }
}
