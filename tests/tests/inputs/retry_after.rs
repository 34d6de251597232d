use std::time::Duration;

use delivery::retry::RetryAfter;
use proptest::prelude::*;
use tests::inputs::retry_after::{NOW, check};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn seconds(value in "[ \t]{0,2}0{0,3}[0-9]{1,24}[ \t]{0,2}") {
        check(value.as_bytes());
    }

    #[test]
    fn fractions(value in "0{0,3}[0-9]{0,24}\\.[0-9]{0,24}(\\.[0-9])?") {
        check(value.as_bytes());
    }

    #[test]
    fn any_bytes(value in prop::collection::vec(any::<u8>(), 0..64)) {
        check(&value);
    }

    #[test]
    fn a_date_is_that_many_seconds_from_now(seconds in -2_000_000_000..200_000_000_000_i64) {
        let then = NOW.as_millis() + seconds * 1000;
        let value = delivery::Timestamp::from_millis(then.max(0)).to_string();
        check(value.as_bytes());
        let asked = RetryAfter::parse(&value).expect("an HTTP date").from(NOW);
        // A date has no fractions of a second.
        let expected = (then.max(0) / 1000 * 1000 - NOW.as_millis()).max(0);
        prop_assert_eq!(asked, Duration::from_millis(u64::try_from(expected).unwrap()));
    }

    #[test]
    fn dates_that_are_none(
        day in "(Mon|Tue|Sunday)", date in 0..40_u8, month in "(Jan|Feb|jan|Xyz)", year in "([0-9]{1,5}|-1)",
        hour in 0..30_u8, minute in 0..70_u8, second in 0..70_u8, zone in "(GMT|UTC|\\+0100|)",
    ) {
        for value in [
            format!("{day}, {date:02} {month} {year} {hour:02}:{minute:02}:{second:02} {zone}"),
            format!("{day}, {date:02}-{month}-{year} {hour:02}:{minute:02}:{second:02} {zone}"),
            format!("{day} {month} {date:2} {hour:02}:{minute:02}:{second:02} {year}"),
        ] {
            check(value.as_bytes());
        }
    }
}
