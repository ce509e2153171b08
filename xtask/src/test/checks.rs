//! The checks that build: cargo's tests and lints, and what is derived.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{at_root, capture, cargo};
use crate::log::Log;
use crate::once::remove;
use crate::paths;
use crate::private_engine::Engine;
use crate::rust_tools::{DENY, MACHETE};
use crate::steps::Lane;
use crate::steps::Step;
use crate::system::System;
use crate::tools::PYFSR;

use super::Shared;

/// What builds. It yields to the tests that run beside it, which wait for real clocks.
pub(super) fn of_builds() -> Lane<Shared> {
    vec![
        Step::new("clippy", 60, |_, log| {
            log.run(kind(cargo()).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
        }),
        Step::new("documentation", 60, |_, log| {
            let arguments = ["doc", "--workspace", "--no-deps"];
            log.run(kind(cargo()).args(arguments).env("RUSTDOCFLAGS", "-D warnings"))
        }),
        Step::new("test programs", 120, |_, log| {
            // All in one invocation; those after it only run them.
            log.run(kind(cargo()).args(["test", "--workspace", "--all-targets", "--no-run"]))
        }),
        Step::new("unit tests", 60, |_, log| {
            let some = ["test", "--workspace", "--lib", "--bins", "--examples", "--no-fail-fast"];
            log.test(kind(cargo()).args(some))?;
            log.run(kind(cargo()).args(["test", "--workspace", "--doc", "--no-fail-fast"]))
        }),
        // Each is run once, to see that it still runs. No test depends on how long something takes.
        Step::new("micro-benchmarks", 30, |_, log| {
            log.run(kind(cargo()).args(["test", "--workspace", "--bench", "*", "--no-fail-fast"]))
        }),
        Step::new("integration tests", 60, integration),
        Step::new("generated documents", 10, |_, log| {
            let program = paths::target().join("debug/package");
            log.run(at_root(program).args(["--documents", "docs", "--check"]))
        }),
        Step::new("package is valid", 30, validate),
    ]
}

/// What dependencies may be (`deny.toml`), and whether each is used. Both tools are built first.
pub(super) fn dependencies() -> Step<Shared> {
    Step::new("dependencies", 300, |_: &Shared, log: &mut Log| {
        log.run(DENY.program()?.args(["check", "licenses", "bans", "sources"]))?;
        log.run(MACHETE.program()?.args(["crates", "local-host", "fuzz", "xtask"]))?;
        match capture(DENY.program()?.args(["fetch", "db"])) {
            Ok(_) => log.run(DENY.program()?.args(["check", "advisories"])),
            Err(_) => {
                log.skip("known vulnerabilities: RustSec's database cannot be fetched");
                Ok(())
            }
        }
    })
}

/// The same command, with less of the processors' time than others.
fn kind(command: Command) -> Command {
    let mut nice = at_root("nice");
    nice.args(["-n", "10"]).arg(command.get_program());
    nice
}

fn integration(_: &Shared, log: &mut Log) -> Result<()> {
    let engine = Engine::temporary("integration", &System::this_machine()?)?;
    let mut command = engine.inside(cargo().get_program())?;
    command.args(["test", "--workspace", "--test", "*", "--no-fail-fast"]).env("CARGO_NET_OFFLINE", "true");
    log.test(&mut command)?;
    engine.stop()
}

/// FortiSOAR's client looks into the package as the importer does, and a compiler of playbooks into its samples.
fn validate(shared: &Shared, log: &mut Log) -> Result<()> {
    let unpacked = paths::runs().join("unpacked");
    remove(&unpacked)?;
    std::fs::create_dir_all(&unpacked)?;
    capture(Command::new("tar").arg("-xzf").arg(shared.package()?).arg("-C").arg(&unpacked))?;
    let newest = shared.newest()?;
    if !PYFSR.runs_on(newest) {
        log.skip(PYFSR.too_new_for(newest));
        return Ok(());
    }
    let Some(folder) = std::fs::read_dir(&unpacked)?.next() else { bail!("the package is empty") };
    let folder = folder.context("the unpacked package cannot be read")?.path();
    log.run(shared.tool(&PYFSR)?.arg("xtask/src/judge.py").arg(folder))
}
