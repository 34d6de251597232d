//! What `infra/sam/template.yaml` gives a function, as far as it is plain: a parameter's value, or text.

use std::collections::BTreeMap;

pub const TEMPLATE: &str = include_str!("../../../infra/sam/template.yaml");

/// The lines under a key of this indentation, up to the next of the same.
fn under<'a>(text: &'a str, heading: &str) -> &'a str {
    let begin = text.find(&format!("\n{heading}\n"));
    let begin =
        begin.unwrap_or_else(|| panic!("the template has no {heading}")) + heading.len() + 2;
    let indent = heading.len() - heading.trim_start().len();
    let rest = &text[begin..];
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        let own = line.len() - line.trim_start().len();
        if own <= indent && !line.trim().is_empty() {
            break;
        }
        end += line.len();
    }
    &rest[..end]
}

/// A mapping may have a function's name too.
fn resources() -> &'static str {
    under(TEMPLATE, "Resources:")
}

/// The default of each parameter.
pub fn defaults() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut name = "";
    for line in under(TEMPLATE, "Parameters:").lines() {
        if let Some(value) = line.strip_prefix("    Default: ") {
            found.insert(name.to_owned(), plain(value).to_owned());
        } else if line.starts_with("  ") && !line.starts_with("   ") {
            name = line.trim().trim_end_matches(':');
        }
    }
    found
}

fn plain(value: &str) -> &str {
    value
        .trim()
        .trim_matches(|quote| quote == '\'' || quote == '"')
}

/// The environment of a function with these parameters. What is made of more than one parameter is left out.
pub fn environment(function: &str, parameters: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut inside = None;
    let sections = [
        under(TEMPLATE, "Globals:"),
        under(resources(), &format!("  {function}:")),
    ];
    for line in sections.iter().flat_map(|section| section.lines()) {
        let indent = line.len() - line.trim_start().len();
        if line.trim() == "Variables:" {
            inside = Some(indent);
        } else if inside.is_some_and(|variables| indent <= variables) {
            inside = None;
        } else if let (Some(variables), Some((name, value))) =
            (inside, line.trim().split_once(": "))
            && indent == variables + 2
        {
            let parameter = value
                .strip_prefix("!Ref ")
                .and_then(|name| parameters.get(name));
            let value = match parameter {
                Some(value) => value.clone(),
                None if value.starts_with('!') => continue,
                None => plain(value).to_owned(),
            };
            found.push((name.to_owned(), value));
        }
    }
    found
}

/// The tags of the assignments queue that are parameters.
pub fn tags(parameters: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let tag = |line: &str| {
        let tag = line.trim().strip_prefix("- { Key: '")?;
        let (name, value) = tag.split_once("', Value: !Ref ")?;
        let value = parameters.get(value.strip_suffix(" }")?)?;
        Some((name.to_owned(), value.clone()))
    };
    under(resources(), "  AssignmentsQueue:")
        .lines()
        .filter_map(tag)
        .collect()
}

#[test]
fn a_function_gets_its_parameters() {
    let mut parameters = defaults();
    assert_eq!(parameters["SenderBatchSize"], "10");
    parameters.insert("AttemptHistoryDays".to_owned(), "7".to_owned());
    let found = environment("Sender", &parameters);
    assert!(found.contains(&("ATTEMPT_HISTORY_DAYS".to_owned(), "7".to_owned())));
    assert!(!found.iter().any(|(name, _)| name == "TABLE_NAME"));
}
