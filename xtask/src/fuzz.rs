//! `cargo xtask fuzz`: hostile bytes for everything that reads some, for as long as you like: by mutations of the corpus, or by
//! libFuzzer, which sees what each input reaches.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::command::{cargo, require, show};
use crate::paths;
use crate::rust_tools::FUZZ;

/// What to fuzz, and for how long.
#[derive(Args)]
pub(crate) struct Options {
    /// One target, such as `answers`; all of them, if none is named.
    target: Option<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Use libFuzzer, which is guided by coverage. It needs a C++ compiler. What it finds that reaches more is added to
    /// fuzz/corpus; what fails is in fuzz/artifacts.
    #[arg(long)]
    libfuzzer: bool,
}

/// Runs the targets; false when one failed. What failed it is shown, shrunk.
pub(crate) fn run(options: &Options) -> Result<bool> {
    if options.libfuzzer {
        return libfuzzer(options);
    }
    let mut test = cargo();
    test.args(["test", "--release", "--package", "fuzz", "--test", "bounded", "--", "--nocapture"])
        .env("FUZZ_SECONDS", options.seconds.to_string())
        // Quick to run, and not slow to build.
        .env("CARGO_PROFILE_RELEASE_LTO", "off");
    if let Some(target) = &options.target {
        test.env("FUZZ_TARGET", target);
    }
    Ok(test.status().context("cannot start cargo")?.success())
}

fn libfuzzer(options: &Options) -> Result<bool> {
    require(&[("c++", "g++")], "libFuzzer")?;
    let mut failed = Vec::new();
    let targets = targets()?;
    if let Some(target) = &options.target {
        ensure!(targets.contains(target), "there is no target {target}; there are: {}", targets.join(", "));
    }
    for target in targets.iter().filter(|target| options.target.as_ref().is_none_or(|one| one == *target)) {
        let corpus = paths::root().join("fuzz/corpus").join(target);
        let found = paths::target().join("fuzz/found").join(target);
        fs::create_dir_all(&found)?;
        let seconds = format!("-max_total_time={}", options.seconds);
        let limits = [&seconds, "-timeout=10", "-rss_limit_mb=2048", "-max_len=4096", "-verbosity=1"];
        // It writes to the first folder, and reads both.
        if show(program(target)?.args([&found, &corpus]).arg("--").args(limits)).is_err() {
            failed.push(target.as_str());
            continue;
        }
        show(program(target)?.args([&corpus, &found]).args(["--", "-merge=1", "-max_len=4096"]))?;
    }
    ensure!(failed.is_empty(), "libFuzzer found faults of {}: see fuzz/artifacts", failed.join(", "));
    Ok(true)
}

/// libFuzzer on stable Rust: without a sanitizer.
fn program(target: &str) -> Result<Command> {
    let mut program = FUZZ.program()?;
    program
        .args(["fuzz", "run", "--fuzz-dir", "fuzz", "--sanitizer", "none", "--features", "libfuzzer"])
        .arg("--target-dir")
        .arg(paths::target().join("fuzz/built"))
        .arg(target)
        .env("CARGO_PROFILE_RELEASE_LTO", "off");
    Ok(program)
}

fn targets() -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for file in fs::read_dir(paths::root().join("fuzz/fuzz_targets"))? {
        let name = file?.file_name().to_string_lossy().into_owned();
        targets.extend(name.strip_suffix(".rs").map(str::to_owned));
    }
    targets.sort();
    Ok(targets)
}
