//! The filters of a prune: the one reader for what is sent and for what a dry run computes, by the engine's own rules.
//!
//! What an engine would read in another way, or not at all, is refused before anything is sent, in both.

use engine::{ApiVersion, Path, Request};
use serde_json::{Map, Value};

use super::until::{Clock, Until, is_older};
use crate::{Error, run::call::Call};

/// From this version on, a prune of volumes leaves named ones alone unless asked.
const NAMED_VOLUMES_STAY: ApiVersion = ApiVersion::new(1, 42);
/// From this version on, a prune of the build cache takes a time, and not only how long ago.
const CACHE_TAKES_TIMES: ApiVersion = ApiVersion::new(1, 43);

/// What is pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pruned {
    Containers,
    Images,
    Networks,
    Volumes,
    BuildCache,
}

/// What a prune may take.
#[derive(Debug)]
pub(super) struct Filters {
    with: Vec<String>,
    without: Vec<String>,
    until: Option<Until>,
    /// Only images without a name.
    pub(super) dangling: bool,
    /// Also volumes that have a name.
    pub(super) named_volumes: bool,
}

/// What [`Filters`] mean at one moment.
pub(super) struct Choice<'a> {
    filters: &'a Filters,
    /// In nanoseconds since 1970.
    until: Option<i128>,
    /// What cannot be foreseen exactly.
    pub(super) notes: Vec<String>,
}

impl Pruned {
    /// The filters that the engine knows. It refuses others, but those of the build cache: there it would ignore them.
    const fn known(self) -> &'static [&'static str] {
        match self {
            Self::Containers | Self::Networks => &["until", "label", "label!"],
            Self::Images => &["dangling", "until", "label", "label!"],
            Self::Volumes => &["label", "label!", "all"],
            Self::BuildCache => {
                &["until", "unused-for", "id", "parent", "type", "description", "inuse", "shared", "private"]
            }
        }
    }
}

impl Filters {
    /// Those of a call.
    pub(super) fn read(call: &Call<'_>, pruned: Pruned) -> Result<Self, Error> {
        let none = Map::new();
        let given = call.arguments.get("filters").and_then(Value::as_object).unwrap_or(&none);
        if given.is_empty() && call.arguments.is_on("require_filter") {
            return Err(Error::fault(
                "require_filter is on and filters is empty: without a filter, all that is unused would be removed",
            ));
        }
        // Only volumes differ by version, and the build cache where it has a time.
        let version = match pruned {
            Pruned::Volumes => Some(call.engine.api_version()?),
            Pruned::BuildCache if !given.is_empty() => Some(call.engine.api_version()?),
            _ => None,
        };
        let filters =
            Self::parse(given, pruned, version).map_err(|fault| Error::fault(format!("filters: {fault}")));
        if filters.is_ok() && given.contains_key("all") && call.is_podman() {
            return Err(Error::fault("filters: Podman does not support all: it also removes named volumes"));
        }
        filters
    }

    fn parse(
        given: &Map<String, Value>,
        pruned: Pruned,
        version: Option<ApiVersion>,
    ) -> Result<Self, String> {
        if let Some(name) = given.keys().find(|name| !pruned.known().contains(&name.as_str())) {
            return Err(format!("the engine knows {} here, and not {name:?}", pruned.known().join(", ")));
        }
        let mut until = single(given, "until")?;
        if pruned == Pruned::BuildCache {
            let former = single(given, "unused-for")?;
            if until.is_some() && former.is_some() {
                return Err("until and unused-for mean the same: give only one".into());
            }
            until = until.or(former);
            for name in pruned.known() {
                single(given, name)?;
            }
        }
        let until = until
            .map(|text| {
                Until::read(text).map_err(|expected| format!("until must be {expected}, not {text:?}"))
            })
            .transpose()?;
        let takes_times = pruned != Pruned::BuildCache || version.is_some_and(|it| it >= CACHE_TAKES_TIMES);
        if until.is_some_and(|until| !until.is_duration()) && !takes_times {
            return Err(format!(
                "until takes a time since API {CACHE_TAKES_TIMES}, and before only how long ago"
            ));
        }
        let old = version.is_none_or(|version| version < NAMED_VOLUMES_STAY);
        let all = single(given, "all")?;
        if all.is_some() && old {
            return Err(format!(
                "all needs API {NAMED_VOLUMES_STAY}; before, a prune takes volumes with a name too, unless labels spare them"
            ));
        }
        let all = all
            .map(|text| parse_bool(text).ok_or_else(|| format!("all must be true or false, not {text:?}")))
            .transpose()?;
        Ok(Self {
            with: owned(given, "label"),
            without: owned(given, "label!"),
            until,
            dangling: truth(given, "dangling")?.unwrap_or(true),
            named_volumes: old || all == Some(true),
        })
    }

    /// What they mean now. The engine's clock is asked for where that decides.
    pub(super) fn at_present<'a>(&'a self, call: &Call<'_>) -> Choice<'a> {
        let mut choice = Choice { filters: self, until: None, notes: Vec::new() };
        let Some(until) = self.until else { return choice };
        let mut clock = Clock::own();
        if until.needs_clock() {
            // A proxy may hide the engine's information.
            let info = call.send(Request::get(Path::fixed("/info"))).and_then(|answer| Ok(answer.json()?));
            match info.ok().and_then(|info| Clock::read(info["SystemTime"].as_str()?)) {
                Some(engines) => clock = engines,
                None => choice.notes.push(
                    "The engine does not tell its time: until was counted by the connector's clock, in UTC."
                        .into(),
                ),
            }
        }
        if until.is_duration() {
            choice
                .notes
                .push("until counts from the moment of the prune: a later one may remove more.".into());
        }
        choice.until = Some(until.moment(clock));
        choice
    }
}

impl Choice<'_> {
    /// Whether the labels let it go. All of `label` must be there, and not all of `label!`: with several of those, only what
    /// has every one of them stays.
    pub(super) fn lets_go(&self, labels: &Value) -> bool {
        let has = |label: &String| match label.split_once('=') {
            Some((name, value)) => labels[name] == value,
            None => labels.get(label).is_some(),
        };
        let Filters { with, without, .. } = self.filters;
        with.iter().all(has) && (without.is_empty() || !without.iter().all(has))
    }

    /// Whether it is old enough, by when it was made; `None` where whole seconds do not tell.
    pub(super) fn is_old(&self, created: &Value) -> Option<bool> {
        self.until.map_or(Some(true), |until| is_older(created, until))
    }
}

/// The values of a filter. The engine keeps them as a set.
fn values<'a>(given: &'a Map<String, Value>, name: &str) -> Vec<&'a str> {
    let mut values: Vec<&str> = Vec::new();
    for value in given.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

fn owned(given: &Map<String, Value>, name: &str) -> Vec<String> {
    values(given, name).into_iter().map(str::to_owned).collect()
}

/// The value of a filter that takes one.
fn single<'a>(given: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, String> {
    match values(given, name)[..] {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(format!("{name} takes one value")),
    }
}

/// `GetBoolOrDefault` of the engine: these four words, which must agree.
fn truth(given: &Map<String, Value>, name: &str) -> Result<Option<bool>, String> {
    let mut truth = None;
    for value in values(given, name) {
        let this = match value {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => return Err(format!("{name} must be true, false, 1 or 0, not {value:?}")),
        };
        if truth.replace(this).is_some_and(|other| other != this) {
            return Err(format!("{name} is both true and false"));
        }
    }
    Ok(truth)
}

/// `strconv.ParseBool`, to the letter.
fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(given: &Value, pruned: Pruned, minor: u16) -> Result<Filters, String> {
        Filters::parse(given.as_object().unwrap(), pruned, Some(ApiVersion::new(1, minor)))
    }

    #[test]
    fn only_what_the_engine_knows() {
        for (pruned, known) in [
            (Pruned::Containers, "until, label, label!"),
            (Pruned::Volumes, "label, label!, all"),
            (Pruned::BuildCache, "inuse"),
        ] {
            let fault = parse(&json!({"dangling!": ["x"]}), pruned, 51).unwrap_err();
            assert!(fault.contains(known) && fault.contains("dangling!"), "{fault}");
        }
    }

    #[test]
    fn booleans_are_read_as_by_the_engine() {
        let dangling =
            |values: Value| parse(&json!({"dangling": values}), Pruned::Images, 41).map(|it| it.dangling);
        assert_eq!(dangling(json!(["false"])), Ok(false));
        assert_eq!(dangling(json!(["0", "false"])), Ok(false));
        assert_eq!(dangling(json!(["1"])), Ok(true));
        for refused in
            [json!(["False"]), json!(["t"]), json!(["true", "false"]), json!(["no"]), json!(["true", "x"])]
        {
            assert!(dangling(refused.clone()).is_err(), "{refused}");
        }
        let all =
            |values: Value| parse(&json!({"all": values}), Pruned::Volumes, 42).map(|it| it.named_volumes);
        for yes in ["1", "t", "T", "true", "TRUE", "True"] {
            assert_eq!(all(json!([yes, yes])), Ok(true), "{yes}");
        }
        assert_eq!(all(json!(["False"])), Ok(false));
        for refused in [json!(["yes"]), json!(["tRUE"]), json!(["true", "1"]), json!(["on"])] {
            assert!(all(refused.clone()).is_err(), "{refused}");
        }
    }

    #[test]
    fn versions_decide() {
        assert!(parse(&json!({"all": ["true"]}), Pruned::Volumes, 41).unwrap_err().contains("API 1.42"));
        assert!(parse(&json!({}), Pruned::Volumes, 41).unwrap().named_volumes);
        assert!(!parse(&json!({}), Pruned::Volumes, 42).unwrap().named_volumes);
        let at = json!({"until": ["2024-01-01"]});
        assert!(parse(&at, Pruned::BuildCache, 41).is_err());
        assert!(parse(&at, Pruned::BuildCache, 43).is_ok());
        assert!(parse(&at, Pruned::Containers, 41).is_ok());
    }

    #[test]
    fn one_until() {
        assert!(
            parse(&json!({"until": ["1h", "2h"]}), Pruned::Containers, 41).unwrap_err().contains("one value")
        );
        assert!(parse(&json!({"until": ["1h", "1h"]}), Pruned::Containers, 41).is_ok());
        assert!(parse(&json!({"until": ["3d"]}), Pruned::Networks, 41).unwrap_err().contains("no days"));
        assert!(parse(&json!({"until": ["1h"], "unused-for": ["1h"]}), Pruned::BuildCache, 41).is_err());
        assert!(parse(&json!({"type": ["a", "b"]}), Pruned::BuildCache, 41).is_err());
    }

    /// What an engine did with four containers, labelled a, b, both and not at all.
    #[test]
    fn reads_labels_as_the_engine_does() {
        let things = [json!({"a": "1"}), json!({"b": "1"}), json!({"a": "1", "b": "1"}), Value::Null];
        let goes = |with: &[&str], without: &[&str]| {
            let given = json!({"label": with, "label!": without});
            let filters = parse(&given, Pruned::Containers, 41).unwrap();
            let choice = Choice { filters: &filters, until: None, notes: Vec::new() };
            things.each_ref().map(|labels| choice.lets_go(labels))
        };
        assert_eq!(goes(&[], &[]), [true, true, true, true]);
        assert_eq!(goes(&["a"], &[]), [true, false, true, false]);
        assert_eq!(goes(&["a=1", "b=1"], &[]), [false, false, true, false]);
        assert_eq!(goes(&["a=2"], &[]), [false, false, false, false]);
        assert_eq!(goes(&[], &["a=1"]), [false, true, false, true]);
        assert_eq!(goes(&[], &["a=1", "b=1"]), [true, true, false, true]);
    }
}
