use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, WeakShared};
use secrecy::SecretString;
use tokio::time::Instant;

use crate::failed::Denied;
use crate::fingerprint::Fingerprint;

/// The most tokens that are kept.
const MOST: usize = 1024;

/// How long a token is kept whose server does not say when it expires.
const UNKNOWN_LIFE: Duration = Duration::from_secs(5 * 60);

/// The longest that a token is kept, whatever its server says.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);

/// How long before its end a token is not used any more, so that it does not expire on its way: a tenth of its life,
/// but no more than this.
const LONGEST_MARGIN: Duration = Duration::from_secs(60);

/// A token for `Authorization: Bearer`. It has no `Debug`.
pub(crate) struct Token {
    pub(crate) value: SecretString,
    until: Instant,
}

impl Token {
    /// A token that is got now, and lives as long as its server says.
    pub(crate) fn new(value: SecretString, expires_in: Option<Duration>) -> Self {
        let life = expires_in.unwrap_or(UNKNOWN_LIFE).min(LONGEST_LIFE);
        let margin = (life / 10).min(LONGEST_MARGIN);
        Self {
            value,
            until: Instant::now() + (life - margin),
        }
    }
}

type Asking = BoxFuture<'static, Result<Arc<Token>, Denied>>;

enum Entry {
    Kept(Arc<Token>),
    /// Weak, so that a request ends with the last call that waits for it.
    Asked(WeakShared<Asking>),
}

/// Where a token comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// It was kept from before, and may have been revoked since.
    Kept,
    /// It was asked for just now.
    Asked,
}

/// The tokens of this process. Calls that need the same one at the same time share one request, and its failure too,
/// which is not kept.
#[derive(Clone, Default)]
pub(crate) struct Tokens {
    entries: Arc<Mutex<HashMap<Fingerprint, Entry>>>,
}

impl Tokens {
    /// The token of this fingerprint; `ask` asks the server for one.
    ///
    /// # Errors
    /// What `ask` says.
    pub(crate) async fn get(
        &self,
        key: Fingerprint,
        ask: impl Future<Output = Result<Token, Denied>> + Send + 'static,
    ) -> Result<(Arc<Token>, Source), Denied> {
        let asked = {
            let mut entries = self.lock();
            match entries.get(&key) {
                Some(Entry::Kept(token)) if Instant::now() < token.until => {
                    return Ok((Arc::clone(token), Source::Kept));
                }
                Some(Entry::Asked(asked)) if let Some(asked) = asked.upgrade() => asked,
                _ => {
                    let asked = self.clone().ask(key, ask).boxed().shared();
                    make_room(&mut entries);
                    if let Some(weak) = asked.downgrade() {
                        entries.insert(key, Entry::Asked(weak));
                    }
                    asked
                }
            }
        };
        asked.await.map(|token| (token, Source::Asked))
    }

    async fn ask(
        self,
        key: Fingerprint,
        ask: impl Future<Output = Result<Token, Denied>> + Send,
    ) -> Result<Arc<Token>, Denied> {
        let answer = ask.await.map(Arc::new);
        let mut entries = self.lock();
        match &answer {
            Ok(token) => entries.insert(key, Entry::Kept(Arc::clone(token))),
            Err(_) => entries.remove(&key),
        };
        answer
    }

    /// Throws away a token that the receiver refused, unless another one has taken its place.
    pub(crate) fn forget(&self, key: Fingerprint, refused: &Arc<Token>) {
        let mut entries = self.lock();
        if matches!(entries.get(&key), Some(Entry::Kept(kept)) if Arc::ptr_eq(kept, refused)) {
            entries.remove(&key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Fingerprint, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_room(entries: &mut HashMap<Fingerprint, Entry>) {
    if entries.len() < MOST {
        return;
    }
    let now = Instant::now();
    entries.retain(|_, entry| match entry {
        Entry::Kept(token) => now < token.until,
        Entry::Asked(asked) => asked.upgrade().is_some(),
    });
    if entries.len() >= MOST {
        let first = entries.iter().filter_map(|(key, entry)| match entry {
            Entry::Kept(token) => Some((token.until, *key)),
            Entry::Asked(_) => None,
        });
        if let Some((_, key)) = first.min_by_key(|(until, _)| *until) {
            entries.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use delivery::Reason;
    use futures_util::future::join_all;
    use secrecy::ExposeSecret;
    use tokio::time::{advance, sleep, timeout};

    use super::{Denied, Fingerprint, MOST, Source, Token, Tokens};

    fn key(name: &str) -> Fingerprint {
        Fingerprint::of([name.as_bytes()])
    }

    /// A server whose tokens are numbered, and which takes a second.
    #[derive(Clone, Default)]
    struct Server(Arc<AtomicU64>);

    impl Server {
        fn asked(&self) -> u64 {
            self.0.load(Ordering::SeqCst)
        }

        fn ask(
            &self,
            life: Option<u64>,
        ) -> impl Future<Output = Result<Token, Denied>> + Send + 'static {
            let count = Arc::clone(&self.0);
            async move {
                let number = count.fetch_add(1, Ordering::SeqCst);
                sleep(Duration::from_secs(1)).await;
                let life = life.map(Duration::from_secs);
                Ok(Token::new(number.to_string().into(), life))
            }
        }
    }

    async fn value(tokens: &Tokens, server: &Server, life: Option<u64>) -> (String, Source) {
        let (token, source) = tokens.get(key("a"), server.ask(life)).await.ok().unwrap();
        (token.value.expose_secret().to_owned(), source)
    }

    #[tokio::test(start_paused = true)]
    async fn fifty_calls_ask_once() {
        let (tokens, server) = (Tokens::default(), Server::default());
        let calls = (0..50).map(|_| value(&tokens, &server, Some(3600)));
        for (token, source) in join_all(calls).await {
            assert_eq!((token.as_str(), source), ("0", Source::Asked));
        }
        assert_eq!(value(&tokens, &server, None).await.1, Source::Kept);
        assert_eq!(server.asked(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_kept_until_shortly_before_its_end() {
        for (life, kept) in [
            (Some(3600), 3540),
            (Some(100), 90),
            (None, 270),
            (Some(u64::MAX), 24 * 3600 - 60),
        ] {
            let (tokens, server) = (Tokens::default(), Server::default());
            value(&tokens, &server, life).await;
            advance(Duration::from_secs(kept - 1)).await;
            assert_eq!(value(&tokens, &server, life).await.1, Source::Kept);
            advance(Duration::from_secs(1)).await;
            assert_eq!(value(&tokens, &server, life).await.1, Source::Asked);
        }
        // One that is expired already serves the calls that have asked for it.
        let (tokens, server) = (Tokens::default(), Server::default());
        for expected in ["0", "1"] {
            assert_eq!(value(&tokens, &server, Some(0)).await.0, expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_shared_and_not_kept() {
        let (tokens, server) = (Tokens::default(), Server::default());
        let calls = (0..5).map(|_| {
            let asked = server.ask(None);
            let failing = async move {
                asked.await?;
                Err(Denied::new(Reason::AuthorizationFailed, "no"))
            };
            tokens.get(key("a"), failing)
        });
        for answer in join_all(calls).await {
            assert_eq!(answer.err().unwrap().detail, "no");
        }
        assert_eq!(server.asked(), 1);
        assert_eq!(value(&tokens, &server, None).await.0, "1");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_gives_up_takes_nothing_from_the_others() {
        let (tokens, server) = (Tokens::default(), Server::default());
        let short = Duration::from_millis(500);
        let (first, second) = tokio::join!(
            timeout(short, value(&tokens, &server, None)),
            value(&tokens, &server, None)
        );
        assert!(first.is_err());
        assert_eq!(second.0, "0");
        // With nobody left to wait for it, a request ends, and the next call makes one of its own.
        let tokens = Tokens::default();
        assert!(timeout(short, value(&tokens, &server, None)).await.is_err());
        advance(Duration::from_secs(3600)).await;
        assert_eq!(value(&tokens, &server, None).await.0, "2");
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_token_that_was_refused_is_forgotten() {
        let (tokens, server) = (Tokens::default(), Server::default());
        let get = || tokens.get(key("a"), server.ask(None));
        let (old, _) = get().await.ok().unwrap();
        tokens.forget(key("a"), &old);
        let (new, source) = get().await.ok().unwrap();
        assert_eq!(source, Source::Asked);
        // Another call had the old one, and comes late.
        tokens.forget(key("a"), &old);
        assert!(Arc::ptr_eq(&get().await.ok().unwrap().0, &new));
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_room_for_so_many() {
        let (tokens, server) = (Tokens::default(), Server::default());
        let last = value(&tokens, &server, Some(9999)).await;
        for number in 0..MOST + 10 {
            let asked = tokens.get(key(&number.to_string()), server.ask(Some(5000)));
            asked.await.ok().unwrap();
        }
        assert!(tokens.lock().len() <= MOST);
        assert_eq!(value(&tokens, &server, None).await.0, last.0);
    }
}
