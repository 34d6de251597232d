use std::rc::Rc;

use crate::fault::Fault;
use crate::run::{Args, Output, Run};
use crate::value::{Text, Value};

use super::keys::attribute;

/// A text's longest form in another case is three times as long.
const CASE_GROWS: usize = 3;

fn cased<'d>(
    run: &mut Run<'d>,
    value: &Value<'d>,
    args: Args<'d>,
    change: impl FnOnce(&str) -> String,
) -> Result<Value<'d>, Fault> {
    args.finish()?;
    let text = run.text_of(value)?;
    run.budget.memory(text.len() * CASE_GROWS)?;
    run.made(&change(&text))
}

pub(super) fn upper<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    cased(run, &value, args, str::to_uppercase)
}

pub(super) fn lower<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    cased(run, &value, args, str::to_lowercase)
}

pub(super) fn title<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    cased(run, &value, args, |text| {
        let separates =
            |char: char| matches!(char, '-' | '(' | '{' | '[' | '<') || char.is_whitespace();
        text.split_inclusive(separates)
            .map(|word| with_large_first(word, |first| first.to_uppercase().collect()))
            .collect()
    })
}

pub(super) fn capitalize<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    cased(run, &value, args, |text| {
        with_large_first(text, |first| match first {
            'ß' => "Ss".into(),
            first => first.to_uppercase().collect(),
        })
    })
}

/// The first letter is made large. The others are made small as a whole word is, at whose end a sigma is another one.
fn with_large_first(text: &str, large: impl Fn(char) -> String) -> String {
    let Some(first) = text.chars().next() else {
        return String::new();
    };
    let small = text.to_lowercase();
    let of_first: usize = first.to_lowercase().map(char::len_utf8).sum();
    let mut changed = large(first);
    changed.push_str(small.get(of_first..).unwrap_or_default());
    changed
}

pub(super) fn trim<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    args.finish()?;
    let text = run.text_of(&value)?;
    run.read(&text)?;
    match text {
        Text::Borrowed(text) => Ok(Value::text(text.trim())),
        Text::Made(text) => run.made(text.trim()),
    }
}

pub(super) fn string<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    args.finish()?;
    run.text_of(&value).map(Value::Text)
}

/// `replace(old, new, count)`.
pub(super) fn replace<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let (old, new) = (args.needed_text("old")?, args.needed_text("new")?);
    let most = args
        .int("count")?
        .map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(0));
    args.finish()?;
    if old.is_empty() {
        return Err(Fault::failed("replace needs a text that is not empty"));
    }
    let text = run.text_of(&value)?;
    run.read(&text)?;
    let found = text.matches(&*old).take(most).count();
    // Before it is made, so that many long replacements cost nothing.
    run.budget
        .memory(text.len().saturating_add(found.saturating_mul(new.len())))?;
    let replaced: Rc<str> = text.replacen(&*old, &new, most).into();
    Ok(Value::Text(Text::Made(replaced)))
}

/// `truncate(length, end)`: at most so many characters, the end included.
pub(super) fn truncate<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let most = args
        .int("length")?
        .map_or(255, |length| usize::try_from(length).unwrap_or(0));
    let end = args.text("end")?.unwrap_or(Text::Borrowed("…"));
    args.finish()?;
    let text = run.text_of(&value)?;
    run.read(&text)?;
    if text.char_indices().nth(most).is_none() {
        return Ok(Value::Text(text));
    }
    run.read(&end)?;
    let kept = most.saturating_sub(end.chars().count());
    let cut = text
        .char_indices()
        .nth(kept)
        .map_or(text.len(), |(at, _)| at);
    run.budget.memory(cut + end.len())?;
    run.made(&[&text[..cut], &end].concat())
}

/// `split(separator)`; without one at blanks.
pub(super) fn split<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let separator = args.text("sep")?;
    args.finish()?;
    let text = run.text_of(&value)?;
    run.read(&text)?;
    if separator
        .as_ref()
        .is_some_and(|separator| separator.is_empty())
    {
        return Err(Fault::failed("split needs a text that is not empty"));
    }
    let mut parts = Vec::new();
    let pieces: Box<dyn Iterator<Item = &str>> = match &separator {
        Some(separator) => Box::new(text.split(&**separator)),
        None => Box::new(text.split_whitespace()),
    };
    for piece in pieces {
        run.item()?;
        parts.push(run.made(piece)?);
    }
    run.list(parts)
}

/// `join(separator, attribute=…)`.
pub(super) fn join<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let separator = args.text("d")?.unwrap_or(Text::Borrowed(""));
    let path = args.text("attribute")?;
    args.finish()?;
    let mut output = Output::default();
    for (index, item) in run.items(&value)?.enumerate() {
        run.budget.steps(1)?;
        let item = match &path {
            Some(path) => attribute(run, &item, path)?,
            None => item,
        };
        if index > 0 {
            output.push(&mut run.budget, &separator)?;
        }
        let text = run.text_of(&item)?;
        output.push(&mut run.budget, &text)?;
    }
    Ok(Value::Text(Text::Made(output.into_text().into())))
}

/// A complete JSON value, which is not escaped again.
pub(super) fn tojson<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    args.finish()?;
    let mut output = Output::default();
    run.write_json(&value, &mut output)?;
    Ok(Value::Raw(output.into_text().into()))
}

/// As in Jinja: all but letters, digits and `_.-~/` becomes `%XX`.
pub(super) fn urlencode<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    args.finish()?;
    let text = run.text_of(&value)?;
    run.budget.memory(text.len() * 3)?;
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for digit in [byte >> 4, byte & 15] {
                let digit = char::from_digit(u32::from(digit), 16).unwrap_or('0');
                encoded.push(digit.to_ascii_uppercase());
            }
        }
    }
    run.made(&encoded)
}
