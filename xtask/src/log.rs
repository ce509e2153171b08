//! What a step's programs say, in a file of the step's own.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command::{ended_well, line};
use crate::counts::Counts;
use crate::paths;

/// So much of a failed step's output is shown; all of it is in its log.
const SHOWN_LINES: usize = 200;

/// What a step's programs say.
pub(crate) struct Log {
    path: PathBuf,
    file: File,
    /// What the user should read also where all is well.
    pub(crate) remarks: Vec<String>,
    /// What was left out, and why.
    pub(crate) skipped: Vec<String>,
}

impl Log {
    /// An empty log of this name.
    pub(crate) fn new(name: &str) -> Result<Self> {
        fs::create_dir_all(folder())?;
        let name: String =
            name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
        let path = folder().join(format!("{name}.log"));
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path, file, remarks: Vec::new(), skipped: Vec::new() })
    }

    /// Runs a program with its output in the log.
    pub(crate) fn run(&mut self, command: &mut Command) -> Result<()> {
        writeln!(self.file, "$ {}", line(command))?;
        let status = command
            .stdout(self.file.try_clone()?)
            .stderr(self.file.try_clone()?)
            .status()
            .with_context(|| format!("cannot start {}", line(command)))?;
        ended_well(command, status)
    }

    /// Runs a program that runs tests. It must have run one.
    pub(crate) fn test(&mut self, command: &mut Command) -> Result<()> {
        let before = self.text()?.len();
        self.run(command)?;
        let counts = Counts::of(&self.text()?[before..]);
        ensure!(counts.passed > 0, "{} ran no test", line(command));
        Ok(())
    }

    /// Something that the user should read also where all is well.
    pub(crate) fn remark(&mut self, text: impl Into<String>) {
        self.remarks.push(text.into());
    }

    /// Something that is left out, and why.
    pub(crate) fn skip(&mut self, reason: impl Into<String>) {
        self.skipped.push(reason.into());
    }

    /// Adds what another log holds, as the part of this name.
    pub(crate) fn append(&mut self, part: &str, other: &Self) -> Result<()> {
        writeln!(self.file, "# {part}\n{}", other.text()?)?;
        self.remarks.extend(other.remarks.iter().cloned());
        self.skipped.extend(other.skipped.iter().cloned());
        Ok(())
    }

    /// The end of it, and why the step failed, as it is shown.
    pub(crate) fn end(&self, fault: &str) -> Result<String> {
        let text = self.text()?;
        let lines: Vec<_> = text.lines().collect();
        let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
        let mut end = String::new();
        if shown.len() < lines.len() {
            end = format!("    ... (all of it: {})\n", self.path.display());
        }
        for line in shown.iter().copied().chain(fault.lines()) {
            end.push_str("    ");
            end.push_str(line);
            end.push('\n');
        }
        Ok(end)
    }

    /// All of it.
    pub(crate) fn text(&self) -> Result<String> {
        let bytes = fs::read(&self.path).with_context(|| format!("cannot read {}", self.path.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Where the logs are.
pub(crate) fn folder() -> PathBuf {
    paths::runs().join("logs")
}
