//! What runs in a process of its own, so that none inherits the memory of the one before: this program
//! starts itself again.

use std::env;
use std::process::{Command, Stdio};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::row::Row;

pub(crate) const AS_SCENARIO: &str = "--scenario";
/// A part of a scenario.
pub(crate) const AS_STEP: &str = "--step";

/// A whole scenario.
pub(crate) fn scenario(name: &str) -> Vec<Row> {
    match answer(&[AS_SCENARIO, name]) {
        Ok(rows) => rows,
        Err(why) => vec![Row::broken(name, "did not finish", why)],
    }
}

/// A part of a scenario.
pub(crate) fn step<T: DeserializeOwned>(name: &str, argument: &impl Serialize) -> T {
    let argument = serde_json::to_string(argument).unwrap();
    answer(&[AS_STEP, name, &argument]).unwrap()
}

/// The other end of both.
pub(crate) fn hand_over(found: &impl Serialize) {
    println!("{}", serde_json::to_string(found).unwrap());
}

fn answer<T: DeserializeOwned>(arguments: &[&str]) -> Result<T, String> {
    let output = Command::new(env::current_exe().unwrap())
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout).unwrap());
    }
    Err(output.status.to_string())
}
