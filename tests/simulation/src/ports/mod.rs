//! The ports over the world. Each call can be interrupted before and after its effect, fail before it,
//! or fail after it (a lost acknowledgement).

mod broken;
mod caller;
mod config;
mod controls;
mod events;
mod history;
mod port_set;
mod queues;
mod states;
mod unfinished;

pub(crate) use caller::wanted;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use delivery::Timestamp;
use delivery::control::RecentCalls;
use delivery::ports::{Clock, PortError, PortErrorKind};
use uuid::Uuid;

use crate::faults::Break;
use crate::world::World;

pub(super) type Shared = Arc<Mutex<World>>;

/// Gives up its turn once.
#[derive(Default)]
struct Turn(bool);

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// One worker's view of the world: its task, and how far its clock is off.
#[derive(Clone)]
pub(super) struct Sim {
    pub(super) world: Shared,
    pub(super) task: u64,
    pub(super) skew: i64,
    /// The process of a function that it runs in; none for people.
    pub(super) process: Option<usize>,
}

impl Sim {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// The recent calls of its process.
    pub(super) fn recent_calls(&self) -> Arc<RecentCalls> {
        let process = self.process.unwrap_or_default();
        Arc::clone(&self.world().processes[process].recent)
    }

    pub(super) fn tell(&self, what: impl FnOnce() -> String) {
        self.world().tell(self.task, what);
    }

    pub(super) async fn effect<T>(
        &self,
        what: &'static str,
        act: impl FnOnce(&mut World) -> T,
    ) -> Result<T, PortError> {
        Turn::default().await;
        let (result, lost) = {
            let mut world = self.world();
            let throttled = world.is_throttling();
            if throttled || world.strikes(self.task, "fault before an effect") {
                return Err(PortError::new(PortErrorKind::Throttled, what));
            }
            let result = act(&mut world);
            (result, world.strikes(self.task, "acknowledgement lost"))
        };
        Turn::default().await;
        if lost {
            Err(PortError::new(PortErrorKind::Unavailable, what))
        } else {
            Ok(result)
        }
    }
}

impl Clock for Sim {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.world().now + self.skew)
    }

    fn unique_id(&self) -> Uuid {
        let mut world = self.world();
        if world.is_broken(Break::SameClaimId) {
            Uuid::nil()
        } else {
            world.uuid()
        }
    }
}
