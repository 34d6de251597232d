//! Documents large enough to be files of their own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;
use delivery::ports::Documents;
use delivery::{Document, FileKey};
use embedded::{Engine, INLINE_LIMIT, Options};
use uuid::Uuid;

/// One path for two teams would send the one's document for the other's file.
#[tokio::test]
async fn teams_with_like_names_keep_their_documents_apart() {
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::open(directory.path(), Options::default()).unwrap();
    let long = "ü".repeat(300);
    let teams = ["acme.x", "acme_x", "Acme.x", "..", "", "a/b", &long];
    let key = |team: &str| FileKey {
        team: team.to_owned(),
        item_id: Uuid::nil(),
    };
    let content = |number: usize| Bytes::from(vec![b'0' + number as u8; INLINE_LIMIT + 1]);
    for (number, team) in teams.into_iter().enumerate() {
        let key = key(team);
        let stored = engine.store_document(&key, content(number));
        stored.await.unwrap();
    }
    for (number, team) in teams.into_iter().enumerate() {
        match engine.open(&key(team), None).await.unwrap() {
            Document::Bytes(bytes) => assert!(bytes == content(number), "{team}"),
            Document::Large(_) => panic!("{team}: it is not that large"),
        }
    }
}
