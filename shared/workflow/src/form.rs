use serde_json::{Map, Value};
use uuid::Uuid;

use crate::duration;

/// The longest text that a message quotes whole, in characters.
const SHOWN: usize = 40;

/// The form that a field's value must have.
pub(crate) enum Form {
    Flag,
    Text,
    /// Text that a message must not quote, because it is a secret or may contain one.
    Hidden,
    Number,
    Whole,
    /// Seconds, or text with a unit.
    Delay,
    Uuid,
    OneOf(&'static [&'static str]),
    List(&'static Form),
    Object(Fields),
    /// True, false or an object.
    FlagOr(Fields),
    /// This name, or another form.
    NameOr(&'static str, &'static Form),
    /// A user of a stage, as V7 exports one, or the bare number.
    User,
    Any,
}

/// Fields by name. A field that is `null` counts as absent.
pub(crate) type Fields = &'static [(&'static str, Form)];

/// Calls `wrong` for each field whose value has the wrong form, with its place, what it must be, and what it is.
pub(crate) fn check(fields: Fields, found: &Map<String, Value>, wrong: &mut dyn FnMut(String)) {
    below("", fields, found, wrong);
}

fn one(place: &str, form: &Form, found: &Value, wrong: &mut dyn FnMut(String)) {
    match (form, found) {
        (Form::List(form), Value::Array(entries)) => {
            for (index, entry) in entries.iter().enumerate() {
                one(&format!("{place}[{index}]"), form, entry, wrong);
            }
        }
        (Form::Object(fields) | Form::FlagOr(fields), Value::Object(found)) => {
            below(&format!("{place}."), fields, found, wrong);
        }
        (Form::User, Value::Object(user)) => {
            below(&format!("{place}."), USER, user, wrong);
            if user.get("user_id").is_none_or(Value::is_null) {
                wrong(format!("{place} needs a user_id that is a whole number"));
            }
        }
        (Form::NameOr(name, form), _) if found.as_str() != Some(name) => {
            one(place, form, found, wrong);
        }
        _ if form.fits(found) => {}
        _ => wrong(format!(
            "{place} must be {}; found {}",
            form.wanted(),
            form.found(found)
        )),
    }
}

const USER: Fields = &[("stage_id", Form::Uuid), ("user_id", Form::Whole)];

fn below(before: &str, fields: Fields, found: &Map<String, Value>, wrong: &mut dyn FnMut(String)) {
    for (name, form) in fields {
        if let Some(value) = found.get(*name).filter(|value| !value.is_null()) {
            one(&format!("{before}{name}"), form, value, wrong);
        }
    }
}

impl Form {
    fn fits(&self, value: &Value) -> bool {
        match self {
            Self::Flag | Self::FlagOr(_) => value.is_boolean(),
            Self::Text | Self::Hidden => value.is_string(),
            Self::Number => value.is_number(),
            Self::Whole | Self::User => value.is_u64(),
            Self::Delay => duration::read(value).is_some(),
            Self::Uuid => value
                .as_str()
                .is_some_and(|text| Uuid::parse_str(text).is_ok()),
            Self::OneOf(names) => value.as_str().is_some_and(|text| names.contains(&text)),
            Self::List(_) => value.is_array(),
            Self::Object(_) => value.is_object(),
            Self::Any | Self::NameOr(..) => true,
        }
    }

    fn wanted(&self) -> String {
        match self {
            Self::Flag => "true or false".to_owned(),
            Self::Text | Self::Hidden => "text".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::Whole => "a whole number from 0".to_owned(),
            Self::User => "an object with a user_id".to_owned(),
            Self::Delay => "seconds, or text such as \"30s\"".to_owned(),
            Self::Uuid => "a UUID".to_owned(),
            Self::OneOf(names) => {
                let names: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
                names.join(" or ")
            }
            Self::List(_) => "a list".to_owned(),
            Self::Object(_) => "an object".to_owned(),
            Self::FlagOr(_) => "true, false or an object".to_owned(),
            Self::NameOr(_, form) => form.wanted(),
            Self::Any => "anything".to_owned(),
        }
    }

    fn found(&self, value: &Value) -> String {
        match self.is_hidden() {
            true => kind(value).to_owned(),
            false => found(value),
        }
    }

    fn is_hidden(&self) -> bool {
        match self {
            Self::Hidden => true,
            Self::List(form) => form.is_hidden(),
            _ => false,
        }
    }
}

/// What was found, in words for people: the value itself if it is short.
pub(crate) fn found(value: &Value) -> String {
    match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.chars().count() <= SHOWN => format!("the text {text:?}"),
        Value::String(text) => {
            let beginning: String = text.chars().take(SHOWN).collect();
            format!("a text that begins with {beginning:?}")
        }
        other => kind(other).to_owned(),
    }
}

/// The kind of value that was found, without its content.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
