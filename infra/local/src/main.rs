//! `webhook-stage`: the Webhook stage on this machine.

use std::process::ExitCode;

fn main() -> ExitCode {
    webhook_stage::program()
}
