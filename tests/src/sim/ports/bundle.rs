//! One world is every port.

use delivery::ports::{AuditPorts, DeadLetterPorts, DispatchPorts, SendPorts};

use super::Sim;

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
    type Events = Self;

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
    fn events(&self) -> &Self {
        self
    }
}

impl DeadLetterPorts for Sim {
    type Assignments = Self;
    type DeadLetters = Self;
    type Events = Self;

    fn assignments(&self) -> &Self {
        self
    }
    fn dead_letters(&self) -> &Self {
        self
    }
    fn events(&self) -> &Self {
        self
    }
}

impl AuditPorts for Sim {
    type Unfinished = Self;
    type Assignments = Self;
    type Deliveries = Self;
    type Clock = Self;
    type Observer = ();

    fn unfinished(&self) -> &Self {
        self
    }
    fn assignments(&self) -> &Self {
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
