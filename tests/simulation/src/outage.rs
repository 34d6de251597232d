//! Receivers that are down for a while, or for good.

use uuid::Uuid;

use crate::world::{Down, World};

impl World {
    /// One stage's receiver goes down; or a message is delivered twice instead.
    pub(super) fn begin_outage(&mut self) {
        if self.trouble == 0 {
            return;
        }
        if !self.dice.one_in(2) {
            return self.duplicate();
        }
        let stages = self.stages();
        let stage_id = stages[self.dice.index(stages.len())].stage_id;
        let how = match self.dice.index(4) {
            0 => Down::Refuses,
            1 => Down::Hangs,
            2 => Down::Busy(None),
            _ => Down::Busy(Some(self.dice.pick(1..30).unsigned_abs())),
        };
        let lasts = self.dice.pick(5_000..300_000);
        self.faults.note("receiver goes down");
        self.down.insert(stage_id, (self.now + lasts, how));
        self.tell(0, || {
            format!("the receiver of {stage_id} is down: {how:?}, {lasts} ms")
        });
    }

    /// In the calm each receiver is back, or never comes back.
    pub(super) fn end_outages(&mut self) {
        for stage_id in self.down.keys().copied().collect::<Vec<_>>() {
            if self.dice.one_in(3) {
                self.faults.note("receiver stays dead");
                if let Some(down) = self.down.get_mut(&stage_id) {
                    down.0 = i64::MAX;
                }
            } else {
                self.down.remove(&stage_id);
            }
        }
    }

    pub(super) fn is_down(&self, stage_id: Uuid) -> Option<Down> {
        let down = self.down.get(&stage_id);
        down.filter(|(until, _)| self.now < *until)
            .map(|(_, how)| *how)
    }
}
