//! What is not there is told as missing, what may not be read as forbidden: S3 tells the two apart only for a role that
//! may list the bucket.

use std::time::Duration;

use delivery::{DocumentRef, Reason, S3Object};
use serde_json::json;

use crate::deployment::deployed;
use crate::emulator::{SOURCE_FILES, TOKEN, emulator};
use crate::presigned::{aws, source_files};

const TEAM: &str = "missing";

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_document_is_no_forbidden_one_in_either_bucket() {
    source_files();
    let foreign = "somebody-elses-files";
    let region = "LocationConstraint=eu-west-1";
    let create = ["s3api", "create-bucket", "--bucket", foreign];
    aws(&[&create[..], &["--create-bucket-configuration", region]].concat());

    let url = emulator().output("ReceiverUrl");
    let configured = json!({"url": url, "authorization_header": TOKEN});
    let deployment = deployed(TEAM, configured).await;
    let within = |bucket: &str, key: &str| {
        Some(DocumentRef::S3(S3Object {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version_id: None,
            etag: None,
        }))
    };
    let documents = emulator().output("DocumentsBucket");
    for (document, expected) in [
        (None, Reason::DocumentMissing),
        (
            within(documents, "missing/gone.json"),
            Reason::DocumentMissing,
        ),
        (within(SOURCE_FILES, "gone.json"), Reason::DocumentMissing),
        (within(foreign, "gone.json"), Reason::DocumentForbidden),
    ] {
        let mut assignment = deployment.assignment(TEAM, "gone.jpg");
        assignment.document = document.clone();
        let assignment = [assignment];
        deployment.assign(&assignment).await;
        let resting = deployment.at_rest(&assignment, Duration::from_secs(60));
        let delivery = resting.await.remove(0).delivery.unwrap();
        assert_eq!(delivery.reason, Some(expected), "{document:?}");
    }
}
