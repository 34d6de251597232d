use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_types::SdkConfig;
use delivery::control::Change;
use delivery::ports::{Events, PortError};
use delivery::{FileLeft, Timestamp};
use serde_json::{Value, json};

use crate::error::{kind, port_error};

/// An event bus. Without one, nothing is announced.
#[derive(Clone, Debug)]
pub struct EventBus {
    bus: Option<(Client, String)>,
}

impl EventBus {
    /// The bus with this name, if one is given.
    #[must_use]
    pub fn new(config: &SdkConfig, name: Option<String>) -> Self {
        Self {
            bus: name.map(|name| (Client::new(config), name)),
        }
    }
}

impl Events for EventBus {
    async fn file_left(&self, event: &FileLeft) -> Result<(), PortError> {
        let detail = json!({
            "team": event.key.team,
            "item_id": event.key.item_id,
            "workflow_id": event.workflow_id,
            "stage_id": event.stage_id,
            "delivery_id": event.delivery_id,
            "trace_id": event.trace_id,
            "outcome": event.outcome,
            "edge": event.outcome.edge(),
            "reason": event.reason.map(delivery::Reason::code),
            "attempts": event.attempts,
            "moved_to": event.moved_to,
        });
        self.put(
            "File Left Webhook Stage",
            event.at,
            &detail,
            "announce a file",
        )
        .await
    }

    async fn stage_changed(&self, change: &Change) -> Result<(), PortError> {
        let detail = json!(change);
        self.put(
            "Webhook Stage Changed",
            change.at,
            &detail,
            "announce a stage",
        )
        .await
    }
}

impl EventBus {
    async fn put(
        &self,
        detail_type: &str,
        at: Timestamp,
        detail: &Value,
        what: &'static str,
    ) -> Result<(), PortError> {
        let Some((client, bus)) = &self.bus else {
            return Ok(());
        };
        let entry = PutEventsRequestEntry::builder()
            .source("webhook-stage")
            .detail_type(detail_type)
            .event_bus_name(bus)
            .time(DateTime::from_millis(at.as_millis()))
            .detail(detail.to_string())
            .build();
        let answer = client.put_events().entries(entry).send().await;
        let answer = answer.map_err(|error| port_error(what, &error))?;
        match answer
            .entries
            .unwrap_or_default()
            .into_iter()
            .find_map(|entry| entry.error_code)
        {
            None => Ok(()),
            Some(code) => Err(PortError::caused(kind(&code), what, code)),
        }
    }
}
