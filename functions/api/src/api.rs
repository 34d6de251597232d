use std::time::Duration;

use bytes::Bytes;
use delivery::Assignment;
use delivery::ports::{Caller, Documents, SendMessages, Service, Workflows};
use workflow::Workflow;

/// What the API needs of an engine.
pub trait Engine:
    Service + Workflows + Documents + SendMessages<Assignment> + Send + Sync + 'static
{
}

impl<T> Engine for T where
    T: Service + Workflows + Documents + SendMessages<Assignment> + Send + Sync + 'static
{
}

/// What the API makes calls with.
pub trait Calls<S: Documents>: Caller<S::Reader> + 'static {}

impl<S: Documents, T: Caller<S::Reader> + 'static> Calls<S> for T {}

/// What the routes work with.
pub struct Api<S, C> {
    /// The engine.
    pub store: S,
    /// Makes test calls, by the path of real ones.
    pub caller: C,
    /// A Darwin JSON document for test calls and for trying conditions and bodies out.
    pub example: Bytes,
    /// The longest time for a test call, whatever its stage allows: as long as whoever asked waits for the answer.
    pub longest_call: Duration,
    /// Says why a workflow cannot be run here, if it cannot: such as signatures that the program was built without.
    pub refuses: fn(&Workflow) -> Option<String>,
}

impl<S, C> std::fmt::Debug for Api<S, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}
