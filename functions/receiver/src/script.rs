use std::str::FromStr;

/// The statuses with which a receiver answers the calls of a delivery, in order. The last one repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script(Vec<u16>);

/// The text is not a list of statuses.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no HTTP status from 200 to 599: write statuses separated by commas, such as 503,503,200"
)]
pub struct ScriptError(String);

impl Default for Script {
    fn default() -> Self {
        Self(vec![200])
    }
}

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let statuses: Vec<u16> = text
            .split(',')
            .map(|part| {
                let status = part.trim().parse().ok();
                let status = status.filter(|status| (200..600).contains(status));
                status.ok_or_else(|| ScriptError(part.trim().to_owned()))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self(statuses))
    }
}

impl Script {
    /// The status for a delivery's next call, after `calls` earlier ones.
    #[must_use]
    pub fn status(&self, calls: usize) -> u16 {
        self.0.get(calls).or(self.0.last()).copied().unwrap_or(200)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_status_goes_on() {
        let script: Script = "503, 503,200".parse().expect("a script");
        let statuses: Vec<_> = (0..5).map(|calls| script.status(calls)).collect();
        assert_eq!(statuses, [503, 503, 200, 200, 200]);
    }

    #[test]
    fn anything_else_is_named() {
        for (text, wrong) in [
            ("", ""),
            ("200,", ""),
            ("99", "99"),
            ("200,abc", "abc"),
            ("100", "100"),
        ] {
            assert_eq!(text.parse::<Script>(), Err(ScriptError(wrong.to_owned())));
        }
    }
}
