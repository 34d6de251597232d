use std::error::Error;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use delivery::control::Lane;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::arrivals::arrive;
use crate::aws::Price;
use crate::lock::lock;
use crate::model::Model;
use crate::plan::Plan;
use crate::queue::Queue;
use crate::tally::Count;
use crate::workflow::workflow;

/// What a run came to.
#[derive(Debug)]
pub struct Run {
    model: Arc<Model>,
    lasted: Duration,
    billed: [Duration; 2],
}

/// How long files waited for their first call. Those that still wait count with their time until the end.
#[derive(Debug)]
pub struct Lags {
    sorted: Vec<Duration>,
    /// How many still waited when the run ended.
    pub still_wait: usize,
}

/// Runs a plan.
///
/// # Errors
/// The runtime or the workflow could not be built.
pub fn run(plan: &Plan) -> Result<Run, Box<dyn Error>> {
    let workflow = workflow(&plan.stages)?;
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    Ok(runtime.block_on(async {
        let model = Arc::new(Model::new(plan, workflow));
        let mut tasks = JoinSet::new();
        for (number, stage) in plan.stages.iter().enumerate() {
            tasks.spawn(arrive(Arc::clone(&model), number, stage.load));
        }
        plan.fast.start(&model, Lane::Fast, &mut tasks);
        if let Some(slow) = plan.slow {
            slow.start(&model, Lane::Slow, &mut tasks);
        }
        sleep(plan.lasts).await;
        let now = model.time.elapsed();
        let billed = lock(&model.tally)
            .billed
            .each_mut()
            .map(|lane| lane.read(now));
        tasks.shutdown().await;
        Run {
            model,
            lasted: plan.lasts,
            billed,
        }
    }))
}

impl Run {
    /// How many a second, on average over these whole seconds.
    #[must_use]
    pub fn rate(&self, stage: usize, what: Count, when: Range<Duration>) -> f64 {
        let count = lock(&self.model.tally).within(stage, what, &when);
        count as f64 / (when.end - when.start).as_secs_f64()
    }

    /// How many in all.
    #[must_use]
    pub fn total(&self, stage: usize, what: Count) -> u64 {
        lock(&self.model.tally).total(stage, what)
    }

    /// The most in one of these whole seconds.
    #[must_use]
    pub fn most_a_second(&self, stage: usize, what: Count, when: Range<Duration>) -> u64 {
        let tally = lock(&self.model.tally);
        let seconds = when.start.as_secs()..when.end.as_secs();
        let second = Duration::from_secs;
        let counts = seconds.map(|at| tally.within(stage, what, &(second(at)..second(at + 1))));
        counts.max().unwrap_or(0)
    }

    /// When the last of the stage's files that arrived within this time left it; none if some are still there.
    #[must_use]
    pub fn all_left(&self, stage: usize, when: Range<Duration>) -> Option<Duration> {
        let files = lock(&self.model.files);
        let mut of_then = files
            .iter()
            .filter(|file| file.stage == stage && when.contains(&file.arrived));
        of_then.try_fold(Duration::ZERO, |last, file| Some(last.max(file.left?)))
    }

    /// What Lambda bills for the sender.
    #[must_use]
    pub fn billed(&self) -> Duration {
        self.billed.iter().sum()
    }

    /// The same by lane.
    #[must_use]
    pub fn billed_in(&self, lane: Lane) -> Duration {
        self.billed[lane as usize]
    }

    /// What the stage's files cost in US dollars, if this much of Lambda's time was theirs.
    #[must_use]
    pub fn price(&self, stage: usize, lambda_seconds: f64) -> f64 {
        let total = |what| self.total(stage, what) as f64;
        let reads = total(Count::Reads) + total(Count::ControlReads);
        let writes = total(Count::Writes) + total(Count::ControlWrites);
        let millions = reads * Price::READ
            + writes * Price::WRITE
            + total(Count::Messages) * Price::MESSAGE
            + lambda_seconds * Price::LAMBDA_SECOND;
        millions / 1e6
    }

    /// How many messages became dead letters.
    #[must_use]
    pub fn dead_letters(&self) -> usize {
        let (fast, slow) = &self.model.queues;
        fast.dead_letters() + slow.as_ref().map_or(0, Queue::dead_letters)
    }

    /// From the arrival until the first call, of the stage's files that arrived within this time.
    #[must_use]
    pub fn lags(&self, stage: usize, when: Range<Duration>) -> Lags {
        let files = lock(&self.model.files);
        let of_then = files
            .iter()
            .filter(|file| file.stage == stage && when.contains(&file.arrived));
        let (mut sorted, mut still_wait) = (Vec::new(), 0);
        for file in of_then {
            still_wait += usize::from(file.first_called.is_none());
            sorted.push(file.first_called.unwrap_or(self.lasted) - file.arrived);
        }
        sorted.sort_unstable();
        Lags { sorted, still_wait }
    }
}

impl Lags {
    /// The lag that this share of the files, from 0 to 1, did not exceed; none without files.
    #[must_use]
    pub fn at(&self, share: f64) -> Option<Duration> {
        let rank = (self.sorted.len() as f64 * share).ceil() as usize;
        self.sorted.get(rank.saturating_sub(1)).copied()
    }
}
