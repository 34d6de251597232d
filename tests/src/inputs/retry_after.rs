//! `Retry-After`: never earlier than asked, never later than a quarter of an hour, with the default schedule.

use std::time::Duration;

use ::workflow::{Actor, WebhookConfig};
use delivery::machine::{Effect, Sent, record_attempt};
use delivery::retry::MAX_MESSAGE_DELAY;
use delivery::retry::{DEFAULT_DELAYS, JITTER, Policy, RetryAfter};
use delivery::{
    Answer, Delivery, DeliveryState, FileKey, FileState, Reason, Status, Task, Timestamp, Visit,
};
use http::HeaderValue;
use uuid::Uuid;

/// The time of the answer: 2026-09-21.
pub const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_500);

/// All that must hold for a header's bytes.
///
/// # Panics
/// When something does not.
pub fn check(value: &[u8]) {
    let Ok(header) = HeaderValue::from_bytes(value) else {
        return;
    };
    let hint = header.to_str().ok().and_then(RetryAfter::parse);
    let asked = hint.map_or(Duration::ZERO, |hint| hint.from(NOW));
    means_what_it_says(value, hint);
    for id in 0..3 {
        for attempt in 1..=5_u32 {
            let delay = delay_of(429, hint, attempt, id).expect("a retry is due");
            let scheduled = DEFAULT_DELAYS[attempt as usize - 1];
            assert!(
                delay <= MAX_MESSAGE_DELAY,
                "{delay:?} is more than the schedule can wait"
            );
            assert!(
                delay >= asked.min(MAX_MESSAGE_DELAY),
                "{delay:?} is before {asked:?}"
            );
            let earliest = scheduled.mul_f64(1.0 - JITTER);
            assert!(delay >= earliest, "{delay:?} is before the schedule");
            let latest = scheduled.mul_f64(1.0 + JITTER).max(asked);
            assert!(delay <= latest, "{delay:?} is after anything asked for");
            assert_eq!(delay_of(503, hint, attempt, id), Some(delay));
            // Only these two statuses mean it.
            assert_eq!(
                delay_of(500, hint, attempt, id),
                delay_of(500, None, attempt, id)
            );
        }
        assert_eq!(
            delay_of(503, hint, 6, id),
            None,
            "no header brings a further retry"
        );
    }
}

/// RFC 9110, 10.2.3, read in another way: digits, perhaps with a fraction, or a date that is the same when
/// written again.
fn means_what_it_says(value: &[u8], hint: Option<RetryAfter>) {
    let text = value.trim_ascii();
    let mut parts = text.splitn(2, |byte| *byte == b'.');
    let (whole, fraction) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let digits = whole.iter().chain(fraction).all(u8::is_ascii_digit);
    let any = !whole.is_empty() || !fraction.is_empty();
    assert_eq!(
        digits && any,
        matches!(hint, Some(RetryAfter::Seconds(_))),
        "{hint:?}"
    );
    match hint {
        Some(RetryAfter::Seconds(seconds)) => {
            let text = std::str::from_utf8(whole)
                .expect("digits")
                .trim_start_matches('0');
            let up = u64::from(fraction.iter().any(|digit| *digit != b'0'));
            let written = match seconds {
                u64::MAX => seconds,
                seconds => seconds - up,
            };
            let written = written.to_string();
            let same = text == written.trim_start_matches('0');
            let beyond = text.len() >= written.len() && seconds == u64::MAX;
            assert!(same || beyond, "{text} was read as {seconds}");
        }
        Some(RetryAfter::Date(date)) => {
            let written = date.to_string();
            assert_eq!(RetryAfter::parse(&written), hint);
            // By a clock that is right, or a second behind, it means the same.
            let now = Timestamp::from_millis(NOW.as_millis() / 1000 * 1000);
            let by_clock = hint.map(|hint| hint.by_clock_of_receiver(&now.to_string()).from(NOW));
            assert_eq!(by_clock, hint.map(|hint| hint.from(now)));
            let text = String::from_utf8_lossy(text);
            if text.len() == written.len() && text.ends_with("GMT") {
                assert_eq!(text, written);
            }
        }
        None => {}
    }
}

/// How long the machine waits after an answer.
fn delay_of(status: u16, hint: Option<RetryAfter>, attempt: u32, id: u128) -> Option<Duration> {
    let state = sending(attempt, id);
    let answer = Answer {
        result: Ok(status),
        retry_after: hint,
        duration: Duration::from_millis(20),
        receiver_says: None,
        request_bytes: 2,
        response_excerpt: String::new(),
        detail: None,
    };
    let message = message(&state);
    let attempted = record_attempt(None, Some(&config()), &state, &message, &answer, NOW, NOW)
        .expect("a delivery is open");
    let (effects, sent) = attempted;
    let [Effect::ArchiveAttempt(failed), Effect::Write(next, _), ..] = &effects[..] else {
        panic!("a failed attempt is kept before the record is written: {effects:?}");
    };
    assert_eq!(failed.summary.reason, Some(Reason::HttpStatus));
    let Some(Effect::SendDelivery(delivery, delay)) = effects.last() else {
        assert_eq!(sent, Sent::Failed);
        return None;
    };
    let open = next.delivery.as_ref().expect("a delivery is open");
    assert_eq!(open.attempt, attempt + 1);
    assert_eq!(delivery.task, Task::Attempt(attempt + 1));
    assert_eq!(NOW.until(open.next_at), *delay);
    let planned = Policy::of(&config()).max_retries();
    assert!(attempt <= planned, "attempt {attempt} of {planned}");
    Some(*delay)
}

fn config() -> WebhookConfig {
    WebhookConfig::new("https://receiver.example/hook")
}

/// A file whose attempt is being made.
fn sending(attempt: u32, id: u128) -> FileState {
    let (visit_id, stage_id) = (Uuid::from_u128(id), Uuid::from_u128(2));
    let assigned_by = Actor::Workflow {
        from_visit: Uuid::nil(),
    };
    let visit = Visit {
        id: visit_id,
        stage_id,
        sequence: 1,
        entered_at: NOW,
        assigned_by,
        assignee: None,
    };
    FileState {
        key: FileKey {
            team: "team".to_owned(),
            item_id: Uuid::from_u128(1),
        },
        workflow_id: Uuid::from_u128(3),
        version: 9,
        status: Status::Sending,
        delivery: Some(DeliveryState {
            attempt,
            lease_until: Some(NOW),
            claim_id: Some(Uuid::nil()),
            ..DeliveryState::open(&visit, NOW)
        }),
        visit,
        passed: Default::default(),
        hops: 1,
        updated_at: NOW,
    }
}

fn message(state: &FileState) -> Delivery {
    Delivery {
        delivery_id: state.visit.id,
        team: state.key.team.clone(),
        item_id: state.key.item_id,
        workflow_id: state.workflow_id,
        stage_id: state.visit.stage_id,
        task: Task::Attempt(1),
        document: None,
        lane: delivery::control::Lane::Fast,
        snapshot: None,
    }
}
