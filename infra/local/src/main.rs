//! `webhook-stage`: the Webhook stage on this machine.

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;
use webhook_stage::cli::{Cli, Command};
use webhook_stage::{command, limits, tell};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() {
                command::ERROR
            } else {
                command::SUCCESS
            };
            // Nothing can be said when even the terminal is gone.
            let _ = error.print();
            return code.into();
        }
    };
    log(cli.verbose);
    limits::raise();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tell(format_args!(
                "error: the runtime could not be started: {error}"
            ));
            return command::ERROR.into();
        }
    };
    let result = runtime.block_on(async {
        match &cli.command {
            None => command::demo().await,
            Some(Command::Run(args)) => command::run(args).await,
            Some(Command::Status(args)) => command::status(args).await,
            Some(Command::Redeliver(args)) => command::redeliver(args).await,
            Some(Command::Redrive(args)) => command::redrive(args).await,
            Some(Command::Check(args)) => command::check(args).await,
            Some(Command::Assign(args)) => command::assign(args).await,
            Some(Command::Workflow(what)) => command::workflow(what).await,
            Some(Command::Ping(args)) => command::ping(args).await,
            Some(Command::Receive(args)) => command::receive(args).await,
        }
    });
    match result {
        Ok(code) => code.into(),
        Err(error) => {
            tell(format_args!("error: {error}"));
            command::ERROR.into()
        }
    }
}

/// Off without `-v`, unless `RUST_LOG` says more.
fn log(verbose: u8) {
    let level = match verbose {
        0 => "off",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
