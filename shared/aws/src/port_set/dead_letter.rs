use aws_config::SdkConfig;
use delivery::DeadLetter;

use super::exit::{Exit, lend_exit};
use crate::environment::{Environment, EnvironmentError};
use crate::queue::Queue;

/// The dead-letter function's ports.
#[derive(Clone, Debug)]
pub struct DeadLetterFunctionPorts {
    exit: Exit,
    dead_letters: Queue<DeadLetter>,
}

impl DeadLetterFunctionPorts {
    /// From the function's environment: the dispatcher's variables, `ASSIGNMENTS_QUEUE_URL`,
    /// `DOCUMENTS_BUCKET`, `DEAD_LETTERS_QUEUE_URL` and `EVENT_BUS_NAME` (empty: no events).
    ///
    /// # Errors
    /// [`EnvironmentError`] that names the variable.
    pub fn new(config: &SdkConfig, environment: Environment) -> Result<Self, EnvironmentError> {
        Ok(Self {
            exit: Exit::new(config, environment)?,
            dead_letters: Queue::new(config, environment.required("DEAD_LETTERS_QUEUE_URL")?),
        })
    }

    /// Opens the connections that the first message needs, while starting: at more than the share of a CPU
    /// that an invocation has.
    pub async fn warm(&self) {
        self.exit.dispatcher.warm().await;
    }
}

lend_exit!(DeadLetterFunctionPorts);

delivery::port_set! { impl DeadLetterPorts for DeadLetterFunctionPorts as ports {
    DeadLetters dead_letters: Queue<DeadLetter> = &ports.dead_letters;
} }
