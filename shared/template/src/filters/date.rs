use std::fmt::Write;

use chrono::{DateTime, Utc};

use crate::calendar;
use crate::fault::Fault;
use crate::run::{Args, Run};
use crate::value::Value;

/// `date("%d %b %Y")` of a time as in RFC 3339 or of seconds since 1970; in UTC.
pub(super) fn date<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let format = args.text("format")?;
    args.finish()?;
    let format = format.as_deref().unwrap_or("%Y-%m-%d");
    let seconds = match &value {
        Value::Int(seconds) => i64::try_from(*seconds).ok(),
        Value::Float(seconds) if seconds.abs() < 1e15 => Some(seconds.floor() as i64),
        Value::Text(text) => {
            run.read(text)?;
            calendar::seconds(text)
        }
        _ => None,
    };
    let time = seconds.and_then(calendar::utc).ok_or_else(|| {
        Fault::failed("this is no time: a text as in RFC 3339, or seconds since 1970, is needed")
    })?;
    // No sign of two characters becomes longer than twelve.
    run.budget.memory(format.len() * 6)?;
    let text = formatted(time, format)?;
    run.made(&text)
}

fn formatted(time: DateTime<Utc>, format: &str) -> Result<String, Fault> {
    let mut text = String::new();
    let mut chars = format.chars();
    while let Some(char) = chars.next() {
        if char != '%' {
            text.push(char);
            continue;
        }
        let sign = known(chars.next())?;
        write!(text, "{}", time.format(sign))
            .map_err(|_| Fault::failed("the date cannot be written"))?;
    }
    Ok(text)
}

/// The signs that there are. The library has more, some of which have widths that nothing bounds.
fn known(sign: Option<char>) -> Result<&'static str, Fault> {
    Ok(match sign {
        Some('Y') => "%Y",
        Some('y') => "%y",
        Some('m') => "%m",
        Some('B') => "%B",
        Some('b') => "%b",
        Some('d') => "%d",
        Some('e') => "%-d",
        Some('A') => "%A",
        Some('a') => "%a",
        Some('H') => "%H",
        Some('I') => "%I",
        Some('p') => "%p",
        Some('M') => "%M",
        Some('S') => "%S",
        Some('F') => "%F",
        Some('T') => "%T",
        Some('s') => "%s",
        Some('Z') => "UTC",
        Some('z') => "%z",
        Some('%') => "%%",
        Some(other) if other.is_ascii_graphic() => {
            return Err(Fault::failed(format!("date does not know %{other}")));
        }
        _ => return Err(Fault::failed("date needs a letter after each %")),
    })
}
