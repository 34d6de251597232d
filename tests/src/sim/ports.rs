//! The ports over the world. Each call can be interrupted before and after its effect, fail before it,
//! or fail after it (a lost acknowledgement).

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use delivery::ports::*;
use delivery::*;
use serde::Serialize;
use uuid::Uuid;
use workflow::{SecretRef, StageSecrets, Workflow};

use super::check::Seen;
use super::faults::Break;
use super::world::{ASSIGNMENTS, DELIVERIES, PARKED, World};

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
}

impl Sim {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    async fn effect<T>(
        &self,
        what: &'static str,
        act: impl FnOnce(&mut World) -> T,
    ) -> Result<T, PortError> {
        Turn::default().await;
        let (result, lost) = {
            let mut world = self.world();
            if world.strikes(self.task, "fault before an effect") {
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

    async fn post<M: Serialize + Send>(
        &self,
        queue: usize,
        loses: Break,
        messages: Vec<Outgoing<M>>,
    ) -> Vec<Result<(), PortError>> {
        let mut results = Vec::new();
        for outgoing in messages {
            let body = serde_json::to_string(&outgoing.message).unwrap();
            let delay = i64::try_from(outgoing.delay.as_millis()).unwrap();
            let sent = self.effect("send", move |world| {
                if world.is_broken(loses) && world.rng.u32(0..10) == 0 {
                    return;
                }
                // SQS counts whole seconds.
                world.post(queue, body, (delay + 999) / 1000 * 1000);
            });
            results.push(sent.await);
        }
        results
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

impl FileStates for Sim {
    async fn get(&self, key: &FileKey) -> Result<Option<FileState>, PortError> {
        self.effect("get", |world| {
            let stale = world.is_broken(Break::StaleReads);
            let before = world.before.get(key).filter(|_| stale).cloned();
            before.or_else(|| world.states.get(key).cloned())
        })
        .await
    }

    async fn put(&self, next: &FileState) -> Result<(), WriteError> {
        let written = self.effect("put", |world| {
            let mut next = next.clone();
            if let Some(delivery) = next.delivery.as_mut() {
                if world.is_broken(Break::NoLease) {
                    delivery.lease_until = None;
                }
                if world.is_broken(Break::ShortLease) && delivery.lease_until.is_some() {
                    delivery.lease_until = Some(Timestamp::from_millis(world.now + 500));
                }
                if world.is_broken(Break::ForgetsAttempts) {
                    delivery.attempts.clear();
                }
            }
            let found = world.states.get(&next.key).cloned();
            let expected = next.version - 1;
            let fits = found.as_ref().map_or(0, |state| state.version) == expected;
            if !fits && !world.is_broken(Break::UnconditionalWrites) {
                world.faults.note("conditional write refused");
                return Err(found.map(Box::new));
            }
            world.checker.wrote(found.as_ref(), &next);
            world.tell(self.task, || {
                let made = next
                    .delivery
                    .as_ref()
                    .map(|d| (d.attempt, d.attempts.len(), d.outcome));
                let item = next.key.item_id.as_u128();
                format!(
                    "writes file {item} v{} {:?} visit {} {made:?}",
                    next.version, next.status, next.visit.id
                )
            });
            if let Some(found) = found {
                world.before.insert(next.key.clone(), found);
            }
            world.states.insert(next.key.clone(), next);
            world.look();
            Ok(())
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(found)) => Err(WriteError::Conflict(found)),
            Err(error) => Err(WriteError::Port(error)),
        }
    }
}

impl History for Sim {
    async fn attempt(&self, record: &AttemptRecord) -> Result<(), PortError> {
        self.effect("attempt", |world| world.attempts.push(record.clone()))
            .await
    }

    async fn visit(&self, record: &VisitRecord) -> Result<(), PortError> {
        self.effect("visit", |world| {
            if !world.is_broken(Break::ForgetsVisits) {
                world
                    .visits
                    .insert((record.key.clone(), record.visit.id), record.clone());
            }
        })
        .await
    }

    async fn has_visit(&self, key: &FileKey, visit_id: Uuid) -> Result<bool, PortError> {
        self.effect("has visit", |world| {
            world.visits.contains_key(&(key.clone(), visit_id))
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

impl Workflows for Sim {
    async fn workflow(&self, _team: &str, _id: Uuid) -> Result<Option<Arc<Workflow>>, PortError> {
        self.effect("workflow", |world| Some(Arc::clone(&world.workflow)))
            .await
    }
}

impl Secrets for Sim {
    async fn stage_secrets(
        &self,
        _reference: &SecretRef,
        _freshness: Freshness,
    ) -> Result<Option<StageSecrets>, PortError> {
        self.effect("secrets", |_| Some(StageSecrets::default()))
            .await
    }
}

/// No document is large here.
pub(super) struct NoReader;

impl DocumentReader for NoReader {
    type Stream = futures_util::stream::Empty<Result<Bytes, PortError>>;

    fn length(&self) -> u64 {
        0
    }

    async fn stream(&self) -> Result<Self::Stream, PortError> {
        Ok(futures_util::stream::empty())
    }
}

impl Documents for Sim {
    type Reader = NoReader;

    async fn open(
        &self,
        _key: &FileKey,
        _document: Option<&DocumentRef>,
    ) -> Result<Document<NoReader>, DocumentError> {
        self.effect("document", |_| Document::Bytes(Bytes::from_static(b"{}")))
            .await
            .map_err(DocumentError::Port)
    }

    async fn keep(&self, _key: &FileKey, _document: &DocumentRef) -> Result<(), PortError> {
        self.effect("keep", |_| ()).await
    }
}

impl Caller<NoReader> for Sim {
    async fn call(&self, call: Call<NoReader>) -> Result<Answer, PortError> {
        // No turn here: the caller's clock starts with the check that the lease outlives the call.
        let timeout = i64::try_from(call.timeout.as_millis()).unwrap();
        let (until, status, index) = {
            let mut world = self.world();
            let takes = if world.rng.u32(0..8) == 0 {
                world.faults.note("receiver answers late");
                timeout
            } else {
                world.rng.i64(1..timeout.min(3000))
            };
            let kind = world.rng.u32(0..100) < world.kindness;
            let others = [500, 503, 429, 404, 302, 410];
            let status = if kind {
                200
            } else {
                others[world.rng.usize(0..others.len())]
            };
            let (from, until) = (world.now, world.now + takes);
            let (delivery_id, attempt) = (call.delivery_id, call.attempt);
            let task = self.task;
            world.tell(task, || {
                format!("calls {delivery_id} attempt {attempt}: {status} after {takes} ms")
            });
            world.checker.calls.push(Seen {
                delivery_id,
                attempt,
                from,
                until,
                status,
                task,
            });
            (until, status, world.checker.calls.len() - 1)
        };
        while self.world().now < until {
            Turn::default().await;
        }
        let fault = {
            let mut world = self.world();
            let now = world.now;
            // The caller keeps its deadline even if the world has jumped beyond it.
            world.checker.calls[index].until = until.min(now);
            world.strikes(self.task, "document lost within the call")
        };
        if fault {
            return Err(PortError::new(PortErrorKind::Unavailable, "call"));
        }
        Ok(Answer {
            result: Ok(status),
            retry_after: None,
            duration: Duration::from_millis(1),
            request_bytes: 2,
            response_excerpt: String::new(),
            detail: None,
        })
    }
}

impl SendMessages<Assignment> for Sim {
    async fn send(&self, messages: Vec<Outgoing<Assignment>>) -> Vec<Result<(), PortError>> {
        self.post(ASSIGNMENTS, Break::LosesAssignments, messages)
            .await
    }
}

impl SendMessages<Delivery> for Sim {
    async fn send(&self, messages: Vec<Outgoing<Delivery>>) -> Vec<Result<(), PortError>> {
        self.post(DELIVERIES, Break::LosesDeliveries, messages)
            .await
    }
}

impl SendMessages<DeadLetter> for Sim {
    async fn send(&self, messages: Vec<Outgoing<DeadLetter>>) -> Vec<Result<(), PortError>> {
        self.post(PARKED, Break::DropsDeadLetters, messages).await
    }
}

impl DispatchPorts for Sim {
    type States = Self;
    type History = Self;
    type Workflows = Self;
    type Deliveries = Self;
    type Clock = Self;
    type Observer = ();

    fn states(&self) -> &Self {
        self
    }
    fn history(&self) -> &Self {
        self
    }
    fn workflows(&self) -> &Self {
        self
    }
    fn deliveries(&self) -> &Self {
        self
    }
    fn clock(&self) -> &Self {
        self
    }
    fn observer(&self) -> &() {
        &()
    }
}

impl SendPorts for Sim {
    type Assignments = Self;
    type Documents = Self;
    type Secrets = Self;
    type Caller = Self;
    type Events = NoEvents;

    fn assignments(&self) -> &Self {
        self
    }
    fn documents(&self) -> &Self {
        self
    }
    fn secrets(&self) -> &Self {
        self
    }
    fn caller(&self) -> &Self {
        self
    }
    fn events(&self) -> &NoEvents {
        &NoEvents
    }
}

impl DeadLetterPorts for Sim {
    type Assignments = Self;
    type DeadLetters = Self;
    type Events = NoEvents;

    fn assignments(&self) -> &Self {
        self
    }
    fn dead_letters(&self) -> &Self {
        self
    }
    fn events(&self) -> &NoEvents {
        &NoEvents
    }
}
