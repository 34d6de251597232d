//! Source files in their owner's bucket: what the receiver gets are URLs that it can use.

use std::process::Command;
use std::sync::Once;
use std::time::Duration;

use delivery::{DocumentRef, Outcome};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::deployment::deployed;
use crate::emulator::{SOURCE_FILES, emulator};

const SCAN: &str = "not a scan, but its bytes";

pub(crate) fn aws(arguments: &[&str]) {
    let mut aws = Command::new("aws");
    aws.args(arguments);
    for (name, value) in emulator().environment() {
        aws.env(name, value);
    }
    let done = aws.output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {done:?}");
}

/// Makes the bucket, once.
pub(crate) fn source_files() {
    static MADE: Once = Once::new();
    MADE.call_once(|| {
        let region = "LocationConstraint=eu-west-1";
        let create = ["s3api", "create-bucket", "--bucket", SOURCE_FILES];
        aws(&[&create[..], &["--create-bucket-configuration", region]].concat());
    });
}

/// Takes one call: its body, answered with `status`.
async fn one_call(listener: &TcpListener, status: u16) -> serde_json::Value {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut read = Vec::new();
    let (head, length) = loop {
        stream.read_buf(&mut read).await.unwrap();
        let text = String::from_utf8_lossy(&read).to_lowercase();
        if let Some(end) = text.find("\r\n\r\n") {
            let (_, length) = text[..end].split_once("content-length: ").unwrap();
            let length = length.lines().next().unwrap();
            break (end + 4, length.parse::<usize>().unwrap());
        }
    };
    while read.len() < head + length {
        stream.read_buf(&mut read).await.unwrap();
    }
    let answer = format!("HTTP/1.1 {status} -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.unwrap();
    serde_json::from_slice(&read[head..]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_gets_urls_that_it_can_use_and_new_ones_at_each_attempt() {
    let scan = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(scan.path(), SCAN).unwrap();
    let body = scan.path().to_str().unwrap();
    source_files();
    let put = [
        "s3api",
        "put-object",
        "--key",
        "ours/scan 1.dcm",
        "--body",
        body,
    ];
    aws(&[&put[..], &["--bucket", SOURCE_FILES]].concat());

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let configured = json!({"url": url, "presigned_url_expiry": 120, "retry_delays": [2]});
    let deployment = deployed("presigned", configured).await;
    let mut assignment = deployment.assignment("presigned", "scan 1.dcm");
    let source = format!("s3://{SOURCE_FILES}/ours/scan 1.dcm");
    let document = json!({"version": "2.0", "item": {"name": "scan 1.dcm",
        "slots": [{"slot_name": "0", "source_files": [{"file_name": "scan 1.dcm", "url": source}]}]}});
    let document = RawValue::from_string(document.to_string()).unwrap();
    assignment.document = Some(DocumentRef::Inline(document));
    deployment.assign(std::slice::from_ref(&assignment)).await;

    let mut urls = Vec::new();
    for status in [503, 200] {
        let body = one_call(&listener, status).await;
        let file = &body["item"]["slots"][0]["source_files"][0];
        urls.push(file["url"].as_str().unwrap().to_owned());
    }
    assert_ne!(urls[0], urls[1]);
    for url in &urls {
        assert!(url.contains("X-Amz-Expires=120"), "{url}");
        let fetched = reqwest::get(url).await.unwrap();
        assert_eq!(fetched.status(), 200, "{url}");
        assert_eq!(fetched.text().await.unwrap(), SCAN);
    }
    let within = Duration::from_secs(60);
    let resting = deployment.at_rest(std::slice::from_ref(&assignment), within);
    let delivery = resting.await.remove(0).delivery.unwrap();
    assert_eq!(delivery.outcome, Some(Outcome::Succeeded));
}
