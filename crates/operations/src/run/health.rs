//! The health check: whether a configuration works, and what its administrator should know.

use std::time::{Duration, Instant};

use engine::{ApiVersion, Engine, Path, Request};

use crate::{Configuration, Error, run::secrets::Secrets};

/// Clocks that differ by more than this many seconds are worth a word.
const TOLERANCE: u64 = 60;

/// What a health check found.
#[derive(Debug, Clone)]
pub struct Health {
    /// The engine's version, such as `20.10.24`.
    pub engine_version: String,
    /// The API version that calls speak.
    pub api_version: String,
    /// How long a round trip takes.
    pub round_trip: Duration,
    /// What an administrator should know.
    pub warnings: Vec<String>,
}

impl Health {
    /// The same without what was given in secret: an engine, or a proxy, may quote it.
    pub(crate) fn hiding(mut self, secrets: &Secrets) -> Self {
        self.engine_version = secrets.hidden_in(&self.engine_version);
        for warning in &mut self.warnings {
            *warning = secrets.hidden_in(warning);
        }
        self
    }
}

/// Reaches the engine, signs in, negotiates, and measures a round trip.
pub(crate) fn check(engine: &Engine, configuration: &Configuration) -> Result<Health, Error> {
    let spoken = engine.api_version()?;
    let answer = engine.call(Request::get(Path::fixed("/version")))?;
    let version = answer.json()?;
    let started = Instant::now();
    engine.call(Request::get(Path::fixed("/_ping")).unversioned())?;
    let round_trip = started.elapsed();
    let mut warnings = configuration.warnings().to_vec();
    let newest = version["ApiVersion"].as_str().and_then(|newest| newest.parse().ok());
    warnings.extend(outside(spoken, newest));
    warnings.extend(answer.clock_ahead().and_then(clock));
    if !engine.shares_rate_limit() {
        warnings.push(
            "rate_limit is kept by each worker process alone: no file can be shared in the temporary folder."
                .into(),
        );
    }
    Ok(Health {
        engine_version: version["Version"].as_str().unwrap_or("of an unknown version").to_owned(),
        api_version: spoken.to_string(),
        round_trip,
        warnings,
    })
}

/// Versions of the API that one side knows and the other does not. A version that the engine refuses is an error.
fn outside(spoken: ApiVersion, newest: Option<ApiVersion>) -> Option<String> {
    let (ours, known) = (ApiVersion::NEWEST, format!("{} to {}", ApiVersion::OLDEST, ApiVersion::NEWEST));
    if spoken < ApiVersion::OLDEST || spoken > ours {
        return Some(format!(
            "api_version is {spoken}, and this connector was written for {known}: set it to Auto."
        ));
    }
    let newest = newest.filter(|newest| *newest > ours)?;
    Some(format!(
        "The engine speaks API {newest}, and this connector was written for {known}: what is newer is not there."
    ))
}

fn clock(ahead: i64) -> Option<String> {
    let seconds = ahead.unsigned_abs();
    let direction = if ahead > 0 { "ahead of" } else { "behind" };
    (seconds > TOLERANCE).then(|| {
        format!(
            "The engine's clock (or that of a proxy before it) is {seconds} s {direction} this machine's: times in logs and \
             events will not agree, and certificates may seem expired or not valid yet."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_one_side_does_not_know_are_told() {
        let v = ApiVersion::new;
        assert_eq!(outside(v(1, 41), Some(v(1, 41))), None);
        assert_eq!(outside(v(1, 41), None), None);
        assert!(outside(v(1, 56), Some(v(1, 60))).unwrap().contains("speaks API 1.60"));
        assert!(outside(v(1, 24), Some(v(1, 41))).unwrap().contains("api_version is 1.24"));
        assert!(outside(v(1, 60), Some(v(1, 60))).unwrap().contains("api_version is 1.60"));
    }

    #[test]
    fn clocks_may_differ_a_little() {
        assert_eq!(clock(60), None);
        assert!(clock(61).unwrap().contains("61 s ahead of"));
        assert!(clock(-3600).unwrap().contains("3600 s behind"));
    }
}
