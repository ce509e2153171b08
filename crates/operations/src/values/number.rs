//! Whole numbers, exactly: also written with a fraction of zeros or an exponent, as templates write what was computed.

use serde_json::{Number, Value};

/// From here on, a float no longer stands for one whole number.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Longer than any number of 64 bits with zeros around.
const MOST_DIGITS: usize = 64;

/// The whole number that a JSON number or a text stands for: `10`, `10.0`, `1e10`.
pub(crate) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole_float(number)),
        Value::String(text) => whole_text(text.trim()),
        _ => None,
    }
}

/// As text, where a float that is whole is written without a fraction: for what consists of digits, such as ports.
pub(crate) fn digits(value: &Value) -> Result<String, String> {
    match value {
        Value::Number(number) if number.is_f64() => {
            whole_float(number).map(|number| number.to_string()).ok_or_else(|| "a whole number".into())
        }
        Value::Bool(_) => Err("a whole number".into()),
        other => super::scalar(other),
    }
}

/// The whole number that a float stands for.
pub(crate) fn whole_float(number: &Number) -> Option<i64> {
    let float =
        number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT)?;
    #[allow(clippy::cast_possible_truncation, reason = "within 2^53, where every whole float is exact")]
    Some(float as i64)
}

fn whole_text(text: &str) -> Option<i64> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (decimal, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let is_number = !(whole.is_empty() && fraction.is_empty())
        && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    if !is_number || decimal.len() > MOST_DIGITS {
        return None;
    }
    let all = format!("{whole}{fraction}");
    let significant = all.trim_end_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    // What the number has after its last digit that counts: zeros if not below 0, else a fraction.
    let zeros = exponent
        .checked_sub(i32::try_from(fraction.len()).ok()?)?
        .checked_add(i32::try_from(all.len() - significant.len()).ok()?)?;
    let number: i128 = significant.parse().ok()?;
    let number = number.checked_mul(10_i128.checked_pow(u32::try_from(zeros).ok()?)?)?;
    i64::try_from(if negative { -number } else { number }).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn f30_reads_what_is_whole_and_nothing_else() {
        for (written, number) in [
            (json!(10.0), 10),
            (json!(1e10), 10_000_000_000),
            (json!(-0.0), 0),
            (json!("1e10"), 10_000_000_000),
            (json!(" 10.0\u{a0}"), 10),
            (json!("1.5e1"), 15),
            (json!("-1E+2"), -100),
            (json!("120e-1"), 12),
            (json!("0e999"), 0),
            (json!("9223372036854775807"), i64::MAX),
            (json!("9007199254740993.0"), 9_007_199_254_740_993),
            (json!(i64::MAX), i64::MAX),
        ] {
            assert_eq!(whole(&written), Some(number), "{written}");
        }
        for written in [
            json!(0.5),
            json!(1e16),
            json!(u64::MAX),
            json!("1.5"),
            json!("1e-1"),
            json!("1e400"),
            json!("1e9999999999"),
            json!("NaN"),
            json!("inf"),
            json!("Infinity"),
            json!("１０"),
            json!("1_000"),
            json!("1,000"),
            json!("0x10"),
            json!("--1"),
            json!("."),
            json!("e5"),
            json!(""),
            json!("9223372036854775808"),
            json!(true),
        ] {
            assert_eq!(whole(&written), None, "{written}");
        }
        assert_eq!(digits(&json!(8080.0)), Ok("8080".into()));
    }

    proptest! {
        #[test]
        fn every_form_of_a_number_is_that_number(number: i64, zeros in 0_usize..4) {
            for written in [number.to_string(), format!("{number}.{}", "0".repeat(zeros)), format!("{number}{}e-{zeros}", "0".repeat(zeros))] {
                prop_assert_eq!(whole(&json!(written)), Some(number), "{}", written);
            }
        }

        #[test]
        fn never_panics(text in "[-+0-9.eE]{0,80}") {
            let _either = whole(&json!(text));
        }
    }
}
