//! What the client alone can do: the same calls to the same receiver, with nothing remembered of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Client;
use uuid::Uuid;

use crate::drained::rate;
use crate::files::{SIZE, document};
use crate::process::{Usage, Used};
use crate::receiver::WELL;
use crate::remote::Remote;

/// Calls at the same time, as many as the product makes.
const CONCURRENCY: usize = 64;

/// As many headers as the product's calls have, as long as theirs.
const HEADERS: [(&str, &str); 8] = [
    ("content-type", "application/json"),
    ("webhook-attempt", "1"),
    ("webhook-timestamp", "1700000000"),
    (
        "webhook-workflow-id",
        "0f2b1a3e-5ce1-4a0b-8f5e-94d16d1f3c27",
    ),
    ("webhook-stage-id", "0f2b1a3e-5ce1-4a0b-8f5e-94d16d1f3c27"),
    (
        "webhook-signature",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
    ("authorization", "Bearer load"),
    (
        "traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ),
];

/// Makes so many calls; files a second, and what they used.
pub(crate) async fn calls(count: usize) -> (f64, Used) {
    let mut remote = Remote::start();
    let url = remote.url(WELL);
    // The settings of the product that cost or save something.
    let client = Client::builder()
        .user_agent("bare")
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .tcp_nodelay(true)
        .pool_max_idle_per_host(CONCURRENCY)
        .build()
        .unwrap();
    let body = document(Uuid::nil(), SIZE);
    let left = Arc::new(AtomicUsize::new(count));
    let usage = Usage::begin();
    let workers = (0..CONCURRENCY).map(|_| {
        let (client, url, body) = (client.clone(), url.clone(), body.clone());
        let left = Arc::clone(&left);
        let take = move || {
            let one_less = |left: usize| left.checked_sub(1);
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
        };
        tokio::spawn(async move {
            while take().is_ok() {
                let mut request = client.post(&url).body(body.clone());
                for (name, value) in HEADERS {
                    request = request.header(name, value);
                }
                let id = Uuid::new_v4().to_string();
                let answer = request.header("webhook-id", id).send().await.unwrap();
                answer.bytes().await.unwrap();
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    let used = usage.end();
    let calls = remote.calls();
    assert_eq!(calls.len(), count, "the receiver must have seen all calls");
    (rate(&calls), used)
}
