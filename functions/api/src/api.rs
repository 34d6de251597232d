use bytes::Bytes;
use delivery::Assignment;
use delivery::ports::{Documents, SendMessages, Service, Workflows};

/// What the API needs of an engine.
pub trait Engine:
    Service + Workflows + Documents + SendMessages<Assignment> + Send + Sync + 'static
{
}

impl<T> Engine for T where
    T: Service + Workflows + Documents + SendMessages<Assignment> + Send + Sync + 'static
{
}

/// What the routes work with.
#[derive(Debug)]
pub struct Api<S, C> {
    /// The engine.
    pub store: S,
    /// Makes test calls, by the path of real ones.
    pub caller: C,
    /// A Darwin JSON document for test calls and for trying conditions and bodies out.
    pub example: Bytes,
}
