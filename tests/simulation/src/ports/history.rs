//! What happened. A visit that is kept is never replaced by an older view of it.

use std::collections::btree_map::Entry;

use delivery::ports::{History, PortError};
use delivery::{AttemptRecord, FileKey, Rejection, VisitRecord};
use uuid::Uuid;

use super::Sim;
use crate::faults::Break;
use crate::world::World;

impl World {
    pub(super) fn keep(&mut self, visit: VisitRecord) {
        match self.visits.entry((visit.key.clone(), visit.visit.id)) {
            Entry::Vacant(place) => {
                place.insert(visit);
            }
            Entry::Occupied(mut place) if place.get().version <= visit.version => {
                place.insert(visit);
            }
            Entry::Occupied(_) => self.faults.note("older view of a visit dropped"),
        }
    }
}

impl History for Sim {
    async fn attempt(&self, record: &AttemptRecord) -> Result<(), PortError> {
        self.effect("attempt", |world| {
            let mut record = record.clone();
            world.as_answered(&mut record.summary);
            let of = (record.delivery_id, record.summary.attempt);
            let known = world.attempts.get(&of).map(|known| known.version);
            if !world.is_broken(Break::ForgetsFailures)
                && known.is_none_or(|known| known <= record.version)
            {
                world.attempts.insert(of, record);
            }
        })
        .await
    }

    async fn visit(&self, record: &VisitRecord) -> Result<(), PortError> {
        self.effect("visit", |world| {
            if world.is_broken(Break::HistoryLate) {
                let late = world.late.entry(self.task).or_default();
                late.push(record.clone());
            } else if !world.is_broken(Break::ForgetsVisits) {
                world.keep(record.clone());
            }
            if world.is_broken(Break::NumbersTwice) {
                let mut copy = record.clone();
                copy.visit.id = Uuid::from_u128(!record.visit.id.as_u128());
                world.keep(copy);
            }
        })
        .await
    }

    async fn find_visit(
        &self,
        key: &FileKey,
        visit_id: Uuid,
    ) -> Result<Option<VisitRecord>, PortError> {
        self.effect("find visit", |world| {
            world.visits.get(&(key.clone(), visit_id)).cloned()
        })
        .await
    }

    async fn rejection(&self, record: &Rejection) -> Result<(), PortError> {
        self.effect("rejection", |world| {
            world
                .rejections
                .insert(record.assignment_id, record.clone());
        })
        .await
    }
}
