//! Proxies from the environment are ignored: they would resolve names past the guard. The variables
//! belong to the whole process, so the test runs itself again with them set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::process::Command;
use std::time::Duration;

use support::{Names, Receiver, answer, call, config};
use webhook::WebhookCaller;

const MARKER: &str = "WEBHOOK_TEST_PROXY_IS_SET";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proxies_from_the_environment_are_ignored() {
    if std::env::var_os(MARKER).is_some() {
        return with_the_variables_set().await;
    }
    let proxy = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let url = format!("http://{}", proxy.address);
    let mut again = Command::new(std::env::current_exe().unwrap());
    again
        .args(["--exact", "proxies_from_the_environment_are_ignored"])
        .env(MARKER, "1")
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env_remove("REQUEST_METHOD");
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        again.env(name, &url).env(name.to_ascii_lowercase(), &url);
    }
    let output = tokio::task::spawn_blocking(move || again.output())
        .await
        .unwrap()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    // The one connection is that of the plain client, which shows that the variables work.
    assert_eq!(proxy.accepted(), 1);
}

async fn with_the_variables_set() {
    let plain = reqwest::Client::new();
    let proxied = plain
        .post("http://receiver.test/")
        .body("x")
        .send()
        .await
        .unwrap();
    assert_eq!(proxied.status(), 200);

    let (receiver, requests) = Receiver::keeping().await;
    let names = Names::answering(&[&["127.0.0.1"]]);
    let mut config = config(names.clone(), &["127.0.0.0/8"]);
    config.connect_timeout = Duration::from_millis(500);
    let caller = WebhookCaller::new(config).unwrap();
    let port = receiver.address.port();
    for url in [receiver.url(), format!("http://receiver.test:{port}/")] {
        assert_eq!(answer(&caller, call(url)).await.result, Ok(200));
    }
    assert_eq!((names.asked(), requests.lock().unwrap().len()), (1, 2));
    let https = answer(&caller, call(format!("https://receiver.test:{port}/"))).await;
    assert!(https.result.is_err());
    assert_eq!(names.asked(), 2);
}
