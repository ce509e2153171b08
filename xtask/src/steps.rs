//! A run of steps: a line for each, its output only where it fails, and the tests counted at the end.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::command::{ended_well, line};
use crate::counts::Counts;
use crate::interrupt;
use crate::paths;

/// So much of a failed step's output is shown; all of it is in its log.
const SHOWN_LINES: usize = 200;

/// One step of a run that has something in common, such as the engine that one step starts and others use.
pub(crate) struct Step<'a, Common> {
    /// What the user reads.
    pub(crate) name: String,
    /// What it does. Where it runs no tests, it counts as one.
    pub(crate) work: Work<'a, Common>,
}

type Work<'a, Common> = Box<dyn FnOnce(&mut Common, &mut Log) -> Result<()> + 'a>;

impl<'a, Common> Step<'a, Common> {
    pub(crate) fn new(
        name: impl Into<String>,
        work: impl FnOnce(&mut Common, &mut Log) -> Result<()> + 'a,
    ) -> Self {
        Self { name: name.into(), work: Box::new(work) }
    }
}

/// Takes all steps, also after one has failed; answers whether all passed.
pub(crate) fn run<Common>(steps: Vec<Step<'_, Common>>, common: &mut Common) -> Result<bool> {
    let mut counts = Counts::default();
    let total = steps.len();
    let began = Instant::now();
    for (index, Step { name, work }) in steps.into_iter().enumerate() {
        print!("[{:2}/{total}] {name} ... ", index + 1);
        std::io::stdout().flush()?;
        let step_began = Instant::now();
        let mut log = Log::new(&name)?;
        let outcome = work(common, &mut log);
        let tests = Counts::of(&log.text()?);
        let took = format!("{:.1} s", step_began.elapsed().as_secs_f64());
        match &outcome {
            Ok(()) => println!("ok {took}{}{}", tests.summary(), log.remarks),
            Err(fault) => {
                println!("FAILED {took}{}", tests.summary());
                log.show(&format!("{fault:#}"))?;
            }
        }
        if interrupt::requested() {
            bail!("the steps after it were not taken");
        }
        counts += tests.for_step(outcome.is_ok());
    }
    println!("{total} steps in {:.0} s; the logs are in {}", began.elapsed().as_secs_f64(), logs().display());
    println!("{} passed, {} failed", counts.passed, counts.failed);
    Ok(counts.failed == 0)
}

/// What a step's programs say.
pub(crate) struct Log {
    path: PathBuf,
    file: File,
    remarks: String,
}

impl Log {
    fn new(step: &str) -> Result<Self> {
        fs::create_dir_all(logs())?;
        let name: String =
            step.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
        let path = logs().join(format!("{name}.log"));
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path, file, remarks: String::new() })
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
    pub(crate) fn remark(&mut self, text: &str) {
        self.remarks.push_str("\n        ");
        self.remarks.push_str(text);
    }

    fn show(&self, fault: &str) -> Result<()> {
        let text = self.text()?;
        let lines: Vec<_> = text.lines().collect();
        let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
        if shown.len() < lines.len() {
            println!("    ... (all of it: {})", self.path.display());
        }
        for line in shown {
            println!("    {line}");
        }
        for line in fault.lines() {
            println!("    {line}");
        }
        Ok(())
    }

    fn text(&self) -> Result<String> {
        let bytes = fs::read(&self.path).with_context(|| format!("cannot read {}", self.path.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn logs() -> PathBuf {
    paths::runs().join("logs")
}
