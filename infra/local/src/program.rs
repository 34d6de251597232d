use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

use crate::backend;
use crate::cli::{Cli, Command};
use crate::command;
use crate::runner::open_files;
use crate::terminal::output::say;

/// The whole program, from its arguments to its exit code.
// In the library and not in `main.rs`, where the commands would be compiled a second time.
#[must_use]
pub fn program() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() {
                command::ERROR
            } else {
                command::SUCCESS
            };
            // If standard error is gone as well, there is no way left to report it.
            let _ = error.print();
            return code.into();
        }
    };
    log(cli.verbose);
    open_files::raise();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            say!("error[runtime]: the runtime could not be started: {error}");
            return command::ERROR.into();
        }
    };
    let result = runtime.block_on(async {
        match &cli.command {
            None => command::demo().await,
            Some(Command::Run(args)) => command::run(args).await,
            Some(Command::Status(args)) => backend::perform(&args.target, args).await,
            Some(Command::Redeliver(args)) => backend::perform(&args.target, args).await,
            Some(Command::Redrive(args)) => backend::perform(&args.target, args).await,
            Some(Command::Pause(args)) => backend::perform(&args.stage.target, args).await,
            Some(Command::Resume(args)) => backend::perform(&args.stage.target, args).await,
            Some(Command::Close(args)) => backend::perform(&args.stage.target, args).await,
            Some(Command::Audit(args)) => backend::perform(&args.target, args).await,
            Some(Command::Assign(args)) => command::assign(args).await,
            Some(Command::Watch(args)) => command::watch(args).await,
            Some(Command::Workflow(what)) => command::workflow(what).await,
            Some(Command::SigningKey(what)) => command::signing_key(what),
            Some(Command::Ping(args)) => command::ping(args).await,
            Some(Command::Try(args)) => command::try_out(args).await,
            Some(Command::Receive(args)) => command::receive(args).await,
            #[cfg(feature = "serve")]
            Some(Command::Serve(args)) => command::serve(args).await,
            #[cfg(feature = "serve")]
            Some(Command::Keys(what)) => command::keys(what).await,
        }
    });
    match result {
        Ok(code) => code.into(),
        Err(error) => {
            for line in error.lines() {
                say!("{line}");
            }
            command::ERROR.into()
        }
    }
}

/// Logging is off without `-v`, unless `RUST_LOG` is set.
fn log(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::OFF,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let set = std::env::var("RUST_LOG").ok();
    let filter = set.and_then(|text| text.parse().ok());
    let filter = filter.unwrap_or_else(|| Targets::new().with_default(level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .init();
}
