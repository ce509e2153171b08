//! The checks that read the sources and build nothing. They are also what git runs before a commit (`cargo xtask hooks`).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::command::{at_root, capture, cargo};
use crate::javascript::JavaScript;
use crate::log::Log;
use crate::paths;
use crate::steps::{Lane, Step};
use crate::tools::{MYPY, RUFF, SHELLCHECK, TYPOS, Tool, WORKFLOWS};

use super::Shared;

/// What they take from Python's package index.
const TOOLS: [Tool; 5] = [RUFF, MYPY, TYPOS, SHELLCHECK, WORKFLOWS];

/// The tools first, and then the checks.
pub(super) fn lane() -> Lane<Shared> {
    vec![
        Step::new("tools", 10, tools).needed(),
        Step::new("format", 10, |_, log| {
            log.run(cargo().args(["fmt", "--all", "--check"]))?;
            // A workspace of its own.
            log.run(cargo().args(["fmt", "--check", "--manifest-path", "benches/rust/Cargo.toml"]))
        }),
        Step::new("spelling", 5, |shared: &Shared, log: &mut Log| {
            log.run(&mut shared.program_of(&TYPOS, "typos")?)
        }),
        Step::new("shell", 5, shell),
        Step::new("workflows", 5, workflows),
        Step::new("JavaScript", 5, |shared: &Shared, log: &mut Log| {
            let tools = JavaScript::install(shared.newest()?)?;
            log.run(&mut tools.types())?;
            log.run(&mut tools.lint())
        }),
        Step::new("ruff", 10, ruff),
        Step::new("mypy", 60, mypy),
    ]
}

/// Fetches what the checks need, so that no check waits for it.
fn tools(shared: &Shared, log: &mut Log) -> Result<()> {
    let newest = shared.newest()?;
    for tool in TOOLS {
        if tool.runs_on(newest) {
            tool.install(newest)?;
        } else {
            log.skip(tool.too_new_for(newest));
        }
    }
    JavaScript::install(newest).map(drop)
}

fn ruff(shared: &Shared, log: &mut Log) -> Result<()> {
    log.run(shared.tool(&RUFF)?.args(["-m", "ruff", "check", "."]))?;
    log.run(shared.tool(&RUFF)?.args(["-m", "ruff", "format", "--check", "."]))
}

fn mypy(shared: &Shared, log: &mut Log) -> Result<()> {
    if !MYPY.runs_on(shared.newest()?) {
        log.skip(MYPY.too_new_for(shared.newest()?));
        return Ok(());
    }
    let folders = ["connector", "local-host/python", "tests", "demo", "benches"];
    log.run(shared.tool(&MYPY)?.args(["-m", "mypy", "--strict"]).args(folders))
}

/// Every shell script, by its name or by its first line.
fn shell(shared: &Shared, log: &mut Log) -> Result<()> {
    let files = capture(at_root("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let scripts = files.lines().filter(|name| {
        Path::new(name).extension().is_some_and(|end| end == "sh" || end == "bash") || starts_a_shell(name)
    });
    log.run(shared.program_of(&SHELLCHECK, "shellcheck")?.arg("--severity=warning").args(scripts))
}

fn starts_a_shell(name: &str) -> bool {
    let contents = fs::read(paths::root().join(name)).unwrap_or_default();
    let first = contents.split(|byte| *byte == b'\n').next().unwrap_or_default();
    first.starts_with(b"#!") && first.ends_with(b"sh")
}

/// What GitHub reads, held against its schemas, which come with the tool.
fn workflows(shared: &Shared, log: &mut Log) -> Result<()> {
    if !WORKFLOWS.runs_on(shared.newest()?) {
        log.skip(WORKFLOWS.too_new_for(shared.newest()?));
        return Ok(());
    }
    let files = fs::read_dir(paths::root().join(".github/workflows"))?;
    let workflows = files.map(|file| Ok(file?.path())).collect::<Result<Vec<_>>>()?;
    let mut check = |schema: &str, files: &[PathBuf]| {
        let mut command = shared.tool(&WORKFLOWS)?;
        log.run(command.args(["-m", "check_jsonschema", "--builtin-schema", schema]).args(files))
    };
    check("vendor.github-workflows", &workflows)?;
    check("vendor.dependabot", &[".github/dependabot.yml".into()])
}
