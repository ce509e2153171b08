//! Running programs: shown, or quietly with the output kept for the error.

use std::env;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, bail, ensure};

use crate::paths;

/// Cargo as it runs us, in the repository's root.
pub(crate) fn cargo() -> Command {
    at_root(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A program in the repository's root, without what `cargo run` tells of the package xtask: build scripts that look at
/// such variables would run again whenever a build from here follows one from a shell.
pub(crate) fn at_root(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(paths::root());
    for (name, _) in env::vars_os() {
        let is_of_xtask = ["CARGO_PKG_", "CARGO_MANIFEST_"]
            .iter()
            .any(|mark| name.as_encoded_bytes().starts_with(mark.as_bytes()));
        if is_of_xtask {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a program with its output shown.
pub(crate) fn show(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", line(command)))?;
    ended_well(command, status)
}

/// Runs a program quietly and answers its standard output; the error holds all that it said.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {}", line(command)))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ended_well(command, output.status)
        .with_context(|| format!("{said}{}", String::from_utf8_lossy(&output.stderr)).trim().to_owned())?;
    Ok(said)
}

/// An error that names the command, unless it succeeded.
pub(crate) fn ended_well(command: &Command, status: ExitStatus) -> Result<()> {
    ensure!(status.success(), "{}: {status}", line(command));
    Ok(())
}

/// The command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        let _ = write!(line, " {}", argument.to_string_lossy());
    }
    line
}

/// Where a program is: on PATH, or where only root's PATH looks.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

/// Refuses when a program is missing, naming each with the Debian package that has it.
pub(crate) fn require(needed: &[(&str, &str)], purpose: &str) -> Result<()> {
    let missing: Vec<_> = needed.iter().filter(|(program, _)| find(program).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let programs: Vec<_> = missing.iter().map(|(program, _)| *program).collect();
    let mut packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    packages.dedup();
    bail!(
        "{purpose} needs {}, which this machine lacks. On Debian or Ubuntu: apt-get install {}",
        programs.join(", "),
        packages.join(" ")
    )
}
