//! The health check: whether a configuration works, and what its administrator should know.

pub(crate) mod flaws;

use std::time::{Duration, Instant};

use engine::{ApiVersion, Engine, Path, Request};
use serde_json::Value;

use crate::{Check, Configuration, Error, Finding, run::secrets::Secrets};

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

/// What an engine answers to whoever sees whether it works.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Its answer to `GET /version`.
    pub(crate) version: Value,
    /// The API version that calls speak.
    pub(crate) spoken: ApiVersion,
    pub(crate) round_trip: Duration,
    /// How many seconds its clock is ahead of this machine's, if it tells its time.
    pub(crate) clock_ahead: Option<i64>,
    shares_rate_limit: bool,
}

/// Reaches the engine, signs in, negotiates, and measures a round trip.
pub(crate) fn see(engine: &Engine) -> Result<Seen, Error> {
    let spoken = engine.api_version()?;
    let answer = engine.call(Request::get(Path::fixed("/version")))?;
    let version = answer.json()?;
    let started = Instant::now();
    engine.call(Request::get(Path::fixed("/_ping")).unversioned())?;
    let round_trip = started.elapsed();
    let (clock_ahead, shares_rate_limit) = (answer.clock_ahead(), engine.shares_rate_limit());
    Ok(Seen { version, spoken, round_trip, clock_ahead, shares_rate_limit })
}

/// What the health check tells: FortiSOAR's "available", or its error.
pub(crate) fn health(engine: &Engine, configuration: &Configuration) -> Result<Health, Error> {
    let seen = see(engine)?;
    let warnings = configuration.warnings().iter().cloned().chain(seen.warnings());
    Ok(Health {
        engine_version: seen.engine_version().to_owned(),
        api_version: seen.spoken.to_string(),
        round_trip: seen.round_trip,
        warnings: warnings.map(|warning| warning.text()).collect(),
    })
}

impl Seen {
    /// The engine's version, such as `20.10.24`.
    pub(crate) fn engine_version(&self) -> &str {
        self.version["Version"].as_str().unwrap_or("of an unknown version")
    }

    /// What an administrator should know of the engine.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = Finding> {
        let newest = self.version["ApiVersion"].as_str().and_then(|newest| newest.parse().ok());
        let alone = (!self.shares_rate_limit).then(|| {
            Finding::warning(
                Check::RateLimit,
                "rate_limit is kept by each worker process alone: no file can be shared in the temporary folder.",
                "Make the temporary folder writable for the user that runs the connector.",
            )
        });
        outside(self.spoken, newest).into_iter().chain(self.clock_ahead.and_then(clock)).chain(alone)
    }
}

/// A container with this label was once protected by every configuration.
const FORMER_LABEL: (&str, &str) = ("fortisoar.protect", "true");

/// What changed in the meaning of a configuration: whether there are containers that a label protected before rules were only
/// those of the configuration.
pub(crate) fn formerly_protected(engine: &Engine, configuration: &Configuration) -> Option<String> {
    let (name, value) = FORMER_LABEL;
    if configuration.policy().names_label(name) {
        return None;
    }
    let filters = serde_json::json!({"label": [format!("{name}={value}")]}).to_string();
    let listed =
        Request::get(Path::fixed("/containers/json")).query("all", "true").query("filters", &filters);
    // A proxy can refuse the list. Then there is nothing to say.
    let answer = engine.without_retries().call(listed).ok()?;
    let count = answer.json().ok()?.as_array().map(Vec::len).filter(|count| *count > 0)?;
    Some(format!(
        "{count} containers have the label {name}={value}, which no longer protects by itself. To protect them, add \
         label={name}={value} to protected_containers."
    ))
}

/// Versions of the API that one side knows and the other does not. A version that the engine refuses is an error.
fn outside(spoken: ApiVersion, newest: Option<ApiVersion>) -> Option<Finding> {
    let (ours, known) = (ApiVersion::NEWEST, format!("{} to {}", ApiVersion::OLDEST, ApiVersion::NEWEST));
    if spoken < ApiVersion::OLDEST || spoken > ours {
        return Some(Finding::warning(
            Check::ApiVersion,
            format!("api_version is {spoken}, and this connector was written for {known}: set it to Auto."),
            "",
        ));
    }
    let newest = newest.filter(|newest| *newest > ours)?;
    Some(Finding::warning(
        Check::ApiVersion,
        format!(
            "The engine speaks API {newest}, and this connector was written for {known}: newer features are not available."
        ),
        "Look for a newer version of the connector.",
    ))
}

fn clock(ahead: i64) -> Option<Finding> {
    let seconds = ahead.unsigned_abs();
    let direction = if ahead > 0 { "ahead of" } else { "behind" };
    (seconds > TOLERANCE).then(|| {
        Finding::warning(
            Check::Clock,
            format!(
                "The engine's clock (or that of a proxy before it) is {seconds} s {direction} this machine's: times in logs and \
                 events will not agree, and certificates may seem expired or not valid yet."
            ),
            "Synchronize both clocks (NTP).",
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
        assert!(outside(v(1, 56), Some(v(1, 60))).unwrap().text().contains("speaks API 1.60"));
        assert!(outside(v(1, 24), Some(v(1, 41))).unwrap().text().contains("api_version is 1.24"));
        assert!(outside(v(1, 60), Some(v(1, 60))).unwrap().text().contains("api_version is 1.60"));
    }

    #[test]
    fn clocks_may_differ_a_little() {
        assert_eq!(clock(60), None);
        assert!(clock(61).unwrap().text().contains("61 s ahead of"));
        assert!(clock(-3600).unwrap().text().contains("3600 s behind"));
    }
}
