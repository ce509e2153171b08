//! The filter `until`, by the rules of the engine (`api/types/time` of moby): how long ago, as Go writes it, or a time.
//!
//! Only what every engine reads in the same way is taken. The engine also reads a date without a zone by its own.

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{Offset, TimeZone},
};
use serde_json::Value;

/// More digits than seconds have for 30,000 years: milliseconds, which the engine would take for seconds.
const MILLISECOND_DIGITS: usize = 13;
const NANOSECONDS: i128 = 1_000_000_000;
/// Go's units, in nanoseconds. Both signs for micro are lawful.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// What is older goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Nanoseconds before the engine's present time.
    Ago(i64),
    /// Nanoseconds since 1970.
    At(i128),
    /// A time of the zone that the engine runs in.
    Local(DateTime),
}

/// The engine's time and zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    now: Timestamp,
    zone: Offset,
}

impl Until {
    /// Reads a text; the error says what is expected, to follow `until must be`.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        // Go reads `0` as a duration too; for the engine it is a time.
        if text != "0"
            && let Some(nanoseconds) = duration(text)
        {
            return Ok(Self::Ago(nanoseconds));
        }
        epoch(text).or_else(|| timestamp(text)).ok_or_else(|| match text.len() {
            MILLISECOND_DIGITS.. if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                "seconds since 1970, and these are milliseconds".into()
            }
            _ => EXPECTED.into(),
        })
    }

    /// Whether the engine's clock or zone decides what it means.
    pub(super) fn needs_clock(&self) -> bool {
        !matches!(self, Self::At(_))
    }

    /// Whether it is how long ago.
    pub(super) fn is_duration(&self) -> bool {
        matches!(self, Self::Ago(_))
    }

    /// The moment, in nanoseconds since 1970. The engine counts how long ago in whole seconds.
    pub(super) fn moment(&self, clock: Clock) -> i128 {
        match self {
            Self::At(moment) => *moment,
            Self::Ago(nanoseconds) => {
                (clock.now.as_nanosecond() - i128::from(*nanoseconds)).div_euclid(NANOSECONDS) * NANOSECONDS
            }
            Self::Local(civil) => {
                let at = TimeZone::fixed(clock.zone).to_timestamp(*civil);
                at.map_or(i128::MIN, Timestamp::as_nanosecond)
            }
        }
    }
}

const EXPECTED: &str = "how long ago in Go's notation, such as 24h or 1h30m (it has no days), a time such as 2026-01-31T12:00:00Z, or seconds since 1970";

impl Clock {
    /// Our own.
    pub(super) fn own() -> Self {
        Self { now: Timestamp::now(), zone: Offset::UTC }
    }

    /// The `SystemTime` of the engine's information.
    pub(super) fn read(system_time: &str) -> Option<Self> {
        let now = system_time.parse().ok()?;
        let at = system_time.rfind(['Z', '+', '-'])?;
        Some(Self { now, zone: zone(&system_time[at..])? })
    }
}

/// Whether something that was made then is older: `None` where a whole second does not tell.
pub(super) fn is_older(created: &Value, until: i128) -> Option<bool> {
    match created {
        Value::Number(seconds) => {
            let from = i128::from(seconds.as_i64()?) * NANOSECONDS;
            match until {
                until if from + NANOSECONDS <= until => Some(true),
                until if from > until => Some(false),
                _ => None,
            }
        }
        // Go writes a year 1 where there is no time, which lies before all others.
        other => Some(moment(other).is_none_or(|created| created <= until)),
    }
}

/// When something was made, as an inspection has it: nanoseconds since 1970.
pub(super) fn moment(created: &Value) -> Option<i128> {
    created.as_str()?.parse().ok().map(Timestamp::as_nanosecond)
}

/// `time.ParseDuration`, to the letter.
fn duration(text: &str) -> Option<i64> {
    const MOST: u64 = 1 << 63;
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut sum = 0_u64;
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, after) = rest.split_at(digits(rest));
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => after.split_at(digits(after)),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let (unit, after) =
            after.split_at(after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len()));
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let whole: u64 =
            if whole.is_empty() { 0 } else { whole.parse().ok().filter(|whole| *whole <= MOST)? };
        let mut value = whole.checked_mul(*unit).filter(|value| *value <= MOST)?;
        value = value.checked_add(part(fraction, *unit)).filter(|value| *value <= MOST)?;
        sum = sum.checked_add(value).filter(|sum| *sum <= MOST)?;
        rest = after;
    }
    match negative {
        true => i64::try_from(-i128::from(sum)).ok(),
        false => i64::try_from(sum).ok(),
    }
}

/// A decimal fraction of a unit, as Go computes it: in floats, from the digits that an integer holds.
fn part(fraction: &str, unit: u64) -> u64 {
    const MOST: u64 = (1 << 63) - 1;
    let (mut digits, mut scale) = (0_u64, 1.0_f64);
    for digit in fraction.bytes() {
        let next = digits.checked_mul(10).and_then(|digits| digits.checked_add(u64::from(digit - b'0')));
        let Some(next) = next.filter(|next| *next <= MOST) else { break };
        digits = next;
        scale *= 10.0;
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "as Go does"
    )]
    let part = (digits as f64 * (unit as f64 / scale)) as u64;
    part
}

/// Seconds since 1970, perhaps with a fraction.
fn epoch(text: &str) -> Option<Until> {
    let (seconds, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some((seconds, fraction)) => (seconds, fraction),
        None => (text, ""),
    };
    if !(1..MILLISECOND_DIGITS).contains(&seconds.len())
        || fraction.len() > 9
        || !seconds.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let nanoseconds: i128 = format!("{fraction:0<9}").parse().ok()?;
    Some(Until::At(seconds.parse::<i128>().ok()? * NANOSECONDS + nanoseconds))
}

/// `2006-01-02`, perhaps with `T15`, `T15:04`, `T15:04:05` or `T15:04:05.999`, and perhaps with `Z` or `+07:00` after either.
fn timestamp(text: &str) -> Option<Until> {
    let (date, rest) = text.split_at_checked("2006-01-02".len())?;
    let (time, offset) = match rest.strip_prefix('T') {
        Some(rest) => rest.split_at(rest.find(['Z', '+', '-']).unwrap_or(rest.len())),
        None => ("00", rest),
    };
    let form =
        |text: &str| -> String { text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect() };
    let (clock, fraction) = match time.split_once('.') {
        Some((clock, fraction))
            if clock.len() == "15:04:05".len()
                && (1..=9).contains(&fraction.len())
                && form(fraction).bytes().all(|b| b == b'0') =>
        {
            (clock, fraction)
        }
        Some(_) => return None,
        None => (time, ""),
    };
    if form(date) != "0000-00-00" || !["00", "00:00", "00:00:00"].contains(&form(clock).as_str()) {
        return None;
    }
    let mut numbers = date.split('-').chain(clock.split(':')).map(str::parse::<i16>);
    let mut next = || numbers.next().unwrap_or(Ok(0)).ok();
    let small = |number: i16| i8::try_from(number).ok();
    let (year, month, day) = (next()?, small(next()?)?, small(next()?)?);
    let (hour, minute, second) = (small(next()?)?, small(next()?)?, small(next()?)?);
    let nanosecond = format!("{fraction:0<9}").parse().ok()?;
    let civil = DateTime::new(year, month, day, hour, minute, second, nanosecond).ok()?;
    match offset {
        "" => Some(Until::Local(civil)),
        offset => {
            let at = TimeZone::fixed(zone(offset)?).to_timestamp(civil).ok()?;
            Some(Until::At(at.as_nanosecond()))
        }
    }
}

/// `Z`, or hours and minutes.
fn zone(text: &str) -> Option<Offset> {
    if text == "Z" {
        return Some(Offset::UTC);
    }
    let (sign, rest) = match text.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, text.strip_prefix('-')?),
    };
    let (hours, minutes) = rest.split_once(':').filter(|_| rest.len() == "07:00".len())?;
    let number =
        |text: &str| text.parse::<i32>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then(|| Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn reads_how_long_ago_as_go_does() {
        for (text, nanoseconds) in [
            ("10m", 600 * SECOND),
            ("1h30m", 5400 * SECOND),
            ("1.5h", 5400 * SECOND),
            (".5s", SECOND / 2),
            ("1.s", SECOND),
            ("-5m", -300 * SECOND),
            ("+5m", 300 * SECOND),
            ("+0", 0),
            ("0s", 0),
            ("1µs1μs1us", 3000),
            ("1h1h", 7200 * SECOND),
            ("2562047h47m16.854775807s", i64::MAX),
        ] {
            assert_eq!(Until::read(text), Ok(Until::Ago(nanoseconds)), "{text}");
        }
    }

    #[test]
    fn reads_times_as_the_engine_does() {
        for (text, seconds) in [
            ("0", 0),
            ("1704164645", 1_704_164_645),
            ("2024-01-02Z", 1_704_153_600),
            ("2024-01-02+02:00", 1_704_146_400),
            ("2024-01-02T03Z", 1_704_164_400),
            ("2024-01-02T03:04-01:00", 1_704_168_240),
            ("2024-01-02T03:04:05Z", 1_704_164_645),
            ("2024-01-02T03:04:05.000Z", 1_704_164_645),
        ] {
            assert_eq!(Until::read(text), Ok(Until::At(seconds * NANOSECONDS)), "{text}");
        }
        assert_eq!(Until::read("1704164645.25"), Ok(Until::At(1_704_164_645 * NANOSECONDS + 250_000_000)));
        let clock = Clock::read("2024-01-02T10:00:00.5+02:00").unwrap();
        let local = Until::read("2024-01-02T03:04:05").unwrap();
        assert_eq!(local.moment(clock), (1_704_164_645 - 7200) * NANOSECONDS);
        assert_eq!(Until::read("1h").unwrap().moment(clock), 1_704_178_800 * NANOSECONDS);
    }

    #[test]
    fn refuses_what_an_engine_refuses_or_may_read_otherwise() {
        for text in [
            "3d",
            "1w",
            "yesterday",
            "10",
            " 10m",
            "10 m",
            "1h30",
            "m",
            ".s",
            "",
            "-",
            "10M",
            "1d2h",
            "True",
            "2024-01-02 03:04:05",
            "2024-01-02t03:04:05z",
            "2024-1-2",
            "2024-02-30",
            "2024-01-02T25:00:00Z",
            "2024-01-02T03:04:05,5",
            "2024-01-02T03:04.5Z",
            "2024-01-02T03:04:05.Z",
            "-5",
            "1.",
            "1.-5",
            "9223372036854775808ns",
            "2562048h",
            "1e9",
            "0x10",
            "1704164645.1234567890",
        ] {
            let read = Until::read(text);
            // A plain number is seconds since 1970.
            assert!(read.is_err() || text == "10", "{text}: {read:?}");
        }
        assert!(Until::read("1704164645250").unwrap_err().contains("milliseconds"));
    }

    #[test]
    fn a_second_may_not_tell() {
        assert_eq!(is_older(&json!(100), 101 * NANOSECONDS), Some(true));
        assert_eq!(is_older(&json!(100), 100 * NANOSECONDS + 5), None);
        assert_eq!(is_older(&json!(100), 99 * NANOSECONDS), Some(false));
        assert_eq!(is_older(&json!("1970-01-01T00:01:40.000000005Z"), 100 * NANOSECONDS), Some(false));
        assert_eq!(is_older(&json!("1970-01-01T00:01:40Z"), 100 * NANOSECONDS), Some(true));
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,20}|[0-9.hmsT:Z+-]{0,24}") {
            if let Ok(until) = Until::read(&text) {
                let _any = until.moment(Clock::own());
            }
        }
    }
}
