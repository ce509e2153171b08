//! Tools from Python's package index, pinned by version and hash (`xtask/tools/`), each in a folder of its own under the target
//! folder.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::command::{at_root, capture};
use crate::machine;
use crate::once::made;
use crate::paths;
use crate::pythons::Python;

/// What pip is asked for, and the oldest Python that takes it.
pub(crate) struct Tool {
    name: &'static str,
    /// The lock file: every package with its version and its hashes.
    locked: &'static str,
    oldest_python: (u32, u32),
}

/// Builds for an older glibc than this machine's, with zig as the linker.
pub(crate) const ZIGBUILD: Tool = Tool {
    name: "cargo-zigbuild",
    locked: include_str!("../tools/cargo-zigbuild.txt"),
    oldest_python: (3, 9),
};
/// Python's style.
pub(crate) const RUFF: Tool =
    Tool { name: "ruff", locked: include_str!("../tools/ruff.txt"), oldest_python: (3, 9) };
/// Python's types.
pub(crate) const MYPY: Tool =
    Tool { name: "mypy", locked: include_str!("../tools/mypy.txt"), oldest_python: (3, 10) };
/// FortiSOAR's client, which judges packages as the importer does; a compiler of playbooks, with the Jinja that renders them.
pub(crate) const PYFSR: Tool =
    Tool { name: "pyfsr", locked: include_str!("../tools/pyfsr.txt"), oldest_python: (3, 10) };
/// Spelling, of code and documents.
pub(crate) const TYPOS: Tool =
    Tool { name: "typos", locked: include_str!("../tools/typos.txt"), oldest_python: (3, 9) };
/// Shell scripts.
pub(crate) const SHELLCHECK: Tool =
    Tool { name: "shellcheck", locked: include_str!("../tools/shellcheck.txt"), oldest_python: (3, 9) };
/// Whether the workflows of GitHub Actions, and Dependabot's file, are what their schemas say.
pub(crate) const WORKFLOWS: Tool =
    Tool { name: "check-jsonschema", locked: include_str!("../tools/workflows.txt"), oldest_python: (3, 11) };
/// Node.js with npm, for a machine that has none.
pub(crate) const NODE: Tool =
    Tool { name: "node", locked: include_str!("../tools/node.txt"), oldest_python: (3, 9) };

/// What the benchmark compares with.
pub(crate) const BENCH_PEERS: Tool =
    Tool { name: "bench-peers", locked: include_str!("../tools/bench-peers.txt"), oldest_python: (3, 10) };

/// A tool that is there.
pub(crate) struct Installed {
    folder: PathBuf,
    python: Python,
}

impl Tool {
    /// Whether this Python takes it.
    pub(crate) fn runs_on(&self, python: &Python) -> bool {
        python.version >= self.oldest_python
    }

    /// Why it is not run.
    pub(crate) fn too_new_for(&self, python: &Python) -> String {
        let (major, minor) = self.oldest_python;
        format!("SKIPPED: {} needs Python {major}.{minor} or newer; the newest here is {python}", self.name)
    }

    /// Installs it for this Python, unless it is there.
    pub(crate) fn install(&self, python: &Python) -> Result<Installed> {
        let (major, minor) = python.version;
        ensure!(self.runs_on(python), self.too_new_for(python));
        let folder = paths::tools().join(format!("python{major}.{minor}")).join(self.name);
        made(&folder, self.locked, |unfinished| {
            eprintln!("Fetching {} from PyPI, for target/tools", self.name);
            let lock_file = folder.with_added_extension("txt");
            fs::write(&lock_file, self.locked)?;
            let mut pip = pip(python)?;
            pip.args(["install", "--quiet", "--only-binary", ":all:", "--no-cache-dir", "--require-hashes"]);
            capture(pip.arg("--target").arg(unfinished).arg("--requirement").arg(lock_file)).with_context(
                || format!("pip cannot install {}; is PyPI, or a mirror of it, within reach?", self.name),
            )?;
            Ok(())
        })?;
        Ok(Installed { folder, python: python.clone() })
    }
}

impl Installed {
    /// Something in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Python with the tool at hand, in the repository's root.
    pub(crate) fn python(&self) -> Command {
        let mut command = at_root(&self.python.program);
        command.env("PYTHONPATH", &self.folder).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// Python's own pip, or Debian's where there is none.
fn pip(python: &Python) -> Result<Command> {
    let mut pip = at_root(&python.program);
    pip.args(["-m", "pip"]).envs([
        ("PIP_BREAK_SYSTEM_PACKAGES", "1"), // no system package is touched: all goes to --target
        ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
        ("PIP_ROOT_USER_ACTION", "ignore"),
    ]);
    if works(python, None) {
        return Ok(pip);
    }
    let library = machine::unpacked("pip", &["python3-pip"])?.join("usr/lib");
    let (major, minor) = python.version;
    // pip itself, and the part of Python's library that Debian ships apart and pip needs up to 3.11.
    let places = [library.join("python3/dist-packages"), library.join(format!("python{major}.{minor}"))];
    let places = std::env::join_paths(places)?;
    if !works(python, Some(&places)) {
        bail!("{python} has no pip, and Debian's python3-pip does not run on it");
    }
    pip.env("PYTHONPATH", places);
    Ok(pip)
}

fn works(python: &Python, places: Option<&std::ffi::OsStr>) -> bool {
    let mut command = Command::new(&python.program);
    command.args(["-m", "pip", "--version"]);
    if let Some(places) = places {
        command.env("PYTHONPATH", places);
    }
    capture(&mut command).is_ok()
}
