//! Quantities: `512m` of memory, `1.5` processors. Computed in whole numbers, so nothing is rounded on the way.

use serde_json::Value;

use crate::values::{scalar, whole};

const NANO_DIGITS: usize = 9;

/// Bytes: a number, or one with a unit (b, k, m, g, t or p: powers of 1024, as Docker has it). -1 is what the API calls
/// unlimited.
pub(super) fn size(value: &Value) -> Result<Value, String> {
    let expected = || "a size: bytes, or with a unit such as 512m or 1.5g".to_owned();
    if let Some(bytes) = whole(value) {
        return if bytes >= -1 { Ok(bytes.into()) } else { Err(expected()) };
    }
    let text = scalar(value).map_err(|_| expected())?.trim().to_ascii_lowercase();
    let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(number_end);
    let power = match unit.trim().trim_end_matches('b').trim_end_matches('i') {
        "" if unit.contains('i') => return Err(expected()),
        // Part of a byte is none.
        "" if number.contains('.') => return Err(expected()),
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return Err(expected()),
    };
    decimal(number, 1024_u64.pow(power)).map(Value::from).ok_or_else(expected)
}

/// Processors, as the API counts them: in billionths.
pub(super) fn cpus(value: &Value) -> Result<Value, String> {
    let expected = || "a number of processors, such as 2 or 1.5".to_owned();
    let text = scalar(value).map_err(|_| expected())?;
    let text = text.trim();
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    if fraction.len() > NANO_DIGITS {
        return Err("a number of processors, to the billionth".into());
    }
    decimal(text, 1_000_000_000).map(Value::from).ok_or_else(expected)
}

/// A decimal number times a whole one, without the fraction that is left.
fn decimal(text: &str, times: u64) -> Option<i64> {
    const MOST_DIGITS: usize = 18;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.bytes().chain(fraction.bytes());
    if (whole.is_empty() && fraction.is_empty()) || digits.clone().any(|byte| !byte.is_ascii_digit()) {
        return None;
    }
    if digits.count() > MOST_DIGITS {
        return None;
    }
    let number: u128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    i64::try_from(number * u128::from(times) / scale).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_sizes() {
        for (written, bytes) in [
            (json!("512m"), 536_870_912),
            (json!("1.5g"), 1_610_612_736),
            (json!("64 KiB"), 65_536),
            (json!("10MB"), 10_485_760),
            (json!("100b"), 100),
            (json!(536_870_912), 536_870_912),
            (json!("0"), 0),
            (json!(".5k"), 512),
            (json!(-1), -1),
            (json!(1e10), 10_000_000_000_i64),
            (json!("1e10"), 10_000_000_000),
            (json!("-1.0"), -1),
        ] {
            assert_eq!(size(&written), Ok(json!(bytes)), "{written}");
        }
        for written in [
            json!("much"),
            json!("5x"),
            json!("m"),
            json!("1.2.3m"),
            json!("-5"),
            json!("5i"),
            json!([1]),
            json!("1.5"),
            json!(true),
            json!(1e300),
            json!("NaN"),
        ] {
            assert!(size(&written).is_err(), "{written}");
        }
        assert!(size(&json!("99999999p")).is_err());
    }

    #[test]
    fn reads_processors() {
        for (written, nano) in [
            (json!("1.5"), 1_500_000_000_i64),
            (json!(0.25), 250_000_000),
            (json!(0), 0),
            (json!("2"), 2_000_000_000),
        ] {
            assert_eq!(cpus(&written), Ok(json!(nano)), "{written}");
        }
        for written in [json!("two"), json!("0.0000000001"), json!(-1), json!("1m"), json!(".")] {
            assert!(cpus(&written).is_err(), "{written}");
        }
    }

    proptest! {
        #[test]
        fn whole_units_are_exact(number in 0_i64..8000, power in 0_usize..6) {
            let unit = ["", "k", "m", "g", "t", "p"][power];
            let bytes = number * 1024_i64.pow(u32::try_from(power).unwrap());
            prop_assert_eq!(size(&json!(format!("{number}{unit}"))), Ok(json!(bytes)));
        }

        #[test]
        fn never_panics(text in ".{0,30}") {
            let _either = (size(&json!(text)), cpus(&json!(text)));
        }
    }
}
