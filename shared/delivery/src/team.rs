use std::borrow::Cow;

use uuid::Uuid;

/// The longest team slug, in bytes. It is part of every key, and this length fits every store.
pub const MAX_TEAM: usize = 255;

/// Why a team is invalid: it cannot be part of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTeam {
    /// It has no characters.
    #[error("the team is empty")]
    Empty,
    /// It is longer than [`MAX_TEAM`].
    #[error("the team is longer than {MAX_TEAM} bytes")]
    TooLong,
    /// It has a slash, which would make one team's keys look like another's.
    #[error("the team contains a slash")]
    Slash,
    /// It is `.` or `..`, which have another meaning in a path.
    #[error("the team is \".\" or \"..\"")]
    Dots,
    /// It has a control character, such as a line break.
    #[error("the team contains a control character")]
    Control,
}

/// Checks a team. Writers and readers of messages must both use this check: a message that is written but then
/// refused would lose its file.
///
/// # Errors
/// What is wrong with it.
pub fn check_team(team: &str) -> Result<(), InvalidTeam> {
    if team.is_empty() {
        Err(InvalidTeam::Empty)
    } else if team.len() > MAX_TEAM {
        Err(InvalidTeam::TooLong)
    } else if team.contains('/') {
        Err(InvalidTeam::Slash)
    } else if matches!(team, "." | "..") {
        Err(InvalidTeam::Dots)
    } else if team.contains(char::is_control) {
        Err(InvalidTeam::Control)
    } else {
        Ok(())
    }
}

/// A valid team for whatever name a document gives: the name itself if it is valid, or else a slug made from
/// it. Different names never get the same slug.
#[must_use]
pub fn team_slug(named: &str) -> Cow<'_, str> {
    if check_team(named).is_ok() {
        return Cow::Borrowed(named);
    }
    let readable: String = named
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(100)
        .collect();
    let readable = readable.trim_matches('-').to_ascii_lowercase();
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, named.as_bytes());
    let slug = format!("{readable}-{}", id.simple());
    Cow::Owned(slug.trim_start_matches('-').to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{InvalidTeam, MAX_TEAM, check_team, team_slug};

    #[test]
    fn a_team_is_one_segment_of_a_key() {
        let long = "x".repeat(MAX_TEAM + 1);
        for (team, wrong) in [
            ("", InvalidTeam::Empty),
            (long.as_str(), InvalidTeam::TooLong),
            ("a/b", InvalidTeam::Slash),
            ("..", InvalidTeam::Dots),
            ("a\nb", InvalidTeam::Control),
        ] {
            assert_eq!(check_team(team), Err(wrong));
        }
        for team in ["a", &long[1..], "Acme Vision", "équipe", "a.b"] {
            assert_eq!(check_team(team), Ok(()));
            assert_eq!(team_slug(team), team);
        }
    }

    #[test]
    fn a_slug_can_be_recognised() {
        let slug = team_slug("Acme / Vision");
        assert!(slug.starts_with("acme---vision-"), "{slug}");
        assert_ne!(slug, team_slug("Acme - Vision"));
    }

    proptest! {
        #[test]
        fn whatever_is_named_becomes_a_valid_team(named in "\\PC{0,300}|[/.\\x00-\\x1f]{0,4}") {
            prop_assert_eq!(check_team(&team_slug(&named)), Ok(()));
        }
    }
}
