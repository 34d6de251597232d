//! What a state directory costs that has a million files at rest.

use std::fs;

use crate::apart::step;
use crate::at_rest;
use crate::files::SIZE;
use crate::pipeline::directory;
use crate::row::Row;
use crate::steps::{DRAIN, Part, QUEUE, Queued};

pub(crate) const NAME: &str = "growth";

/// Files at rest, and on the queue.
const SMALL: (usize, usize) = (10_000, 10_000);
const LARGE: (usize, usize) = (1_000_000, 100_000);

pub(crate) async fn run() -> Vec<Row> {
    let small = measured(SMALL).await;
    let large = measured(LARGE).await;
    let ratio = large.rate / small.rate * 100.0;
    let [cold, warm] = large.opened.unwrap();
    let of = |what: &str, (at_rest, queued): (usize, usize)| {
        format!("{at_rest} at rest, {queued} queued: {what}")
    };
    let mut rows = Vec::new();
    for (sizes, part) in [(SMALL, &small), (LARGE, &large)] {
        rows.extend([
            Row::number(NAME, of("rate", sizes), part.rate, "files/s"),
            Row::number(NAME, of("CPU per 1,000", sizes), part.cpu_per_thousand, "s"),
            Row::number(NAME, of("peak memory", sizes), part.peak, "MiB"),
        ]);
    }
    let cpu = large.cpu_per_thousand / small.cpu_per_thousand * 100.0;
    let more = large.peak - small.peak;
    rows.extend([
        Row::number(
            NAME,
            "rate of the large one, of the small one's",
            ratio,
            "%",
        )
        .at_least(90.0),
        Row::number(NAME, "CPU of the large one, of the small one's", cpu, "%").at_most(110.0),
        Row::number(NAME, "more memory for the large one", more, "MiB").at_most(16.0),
        Row::number(NAME, "the large one opened, not in the cache", cold, "s").at_most(3.0),
        Row::number(NAME, "the large one opened again", warm, "s").at_most(3.0),
    ]);
    rows.extend(small.promises);
    rows.extend(large.promises);
    rows
}

async fn measured((at_rest, count): (usize, usize)) -> Part {
    let kept = at_rest::directory(at_rest).await;
    // A copy, so that the one that is kept stays as it is.
    let directory = directory();
    for entry in fs::read_dir(kept).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), directory.path().join(entry.file_name())).unwrap();
    }
    let queued = Queued {
        directory: directory.path().to_owned(),
        count,
        size: SIZE,
        concurrency: 64,
        is_opened_before: true,
    };
    let () = step(QUEUE, &queued);
    step(
        DRAIN,
        &(&queued, NAME, format!("files beside {at_rest} at rest")),
    )
}
