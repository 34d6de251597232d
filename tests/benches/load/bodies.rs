//! Documents of all sizes: what one costs in memory while it is delivered.

use crate::apart::step;
use crate::pipeline::directory;
use crate::row::Row;
use crate::steps::{DRAIN, Part, QUEUE, Queued};

pub(crate) const NAME: &str = "bodies";

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Documents up to this size may be in memory whole.
const WHOLE: usize = MIB;

/// Memory besides the bodies, in MiB.
const BESIDES: f64 = 64.0;

/// Bytes, files, and how many at a time.
const SIZES: [(usize, usize, usize); 6] = [
    (2 * KIB, 5_000, 64),
    (64 * KIB, 2_000, 64),
    (256 * KIB, 500, 64),
    (MIB, 256, 64),
    (10 * MIB, 32, 4),
    (100 * MIB, 8, 4),
];

pub(crate) fn run() -> Vec<Row> {
    SIZES.into_iter().flat_map(of).collect()
}

fn of((size, count, concurrency): (usize, usize, usize)) -> Vec<Row> {
    let directory = directory();
    let queued = Queued {
        directory: directory.path().to_owned(),
        count,
        size,
        concurrency,
        is_opened_before: false,
    };
    let who = format!(
        "{count} documents of {} KiB, {concurrency} at a time",
        size / KIB
    );
    let () = step(QUEUE, &queued);
    let part: Part = step(DRAIN, &(&queued, NAME, &who));
    let (sent, bytes) = (part.bytes, (size * count) as u64);
    let bodies = if size > WHOLE { 0 } else { size * concurrency };
    let most = BESIDES + bodies as f64 / MIB as f64;
    let through = part.rate * size as f64 / MIB as f64;
    let mut rows = vec![
        Row::number(NAME, format!("{who}: peak memory"), part.peak, "MiB").at_most(most),
        Row::number(NAME, format!("{who}: throughput"), through, "MiB/s"),
        Row::if_broken(sent != bytes, NAME, format!("{who}: bytes sent"), sent),
    ];
    rows.extend(part.promises);
    rows
}
