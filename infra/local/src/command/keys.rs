//! Makes, lists and revokes API keys. A server may have the directory open meanwhile.

use std::fs;
use std::io::Write;
use std::path::Path;

use api::{NewKey, create_key};
use delivery::ports::{ApiKeys, Clock, SystemClock};
use embedded::KeysFile;
use secrecy::ExposeSecret;

use super::SUCCESS;
use crate::cli::{AddKeyArgs, KeysCommand, ListKeysArgs, RevokeKeyArgs};
use crate::error::Error;
use crate::terminal::columns::write_columns;
use crate::terminal::output::{output, say, shown};

/// Runs `webhook-stage keys`.
///
/// # Errors
/// [`Error`] when the keys cannot be read or written, or there is no such key.
pub(crate) async fn keys(what: &KeysCommand) -> Result<u8, Error> {
    match what {
        KeysCommand::Add(args) => add(args).await,
        KeysCommand::List(args) => list(args).await,
        KeysCommand::Revoke(args) => revoke(args).await,
    }
}

async fn add(args: &AddKeyArgs) -> Result<u8, Error> {
    fs::create_dir_all(&args.state).map_err(|source| Error::Read {
        path: args.state.clone(),
        source,
    })?;
    let new = NewKey {
        team: args.team.clone(),
        user_id: args.user_id,
        role: args.role,
        name: args.name.clone(),
    };
    let key = create_key(&KeysFile::of(&args.state), new, SystemClock.now()).await?;
    say!("this is the only time the key is shown; send it as `Authorization: ApiKey <key>`");
    output(|out| writeln!(out, "{}", key.expose_secret()))?;
    Ok(SUCCESS)
}

async fn list(args: &ListKeysArgs) -> Result<u8, Error> {
    let keys = existing(&args.state)?.keys().await?;
    let header = ["PREFIX", "TEAM", "USER", "ROLE", "MADE", "NAME"].map(str::to_owned);
    let rows = keys.iter().map(|key| {
        [
            key.prefix.clone(),
            shown(&key.team),
            key.user_id.to_string(),
            key.role.to_string(),
            key.created_at.to_string(),
            shown(&key.name),
        ]
    });
    let lines: Vec<_> = std::iter::once(header).chain(rows).collect();
    output(|out| write_columns(out, &lines))?;
    Ok(SUCCESS)
}

async fn revoke(args: &RevokeKeyArgs) -> Result<u8, Error> {
    if existing(&args.state)?.remove_key(&args.prefix).await? {
        say!("the key {} is revoked", shown(&args.prefix));
        return Ok(SUCCESS);
    }
    // Who gives the whole key by mistake should not find it in a log.
    let prefix: String = args.prefix.chars().take(7).collect();
    Err(Error::Usage(format!(
        "no key begins with {}: `webhook-stage keys list` shows those there are",
        shown(&prefix)
    )))
}

fn existing(state: &Path) -> Result<KeysFile, Error> {
    if state.is_dir() {
        return Ok(KeysFile::of(state));
    }
    Err(Error::Usage(format!(
        "--state {}: there is no such directory",
        state.display()
    )))
}
