use std::fmt::Write;

use crate::fault::Fault;
use crate::run::{Args, Run};
use crate::value::Value;

const DAY: i64 = 86_400;

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

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
        Value::Text(text) => rfc_3339(text),
        _ => None,
    };
    let time = seconds.and_then(Time::of).ok_or_else(|| {
        Fault::failed("this is no time: a text as in RFC 3339, or seconds since 1970, is needed")
    })?;
    // No sign becomes longer than ten characters.
    run.budget.memory(format.len() * 5)?;
    let text = time.format(format)?;
    run.made(&text)
}

/// A time in UTC.
struct Time {
    year: i64,
    month: usize,
    day: i64,
    weekday: usize,
    second: i64,
    since_1970: i64,
}

impl Time {
    /// Of the years 0 to 9999.
    fn of(since_1970: i64) -> Option<Self> {
        let days = since_1970.div_euclid(DAY);
        // Eras of 400 years that begin with March, so that the leap day is a year's last.
        let from_march = days.checked_add(719_468)?;
        let era = from_march.div_euclid(146_097);
        let day_of_era = from_march.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 {
            from_march + 3
        } else {
            from_march - 9
        };
        let year = era.checked_mul(400)? + year_of_era + i64::from(month <= 2);
        (0..=9999).contains(&year).then_some(Self {
            year,
            month: usize::try_from(month).ok()?,
            day: day_of_year - (153 * from_march + 2) / 5 + 1,
            weekday: usize::try_from((days + 4).rem_euclid(7)).ok()?,
            second: since_1970.rem_euclid(DAY),
            since_1970,
        })
    }

    fn format(&self, format: &str) -> Result<String, Fault> {
        let mut text = String::new();
        let mut chars = format.chars();
        while let Some(char) = chars.next() {
            if char == '%' {
                self.sign(chars.next(), &mut text)?;
            } else {
                text.push(char);
            }
        }
        Ok(text)
    }

    fn sign(&self, sign: Option<char>, text: &mut String) -> Result<(), Fault> {
        let (hour, minute, second) = (self.second / 3600, self.second / 60 % 60, self.second % 60);
        let (year, month, day) = (self.year, self.month, self.day);
        let month_name = MONTHS[(month - 1) % 12];
        let weekday = DAYS[self.weekday % 7];
        let half = if hour % 12 == 0 { 12 } else { hour % 12 };
        let written = match sign {
            Some('Y') => write!(text, "{year:04}"),
            Some('y') => write!(text, "{:02}", year % 100),
            Some('m') => write!(text, "{month:02}"),
            Some('B') => write!(text, "{month_name}"),
            Some('b') => write!(text, "{}", &month_name[..3]),
            Some('d') => write!(text, "{day:02}"),
            Some('e') => write!(text, "{day}"),
            Some('A') => write!(text, "{weekday}"),
            Some('a') => write!(text, "{}", &weekday[..3]),
            Some('H') => write!(text, "{hour:02}"),
            Some('I') => write!(text, "{half:02}"),
            Some('p') => write!(text, "{}", if hour < 12 { "AM" } else { "PM" }),
            Some('M') => write!(text, "{minute:02}"),
            Some('S') => write!(text, "{second:02}"),
            Some('F') => write!(text, "{year:04}-{month:02}-{day:02}"),
            Some('T') => write!(text, "{hour:02}:{minute:02}:{second:02}"),
            Some('s') => write!(text, "{}", self.since_1970),
            Some('Z') => write!(text, "UTC"),
            Some('z') => write!(text, "+0000"),
            Some('%') => write!(text, "%"),
            Some(other) if other.is_ascii_graphic() => {
                return Err(Fault::failed(format!("date does not know %{other}")));
            }
            _ => return Err(Fault::failed("date needs a letter after each %")),
        };
        written.map_err(|_| Fault::failed("the date cannot be written"))
    }
}

/// Seconds since 1970.
fn rfc_3339(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = bytes.get(from..to)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        std::str::from_utf8(digits).ok()?.parse().ok()
    };
    let sign = |at: usize, signs: &[u8]| bytes.get(at).filter(|byte| signs.contains(byte));
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    sign(4, b"-")?;
    sign(7, b"-")?;
    let longest = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=longest).contains(&day) {
        return None;
    }
    let date = days(year, month, day) * DAY;
    if bytes.len() == 10 {
        return Some(date);
    }
    sign(10, b"Tt ")?;
    sign(13, b":")?;
    sign(16, b":")?;
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut at = 19;
    if sign(at, b".").is_some() {
        at += 1;
        let digits = bytes
            .get(at..)?
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if digits == 0 {
            return None;
        }
        at += digits;
    }
    let zone = match sign(at, b"Zz+-")? {
        b'Z' | b'z' if bytes.len() == at + 1 => 0,
        direction @ (b'+' | b'-') if bytes.len() == at + 6 => {
            sign(at + 3, b":")?;
            let ahead = number(at + 1, at + 3)? * 3600 + number(at + 4, at + 6)? * 60;
            if *direction == b'+' { ahead } else { -ahead }
        }
        _ => return None,
    };
    Some(date + hour * 3600 + minute * 60 + second - zone)
}

/// Days since 1970, of a date of our calendar.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let year_of_era = year.rem_euclid(400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}
