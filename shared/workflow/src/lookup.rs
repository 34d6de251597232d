use std::fmt;

use icu_normalizer::ComposingNormalizerBorrowed;
use uuid::Uuid;

use crate::stage::Stage;
use crate::workflow::Workflow;

/// The name does not stand for exactly one stage.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum StageLookupError {
    /// No stage has the name.
    #[error("there is no stage {}{nearest}; the stages are: {stages}", quoted(.wanted))]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// How the nearest name differs, in words for people; empty if none is near.
        nearest: String,
        /// The names of all stages.
        stages: String,
    },
    /// Several stages have the name.
    #[error("several stages are named {}: name one by its id: {stages}", quoted(.wanted))]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// Their names and ids.
        stages: String,
    },
}

impl StageLookupError {
    /// The error that none of the stages has the name.
    pub fn unknown<'a>(wanted: &str, stages: impl IntoIterator<Item = &'a Stage>) -> Self {
        let mut names: Vec<&str> = Vec::new();
        for stage in stages {
            if !names.contains(&stage.name.as_str()) {
                names.push(&stage.name);
            }
        }
        Self::Unknown {
            wanted: wanted.to_owned(),
            nearest: nearest(wanted, &names),
            stages: join(names.iter().map(|name| quoted(name))),
        }
    }

    /// The stable machine code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown_stage",
            Self::Ambiguous { .. } => "ambiguous_stage",
        }
    }
}

impl Workflow {
    /// Finds the stage that a person means, by its id, its name, or a name that differs only in case, blanks,
    /// invisible characters, or Unicode normal form.
    ///
    /// # Errors
    /// [`StageLookupError`] when no stage or several stages fit.
    pub fn find_stage(&self, name_or_id: &str) -> Result<&Stage, StageLookupError> {
        let by_id = Uuid::parse_str(name_or_id.trim())
            .ok()
            .and_then(|id| self.stage(id));
        if let Some(stage) = by_id {
            return Ok(stage);
        }
        let folded = folded(name_or_id);
        let named = |is_meant: &dyn Fn(&str) -> bool| -> Vec<&Stage> {
            let stages = self.stages.iter();
            stages.filter(|stage| is_meant(&stage.name)).collect()
        };
        let mut found = named(&|name| name == name_or_id);
        if found.is_empty() {
            found = named(&|name| self::folded(name) == folded);
        }
        match found.as_slice() {
            [stage] => Ok(stage),
            [] => Err(StageLookupError::unknown(name_or_id, &self.stages)),
            several => Err(StageLookupError::Ambiguous {
                wanted: name_or_id.to_owned(),
                stages: join(
                    several
                        .iter()
                        .map(|stage| format!("{} ({})", quoted(&stage.name), stage.id)),
                ),
            }),
        }
    }
}

fn join(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

/// A name in the form in which names are compared.
fn folded(name: &str) -> String {
    tidy(name).to_lowercase()
}

/// A name with single blanks between its words, without invisible characters, in Unicode normal form KC.
fn tidy(name: &str) -> String {
    let visible: String = name.chars().filter(|c| !is_invisible(*c)).collect();
    let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(&visible);
    composed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a character is invisible: soft hyphens, joiners, direction marks, variation selectors, and control
/// characters other than blanks.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
        || c.is_control() && !c.is_whitespace()
}

/// A name in quotes, with invisible characters escaped.
fn quoted(name: &str) -> String {
    let mut out = String::from("\"");
    for c in name.chars() {
        if c.is_control() || is_invisible(c) || c.is_whitespace() && c != ' ' {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out.push('"');
    out
}

/// The name that has the most of its beginning and end in common with the one asked for, if that is at least
/// half of it.
fn nearest(wanted: &str, names: &[&str]) -> String {
    let wanted = tidy(wanted);
    let differences = names
        .iter()
        .map(|name| (name, Difference::of(&wanted, name)));
    let near = differences.filter(|(_, difference)| difference.is_small());
    let nearest = near.min_by_key(|(_, difference)| difference.size());
    nearest.map_or_else(String::new, |(name, difference)| {
        format!(": the nearest, {}, {difference}", quoted(name))
    })
}

/// The place where two names differ.
struct Difference {
    before: String,
    given: String,
    named: String,
    after: usize,
}

impl Difference {
    fn of(wanted: &str, name: &str) -> Self {
        let wanted: Vec<char> = wanted.chars().collect();
        let name: Vec<char> = tidy(name).chars().collect();
        let same = |(a, b): &(&char, &char)| a.to_lowercase().eq(b.to_lowercase());
        let before = wanted.iter().zip(&name).take_while(same).count();
        let (given, named) = (&wanted[before..], &name[before..]);
        let ends = given.iter().rev().zip(named.iter().rev());
        let after = ends.take_while(same).count();
        let text = |chars: &[char]| chars.iter().collect::<String>();
        Self {
            before: text(&name[..before]),
            given: text(&given[..given.len() - after]),
            named: text(&named[..named.len() - after]),
            after,
        }
    }

    fn size(&self) -> usize {
        self.given.chars().count().max(self.named.chars().count())
    }

    fn is_small(&self) -> bool {
        self.size() <= self.before.chars().count() + self.after
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (given, named) = (spelled(&self.given), spelled(&self.named));
        match (self.given.is_empty(), self.named.is_empty()) {
            (true, _) => write!(f, "also has {named}")?,
            (_, true) => write!(f, "does not have {given}")?,
            _ => write!(f, "has {named} in place of {given}")?,
        }
        if self.before.is_empty() {
            f.write_str(" at its beginning")
        } else {
            write!(f, " after {}", quoted(&self.before))
        }
    }
}

/// A text in quotes, with its code points if it may look like another text.
fn spelled(text: &str) -> String {
    let mut out = quoted(text);
    if !text.is_ascii() {
        let points = text.chars().map(|c| format!("U+{:04X}", u32::from(c)));
        out.push_str(&format!(" ({})", points.collect::<Vec<_>>().join(" ")));
    }
    out
}

#[cfg(test)]
mod tests {
    use icu_normalizer::DecomposingNormalizerBorrowed as Decomposing;
    use proptest::prelude::*;

    use super::{Difference, folded, nearest, quoted};

    #[test]
    fn what_looks_alike_is_alike() {
        for other in [
            "Prüfung  2",
            " Pru\u{308}fung 2\t",
            "Prüfung\u{a0}2",
            "PRÜFUNG\u{3000}\u{ff12}",
            "Prü\u{ad}fung\u{200b} 2\u{feff}",
            "Prüfung\n2\u{200e}",
        ] {
            assert_eq!(folded(other), folded("Prüfung 2"), "{other:?}");
        }
        for other in ["Prufung 2", "Prüfung 3", "Prüfung", "Prüfung2"] {
            assert_ne!(folded(other), folded("Prüfung 2"), "{other:?}");
        }
    }

    #[test]
    fn the_difference_is_told() {
        let names = ["Dataset", "Notify", "Check"];
        for (wanted, told) in [
            ("Notfy", "also has \"i\" after \"Not\""),
            ("Notiffy", "does not have \"f\" after \"Notif\""),
            ("Nitify", "has \"o\" in place of \"i\" after \"N\""),
            (
                "N\u{43e}tify",
                "has \"o\" in place of \"\u{43e}\" (U+043E) after \"N\"",
            ),
            ("otify", "also has \"N\" at its beginning"),
        ] {
            let expected = format!(": the nearest, \"Notify\", {told}");
            assert_eq!(nearest(wanted, &names), expected, "{wanted}");
        }
        for wanted in ["Review", "", "Notary public"] {
            assert_eq!(nearest(wanted, &names), "", "{wanted}");
        }
    }

    #[test]
    fn nothing_in_quotes_is_hidden() {
        assert_eq!(
            quoted(" a\u{a0}\u{200b}é\n"),
            "\" a\\u{a0}\\u{200b}é\\u{a}\""
        );
    }

    proptest! {
        #[test]
        fn every_normal_form_of_a_name_is_the_same_name(words in prop::collection::vec("\\PC{1,8}", 1..4)) {
            let name = words.join(" ");
            for form in [Decomposing::new_nfd(), Decomposing::new_nfkd()] {
                let written = words.iter().map(|word| form.normalize(word));
                let written = written.collect::<Vec<_>>().join(" \u{a0}\t");
                prop_assert_eq!(folded(&format!("\u{3000}{written}\n")), folded(&name));
            }
        }

        #[test]
        fn any_two_names_differ_somewhere(wanted: String, name: String) {
            let told = Difference::of(&wanted, &name).to_string();
            prop_assert!(!told.chars().any(char::is_control), "{}", told);
            nearest(&wanted, &[&name]);
        }
    }
}
