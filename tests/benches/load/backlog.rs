//! A long queue that met no poller, drained to a receiver that answers at once; beside it the calls alone.

use serde_json::json;

use crate::bare;
use crate::drained::Drained;
use crate::pipeline::{Calls, Pipeline};
use crate::receiver::WELL;
use crate::remote::Remote;
use crate::row::Row;
use crate::stage::Stage;

pub(crate) const NAME: &str = "backlog";
const FILES: usize = 50_000;

pub(crate) async fn run() -> Vec<Row> {
    let mut remote = Remote::start();
    let stage = Stage {
        name: "Well",
        url: remote.url(WELL),
        settings: json!({}),
    };
    let (pipeline, files) = Pipeline::of_one(stage, FILES).await;
    let drained = Drained::of(&pipeline, &files, &mut remote, Calls::default()).await;
    drop((pipeline, remote));
    let (bare, used) = bare::calls(FILES).await;
    let cpu = drained.used.per_thousand(FILES);
    let ratio = drained.rate / bare * 100.0;
    let queued = format!("{FILES} queued, then drained: rate, first to last arrival");
    let mut rows = vec![
        Row::number(NAME, queued, drained.rate, "files/s").at_least(8000.0),
        Row::number(NAME, "CPU per 1,000 files, database included", cpu, "s").at_most(0.15),
        Row::number(NAME, "peak memory", drained.used.peak, "MiB"),
        Row::number(NAME, "the calls alone: rate", bare, "calls/s"),
        Row::number(
            NAME,
            "the calls alone: CPU per 1,000",
            used.per_thousand(FILES),
            "s",
        ),
        Row::number(NAME, "rate, of the calls' alone", ratio, "%").at_least(50.0),
    ];
    rows.extend(drained.promises(NAME, "files"));
    rows
}
