use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustls::NamedGroup;
use rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue,
};
use rustls::pki_types::ServerName;

/// How many tickets of TLS 1.3 are kept, of all receivers: about 1.5 MB.
const MOST_TICKETS: usize = 1024;

/// How many receivers' other sessions are kept: the number that rustls keeps by default.
const MOST_SERVERS: usize = 256;

/// Sessions of TLS to be resumed. A ticket of TLS 1.3 resumes one connection, and rustls's own store keeps eight for each
/// receiver; a stage that opens 64 connections at once after a quiet time needs as many.
#[derive(Debug)]
pub(crate) struct Sessions {
    /// The oldest first.
    tickets: Mutex<VecDeque<(ServerName<'static>, Tls13ClientSessionValue)>>,
    others: ClientSessionMemoryCache,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            tickets: Mutex::default(),
            others: ClientSessionMemoryCache::new(MOST_SERVERS),
        }
    }
}

impl Sessions {
    fn tickets(&self) -> MutexGuard<'_, VecDeque<(ServerName<'static>, Tls13ClientSessionValue)>> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientSessionStore for Sessions {
    fn insert_tls13_ticket(&self, server: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        let mut tickets = self.tickets();
        if tickets.len() == MOST_TICKETS {
            tickets.pop_front();
        }
        tickets.push_back((server, ticket));
    }

    /// The newest, which is good for longest.
    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        let mut tickets = self.tickets();
        let at = tickets.iter().rposition(|(of, _)| of == server)?;
        tickets.remove(at).map(|(_, ticket)| ticket)
    }

    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.others.set_kx_hint(server, group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        self.others.kx_hint(server)
    }

    fn set_tls12_session(&self, server: ServerName<'static>, session: Tls12ClientSessionValue) {
        self.others.set_tls12_session(server, session);
    }

    fn tls12_session(&self, server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.others.tls12_session(server)
    }

    fn remove_tls12_session(&self, server: &ServerName<'static>) {
        self.others.remove_tls12_session(server);
    }
}
