//! V7's numbers of users and datasets.

use serde::de::{Deserialize, Deserializer, Error};
use utoipa::ToSchema;

/// The largest number that every engine can store.
pub(crate) const LARGEST: u64 = i64::MAX as u64;

/// A whole number. JSON has no type of its own for these: 7.0 is 7.
#[derive(Clone, Copy, Debug, Default, ToSchema)]
#[schema(maximum = 9_223_372_036_854_775_807_i64)]
pub(crate) struct Number(pub(crate) u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = serde_json::Number::deserialize(deserializer)?;
        let whole = given.as_u64().filter(|number| *number <= LARGEST);
        let whole = whole.or_else(|| whole_of(given.as_f64()?));
        let message = "give a whole number that is not negative";
        whole.map(Self).ok_or_else(|| D::Error::custom(message))
    }
}

/// Up to where a float knows each whole number.
fn whole_of(float: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_whole = float.fract() == 0.0 && (0.0..=EXACT).contains(&float);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it was checked"
    )]
    is_whole.then_some(float as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_taken_and_no_others() {
        for (text, expected) in [
            ("0", Some(0)),
            ("7.0", Some(7)),
            ("7e2", Some(700)),
            ("9223372036854775807", Some(LARGEST)),
            ("9223372036854775808", None),
            ("1e300", None),
            ("7.5", None),
            ("-1", None),
            ("-0.0", Some(0)),
            ("\"7\"", None),
            ("null", None),
        ] {
            let read = serde_json::from_str::<Number>(text);
            assert_eq!(read.ok().map(|number| number.0), expected, "{text}");
        }
    }
}
