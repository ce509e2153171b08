//! Points in time, in the forms that playbooks have, as the engine wants them: `seconds.nanoseconds` since 1970.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::Value;

use super::{duration::duration, whole};

/// A whole number of this many digits is milliseconds: as seconds it would lie beyond the year 33,000.
const MILLISECOND_DIGITS: usize = 13;

/// Takes ISO 8601 (without an offset it is UTC), epoch seconds with or without a fraction, epoch milliseconds (13
/// digits), and how long ago, in Docker's form: `10m`, `1h30m`, `45s`, `1.5h`.
pub(super) fn read(value: &Value) -> Result<Value, String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => whole(value).map_or_else(|| number.to_string(), |number| number.to_string()),
        _ => return Err(expected()),
    };
    let at =
        epoch(&text).or_else(|| ago(&text, Timestamp::now())).or_else(|| iso(&text)).ok_or_else(expected)?;
    if at < Timestamp::UNIX_EPOCH {
        return Err("a time after 1970".into());
    }
    let nanoseconds = at.subsec_nanosecond();
    let seconds = at.as_second();
    Ok(if nanoseconds == 0 { seconds.to_string() } else { format!("{seconds}.{nanoseconds:09}") }.into())
}

/// Whether a point in time is written as how long ago: it depends on whose clock is asked.
pub(crate) fn is_ago(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| epoch(text.trim()).is_none() && ago(text.trim(), Timestamp::now()).is_some())
}

fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || !whole.chars().chain(fraction.chars()).all(|c| c.is_ascii_digit()) {
        return None;
    }
    if whole.len() == MILLISECOND_DIGITS && fraction.is_empty() {
        return Timestamp::from_millisecond(whole.parse().ok()?).ok();
    }
    let nanoseconds = format!("{fraction:0<9}");
    Timestamp::new(whole.parse().ok()?, nanoseconds.get(..9)?.parse().ok()?).ok()
}

fn iso(text: &str) -> Option<Timestamp> {
    let utc = |civil: DateTime| TimeZone::UTC.to_timestamp(civil).ok();
    text.parse().ok().or_else(|| utc(text.parse().ok()?))
}

fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    now.checked_sub(duration(text)?).ok()
}

fn expected() -> String {
    "a time: ISO 8601, epoch seconds or milliseconds, or how long ago, such as 10m".into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_every_form() {
        for (written, sent) in [
            (json!("2024-01-02T03:04:05Z"), "1704164645"),
            (json!("2024-01-02T03:04:05.5Z"), "1704164645.500000000"),
            (json!("2024-01-02T05:04:05+02:00"), "1704164645"),
            (json!("2024-01-02 03:04:05"), "1704164645"),
            (json!("2024-01-02"), "1704153600"),
            (json!(1_704_164_645), "1704164645"),
            (json!("1704164645.25"), "1704164645.250000000"),
            (json!(1_704_164_645_250_i64), "1704164645.250000000"),
            (json!(0), "0"),
            (json!(1_704_164_645_250.0), "1704164645.250000000"),
            (json!(1.704_164_645e9), "1704164645"),
        ] {
            assert_eq!(read(&written).unwrap(), json!(sent), "{written}");
        }
    }

    #[test]
    fn knows_how_long_ago_from_a_point() {
        for (written, expected) in
            [("10m", true), (" 1h30m ", true), ("1704164645", false), ("2024-01-02", false)]
        {
            assert_eq!(is_ago(&json!(written)), expected, "{written}");
        }
        assert!(!is_ago(&json!(10)));
    }

    #[test]
    fn reads_how_long_ago() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        assert_eq!(ago("1h30m", now), Timestamp::from_second(994_600).ok());
        assert_eq!(ago("ten minutes", now), None);
    }

    #[test]
    fn refuses_what_is_no_time() {
        for written in [json!("yesterday"), json!(true), json!("1950-01-01"), json!("2024-13-01"), json!(-5)]
        {
            assert!(read(&written).is_err(), "{written}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in ".*") {
            let _either = read(&json!(text));
        }

        #[test]
        fn keeps_a_moment_in_every_form(seconds in 0_i64..4_000_000_000, nanoseconds in 0_i32..1_000_000_000) {
            let moment = Timestamp::new(seconds, nanoseconds).unwrap();
            let sent = read(&json!(moment.to_string())).unwrap();
            prop_assert_eq!(&read(&sent).unwrap(), &sent);
            let whole = format!("{seconds}.{nanoseconds:09}");
            prop_assert_eq!(&read(&json!(whole)).unwrap(), &sent);
            prop_assert_eq!(sent.as_str().unwrap(), if nanoseconds == 0 { seconds.to_string() } else { whole });
        }

        #[test]
        fn keeps_epoch_seconds(seconds in 0_i64..200_000_000_000) {
            prop_assume!(seconds.to_string().len() != MILLISECOND_DIGITS);
            prop_assert_eq!(read(&json!(seconds)).unwrap(), json!(seconds.to_string()));
        }
    }
}
