use std::env;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;

/// A function's environment variables.
#[derive(Clone, Copy, Debug, Default)]
pub struct Environment;

/// A variable is missing or cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// It is not set.
    #[error("the environment variable {0} is not set: the function's template sets it")]
    Missing(&'static str),
    /// It has the wrong form.
    #[error("the environment variable {name} must be {expected}")]
    Invalid {
        /// Its name.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

impl Environment {
    /// A variable that must be set.
    ///
    /// # Errors
    /// [`EnvironmentError::Missing`].
    pub fn required(self, name: &'static str) -> Result<String, EnvironmentError> {
        self.optional(name).ok_or(EnvironmentError::Missing(name))
    }

    /// A variable that may be absent or empty.
    #[must_use]
    pub fn optional(self, name: &'static str) -> Option<String> {
        env::var(name).ok().filter(|value| !value.is_empty())
    }

    /// A number, or its default.
    ///
    /// # Errors
    /// [`EnvironmentError::Invalid`].
    pub fn number<T: FromStr>(self, name: &'static str, default: T) -> Result<T, EnvironmentError> {
        let invalid = |_| EnvironmentError::Invalid {
            name,
            expected: "a whole number",
        };
        self.optional(name)
            .map_or(Ok(default), |value| value.trim().parse().map_err(invalid))
    }

    /// A number of seconds, or its default.
    ///
    /// # Errors
    /// [`EnvironmentError::Invalid`].
    pub fn seconds(self, name: &'static str, default: u64) -> Result<Duration, EnvironmentError> {
        self.number(name, default).map(Duration::from_secs)
    }

    /// One of these values, the first by default.
    ///
    /// # Errors
    /// [`EnvironmentError::Invalid`].
    pub fn choice<T: Copy>(
        self,
        name: &'static str,
        expected: &'static str,
        choices: &[(&str, T)],
    ) -> Result<T, EnvironmentError> {
        let chosen = self.optional(name);
        let is_it = |choice: &&(&str, T)| chosen.as_deref().is_none_or(|name| name == choice.0);
        let found = choices.iter().find(is_it).map(|(_, value)| *value);
        found.ok_or(EnvironmentError::Invalid { name, expected })
    }

    /// A list of networks, separated by commas.
    ///
    /// # Errors
    /// [`EnvironmentError::Invalid`].
    pub fn networks(self, name: &'static str) -> Result<Vec<IpNet>, EnvironmentError> {
        let expected = "networks such as 10.0.0.0/8, separated by commas";
        self.optional(name)
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| {
                part.parse()
                    .map_err(|_| EnvironmentError::Invalid { name, expected })
            })
            .collect()
    }
}
