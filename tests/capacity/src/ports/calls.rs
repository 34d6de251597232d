//! The call, and the receiver at its other end.

use std::convert::Infallible;
use std::time::Duration;

use delivery::ports::{Call, Caller, PortError, Wanted};
use delivery::{Answer, Reason};
use tokio::time::{sleep, sleep_until};

use super::Environment;
use crate::aws;
use crate::ids;
use crate::receiver::Trouble;

impl Caller<Infallible> for Environment {
    async fn call(&self, call: Call<Infallible>) -> Result<Answer, PortError> {
        let (time, stage) = (self.model.time, ids::number(call.stage_id));
        let began = time.elapsed();
        {
            let _processor = self.processor.lock().await;
            sleep(aws::CPU_A_CALL).await;
        }
        self.model.calls(stage, call.delivery_id);
        let receiver = self.model.receivers.get(stage);
        let trouble = receiver.and_then(|receiver| {
            receiver.trouble_with(time.elapsed(), call.delivery_id, call.attempt)
        });
        let answers_after = receiver.map_or(Duration::ZERO, |receiver| receiver.answers_after);
        let result = match trouble {
            Some(Trouble::Hangs) => {
                sleep_until(time.at(began + call.timeout)).await;
                Err(Reason::Timeout)
            }
            Some(Trouble::Down) => {
                sleep(aws::REFUSAL).await;
                Err(Reason::Connect)
            }
            None => {
                sleep(answers_after).await;
                Ok(200)
            }
        };
        let duration = time.elapsed() - began;
        Ok(Answer {
            result,
            duration,
            request_bytes: 2,
            ..Answer::no_call(Reason::Timeout)
        })
    }

    async fn wants(&self, _: &Call<Infallible>) -> Result<Wanted, PortError> {
        Ok(Wanted::Yes)
    }
}
