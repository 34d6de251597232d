//! `workflow put` and `workflow get`.

use std::fs;
use std::io::Write;
use std::path::Path;

use secrecy::ExposeSecret;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::check_team;
use crate::backend::remote::Remote;
use crate::cli::{GetArgs, PutArgs, secret};
use crate::command::SUCCESS;
use crate::error::Error;
use crate::intake::workflow_file::Configured;
use crate::terminal::output::{output, say};

/// Settings of the command line, under their names in a stage's config.
const OVERRIDDEN: [&str; 3] = ["url", "retry_delays", "max_retries"];

/// `workflow put`. The file goes to the API as it is, with its secrets, which the API stores apart.
pub(in crate::command) async fn put(
    remote: &Remote,
    args: &PutArgs,
    configured: &Configured,
) -> Result<u8, Error> {
    check_team(remote, args.team.as_ref())?;
    let id = configured.workflow.id;
    let body = with_overrides(args, configured)?;
    let path = format!("workflows/{id}");
    let known: Option<IgnoredAny> = remote.find(&path).await?;
    let _: IgnoredAny = match known {
        Some(_) => remote.put(&path, body).await?,
        None => remote.post("workflows", body).await?,
    };
    say!(
        "stored for {}: \"{}\"",
        remote.team(),
        configured.workflow.name
    );
    output(|out| writeln!(out, "{id}"))?;
    Ok(SUCCESS)
}

/// `workflow get`.
pub(in crate::command) async fn get(remote: &Remote, args: &GetArgs) -> Result<u8, Error> {
    let found: Option<Box<RawValue>> = remote.find(&format!("workflows/{}", args.id)).await?;
    let found = found.ok_or_else(|| {
        let (id, team) = (args.id, remote.team());
        Error::Usage(format!(
            "workflow {id}: the team {team} has no such workflow"
        ))
    })?;
    output(|out| writeln!(out, "{}", found.get()))?;
    Ok(SUCCESS)
}

fn with_overrides(args: &PutArgs, configured: &Configured) -> Result<String, Error> {
    let mut given = json(&args.file)?;
    let id = configured.stage.id.to_string();
    let mut ready = serde_json::from_slice(&configured.workflow.to_json()).unwrap_or_default();
    if let Some(config) = config_of(&mut given, &id) {
        if let Some(ready) = config_of(&mut ready, &id) {
            for name in OVERRIDDEN {
                match ready.remove(name) {
                    Some(value) => config.insert(name.to_owned(), value),
                    None => config.remove(name),
                };
            }
        }
        if let Some(variable) = &args.overrides.authorization_env {
            let value = secret::authorization("--authorization-env", variable)?;
            config.insert(
                "authorization_header".to_owned(),
                value.expose_secret().into(),
            );
        }
    }
    Ok(given.to_string())
}

fn config_of<'a>(workflow: &'a mut Value, stage: &str) -> Option<&'a mut Map<String, Value>> {
    let stages = workflow.get_mut("stages")?.as_array_mut()?;
    let is_it = |found: &Value| {
        let id = found.get("id").and_then(Value::as_str);
        id.is_some_and(|id| id.eq_ignore_ascii_case(stage))
    };
    let stage = stages.iter_mut().find(|found| is_it(found))?;
    stage.get_mut("config")?.as_object_mut()
}

fn json(path: &Path) -> Result<Value, Error> {
    let unreadable = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let bytes = fs::read(path).map_err(unreadable)?;
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    serde_json::from_slice(text).map_err(|error| unreadable(error.into()))
}
