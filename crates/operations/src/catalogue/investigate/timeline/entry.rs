//! What happened at a moment: an entry of a timeline, and the times that an engine gives.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::catalogue::investigate::{attack::Technique, plain::plain};

/// The longest sentence, in characters.
const LONGEST: usize = 600;
/// The longest value of a field, in characters.
const LONGEST_VALUE: usize = 1000;

/// A moment, and how exactly it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Nanoseconds since 1970.
    pub(crate) at: i64,
    pub(crate) grain: &'static str,
}

pub(crate) const NANOSECOND: &str = "1 ns";
pub(crate) const SECOND: &str = "1 s";

impl Moment {
    /// From the text that an engine gives. Its zero (year 1), and what is no time, is none.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let time: Timestamp = text.parse().ok()?;
        if time <= Timestamp::UNIX_EPOCH {
            return None;
        }
        let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
        let digits = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
        let grain = match digits {
            0 => SECOND,
            1..=3 => "1 ms",
            4..=6 => "1 us",
            _ => NANOSECOND,
        };
        Some(Self { at: i64::try_from(time.as_nanosecond()).ok()?, grain })
    }

    pub(crate) fn nanoseconds(at: i64) -> Self {
        Self { at, grain: NANOSECOND }
    }

    /// From seconds since 1970.
    pub(crate) fn seconds(at: i64) -> Option<Self> {
        (at > 0).then_some(Self { at: at.checked_mul(1_000_000_000)?, grain: SECOND })
    }
}

/// A moment as results have it: RFC 3339, UTC, with nanoseconds.
pub(crate) fn utc(at: i64) -> String {
    let time = Timestamp::from_nanosecond(i128::from(at)).unwrap_or_default();
    format!("{time:.9}")
}

/// Something that happened.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) moment: Moment,
    pub(crate) source: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) what: String,
    /// Where it stands, and what stands there.
    pub(crate) field: String,
    pub(crate) value: String,
    pub(crate) technique: Option<Technique>,
}

impl Entry {
    pub(crate) fn new(
        moment: Moment,
        source: &'static str,
        kind: &'static str,
        what: &str,
        field: &str,
        value: &str,
    ) -> Self {
        Self {
            moment,
            source,
            kind,
            what: plain(what, LONGEST),
            field: field.to_owned(),
            value: plain(value, LONGEST_VALUE),
            technique: None,
        }
    }

    pub(crate) fn technique(mut self, technique: Option<Technique>) -> Self {
        self.technique = technique;
        self
    }

    pub(crate) fn shown(&self) -> Value {
        json!({
            "time": utc(self.moment.at),
            "grain": self.moment.grain,
            "source": self.source,
            "kind": self.kind,
            "what": self.what,
            "field": self.field,
            "value": self.value,
            "technique": self.technique.map(Technique::shown),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_the_grain_of_its_text() {
        for (text, written, grain) in [
            ("2026-11-27T09:36:18.222479447Z", "2026-11-27T09:36:18.222479447Z", NANOSECOND),
            ("2026-11-27T10:36:18.222479+01:00", "2026-11-27T09:36:18.222479000Z", "1 us"),
            ("2026-11-27T09:36:18.5Z", "2026-11-27T09:36:18.500000000Z", "1 ms"),
            ("2026-11-27T09:36:18Z", "2026-11-27T09:36:18.000000000Z", SECOND),
        ] {
            let moment = Moment::read(text).unwrap();
            assert_eq!((utc(moment.at).as_str(), moment.grain), (written, grain));
        }
        for none in ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "", "yesterday", "9999999-01-01"] {
            assert_eq!(Moment::read(none), None, "{none}");
        }
    }
}
