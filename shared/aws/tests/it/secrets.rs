use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws::SecretStore;
use delivery::ports::{Freshness, PortErrorKind, Secrets};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use workflow::{SecretRef, StageSecrets};

use crate::fake::{Answer, Fake};

/// Secrets Manager with one secret, which can be changed and taken away.
fn manager(value: &str) -> (Fake, Arc<Mutex<Result<String, &'static str>>>) {
    let value: Result<String, &'static str> = Ok(value.to_owned());
    let stored = Arc::new(Mutex::new(value));
    let shared = Arc::clone(&stored);
    let fake = Fake::new(move |request| {
        assert_eq!(request.operation(), "GetSecretValue");
        let name = request.json()["SecretId"].clone();
        if name == "prefix/team" {
            // The secret of all stages of the team, which is not there.
            return Answer::error("ResourceNotFoundException");
        }
        assert_eq!(name, "prefix/team/w/s");
        match &*shared.lock().unwrap() {
            Ok(value) => Answer::json(&json!({"SecretString": value})),
            Err(code) => Answer::error(code),
        }
    });
    (fake, stored)
}

fn stored(authorization: &str) -> String {
    json!({"authorization": authorization}).to_string()
}

async fn read(store: &SecretStore, freshness: Freshness) -> Option<String> {
    let reference = SecretRef("w/s".to_owned());
    let secrets = store
        .stage_secrets("team", &reference, freshness)
        .await
        .unwrap()?;
    Some(secrets.authorization?.expose_secret().to_owned())
}

thread_local! {
    static NOW: Cell<SystemTime> = const { Cell::new(SystemTime::UNIX_EPOCH) };
}

/// Passes on the wall clock alone: the monotonic one may stand still between invocations.
fn pass(seconds: u64) {
    NOW.set(NOW.get() + Duration::from_secs(seconds));
}

fn store(fake: &Fake) -> SecretStore {
    SecretStore::new(&fake.config(), "prefix/").by(|| NOW.get())
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_read_every_five_minutes_and_the_latest_at_most_every_few_seconds() {
    let (fake, value) = manager(&stored("one"));
    let store = store(&fake);
    assert_eq!(read(&store, Freshness::Cached).await.unwrap(), "one");
    *value.lock().unwrap() = Ok(stored("two"));
    pass(299);
    assert_eq!(read(&store, Freshness::Cached).await.unwrap(), "one");
    pass(1);
    assert_eq!(read(&store, Freshness::Cached).await.unwrap(), "two");
    *value.lock().unwrap() = Ok(stored("three"));
    pass(5);
    for _ in 0..10 {
        assert_eq!(read(&store, Freshness::Latest).await.unwrap(), "three");
    }
    assert_eq!(read(&store, Freshness::Cached).await.unwrap(), "three");
    assert_eq!(fake.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_none_and_is_found_soon_after_it_came() {
    for code in [
        "ResourceNotFoundException",
        "InvalidRequestException",
        "InvalidParameterException",
    ] {
        let (fake, value) = manager("");
        *value.lock().unwrap() = Err(code);
        let store = store(&fake);
        assert_eq!(read(&store, Freshness::Cached).await, None, "{code}");
        *value.lock().unwrap() = Ok(stored("one"));
        pass(5);
        assert_eq!(read(&store, Freshness::Cached).await.unwrap(), "one");
    }
}

#[tokio::test(start_paused = true)]
async fn faults_are_the_engines_and_show_nothing() {
    let (fake, value) = manager("planted-no-json");
    let store = store(&fake);
    let reference = SecretRef("w/s".to_owned());
    let mut kinds = Vec::new();
    for code in [
        "",
        "ThrottlingException",
        "AccessDeniedException",
        "InternalServiceError",
    ] {
        if !code.is_empty() {
            *value.lock().unwrap() = Err(code);
        }
        let error = store
            .stage_secrets("team", &reference, Freshness::Cached)
            .await;
        let error = error.unwrap_err();
        assert!(
            !format!("{error:?} {error}").contains("planted"),
            "{error:?}"
        );
        kinds.push(error.kind);
    }
    assert_eq!(
        kinds,
        [
            PortErrorKind::Corrupt,
            PortErrorKind::Throttled,
            PortErrorKind::Forbidden,
            PortErrorKind::Unavailable
        ]
    );
}

#[tokio::test]
async fn storing_creates_or_replaces_and_is_seen_at_once() {
    let puts = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&puts);
    let fake = Fake::new(move |request| match request.operation() {
        "CreateSecret" => Answer::error("ResourceExistsException"),
        "PutSecretValue" => {
            counted.fetch_add(1, Ordering::SeqCst);
            Answer::json(&json!({}))
        }
        _ => Answer::json(
            &json!({"SecretString": stored(&counted.load(Ordering::SeqCst).to_string())}),
        ),
    });
    let store = store(&fake);
    let reference = SecretRef("w/s".to_owned());
    assert_eq!(read(&store, Freshness::Cached).await.unwrap(), "0");
    let secrets = StageSecrets {
        authorization: Some(SecretString::from("x")),
        ..StageSecrets::default()
    };
    let secrets = [(reference.clone(), secrets)];
    store.store("team", &secrets).await.unwrap();
    assert_eq!(read(&store, Freshness::Cached).await.unwrap(), "1");
    assert!(!format!("{store:?}").contains("authorization"));
}

/// Secrets Manager with one secret that is marked for deletion; `create` is what creating it is refused with.
fn marked_for_deletion(create: &'static str, restore: Option<&'static str>) -> Fake {
    let marked = Mutex::new(true);
    Fake::new(move |request| {
        let mut marked = marked.lock().unwrap();
        match (request.operation(), *marked) {
            ("CreateSecret", _) => Answer::error(create),
            ("RestoreSecret", _) => {
                assert_eq!(request.json()["SecretId"], "prefix/team/w/s");
                *marked = restore.is_some();
                restore.map_or_else(|| Answer::json(&json!({})), Answer::error)
            }
            ("PutSecretValue", false) => Answer::json(&json!({})),
            _ => Answer::error("InvalidRequestException"),
        }
    })
}

async fn put(fake: &Fake) -> Result<(), PortErrorKind> {
    let store = SecretStore::new(&fake.config(), "prefix/");
    let secrets = StageSecrets {
        authorization: Some(SecretString::from("planted")),
        ..StageSecrets::default()
    };
    let reference = SecretRef("w/s".to_owned());
    let stored = store.store("team", &[(reference, secrets)]).await;
    assert!(!format!("{stored:?}").contains("planted"), "{stored:?}");
    stored.map_err(|error| error.kind)
}

fn operations(fake: &Fake) -> Vec<String> {
    let asked = fake.asked();
    asked.iter().map(|one| one.operation().to_owned()).collect()
}

#[tokio::test]
async fn a_secret_marked_for_deletion_is_restored_and_replaced() {
    // AWS refuses to create it; a secret may also be marked between the two requests.
    let fake = marked_for_deletion("InvalidRequestException", None);
    put(&fake).await.unwrap();
    let expected = ["CreateSecret", "RestoreSecret", "PutSecretValue"];
    assert_eq!(operations(&fake), expected);
    let fake = marked_for_deletion("ResourceExistsException", None);
    put(&fake).await.unwrap();
    let expected = [
        "CreateSecret",
        "PutSecretValue",
        "RestoreSecret",
        "PutSecretValue",
    ];
    assert_eq!(operations(&fake), expected);
}

#[tokio::test]
async fn what_cannot_be_restored_is_told_as_what_it_was_refused_for() {
    for (restore, kind) in [
        ("InvalidRequestException", PortErrorKind::Unavailable),
        ("ResourceNotFoundException", PortErrorKind::Unavailable),
        ("AccessDeniedException", PortErrorKind::Forbidden),
        ("ThrottlingException", PortErrorKind::Throttled),
    ] {
        let fake = marked_for_deletion("InvalidRequestException", Some(restore));
        assert_eq!(put(&fake).await, Err(kind), "{restore}");
        assert_eq!(operations(&fake), ["CreateSecret", "RestoreSecret"]);
    }
}
