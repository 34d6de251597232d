//! MiniJinja with its own evaluator, set up as far as it can be to mean what a stage's template means. What is set up
//! here is the list of differences that are wanted.

use std::sync::Arc;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Output, UndefinedBehavior, Value};
use serde_json::Value as Json;
use template::BodyFormat;

/// What a message of the reference begins with where a difference is wanted.
pub(crate) const WANTED: &str = "wanted: ";

fn refuse(what: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("{WANTED}{what}"))
}

/// What the template makes of the document.
pub(crate) fn render(template: &str, document: &Json, format: BodyFormat) -> Result<String, Error> {
    let mut env = Environment::new();
    // What is missing is an error where it is used.
    env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    // Everything but a text is written as JSON; in a JSON body a text is escaped.
    env.set_formatter(move |out, _, value| write(out, value, format));
    functions(&mut env, document);
    filters(&mut env);
    tests(&mut env);
    env.render_str(template, context(document))
}

fn write(out: &mut Output<'_>, value: &Value, format: BodyFormat) -> Result<(), Error> {
    let text = match (value.as_str(), format) {
        (Some(text), BodyFormat::Json) if !value.is_safe() => {
            let quoted = Json::from(text).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        (Some(text), _) => text.to_owned(),
        (None, _) => json_of(value)?,
    };
    out.write_str(&text).map_err(Error::from)
}

/// A value as JSON, in which what `tojson` has made is JSON already.
fn json_of(value: &Value) -> Result<String, Error> {
    Ok(match value.kind() {
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::None => "null".into(),
        ValueKind::Bool => value.is_true().to_string(),
        ValueKind::Number if value.is_integer() => value.to_string(),
        ValueKind::Number => match f64::try_from(value.clone())? {
            float if float.is_finite() => Json::from(float).to_string(),
            _ => return Err(refuse("a number that JSON does not have")),
        },
        ValueKind::String if value.is_safe() => value.to_string(),
        ValueKind::String => Json::from(value.as_str().unwrap()).to_string(),
        ValueKind::Seq | ValueKind::Iterable => {
            let items: Vec<String> = value
                .try_iter()?
                .map(|item| json_of(&item))
                .collect::<Result<_, _>>()?;
            format!("[{}]", items.join(","))
        }
        ValueKind::Map => {
            let mut members = Vec::new();
            for name in value.try_iter()? {
                members.push(format!(
                    "{}:{}",
                    json_of(&name)?,
                    json_of(&value.get_item(&name)?)?
                ));
            }
            format!("{{{}}}", members.join(","))
        }
        other => return Err(refuse(&format!("{other} is written"))),
    })
}

/// A value as text: a text as it is, everything else as JSON.
fn text(value: &Value) -> Result<String, Error> {
    match value.as_str() {
        Some(text) => Ok(text.into()),
        None => json_of(value),
    }
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(bool) => Value::from(*bool),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Value::from(int),
            (None, Some(int)) => Value::from(int),
            _ => Value::from(number.as_f64().unwrap()),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::from(items.iter().map(value).collect::<Vec<_>>()),
        Json::Object(members) => Value::from_pairs(
            members
                .iter()
                .map(|(name, member)| (name.as_str(), value(member))),
        ),
    }
}

fn context(document: &Json) -> Value {
    let empty = Json::Array(Vec::new());
    let annotations = match document.get("annotations") {
        None | Some(Json::Null) => &empty,
        Some(annotations) => annotations,
    };
    let named = |name: &str| serde_json::json!({"id": "7194e3c3-04a7-55ae-b99e-90a213025b86", "name": name});
    let mut context = serde_json::json!({
        "document": document,
        "annotations": annotations,
        "team": "e2e-testing",
        "workflow": named("Cars"),
        "stage": named("Tell Slack"),
        "attempt": 1,
        "delivery_id": "fee9e4d4-c314-5971-9e5c-61ffcb541993",
        "now": "2026-09-21T14:13:20Z",
    });
    if let Some(item) = document.get("item") {
        context["item"] = item.clone();
    }
    value(&context)
}

/// This project's functions, and those by which a template's `theirs` says what it means.
fn functions(env: &mut Environment<'_>, document: &Json) {
    let annotations: Arc<Vec<Json>> = Arc::new(
        document
            .get("annotations")
            .and_then(Json::as_array)
            .cloned()
            .unwrap_or_default(),
    );
    let named = |annotations: &[Json], class: &str| -> Vec<Json> {
        let is = |annotation: &&Json| annotation.get("name").and_then(Json::as_str) == Some(class);
        annotations.iter().filter(is).cloned().collect()
    };
    let all = Arc::clone(&annotations);
    env.add_function("has_tag", move |class: &str| {
        named(&all, class).iter().any(|annotation| {
            let in_frames = annotation.get("frames").and_then(Json::as_object);
            annotation.get("tag").is_some()
                || in_frames
                    .is_some_and(|frames| frames.values().any(|frame| frame.get("tag").is_some()))
        })
    });
    let all = Arc::clone(&annotations);
    env.add_function("has_class", move |class: &str| {
        !named(&all, class).is_empty()
    });
    let all = Arc::clone(&annotations);
    env.add_function("annotations_of", move |class: &str| {
        value(&Json::from(named(&all, class)))
    });
    let all = Arc::clone(&annotations);
    env.add_function("count", move |class: &str| named(&all, class).len());
    env.add_function("count_by_class", move || {
        let mut counts = serde_json::Map::new();
        for name in annotations
            .iter()
            .filter_map(|annotation| annotation.get("name")?.as_str())
        {
            let before = counts.get(name).and_then(Json::as_u64).unwrap_or(0);
            counts.insert(name.into(), (before + 1).into());
        }
        value(&Json::from(counts))
    });
    env.add_function("text", |value: &Value| text(value));
    env.add_function("not_true", |key: &Value| match key.kind() {
        ValueKind::Bool => Err(refuse("true is no number")),
        _ => Ok(key.clone()),
    });
    env.add_function("no_true_and_1", |left: &Value, right: &Value| {
        no_true_and_1(left, right)
    });
}

/// Refuses what `true == 1` has a part in, which holds in MiniJinja only.
fn no_true_and_1(left: &Value, right: &Value) -> Result<bool, Error> {
    fn kinds(value: &Value, found: &mut [bool; 2]) {
        match value.kind() {
            ValueKind::Bool => found[0] = true,
            ValueKind::Number => found[1] = true,
            ValueKind::Seq | ValueKind::Iterable => {
                value
                    .try_iter()
                    .into_iter()
                    .flatten()
                    .for_each(|item| kinds(&item, found));
            }
            ValueKind::Map => value
                .try_iter()
                .into_iter()
                .flatten()
                .for_each(|name| kinds(&value.get_item(&name).unwrap_or_default(), found)),
            _ => {}
        }
    }
    let (mut of_left, mut of_right) = ([false; 2], [false; 2]);
    kinds(left, &mut of_left);
    kinds(right, &mut of_right);
    if (of_left[0] && of_right[1]) || (of_left[1] && of_right[0]) {
        return Err(refuse("true is no number"));
    }
    Ok(true)
}

fn filters(env: &mut Environment<'_>) {
    // JSON without blanks.
    env.add_filter("tojson", |value: &Value| {
        json_of(value).map(Value::from_safe_string)
    });
}

fn tests(env: &mut Environment<'_>) {
    let is_list = |value: &Value| matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
    // Whatever a filter makes of a list is a list; a text is none.
    env.add_test("sequence", move |value: &Value| is_list(value));
    env.add_test("iterable", move |value: &Value| {
        is_list(value) || value.kind() == ValueKind::Map
    });
    // True is no number.
    env.add_test("number", |value: &Value| value.kind() == ValueKind::Number);
    // What is missing is neither less nor greater.
    order(env, &["lt", "lessthan", "<"], minijinja::tests::is_lt);
    order(env, &["le", "<="], minijinja::tests::is_le);
    order(env, &["gt", "greaterthan", ">"], minijinja::tests::is_gt);
    order(env, &["ge", ">="], minijinja::tests::is_ge);
}

fn order(env: &mut Environment<'_>, names: &[&'static str], test: fn(&Value, &Value) -> bool) {
    for name in names {
        env.add_test(*name, move |value: &Value, other: &Value| {
            if value.is_undefined() {
                return Err(refuse("what is missing has no order"));
            }
            Ok(test(value, other))
        });
    }
}
