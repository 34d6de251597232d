//! One secret for all stages of a team.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws::SecretStore;
use delivery::ports::{Freshness, PortErrorKind, Secrets};
use futures_util::future::join_all;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use workflow::{SecretRef, StageSecrets};

use crate::fake::{Answer, Fake, Request};

/// A secret's values by their versions, and the labels that they have.
#[derive(Default)]
struct Secret {
    values: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
}

/// Secrets Manager, as far as it is asked.
#[derive(Clone, Default)]
struct Manager(Arc<Mutex<BTreeMap<String, Secret>>>);

impl Manager {
    fn fake(&self) -> Fake {
        let manager = self.clone();
        // With time for others between any two requests.
        Fake::new(move |request| manager.answer(request).after(Duration::from_millis(1)))
    }

    fn answer(&self, request: &Request) -> Answer {
        let mut secrets = self.0.lock().unwrap();
        let asked = request.json();
        let text = |field: &str| asked[field].as_str().unwrap_or_default().to_owned();
        if request.operation() == "CreateSecret" {
            if secrets.contains_key(&text("Name")) {
                return Answer::error("ResourceExistsException");
            }
            let secret = secrets.entry(text("Name")).or_default();
            let version = secret.add(text("SecretString"), "AWSCURRENT");
            return Answer::json(&json!({"VersionId": version}));
        }
        let Some(secret) = secrets.get_mut(&text("SecretId")) else {
            return Answer::error("ResourceNotFoundException");
        };
        match request.operation() {
            "GetSecretValue" => {
                let version = &secret.labels["AWSCURRENT"];
                let value = &secret.values[version];
                Answer::json(&json!({"SecretString": value, "VersionId": version}))
            }
            "PutSecretValue" => {
                let label = asked["VersionStages"][0].as_str().unwrap_or("AWSCURRENT");
                let version = secret.add(text("SecretString"), label);
                Answer::json(&json!({"VersionId": version}))
            }
            "UpdateSecretVersionStage" => {
                if secret.labels.get(&text("VersionStage")) != Some(&text("RemoveFromVersionId")) {
                    return Answer::error("InvalidParameterException");
                }
                let moved = (text("VersionStage"), text("MoveToVersionId"));
                secret.labels.extend([moved]);
                Answer::json(&json!({}))
            }
            other => panic!("{other}"),
        }
    }

    fn current(&self, name: &str) -> Option<Value> {
        let secrets = self.0.lock().unwrap();
        let secret = secrets.get(name)?;
        let value = &secret.values[&secret.labels["AWSCURRENT"]];
        serde_json::from_str(value).ok()
    }
}

impl Secret {
    fn add(&mut self, value: String, label: &str) -> String {
        let version = format!("version-{}", self.values.len());
        self.values.insert(version.clone(), value);
        self.labels.insert(label.to_owned(), version.clone());
        version
    }
}

fn entry(reference: &str, authorization: &str) -> (SecretRef, StageSecrets) {
    let secrets = StageSecrets {
        authorization: Some(SecretString::from(authorization)),
        ..StageSecrets::default()
    };
    (SecretRef(reference.to_owned()), secrets)
}

async fn read(store: &SecretStore, reference: &str) -> Option<String> {
    let reference = SecretRef(reference.to_owned());
    let found = store.stage_secrets("team", &reference, Freshness::Cached);
    let authorization = found.await.unwrap()?.authorization?;
    Some(authorization.expose_secret().to_owned())
}

fn asked(fake: &Fake, operation: &str) -> usize {
    let asked = fake.asked();
    asked
        .iter()
        .filter(|it| it.operation() == operation)
        .count()
}

#[tokio::test(start_paused = true)]
async fn concurrent_stores_keep_each_others_values() {
    let manager = Manager::default();
    let fake = manager.fake();
    let first = SecretStore::new(&fake.config(), "prefix/").per_team(true);
    first.store("team", &[entry("w/first", "x")]).await.unwrap();
    let stores = (0..8).map(|n| {
        let store = SecretStore::new(&fake.config(), "prefix/").per_team(true);
        async move { store.store("team", &[entry(&format!("w/{n}"), "x")]).await }
    });
    for stored in join_all(stores).await {
        stored.unwrap();
    }
    let current = manager.current("prefix/team").unwrap();
    assert_eq!(current.as_object().unwrap().len(), 9, "{current}");
    // All have read the first value, so all but one must have been refused once.
    assert!(asked(&fake, "UpdateSecretVersionStage") >= 8 + 7);
}

#[tokio::test(start_paused = true)]
async fn all_stages_of_a_team_are_one_read() {
    let fake = Manager::default().fake();
    let store = SecretStore::new(&fake.config(), "prefix/").per_team(true);
    let all: Vec<_> = (0..20)
        .map(|n| entry(&format!("w/{n}"), &n.to_string()))
        .collect();
    store.store("team", &all).await.unwrap();
    let before = asked(&fake, "GetSecretValue");
    for n in 0..20 {
        assert_eq!(read(&store, &format!("w/{n}")).await, Some(n.to_string()));
    }
    assert_eq!(asked(&fake, "GetSecretValue") - before, 1);
}

#[tokio::test(start_paused = true)]
async fn a_secret_stored_in_the_other_form_is_found() {
    for per_team in [true, false] {
        let fake = Manager::default().fake();
        let store = |per_team| SecretStore::new(&fake.config(), "prefix/").per_team(per_team);
        let secrets = [entry("w/s", "stored")];
        store(!per_team).store("team", &secrets).await.unwrap();
        assert_eq!(read(&store(per_team), "w/s").await.unwrap(), "stored");
        assert_eq!(read(&store(per_team), "w/other").await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_a_secret_can_hold_is_refused_and_changes_nothing() {
    let manager = Manager::default();
    let store = SecretStore::new(&manager.fake().config(), "prefix/").per_team(true);
    store.store("team", &[entry("w/1", "kept")]).await.unwrap();
    let before = manager.current("prefix/team");
    let large = format!("planted{}", "x".repeat(65_536));
    let error = store
        .store("team", &[entry("w/2", &large)])
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::TooLarge);
    assert!(!format!("{error:?} {error}").contains("planted"));
    assert_eq!(manager.current("prefix/team"), before);
}
