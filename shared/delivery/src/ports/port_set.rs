use std::future::Future;

use super::{
    Archived, Caller, Clock, Controls, Documents, Events, FileStates, History, Observer, Secrets,
    SendMessages, Unfinished, Workflows, WriteError,
};
use crate::message::{Assignment, DeadLetter, Delivery};
use crate::state::FileState;

/// The ports that the steps of a message are decided from and carried out over. A function that does without one
/// names [`super::Absent`] for it.
pub trait StepPorts: Send + Sync {
    /// State records.
    type States: FileStates;
    /// History.
    type History: History;
    /// Workflows.
    type Workflows: Workflows;
    /// The stages' control records.
    type Controls: Controls;
    /// The deliveries queue.
    type Deliveries: SendMessages<Delivery>;
    /// The assignments queue: a file that leaves for another Webhook stage is assigned to it.
    type Assignments: SendMessages<Assignment>;
    /// The parking queue.
    type Parked: SendMessages<DeadLetter>;
    /// Documents.
    type Documents: Documents;
    /// Events for other systems.
    type Events: Events;
    /// Clock.
    type Clock: Clock;
    /// Metrics and progress.
    type Observer: Observer;

    /// State records.
    fn states(&self) -> &Self::States;
    /// History.
    fn history(&self) -> &Self::History;
    /// Workflows.
    fn workflows(&self) -> &Self::Workflows;
    /// The stages' control records.
    fn controls(&self) -> &Self::Controls;
    /// The deliveries queue.
    fn deliveries(&self) -> &Self::Deliveries;
    /// The assignments queue.
    fn assignments(&self) -> &Self::Assignments;
    /// The parking queue.
    fn parked(&self) -> &Self::Parked;
    /// Documents.
    fn documents(&self) -> &Self::Documents;
    /// Events for other systems.
    fn events(&self) -> &Self::Events;
    /// Clock.
    fn clock(&self) -> &Self::Clock;
    /// Metrics and progress.
    fn observer(&self) -> &Self::Observer;

    /// Keeps what belongs in a file's history, and then writes its record as [`FileStates::put`] does. The record must not be
    /// written without the history; the history may be kept without the record. An engine with transactions can do
    /// both in one.
    fn write(
        &self,
        archived: Vec<Archived>,
        next: &FileState,
    ) -> impl Future<Output = Result<(), WriteError>> + Send {
        async move {
            for record in &archived {
                self.history()
                    .keep(record)
                    .await
                    .map_err(WriteError::Port)?;
            }
            self.states().put(next).await
        }
    }
}

/// What the sender needs besides, to make the call.
pub trait SendPorts: StepPorts {
    /// Secrets.
    type Secrets: Secrets;
    /// The webhook call.
    type Caller: Caller<<Self::Documents as Documents>::Reader>;

    /// Secrets.
    fn secrets(&self) -> &Self::Secrets;
    /// The webhook call.
    fn caller(&self) -> &Self::Caller;
}

/// The ports that the audit needs, to find files that are not at rest and to send their messages again.
pub trait AuditPorts: Send + Sync {
    /// Files that are not at rest.
    type Unfinished: Unfinished;
    /// The assignments queue.
    type Assignments: SendMessages<Assignment>;
    /// The deliveries queue.
    type Deliveries: SendMessages<Delivery>;
    /// Clock.
    type Clock: Clock;
    /// Metrics and progress.
    type Observer: Observer;

    /// Files that are not at rest.
    fn unfinished(&self) -> &Self::Unfinished;
    /// The assignments queue.
    fn assignments(&self) -> &Self::Assignments;
    /// The deliveries queue.
    fn deliveries(&self) -> &Self::Deliveries;
    /// Clock.
    fn clock(&self) -> &Self::Clock;
    /// Metrics and progress.
    fn observer(&self) -> &Self::Observer;
}

/// Implements a port set, with one line for each port: its name, its accessor, its type and its value.
///
/// ```text
/// delivery::port_set! { impl AuditPorts for Function as function {
///     Unfinished unfinished: Table = &function.table;
///     Clock clock: SystemClock = &SystemClock;
///     …
/// } }
/// ```
///
/// Methods that are not to be the trait's own follow in `with { … }`.
#[macro_export]
macro_rules! port_set {
    (impl $set:ident for $type:ty as $this:ident {
        $($port:ident $accessor:ident: $of:ty = $at:expr;)*
    } $(with { $($method:tt)* })?) => {
        impl $crate::ports::$set for $type {
            $(
                type $port = $of;
                #[allow(unused_variables, reason = "a port may be a constant")]
                fn $accessor(&self) -> &$of {
                    let $this = self;
                    $at
                }
            )*
            $($($method)*)?
        }
    };
}
