//! What operators do about a stage: pause and resume it, and close its breaker.

use delivery::control::{StageControl, StageKey, closed_by_hand, paused, resumed};
use delivery::ports::Clock;
use delivery::usecase::operate_control;

use crate::ports::Sim;
use crate::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hand {
    Pauses,
    Resumes,
    ResumesAll,
    Closes,
}

/// Changes the control record of a stage, as the command line does.
pub(super) async fn control_by_hand(sim: Sim, hand: Hand) {
    let sim = Sim {
        process: None,
        ..sim
    };
    let mut stages = sim.world.lock().unwrap().stages();
    if hand != Hand::ResumesAll {
        let chosen = sim.world.lock().unwrap().dice.index(stages.len());
        stages = vec![stages.swap_remove(chosen)];
    }
    for stage in stages {
        let now = sim.now();
        let change = |control: &StageControl| match hand {
            Hand::Pauses => paused(control, "operator", None, now),
            Hand::Resumes | Hand::ResumesAll => resumed(control, now),
            Hand::Closes => closed_by_hand(control, now),
        };
        let operated = operate_control(&sim, &stage, change).await;
        if hand == Hand::Closes
            && operated.is_ok_and(|(before, after)| before.version != after.version)
        {
            sim.world
                .lock()
                .unwrap()
                .faults
                .note("breaker closed by hand");
        }
    }
}

impl World {
    /// The Webhook stages.
    pub(super) fn stages(&self) -> Vec<StageKey> {
        let stages = self.workflow.webhook_stages();
        let key = |stage_id| StageKey {
            team: "team".to_owned(),
            workflow_id: self.workflow.id,
            stage_id,
        };
        stages.map(|(stage, _)| key(stage.id)).collect()
    }

    pub(super) fn has_paused_stage(&self) -> bool {
        let stages = self.stages();
        stages
            .iter()
            .any(|stage| self.control(stage).pause.is_some())
    }
}
