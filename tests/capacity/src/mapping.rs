use std::sync::Arc;

use delivery::control::Lane;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::aws;
use crate::invocation::invoke;
use crate::model::Model;
use crate::ports::Environment;

/// An event source mapping.
#[derive(Clone, Copy, Debug)]
pub struct Mapping {
    /// `MaximumConcurrency`: the environments that run at the same time. Each has memory and processor of its own.
    pub places: usize,
    /// `BatchSize`: the most messages of one invocation.
    pub batch: usize,
    /// Invocations at the same time in one environment: 1 on AWS.
    pub shared_by: usize,
}

impl Mapping {
    /// The template's defaults.
    #[must_use]
    pub const fn of_the_template() -> Self {
        Self {
            places: aws::PLACES,
            batch: aws::BATCH,
            shared_by: 1,
        }
    }

    /// The slow lane's, by the template's defaults.
    #[must_use]
    pub const fn of_the_slow_lane() -> Self {
        Self {
            places: aws::SLOW_PLACES,
            ..Self::of_the_template()
        }
    }

    /// As if each call's place were freed when that call ends, which SQS and Lambda do not offer: each environment
    /// makes as many calls at the same time, but takes the next message after each.
    #[must_use]
    pub const fn freed_by_each_call(self) -> Self {
        Self {
            places: self.places,
            batch: 1,
            shared_by: self.batch,
        }
    }

    /// Starts its places, one after the other as the mapping grows. The model does not let it shrink: a place that
    /// finds nothing to do costs nothing.
    pub(crate) fn start(self, model: &Arc<Model>, lane: Lane, tasks: &mut JoinSet<()>) {
        for place in 0..self.places {
            let environment = Arc::new(Environment::new(Arc::clone(model), lane));
            for _ in 0..self.shared_by {
                tasks.spawn(self.serve(place, Arc::clone(&environment)));
            }
        }
    }

    async fn serve(self, place: usize, environment: Arc<Environment>) {
        let later = u32::try_from((place + 1).saturating_sub(aws::FIRST_PLACES)).unwrap_or(0);
        sleep(std::time::Duration::from_secs(60) * later / aws::PLACES_A_MINUTE).await;
        let queue = environment.model().queue(environment.lane());
        loop {
            let messages = queue.receive(self.batch).await;
            sleep(aws::RECEIVE + aws::INVOKE).await;
            invoke(&environment, messages).await;
            sleep(aws::DELETE).await;
        }
    }
}
