//! The same files by TLS and without: what a handshake costs is paid once a connection.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use webhook::guard::Lookup;

use crate::drained::Drained;
use crate::files::assign;
use crate::pipeline::{Calls, Pipeline};
use crate::receiver::WELL;
use crate::remote::{Handshakes, Remote};
use crate::row::Row;
use crate::sink::tls::HOST;
use crate::stage::Stage;

pub(crate) const NAME: &str = "tls";
const FILES: usize = 20_000;

/// Longer than the product keeps an idle connection.
const IDLE: Duration = Duration::from_secs(6);

pub(crate) async fn run() -> Vec<Row> {
    let mut remote = Remote::start();
    let plain = drained(&mut remote, None).await;
    let mut remote = Remote::start();
    let (port, certificate) = remote.tls();
    let url = format!("https://{HOST}:{port}{WELL}");
    let tls = drained(&mut remote, Some((url.clone(), certificate.clone()))).await;
    let busy = remote.handshakes();
    let [alone, at_first, together] = after_idle(&mut remote, url, certificate).await;
    let (plain_cpu, tls_cpu) = (plain.used.per_thousand(FILES), tls.used.per_thousand(FILES));
    let over = f64::from(busy.connections.max(1));
    let handshakes = f64::from(busy.all) / over;
    let mut rows = vec![
        Row::number(
            NAME,
            format!("{FILES} files by TLS: rate"),
            tls.rate,
            "files/s",
        ),
        Row::number(NAME, "by TLS: CPU per 1,000", tls_cpu, "s"),
        Row::number(NAME, "plain: rate", plain.rate, "files/s"),
        Row::number(NAME, "plain: CPU per 1,000", plain_cpu, "s"),
        Row::number(NAME, "CPU, of plain's", tls_cpu / plain_cpu, "times").at_most(1.5),
        Row::number(NAME, "connections", over, "for 64 in flight"),
        Row::number(NAME, "handshakes a connection", handshakes, "")
            .at_most(1.0)
            .counted(),
        resumed("one file after all connections were closed", alone)
            .at_least(100.0)
            .counted(),
        // The receiver has given two tickets for each connection before, and each resumes one.
        resumed("64 at once after that", at_first),
        resumed("64 at once after those", together)
            .at_least(100.0)
            .counted(),
        Row::number(NAME, "handshakes of those 64", f64::from(together.all), ""),
    ];
    rows.extend(plain.promises(NAME, "files plain"));
    rows.extend(tls.promises(NAME, "files by TLS"));
    rows
}

async fn drained(remote: &mut Remote, tls: Option<(String, Vec<u8>)>) -> Drained {
    let (url, roots) = match tls {
        Some((url, certificate)) => (url, vec![certificate]),
        None => (remote.url(WELL), Vec::new()),
    };
    let (pipeline, files) = Pipeline::of_one(stage(url), FILES).await;
    Drained::of(&pipeline, &files, remote, calls(roots)).await
}

/// One file alone, then 64 at once, and 64 again, each after all connections were closed for lack of use.
async fn after_idle(remote: &mut Remote, url: String, certificate: Vec<u8>) -> [Handshakes; 3] {
    let pipeline = Pipeline::new(&[stage(url)]).await;
    let pollers = pipeline.start_with(calls(vec![certificate]));
    let mut found = Vec::new();
    for count in [1, 1, 64, 64] {
        let before = remote.handshakes();
        let files = pipeline.files(STAGE, count).await;
        assign(&pipeline.engine, &files).await;
        pipeline.at_rest().await;
        found.push(remote.handshakes().since(before));
        tokio::time::sleep(IDLE).await;
    }
    pollers.stop().await;
    // The first file of a process has no session to resume.
    [found[1], found[2], found[3]]
}

fn resumed(what: &str, found: Handshakes) -> Row {
    let share = f64::from(found.resumed) / f64::from(found.all.max(1)) * 100.0;
    Row::number(NAME, format!("{what}: sessions resumed"), share, "%")
}

const STAGE: &str = "Well";

fn stage(url: String) -> Stage<'static> {
    Stage {
        name: STAGE,
        url,
        settings: json!({}),
    }
}

fn calls(extra_roots_pem: Vec<Vec<u8>>) -> Calls {
    Calls {
        extra_roots_pem,
        lookup: Arc::new(Here),
        ..Calls::default()
    }
}

/// Every name is this machine.
struct Here;

type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

impl Lookup for Here {
    fn lookup(&self, _host: String) -> Found {
        Box::pin(async { Ok(vec![IpAddr::from([127, 0, 0, 1])]) })
    }
}
