use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, sleep_until};

use crate::model::Model;
use crate::plan::Load;

/// How often a backlog is filled up. No stage delivers a backlog within that time.
const FILLED_EVERY: Duration = Duration::from_millis(100);

/// Lets files arrive in a stage, for ever.
pub(crate) async fn arrive(model: Arc<Model>, stage: usize, load: Load) {
    for _ in 0..load.backlog {
        model.arrives(stage);
    }
    if load.saturates {
        fill_up(&model, stage, load.backlog).await;
    }
    let began = model.time.elapsed();
    for number in 1.. {
        let Some(after) = (Duration::from_secs(1) * number).checked_div(load.a_second) else {
            return;
        };
        if load.until.is_some_and(|until| began + after >= until) {
            return;
        }
        sleep_until(model.time.at(began + after)).await;
        model.arrives(stage);
    }
}

async fn fill_up(model: &Model, stage: usize, backlog: usize) {
    loop {
        sleep(FILLED_EVERY).await;
        for _ in model.waiting(stage)..backlog {
            model.arrives(stage);
        }
    }
}
