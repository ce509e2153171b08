//! Which tests run each operation, read from the cases of `tests/test_every_operation.py` and `tests/test_wire.py`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use operations::{ApiVersion, Operation};
use serde_json::Value;

use crate::Error;

/// The newest API that an engine of the tests speaks, Docker 28.5. What is newer can be had nowhere without the internet.
const NEWEST_ENGINE: ApiVersion = ApiVersion::new(1, 51);

/// Cases on real engines, in the repository.
const REAL: &str = "tests/data/real";
/// Cases of what is sent.
const WIRE: &str = "tests/data/wire";

/// The cases of a repository's tests.
#[derive(Debug, Default)]
pub struct Coverage {
    /// Each file's path within the repository, and its cases.
    files: Vec<(String, Vec<Value>)>,
}

impl Coverage {
    /// Reads the cases of a repository's tests.
    pub fn read(repository: &Path) -> Result<Self, Error> {
        let mut files = Vec::new();
        for folder in [REAL, WIRE] {
            for path in files_in(&repository.join(folder))? {
                let cases = cases(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                files.push((format!("{folder}/{name}"), cases));
            }
        }
        Ok(Self { files })
    }

    /// A sentence or two on what tests an operation; none where no tests were read.
    pub(crate) fn of(&self, operation: &Operation) -> Option<String> {
        let its = self.files.iter().filter(|(_, cases)| cases.iter().any(|case| is_of(case, operation)));
        let codes: Vec<String> = its.map(|(path, _)| format!("`{path}`")).collect();
        if codes.is_empty() {
            return None;
        }
        let mut told = vec![format!("Tests: {}.", codes.join(", "))];
        let real = self.files.iter().filter(|(path, _)| path.starts_with(REAL)).flat_map(|(_, cases)| cases);
        if !real.into_iter().any(|case| is_of(case, operation) && case.get("result").is_some()) {
            told.push(
                "No engine of the tests can do it: seen on the wire, and how engines refuse it.".into(),
            );
        }
        let newer = operation.params.iter().filter(|param| param.since > Some(NEWEST_ENGINE));
        let newer: Vec<String> = newer.map(|param| format!("`{}`", param.name)).collect();
        if !newer.is_empty() {
            let newer = newer.join(", ");
            told.push(format!(
                "No engine of the tests knows {newer} yet: seen on the wire, and refused to older ones."
            ));
        }
        Some(told.join(" "))
    }
}

fn is_of(case: &Value, operation: &Operation) -> bool {
    let name = case["operation"].as_str().unwrap_or_default();
    name == operation.name || operation.also.contains(&name)
}

fn cases(path: &Path) -> io::Result<Vec<Value>> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

/// The files in a folder, by name.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries =
        || -> io::Result<Vec<PathBuf>> { fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect() };
    let mut paths = entries().map_err(|source| Error::Read { path: folder.to_owned(), source })?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage() -> Coverage {
        Coverage::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))).unwrap()
    }

    #[test]
    fn every_operation_is_seen_on_a_real_engine_and_on_the_wire() {
        let coverage = coverage();
        for operation in operations::shown() {
            let tests = coverage.of(operation).unwrap_or_else(|| panic!("{} has no test", operation.name));
            for folder in [REAL, WIRE] {
                assert!(tests.contains(folder), "{}: {tests}", operation.name);
            }
        }
    }

    #[test]
    fn says_what_no_engine_can_do() {
        let of = |name| coverage().of(operations::find(name).unwrap()).unwrap();
        assert!(of("update_volume").contains("No engine of the tests can do it"), "{}", of("update_volume"));
        assert!(of("system_df").contains("knows `verbose` yet"), "{}", of("system_df"));
        assert!(!of("ping").contains("No engine"), "{}", of("ping"));
    }
}
