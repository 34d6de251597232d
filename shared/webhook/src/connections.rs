use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use http::header::HeaderName;
use reqwest::Client;
use tokio::time::Instant;
use url::Url;

use crate::receivers::{Keeps, Receivers};

/// How long an idle connection is kept. It is less than the 5 s after which Node.js, which has the shortest timeout
/// of the common servers, closes it, perhaps just as the next call is sent.
const IDLE: Duration = Duration::from_secs(4);

/// The same for a receiver that announces 2 to 4 s.
const BRIEFLY: Duration = Duration::from_secs(1);

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// The connections to receivers, in pools by how long idle connections are kept, and which receiver belongs to
/// which pool.
///
/// If a receiver closes a connection just as a call is sent, it is not known whether it accepted the file. To
/// make that rare, no connection is kept for longer than its receiver announces by `Keep-Alive: timeout=`, and
/// with a receiver that closed one unannounced, none is reused for ten minutes. A call that must avoid it
/// altogether opens a connection of its own.
#[derive(Clone)]
pub(crate) struct Connections {
    kept: Client,
    briefly: Client,
    fresh: Client,
    receivers: Arc<Mutex<Receivers>>,
}

impl Connections {
    /// Sets up the pools. `client` builds a client that keeps idle connections for the given time, with zero for
    /// not at all.
    pub(crate) fn new<E>(client: impl Fn(Duration) -> Result<Client, E>) -> Result<Self, E> {
        Ok(Self {
            kept: client(IDLE)?,
            briefly: client(BRIEFLY)?,
            fresh: client(Duration::ZERO)?,
            receivers: Arc::default(),
        })
    }

    /// A client that keeps no connection.
    pub(crate) const fn fresh(&self) -> &Client {
        &self.fresh
    }

    /// The client for a call.
    pub(crate) fn client(&self, url: &Url, fresh: bool) -> &Client {
        if fresh {
            return &self.fresh;
        }
        match self.keeps(url) {
            Keeps::Long => &self.kept,
            Keeps::Briefly => &self.briefly,
            Keeps::Not => &self.fresh,
        }
    }

    fn keeps(&self, url: &Url) -> Keeps {
        let receivers = self
            .receivers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if receivers.is_empty() {
            return Keeps::Long;
        }
        receivers.keeps(&url.origin().ascii_serialization(), Instant::now())
    }

    /// Takes note of what an answer's headers announce.
    pub(crate) fn answered(&self, url: &Url, headers: &HeaderMap) {
        let announced = headers.get_all(KEEP_ALIVE).iter();
        let announced = announced.filter_map(|value| Keeps::announced(value.to_str().ok()?));
        if let Some(keeps) = announced.min()
            && keeps < Keeps::Long
        {
            self.remember(url, keeps);
        }
    }

    /// Takes note that a connection was closed instead of an answer.
    pub(crate) fn closed(&self, url: &Url) {
        self.remember(url, Keeps::Not);
    }

    fn remember(&self, url: &Url, keeps: Keeps) {
        let mut receivers = self
            .receivers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        receivers.remember(url.origin().ascii_serialization(), keeps, Instant::now());
    }
}
