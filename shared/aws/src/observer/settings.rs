use crate::environment::{Environment, EnvironmentError};

/// By what the metrics are counted, besides for all. Each team or stage costs metrics of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetricsBy {
    /// By team.
    #[default]
    Team,
    /// By stage.
    Stage,
    /// Only for all.
    All,
}

/// Which attempts have a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogAttempts {
    /// All.
    #[default]
    All,
    /// Those that failed. The others are only in the metrics.
    Failed,
}

/// Settings of the observer.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) namespace: String,
    pub(super) metrics_by: MetricsBy,
    pub(super) log_attempts: LogAttempts,
}

impl Settings {
    pub(super) fn from_environment(from: Environment) -> Result<Self, EnvironmentError> {
        let by = [
            ("team", MetricsBy::Team),
            ("stage", MetricsBy::Stage),
            ("all", MetricsBy::All),
        ];
        let logged = [("all", LogAttempts::All), ("failed", LogAttempts::Failed)];
        let namespace = from.optional("METRICS_NAMESPACE");
        Ok(Self {
            namespace: namespace.unwrap_or_else(|| "WebhookStage".to_owned()),
            metrics_by: from.choice("METRICS_BY", "team, stage or all", &by)?,
            log_attempts: from.choice("LOG_ATTEMPTS", "all or failed", &logged)?,
        })
    }
}
