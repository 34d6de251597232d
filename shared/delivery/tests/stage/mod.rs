//! A stage with its control record, driven through the pure functions.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the binaries that share this file use parts of it"
)]

use std::time::Duration;

use delivery::control::{
    Admission, Health, Phase, PutOff, RecentCalls, StageControl, StageKey, admit, after_call, moved,
};
use delivery::{DeliveryState, Reason, Timestamp};
use serde_json::json;
use uuid::Uuid;
use workflow::WebhookConfig;

pub const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// How long a claim of the stage lasts.
pub const LEASE: Duration = Duration::from_secs(45);

pub const FAILED: Health = Health::Trouble(Reason::HttpStatus, None);

pub const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn config(delays: &[u64]) -> WebhookConfig {
    WebhookConfig {
        retry_delays: Some(delays.iter().copied().map(seconds).collect()),
        ..WebhookConfig::new("https://receiver.example/")
    }
}

/// A delivery that is due.
pub fn due(number: u128) -> DeliveryState {
    serde_json::from_value(json!({
        "delivery_id": Uuid::from_u128(number), "stage_id": Uuid::nil(), "sequence": 1,
        "assigned_by": {"user": {"id": 7, "role": "admin"}},
        "opened_at": NOW, "attempt": 1, "next_at": NOW,
    }))
    .unwrap()
}

/// A stage as one sender process sees it.
pub struct Stage {
    pub config: WebhookConfig,
    pub control: StageControl,
    pub recent: RecentCalls,
    pub now: Timestamp,
}

impl Stage {
    pub fn new(config: WebhookConfig) -> Self {
        Self {
            config,
            control: StageControl::default(),
            recent: RecentCalls::default(),
            now: NOW,
        }
    }

    pub fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
    }

    /// A call of this delivery that took so long, and what it changes.
    pub fn call_took(&mut self, number: u128, health: Health, took: Duration) {
        let key = StageKey {
            team: "team".to_owned(),
            workflow_id: Uuid::nil(),
            stage_id: Uuid::nil(),
        };
        let window = self.config.breaker.unwrap_or_default().window;
        let recent = self.recent.note(
            &key,
            self.control.outage.as_ref(),
            health,
            took,
            window,
            self.now,
        );
        let id = Uuid::from_u128(number);
        let breaker = after_call(&self.control, &self.config, id, health, &recent, self.now);
        let next = breaker.or_else(|| moved(&self.control, &recent, self.now));
        if let Some(next) = next {
            assert_eq!(next.version, self.control.version + 1);
            self.control = next;
        }
    }

    pub fn call(&mut self, number: u128, health: Health) {
        self.call_took(number, health, Duration::from_millis(50));
    }

    pub fn admit(&self, open: &DeliveryState) -> Admission {
        admit(&self.control, &self.config, open, None, LEASE, self.now)
    }

    pub fn put_off(&self, open: &DeliveryState) -> PutOff {
        match self.admit(open) {
            Admission::PutOff(put_off) => put_off,
            other => panic!("{other:?}"),
        }
    }

    /// The delivery becomes the probe.
    pub fn probes(&mut self, open: &DeliveryState) {
        match self.admit(open) {
            Admission::Probe(next) => self.control = *next,
            other => panic!("{other:?}"),
        }
        assert_eq!(self.admit(open), Admission::Admitted);
    }

    pub fn phase(&self) -> Option<Phase> {
        self.control.outage.as_ref().map(|outage| outage.phase)
    }

    /// For how much longer the breaker's phase lasts.
    pub fn lasts(&self) -> Duration {
        let outage = self.control.outage.as_ref();
        outage.map_or(Duration::ZERO, |outage| self.now.until(outage.until))
    }

    /// The stage after its breaker has tripped.
    pub fn open(config: WebhookConfig) -> Self {
        let mut stage = Self::new(config);
        for number in 0..10 {
            stage.call(number, FAILED);
        }
        assert_eq!(stage.phase(), Some(Phase::Open));
        stage
    }

    /// And after its probe was answered.
    pub fn recovering(config: WebhookConfig) -> Self {
        let mut stage = Self::open(config);
        stage.pass(stage.lasts());
        stage.probes(&due(1));
        stage.call(1, Health::Alive);
        assert_eq!(stage.phase(), Some(Phase::Recovering));
        stage
    }
}
