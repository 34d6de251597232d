//! One world is every port.

use super::Sim;

delivery::port_set! { impl StepPorts for Sim as sim {
    States states: Self = sim;
    History history: Self = sim;
    Workflows workflows: Self = sim;
    Controls controls: Self = sim;
    Deliveries deliveries: Self = sim;
    Assignments assignments: Self = sim;
    Parked parked: Self = sim;
    Documents documents: Self = sim;
    Events events: Self = sim;
    Clock clock: Self = sim;
    Observer observer: Self = sim;
} }

delivery::port_set! { impl SendPorts for Sim as sim {
    Secrets secrets: Self = sim;
    Caller caller: Self = sim;
} }

delivery::port_set! { impl AuditPorts for Sim as sim {
    Unfinished unfinished: Self = sim;
    Assignments assignments: Self = sim;
    Deliveries deliveries: Self = sim;
    Clock clock: Self = sim;
    Observer observer: () = &();
} }
