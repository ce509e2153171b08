//! The Pythons of this machine that the connector supports, one of each version.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::capture;

const OLDEST: (u32, u32) = (3, 9);
const NEWEST_LOOKED_FOR: u32 = 20;

/// A Python.
#[derive(Clone, Debug)]
pub(crate) struct Python {
    /// Its program, not a launcher for it.
    pub(crate) program: PathBuf,
    /// Major and minor.
    pub(crate) version: (u32, u32),
}

impl fmt::Display for Python {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Python {}.{}", self.version.0, self.version.1)
    }
}

/// Every Python found, the oldest first; never none.
pub(crate) fn all() -> Result<Vec<Python>> {
    let mut found = BTreeMap::new();
    for candidate in candidates() {
        if let Some(python) = examine(&candidate).filter(|python| python.version >= OLDEST) {
            found.entry(python.version).or_insert(python);
        }
    }
    let pythons: Vec<_> = found.into_values().collect();
    if pythons.is_empty() {
        anyhow::bail!("no Python 3.9 or newer was found. On Debian or Ubuntu: apt-get install python3");
    }
    Ok(pythons)
}

/// The newest of them.
pub(crate) fn newest() -> Result<Python> {
    all()?.pop().context("no Python was found")
}

fn candidates() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let names = ["python3".to_owned()]
        .into_iter()
        .chain((OLDEST.1..=NEWEST_LOOKED_FOR).map(|minor| format!("python3.{minor}")));
    let on_path = names
        .flat_map(|name| env::split_paths(&path).map(move |folder| folder.join(&name)).collect::<Vec<_>>());
    let home = env::var_os("HOME").unwrap_or_default();
    let pyenv = fs::read_dir(Path::new(&home).join(".pyenv/versions")).into_iter().flatten();
    let in_pyenv = pyenv.filter_map(|version| Some(version.ok()?.path().join("bin/python3")));
    on_path.chain(in_pyenv).filter(|candidate| candidate.is_file()).collect()
}

/// None for what does not run, such as a launcher of a version that is not chosen.
fn examine(program: &Path) -> Option<Python> {
    let question = "import sys; print(*sys.version_info[:2], sys.executable)";
    let answer = capture(Command::new(program).args(["-c", question])).ok()?;
    let mut words = answer.trim_end().splitn(3, ' ');
    let version = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Python { version, program: words.next()?.into() })
}
