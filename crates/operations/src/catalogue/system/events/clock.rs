//! Points in time by the engine's clock, to the nanosecond, as it takes and gives them.

use std::{fmt, time::Duration};

use engine::{ErrorKind, Path, Request};
use jiff::Timestamp;
use serde_json::Value;

use crate::{Error, Kind, run::call::Call};

const NANOSECONDS: i64 = 1_000_000_000;

/// Nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point(i64);

impl Point {
    /// From `seconds.fraction`, the form of a checked parameter.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let nanoseconds = seconds.parse::<i64>().ok()?.saturating_mul(NANOSECONDS);
        Some(Self(nanoseconds.saturating_add(format!("{fraction:0<9}").parse().ok()?)))
    }

    /// When an event happened. Very old engines give seconds only.
    pub(crate) fn of_event(event: &Value) -> Option<Self> {
        let seconds = || Some(event["time"].as_i64()?.saturating_mul(NANOSECONDS));
        event["timeNano"].as_i64().or_else(seconds).map(Self)
    }

    /// The present, by this machine's clock.
    pub(crate) fn ours() -> Self {
        Timestamp::now().into()
    }

    /// The same distance from `to` as it is from `from`.
    pub(crate) fn shifted(self, from: Self, to: Self) -> Self {
        Self(self.0.saturating_add(to.0.saturating_sub(from.0)))
    }

    /// Nanoseconds since 1970.
    pub(crate) fn nanoseconds(self) -> i64 {
        self.0
    }

    /// The one that follows.
    pub(super) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    pub(super) fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl From<Timestamp> for Point {
    fn from(time: Timestamp) -> Self {
        Self(i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.0.div_euclid(NANOSECONDS), self.0.rem_euclid(NANOSECONDS))
    }
}

/// What time the engine has. `/info` tells it to the nanosecond; where a proxy allows only the rest, the date of an answer
/// does to the second, of which the end is taken: the engine waits so long, and nothing that has happened is missed.
pub(crate) fn now(call: &Call<'_>) -> Result<Point, Error> {
    let told: Option<Timestamp> = match call.send(Request::get(Path::fixed("/info"))) {
        Ok(answer) => answer.json().ok().and_then(|info| info["SystemTime"].as_str()?.parse().ok()),
        Err(error) if answers_otherwise(&error) => None,
        Err(error) => return Err(error),
    };
    if let Some(time) = told {
        return Ok(time.into());
    }
    let answer = call.send(Request::get(Path::fixed("/_ping")).unversioned())?;
    let ahead = answer.clock_ahead().unwrap_or_default();
    let second = Timestamp::now().as_second().saturating_add(ahead).saturating_add(1);
    Ok(Point(second.saturating_mul(NANOSECONDS)))
}

/// Whether an engine, or what stands before it, answers, and only not this.
fn answers_otherwise(error: &Error) -> bool {
    matches!(
        error.kind(),
        Kind::Engine(
            ErrorKind::Forbidden
                | ErrorKind::Unauthorized
                | ErrorKind::NotFound
                | ErrorKind::EngineError
                | ErrorKind::Unsupported
                | ErrorKind::BadRequest
        )
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_point_is_as_the_engine_writes_it() {
        for (text, written) in [
            ("1700000000", "1700000000.000000000"),
            ("1700000000.5", "1700000000.500000000"),
            ("1700000000.000000001", "1700000000.000000001"),
        ] {
            assert_eq!(Point::read(text).unwrap().to_string(), written);
        }
        let event = Point::of_event(&json!({"time": 1, "timeNano": 1_999_999_999})).unwrap();
        assert_eq!(event.next().to_string(), "2.000000000");
        assert_eq!(Point::of_event(&json!({"time": 3})).unwrap().to_string(), "3.000000000");
        assert!(Point::read("1.5") < Point::read("1.6") && Point::read("9") < Point::read("10"));
    }
}
