//! A receiver that says far more than anybody wants to know.

use serde_json::json;

use crate::drained::Drained;
use crate::files::assign;
use crate::pipeline::{Calls, Pipeline};
use crate::receiver::{FLOOD, FLOOD_BYTES, WELL};
use crate::remote::Remote;
use crate::row::Row;
use crate::stage::Stage;

pub(crate) const NAME: &str = "answers";
const FILES: usize = 200;

pub(crate) async fn run() -> Vec<Row> {
    let (mut remote, mut flooding) = (Remote::start(), Remote::start());
    let stage = |name, url| Stage {
        name,
        url,
        settings: json!({}),
    };
    let pipeline = Pipeline::new(&[
        stage("Well", remote.url(WELL)),
        stage("Flood", flooding.url(FLOOD)),
    ])
    .await;
    // What the process needs in any case is not the answers' doing.
    let warm_up = pipeline.files("Well", FILES * 10).await;
    assign(&pipeline.engine, &warm_up).await;
    let well = Drained::of(&pipeline, &warm_up, &mut remote, Calls::default()).await;
    let files = pipeline.files("Flood", FILES).await;
    assign(&pipeline.engine, &files).await;
    let flooded = Drained::of(&pipeline, &files, &mut flooding, Calls::default()).await;
    let size = FLOOD_BYTES / 1024 / 1024;
    let grown = format!("{FILES} answers of {size} MiB: growth of memory");
    let mut rows = vec![
        Row::number(NAME, grown, flooded.used.grown, "MiB").at_most(8.0),
        Row::number(NAME, "peak memory before", well.used.peak, "MiB"),
        Row::number(NAME, "until all were at rest", flooded.took, "s"),
    ];
    rows.extend(well.promises(NAME, "files answered shortly"));
    rows.extend(flooded.promises(NAME, "files answered at length"));
    rows
}
