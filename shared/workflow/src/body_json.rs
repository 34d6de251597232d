//! A body that is written as JSON instead of text: the template it stands for.

use serde_json::Value;

/// The template of a body given as an object or list, in which every text may have templates. A text that is nothing
/// but one `{{ … }}` stands for the value itself, so that it can be a number or a list; in any other text, what is
/// around the templates is escaped as JSON needs it, and the templates are kept as they are.
pub(crate) fn template(body: &Value) -> String {
    let mut out = String::new();
    write(body, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            out.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                text(name, out);
                // A blank, because a template would begin with two braces.
                out.push_str(": ");
                write(value, out);
            }
            // The same at the end of one.
            out.push_str(" }");
        }
        Value::Array(entries) => {
            out.push('[');
            for (index, value) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(value, out);
            }
            out.push(']');
        }
        Value::String(string) => match only_expression(string) {
            Some(expression) => {
                out.push_str("{{ (");
                out.push_str(expression);
                out.push_str(")|tojson }}");
            }
            None => text(string, out),
        },
        other => out.push_str(&other.to_string()),
    }
}

/// The expression of a text that is nothing but one.
fn only_expression(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.strip_prefix('-').unwrap_or(inner);
    let inner = inner.strip_suffix('-').unwrap_or(inner);
    (!inner.contains("{{") && !inner.contains("}}")).then_some(inner)
}

fn text(string: &str, out: &mut String) {
    out.push('"');
    let mut rest = string;
    while let Some((before, tag, after)) = next_tag(rest) {
        escaped(before, out);
        out.push_str(tag);
        rest = after;
    }
    escaped(rest, out);
    out.push('"');
}

fn escaped(text: &str, out: &mut String) {
    let quoted = Value::from(text).to_string();
    out.push_str(quoted.get(1..quoted.len() - 1).unwrap_or_default());
}

/// What is before the next template, the template, and what follows.
fn next_tag(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find("{{").into_iter().chain(text.find("{%")).min()?;
    let close = match text.get(start..start + 2)? {
        "{{" => "}}",
        _ => "%}",
    };
    let length = text.get(start + 2..)?.find(close)? + 4;
    let end = start + length;
    Some((&text[..start], text.get(start..end)?, text.get(end..)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::template;

    #[test]
    fn what_stands_for_what() {
        for (body, expected) in [
            (
                json!({"a": 1, "b": [true, null]}),
                r#"{"a": 1,"b": [true,null] }"#,
            ),
            (
                json!({"text": "File \"{{ item.name|default(\"?\") }}\"\n"}),
                r#"{"text": "File \"{{ item.name|default("?") }}\"\n" }"#,
            ),
            (
                json!({"n": "{{ count('car') }}"}),
                r#"{"n": {{ ( count('car') )|tojson }} }"#,
            ),
            (json!(["{{ a }}{{ b }}"]), r#"["{{ a }}{{ b }}"]"#),
            (
                json!(["{% if a %}\"x\"{% endif %}"]),
                r#"["{% if a %}\"x\"{% endif %}"]"#,
            ),
            (json!(["{{ open", "} }}"]), r#"["{{ open","} }}"]"#),
            (json!({}), "{ }"),
        ] {
            assert_eq!(template(&body), expected);
        }
    }
}
