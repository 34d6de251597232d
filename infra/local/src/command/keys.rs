//! Makes, lists and revokes API keys, of a state directory or of a deployment. A server may have the directory open meanwhile.

use std::fs;
use std::io::Write;

use api::{NewKey, create_key};
use delivery::ports::{ApiKeys, Clock, SystemClock};
use secrecy::ExposeSecret;

use super::SUCCESS;
use crate::backend::{KeyOperation, perform_on_keys};
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
        KeysCommand::Add(args) => {
            if !args.target.aws {
                let path = &args.target.state;
                fs::create_dir_all(path).map_err(|source| Error::Read {
                    path: path.clone(),
                    source,
                })?;
            }
            perform_on_keys(&args.target, args).await
        }
        KeysCommand::List(args) => perform_on_keys(&args.target, args).await,
        KeysCommand::Revoke(args) => perform_on_keys(&args.target, args).await,
    }
}

impl KeyOperation for AddKeyArgs {
    async fn on(&self, keys: &impl ApiKeys) -> Result<u8, Error> {
        let new = NewKey {
            team: self.team.clone(),
            user_id: self.user_id,
            role: self.role,
            name: self.name.clone(),
        };
        let key = create_key(keys, new, SystemClock.now()).await?;
        say!("this is the only time the key is shown; send it as `Authorization: ApiKey <key>`");
        output(|out| writeln!(out, "{}", key.expose_secret()))?;
        Ok(SUCCESS)
    }
}

impl KeyOperation for ListKeysArgs {
    async fn on(&self, keys: &impl ApiKeys) -> Result<u8, Error> {
        let keys = keys.keys().await?;
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
}

impl KeyOperation for RevokeKeyArgs {
    async fn on(&self, keys: &impl ApiKeys) -> Result<u8, Error> {
        if keys.remove_key(&self.prefix).await? {
            say!("the key {} is revoked", shown(&self.prefix));
            return Ok(SUCCESS);
        }
        // Who gives the whole key by mistake should not find it in a log.
        let prefix: String = self.prefix.chars().take(7).collect();
        Err(Error::Usage(format!(
            "no key begins with {}: `webhook-stage keys list` shows those there are",
            shown(&prefix)
        )))
    }
}
