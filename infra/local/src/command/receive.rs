use std::io::Write;

use authorizer::Tokens;
use receiver::{Config, Receiver};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;

use super::SUCCESS;
use crate::cli::ReceiveArgs;
use crate::cli::secret;
use crate::error::Error;
use crate::gateway::{Gateway, Received, serve};
use crate::terminal::interrupt::interrupted;
use crate::terminal::output::{say, shown};

/// Runs `webhook-stage receive`.
///
/// # Errors
/// [`Error`] when a secret in the environment cannot be used, or the address is taken.
pub(crate) async fn receive(args: &ReceiveArgs) -> Result<u8, Error> {
    let token = secret::accepted_token("--token-env", &args.token_env)?;
    let secrets = secret::accepted_signatures()?;
    let listen = |source| Error::Listen {
        address: args.listen.to_string(),
        source,
    };
    let listener = TcpListener::bind(args.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let gateway = Gateway {
        tokens: Tokens::from_values([token.expose_secret()]),
        receiver: Receiver::new(Config {
            secrets,
            script: args.respond.clone(),
            ..Config::default()
        }),
        delay: args.delay,
        on_request: Box::new(print),
    };
    say!("listening on http://{address}; press Ctrl-C to stop");
    if !args.listen.ip().is_loopback() {
        say!("note: this address can be reached from other machines");
    }
    serve(listener, gateway, interrupted()).await;
    Ok(SUCCESS)
}

fn print(received: &Received) {
    let header = |name| shown(received.header(name).unwrap_or("-"));
    // When nobody reads standard output any more, the receiver goes on without it.
    let _ = writeln!(
        std::io::stdout(),
        "{} {} webhook-id={} attempt={} bytes={}",
        received.status,
        shown(&received.path),
        header("webhook-id"),
        header("webhook-attempt"),
        received.body.len()
    );
}
