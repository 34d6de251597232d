use std::time::Duration;

use aws::Bucket;
use delivery::FileKey;
use uuid::Uuid;

use crate::fake::Fake;

/// Whoever puts the document there knows its bytes only: a checksum or another header that is signed would be refused.
#[tokio::test]
async fn a_url_takes_any_document_of_one_item_for_a_time() {
    let fake = Fake::new(|_| panic!("nothing is to be asked"));
    let bucket = Bucket::new(&fake.config(), "documents");
    let key = FileKey {
        team: "t".to_owned(),
        item_id: Uuid::from_u128(1),
    };
    let url = bucket.upload_url(&key, Duration::from_mins(15)).await;
    let url = url.unwrap();
    let (path, query) = url.split_once('?').unwrap();
    assert!(
        path.ends_with(&format!("/t/{}.json", key.item_id)),
        "{path}"
    );
    for part in [
        "X-Amz-Expires=900",
        "X-Amz-SignedHeaders=host",
        "x-id=PutObject",
    ] {
        assert!(query.split('&').any(|one| one == part), "{part}: {query}");
    }
    assert!(!query.contains("checksum"), "{query}");
}
