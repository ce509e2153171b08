//! Whether all that the output schemas promise occurs: at the end of a run, the paths of real results are held against them.
//!
//! The tests write these paths into the folder `RESULTS_SEEN` (`tests/support/results.py`). What no engine of the tests shows
//! is listed with the reason: `unseen` in `tests/data/operations/NAME.json` for what an operation itself gives, and
//! `tests/data/unseen_answers.json` for the fields of engines' answers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::command::{at_root, capture};
use crate::paths;

const OPERATIONS: &str = "tests/data/operations";
const ANSWERS: &str = "tests/data/unseen_answers.json";

/// By operation: its further names, and its paths by the condition that they have. A path of the engine's answer has its place
/// there.
type Promised = BTreeMap<String, Operation>;

#[derive(Deserialize)]
struct Operation {
    also: Vec<String>,
    schemas: BTreeMap<String, BTreeMap<String, Option<String>>>,
}

/// Operation, condition and path of what a real result had.
type Seen = BTreeSet<(String, String, String)>;

/// Reasons by path.
type Reasons = BTreeMap<String, String>;

/// An operation's test data, as far as it matters here.
#[derive(Deserialize, Default)]
struct Data {
    out_of_reach: Option<String>,
    #[serde(default)]
    unseen: Reasons,
}

/// Where the tests of this run write what they see.
pub(super) fn folder() -> PathBuf {
    paths::runs().join("results")
}

/// Fails with what never occurred, and with reasons that no longer hold.
pub(super) fn check() -> Result<()> {
    let program = paths::target().join("debug/package");
    let promised: Promised = serde_json::from_str(&capture(at_root(program).arg("--paths"))?)?;
    let mut seen = Seen::new();
    for entry in fs::read_dir(folder())? {
        seen.extend(read::<Vec<_>>(&entry?.path())?);
    }
    let mut data = BTreeMap::new();
    for entry in fs::read_dir(paths::root().join(OPERATIONS))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        data.insert(name, read(&path)?);
    }
    let by_reason: BTreeMap<String, Vec<String>> = read(&paths::root().join(ANSWERS))?;
    let reasons = by_reason
        .into_iter()
        .flat_map(|(reason, places)| places.into_iter().map(move |place| (place, reason.clone())));
    let faults = faults(&promised, &seen, &data, &reasons.collect());
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    serde_json::from_slice(&fs::read(path)?).with_context(|| format!("cannot read {}", path.display()))
}

fn faults(promised: &Promised, seen: &Seen, data: &BTreeMap<String, Data>, answers: &Reasons) -> Vec<String> {
    let mut faults = Vec::new();
    let mut places = BTreeMap::new();
    for (name, operation) in promised {
        let nothing = Data::default();
        let data = data.get(name).unwrap_or(&nothing);
        let mut own = BTreeMap::new();
        for (condition, paths) in &operation.schemas {
            for (path, place) in paths {
                let is_seen = [name]
                    .into_iter()
                    .chain(&operation.also)
                    .any(|name| seen.contains(&(name.clone(), condition.clone(), path.clone())));
                match place {
                    Some(place) => *places.entry(place.clone()).or_insert(false) |= is_seen,
                    // Each condition's result has its own.
                    None => *own.entry(path.clone()).or_insert(true) &= is_seen,
                }
            }
        }
        if data.out_of_reach.is_some() {
            continue;
        }
        let file = format!("{OPERATIONS}/{name}.json");
        faults.extend(missing(&own, &data.unseen).map(|path| {
            format!(
                "{name}: no real result had {path}. Correct .gives, add a real case that shows it, or say under \
                 \"unseen\" in {file} why there is none."
            )
        }));
        let outdated = data.unseen.keys().filter(|path| own.get(*path) != Some(&false));
        faults
            .extend(outdated.map(|path| {
                format!("{file}: unseen {path} was seen, or is not in the schema. Take it out.")
            }));
    }
    faults.extend(missing(&places, answers).map(|place| {
        format!("{place}: no engine answered this. Add a real case that shows it, or say in {ANSWERS} why there is none.")
    }));
    // Another machine may show more.
    let unknown = answers.keys().filter(|place| !places.contains_key(*place));
    faults.extend(unknown.map(|place| format!("{ANSWERS}: {place} is in no schema. Take it out.")));
    faults
}

/// What was not seen and has no reason; of what lies within such a part, the part alone.
fn missing<'a>(paths: &'a BTreeMap<String, bool>, reasons: &'a Reasons) -> impl Iterator<Item = &'a String> {
    paths
        .iter()
        .filter(|(path, is_seen)| !**is_seen && !reasons.contains_key(*path))
        .map(|(path, _)| path)
        .filter(|path| !above(path).any(|part| paths.get(part) == Some(&false)))
}

/// The parts that a path lies within.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices(['.', '[']).map(|(end, _)| &path[..end])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What `look` and its other name `view` promise: an answer's fields, some of their own, and others in a dry run.
    fn found(seen: &[(&str, &str, &str)], unseen: &[&str], answers: &[&str]) -> Vec<String> {
        let promised = json!({"look": {"also": ["view"], "schemas": {
            "always": {"id": null, "log": null, "log[]": null, "Size": "GET /look Size", "Os": "GET /look Os", "Os.Name": "GET /look Os.Name"},
            "dry": {"id": null},
        }}});
        let seen = seen.iter().map(|(a, b, c)| ((*a).into(), (*b).into(), (*c).into())).collect();
        let reasons = |paths: &[&str]| paths.iter().map(|path| ((*path).into(), "why".into())).collect();
        let data = Data { out_of_reach: None, unseen: reasons(unseen) };
        faults(
            &serde_json::from_value(promised).unwrap(),
            &seen,
            &BTreeMap::from([("look".into(), data)]),
            &reasons(answers),
        )
    }

    const ALL: [(&str, &str, &str); 6] = [
        ("look", "always", "id"),
        ("view", "always", "log"),
        ("look", "always", "log[]"),
        ("look", "dry", "id"),
        ("look", "always", "Size"),
        ("look", "always", "Os"),
    ];

    #[test]
    fn what_never_occurs_needs_a_reason() {
        assert_eq!(found(&ALL, &[], &["GET /look Os.Name"]), [""; 0]);
        let faults = found(&ALL[1..], &[], &[]);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].starts_with("look: no real result had id. Correct .gives"), "{faults:?}");
        assert!(faults[1].starts_with("GET /look Os.Name: no engine answered this."), "{faults:?}");
    }

    #[test]
    fn a_part_speaks_for_what_is_in_it() {
        let faults = found(&ALL[3..5], &["id"], &["GET /look Os"]);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with("look: no real result had log."), "{faults:?}");
    }

    #[test]
    fn a_reason_holds_as_long_as_nothing_is_seen() {
        let faults =
            found(&ALL, &["log", "nothing"], &["GET /look Os.Name", "GET /look Size", "GET /look Age"]);
        let begins = [
            "tests/data/operations/look.json: unseen log was seen",
            "tests/data/operations/look.json: unseen nothing was seen, or is not in the schema",
            "tests/data/unseen_answers.json: GET /look Age is in no schema",
        ];
        assert_eq!(faults.len(), begins.len(), "{faults:?}");
        for (fault, begin) in faults.iter().zip(begins) {
            assert!(fault.starts_with(begin), "{fault}");
        }
    }
}
