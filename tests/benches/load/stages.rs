//! A thousand stages with a receiver each, against one stage with the same files.

use serde_json::json;

use crate::drained::Drained;
use crate::files::{File, assign};
use crate::pipeline::{Calls, Pipeline};
use crate::receiver::WELL;
use crate::remote::Remote;
use crate::row::Row;
use crate::stage::Stage;

pub(crate) const NAME: &str = "stages";
const STAGES: usize = 1_000;
const FILES: usize = 20_000;

pub(crate) async fn run() -> Vec<Row> {
    let one = spread_over(1).await;
    let many = spread_over(STAGES).await;
    let ratio = many.rate / one.rate * 100.0;
    let of = |stages: usize, drained: &Drained| {
        let rate = format!("{FILES} files of {stages} stage(s): rate");
        let cpu = format!("{FILES} files of {stages} stage(s): CPU per 1,000");
        let peak = format!("{FILES} files of {stages} stage(s): peak memory");
        [
            Row::number(NAME, rate, drained.rate, "files/s"),
            Row::number(NAME, cpu, drained.used.per_thousand(FILES), "s"),
            Row::number(NAME, peak, drained.used.peak, "MiB"),
        ]
    };
    let mut rows = Vec::from(of(1, &one));
    rows.extend(of(STAGES, &many));
    let share = format!("rate of {STAGES} stages, of one stage's");
    rows.push(Row::number(NAME, share, ratio, "%").at_least(80.0));
    rows.extend(one.promises(NAME, "files of one stage"));
    rows.extend(many.promises(NAME, &format!("files of {STAGES} stages")));
    rows
}

async fn spread_over(count: usize) -> Drained {
    let mut remote = Remote::start();
    let names: Vec<String> = (0..count).map(|number| format!("Stage {number}")).collect();
    let stages = names.iter().map(|name| Stage {
        name,
        // A receiver of its own is a port of its own: another host for the client, another connection.
        url: remote.another(WELL),
        settings: json!({}),
    });
    let stages: Vec<Stage<'_>> = stages.collect();
    let pipeline = Pipeline::new(&stages).await;
    let mut files: Vec<Vec<File>> = Vec::with_capacity(count);
    for name in &names {
        files.push(pipeline.files(name, FILES / count).await);
    }
    // As they would come: one of each stage after the other.
    let in_turn = (0..FILES / count).flat_map(|turn| files.iter().map(move |of| of[turn].clone()));
    let files: Vec<File> = in_turn.collect();
    assign(&pipeline.engine, &files).await;
    Drained::of(&pipeline, &files, &mut remote, Calls::default()).await
}
