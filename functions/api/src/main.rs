//! The API as a Lambda function, behind an HTTP API of API Gateway.

use std::time::Duration;

use api::{Api, gateway, router};
use aws::{ApiStore, Environment, S3Presign, SigV4Signer, function_config, init_logs, warm};
use bytes::Bytes;
use lambda_http::{Error, run, service_fn};
use mimalloc::MiMalloc;
use webhook::{CallerConfig, WebhookCaller};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What a test call sends if no item is named.
const EXAMPLE: &[u8] = include_bytes!("../../../infra/local/examples/documents/both_views_01.json");

/// API Gateway waits for 30 s, and the function runs for 29.
const LONGEST_CALL: Duration = Duration::from_secs(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_logs();
    let config = function_config(Environment)?;
    let store = ApiStore::of(&config, Environment)?;
    let caller = WebhookCaller::new(CallerConfig {
        allow_networks: Environment.networks("ALLOW_NETWORKS")?,
        ..CallerConfig::default()
    })?;
    let caller = caller
        .with_presign(S3Presign::beside(store.documents()))
        .with_signer(SigV4Signer::new(&config));
    warm(store.warm()).await;
    let routes = router(Api {
        store,
        caller,
        example: Bytes::from_static(EXAMPLE),
        longest_call: LONGEST_CALL,
        refuses: |_| None,
    });
    run(service_fn(|request| {
        gateway::answer(routes.clone(), request)
    }))
    .await
}
