//! How long: `10m`, `1h30m`, `45s`, `1.5h`, as Docker and Go write it.

use jiff::SignedDuration;

const UNITS: [(&str, f64); 6] =
    [("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// The duration that a text without a sign stands for.
pub(crate) fn duration(text: &str) -> Option<SignedDuration> {
    let mut rest = text.trim();
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let unit_end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        seconds += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    SignedDuration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_every_unit() {
        for (written, milliseconds) in [
            ("10m", 600_000),
            ("1h30m", 5_400_000),
            ("45s", 45_000),
            ("1.5h", 5_400_000),
            ("1500ms", 1500),
            ("2ms", 2),
        ] {
            assert_eq!(duration(written), Some(SignedDuration::from_millis(milliseconds)), "{written}");
        }
        for written in ["10", "m", "10x", "ten minutes", "-5m", "1.2.3s", "5m-", "99999999999999999999h"] {
            assert_eq!(duration(written), None, "{written}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in ".*") {
            let _either = duration(&text);
        }

        #[test]
        fn whole_seconds_are_exact(seconds in 0_i64..1_000_000_000) {
            prop_assert_eq!(duration(&format!("{seconds}s")), Some(SignedDuration::from_secs(seconds)));
        }
    }
}
