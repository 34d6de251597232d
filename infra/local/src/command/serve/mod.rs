//! The API on one machine, and the functions for as long as it is up.

mod about;
mod metrics;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api::{Api, Source, router};
use bytes::Bytes;
use delivery::ports::Receive;
use hyper::Request;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_service::Service;

use self::about::About;
use self::metrics::Metrics;
use super::SUCCESS;
use crate::backend::{allowed_networks, directory};
use crate::cli::ServeArgs;
use crate::error::Error;
use crate::intake::examples;
use crate::runner::drain::DISK_PATIENCE;
use crate::runner::ports::{Local, Watch};
use crate::runner::signer;
use crate::runner::start::start;
use crate::server;
use crate::terminal::interrupt::interrupted;
use crate::terminal::output::say;

/// How long requests under way may still take after the server was asked to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often to look whether a stage was paused or resumed, or the disk fails.
const LOOK: Duration = Duration::from_millis(200);

/// Runs `webhook-stage serve`, until it is asked to stop.
///
/// # Errors
/// [`Error`] when the directory cannot be opened, the address is taken, or the engine fails for good.
pub(crate) async fn serve(args: &ServeArgs) -> Result<u8, Error> {
    let engine = directory::create(&args.state)?;
    let calls = if args.calls.allow_network.is_empty() {
        allowed_networks::allowed(&engine, &args.calls)?
    } else {
        allowed_networks::keep(&engine, &args.calls.allow_network)?;
        args.calls.clone()
    };
    let listen = |source| Error::Listen {
        address: args.listen.to_string(),
        source,
    };
    let listener = TcpListener::bind(args.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let metrics = Arc::new(Metrics::default());
    let (ports, pollers) = start(&engine, &calls, Arc::clone(&metrics) as Watch).await?;
    let routes = router(Api {
        store: engine.clone(),
        caller: ports.caller(),
        example: Bytes::from_static(examples::DOCUMENTS[0].1.as_bytes()),
        longest_call: Duration::MAX,
        refuses: |workflow| signer::check(workflow).err().map(|error| error.to_string()),
    });
    let about = Arc::new(About {
        engine: engine.clone(),
        metrics,
    });
    let answer = move |mut request: Request<Incoming>, from: SocketAddr| {
        request.extensions_mut().insert(Source(from.ip()));
        let (mut routes, about) = (routes.clone(), Arc::clone(&about));
        async move {
            if let Some(answer) = about.answer(&request).await {
                return answer;
            }
            let answer = routes.call(request).await;
            answer.unwrap_or_else(|never| match never {})
        }
    };
    say!("serving the API on http://{address}/api; press Ctrl-C to stop");
    if !address.ip().is_loopback() {
        say!("note: this address can be reached from other machines; put TLS in front of it");
    }
    let (stop, stopped) = watch::channel(());
    let asked_to_stop = async move {
        let mut stopped = stopped;
        let _ = stopped.changed().await;
    };
    let serving = tokio::spawn(server::serve(listener, answer, PATIENCE, asked_to_stop));
    let ended = tokio::select! {
        fault = look_after(&ports) => Err(fault),
        () = interrupted() => Ok(()),
    };
    if ended.is_ok() {
        say!(
            "stopping once the requests and calls under way have finished; press Ctrl-C again to stop at once"
        );
    }
    drop(stop);
    let finished = async {
        let _ = serving.await;
        pollers.stop().await;
    };
    tokio::select! {
        () = finished => {}
        () = interrupted() => {}
    }
    ended.map(|()| SUCCESS)
}

/// Keeps the pollers informed of paused stages. Ends with the engine's error when it fails for good.
async fn look_after(ports: &Local) -> Error {
    loop {
        if let Err(error) = ports.paused().read(ports.engine()).await {
            tracing::warn!(%error, "the paused stages cannot be read");
        }
        if let Some(fault) = ports.engine().fault(DISK_PATIENCE) {
            return fault.into();
        }
        tokio::time::sleep(LOOK).await;
    }
}
