//! What the functions could not handle is counted: SQS's own metrics do not tell it.

use std::sync::{Arc, Mutex};

use delivery::control::RecentCalls;
use delivery::ports::{Observation, Observer};
use sender::Settings;
use webhook::{CallerConfig, WebhookCaller};
use webhook_stage::Local;

use crate::world::{LONG, World, event};

#[derive(Default)]
struct BatchItemFailure(Mutex<Vec<(&'static str, &'static str)>>);

impl Observer for BatchItemFailure {
    fn observe(&self, observation: Observation<'_>) {
        if let Observation::BatchItemFailure { function, code } = observation {
            self.0.lock().unwrap().push((function, code));
        }
    }
}

#[tokio::test]
async fn what_goes_back_is_observed() {
    let (world, seen) = (World::new().await, Arc::new(BatchItemFailure::default()));
    let caller = WebhookCaller::new(CallerConfig::default()).unwrap();
    let ports = Local::new(world.ports.engine().clone(), caller, seen.clone());
    let event = || event(&["garbage".to_owned()], LONG);
    dispatcher::handle(&ports, event()).await.unwrap();
    let settings = Settings::default();
    let recent = RecentCalls::default();
    sender::handle(&ports, &settings, &recent, event())
        .await
        .unwrap();
    let expected = ["dispatcher", "sender"].map(|function| (function, "invalid_message"));
    assert_eq!(*seen.0.lock().unwrap(), expected);
}
