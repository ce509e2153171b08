//! The engine's clock beside this machine's: the times of the evidence are the engine's, those of the manifest ours.

use jiff::Timestamp;
use serde_json::{Value, json};

/// A point in time as manifests have it: UTC, with nanoseconds.
pub(super) fn utc(at: Timestamp) -> String {
    format!("{at:.9}")
}

/// What the engine said its time was, between two moments of ours.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    pub(super) before: Timestamp,
    pub(super) after: Timestamp,
    /// None where it did not tell.
    pub(super) engine: Option<Timestamp>,
}

impl Clock {
    /// How far the engine's clock is ahead, in microseconds, and by how much this can be wrong.
    pub(super) fn offset(&self) -> Option<(i64, i64)> {
        let bound = (self.after.as_microsecond() - self.before.as_microsecond()) / 2;
        let middle = self.before.as_microsecond() + bound;
        // Half the answer's time, and what rounding takes.
        Some((self.engine?.as_microsecond() - middle, bound + 2))
    }

    /// Seconds since 1970 by the engine's clock now, as its API takes them; by ours where it is not known.
    pub(super) fn now(&self) -> String {
        let ahead = self.offset().map_or(0, |(ahead, _)| ahead);
        let now = Timestamp::now().as_microsecond() + ahead;
        format!("{}.{:06}", now / 1_000_000, now.rem_euclid(1_000_000))
    }

    pub(super) fn fields(&self) -> Value {
        let (offset, bound) = self.offset().unzip();
        json!({
            "asked": utc(self.before),
            "answered": utc(self.after),
            "engine": self.engine.map(utc),
            "engine_ahead_microseconds": offset,
            "within_microseconds": bound,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_has_its_bound() {
        let at = |microsecond: i64| Timestamp::from_microsecond(1_700_000_000_000_000 + microsecond).unwrap();
        let clock = Clock { before: at(0), after: at(10_000), engine: Some(at(2_005_000)) };
        assert_eq!(clock.offset(), Some((2_000_000, 5002)));
        assert_eq!(Clock { engine: None, ..clock }.fields()["engine"], Value::Null);
        assert_eq!(utc(at(5)), "2023-11-14T22:13:20.000005000Z");
    }
}
