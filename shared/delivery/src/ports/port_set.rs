use super::{
    Caller, Clock, Documents, Events, FileStates, History, Observer, Secrets, SendMessages,
    Unfinished, Workflows,
};
use crate::message::{Assignment, DeadLetter, Delivery};

/// The ports that the dispatcher needs, and no others: its role grants exactly these actions.
pub trait DispatchPorts: Send + Sync {
    /// State records.
    type States: FileStates;
    /// History.
    type History: History;
    /// Workflows.
    type Workflows: Workflows;
    /// The deliveries queue.
    type Deliveries: SendMessages<Delivery>;
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
    /// The deliveries queue.
    fn deliveries(&self) -> &Self::Deliveries;
    /// Clock.
    fn clock(&self) -> &Self::Clock;
    /// Metrics and progress.
    fn observer(&self) -> &Self::Observer;
}

/// The ports needed to move a file out of its stage.
pub trait ExitPorts: DispatchPorts {
    /// The assignments queue: a file that leaves for another Webhook stage is assigned to it.
    type Assignments: SendMessages<Assignment>;
    /// Documents.
    type Documents: Documents;
    /// Events for other systems.
    type Events: Events;

    /// The assignments queue.
    fn assignments(&self) -> &Self::Assignments;
    /// Documents.
    fn documents(&self) -> &Self::Documents;
    /// Events for other systems.
    fn events(&self) -> &Self::Events;
}

/// The ports that the sender needs, to make the call and to move the file on.
pub trait SendPorts: ExitPorts {
    /// Secrets.
    type Secrets: Secrets;
    /// The webhook call.
    type Caller: Caller<<Self::Documents as Documents>::Reader>;

    /// Secrets.
    fn secrets(&self) -> &Self::Secrets;
    /// The webhook call.
    fn caller(&self) -> &Self::Caller;
}

/// The ports that the dead-letter function needs, to move the file on and to park the message.
pub trait DeadLetterPorts: ExitPorts {
    /// The parking queue.
    type DeadLetters: SendMessages<DeadLetter>;

    /// The parking queue.
    fn dead_letters(&self) -> &Self::DeadLetters;
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
#[macro_export]
macro_rules! port_set {
    (impl $set:ident for $type:ty as $this:ident {
        $($port:ident $accessor:ident: $of:ty = $at:expr;)*
    }) => {
        impl $crate::ports::$set for $type {
            $(
                type $port = $of;
                #[allow(unused_variables, reason = "a port may be a constant")]
                fn $accessor(&self) -> &$of {
                    let $this = self;
                    $at
                }
            )*
        }
    };
}
