use delivery::Reason;
use delivery::ports::Observation;

/// Logs attempts and exits. On AWS the observer's own lines say this.
pub(super) fn log(observation: &Observation<'_>) {
    match observation {
        Observation::Attempted(attempted) => tracing::info!(
            team = %attempted.key.team, item_id = %attempted.key.item_id, stage_id = %attempted.stage_id,
            delivery_id = %attempted.delivery_id, trace_id = %attempted.trace_id, attempt = attempted.summary.attempt,
            status = attempted.summary.status, reason = attempted.summary.reason.map(Reason::code),
            duration_ms = attempted.summary.duration_ms, "attempt"
        ),
        Observation::Left(left) => tracing::info!(
            team = %left.key.team, item_id = %left.key.item_id, stage_id = %left.stage_id,
            delivery_id = %left.delivery_id, edge = left.outcome.edge(),
            reason = left.reason.map(Reason::code), attempts = left.attempts,
            "file left the Webhook stage"
        ),
        _ => {}
    }
}
