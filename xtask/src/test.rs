//! `cargo xtask test`: everything that a change must pass, on engines that it starts itself.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::browser::Browser;
use crate::command::{capture, cargo};
use crate::machine;
use crate::once::remove;
use crate::packaging;
use crate::paths;
use crate::private_engine::Engine;
use crate::pythons::{self, Python};
use crate::steps::{self, Log, Step};
use crate::system::System;
use crate::tools::{MYPY, PYFSR, RUFF, Tool};

/// How much to test.
#[derive(Args)]
pub(crate) struct Options {
    /// Also what takes long: newer engines, and tests of several minutes.
    #[arg(long)]
    all: bool,
    /// Only the end-to-end tests whose name holds this, such as `test_retries` or `test_story.OverMutualTls`, on the newest
    /// Python; may be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

/// What stands beside an engine in the tests, and between it and the connector; the server that FortiSOAR's workers run in;
/// and a wrong clock.
pub(crate) const BESIDE: &[&str] = &[
    "nginx",
    "openssh-server",
    "tinyproxy-bin",
    "docker-registry",
    "uwsgi-core",
    "uwsgi-plugin-python3",
    "libfaketime",
];

/// The web servers that people put in front of an engine.
const INTERMEDIARIES: &[&str] = &["lighttpd", "haproxy", "apache2-bin", "caddy"];

/// The tests of what may differ from one Python to another.
const OF_PYTHON: &[&str] = &[
    "test_contract.",
    "test_loader.",
    "test_native.",
    "test_processes.",
    "test_services.",
    "test_story.",
    "test_wire.",
];

/// The tests that the oldest Python runs besides: of how Rust and Python, and their files, go together.
const OF_THE_OLDEST: &[&str] =
    &["test_bad_input.", "test_files.", "test_install.", "test_logging.", "test_trouble."];

/// The tests that run on Podman too. The rest is of Docker, of TLS, or of the connector by itself.
const OF_PODMAN: &[&str] = &["test_every_operation."];

/// What the steps leave for each other.
struct Shared {
    /// Whether the tests of several minutes are wanted.
    all: bool,
    /// All that were found, the oldest first.
    pythons: Vec<Python>,
    package: Option<PathBuf>,
    /// `fsr-docker`.
    program: Option<PathBuf>,
    engine: Option<Engine>,
}

type Steps<'a> = Vec<Step<'a, Shared>>;

/// Runs the tests; false when one failed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let mut shared =
        Shared { all: options.all, pythons: pythons::all()?, package: None, program: None, engine: None };
    if !options.only.is_empty() {
        return steps::run(only(&options.only, shared.newest()?.clone()), &mut shared);
    }
    let mut plan: Steps = vec![Step::new("tools", tools)];
    plan.extend(checks());
    plan.push(Step::new("package", package));
    plan.push(Step::new("validate", validate));
    plan.push(engine());
    plan.push(Step::new("integration tests", integration));
    plan.extend(shared.pythons.clone().into_iter().map(|python| end_to_end(python.to_string(), python)));
    plan.push(Step::new("engine stop", stop));
    if options.all {
        for release in System::RELEASES {
            let newest = shared.newest()?.clone();
            plan.push(Step::new(format!("engine {release}"), |shared, log| {
                start(shared, log, System::debian(release)?)
            }));
            plan.push(end_to_end(format!("{newest} on {release}"), newest));
            plan.push(Step::new(format!("engine {release} stop"), stop));
        }
        let newest = shared.newest()?.clone();
        plan.push(Step::new("engine podman", |shared, log| start(shared, log, System::podman()?)));
        plan.push(Step::new(format!("{newest} on podman"), move |shared: &mut Shared, log| {
            shared.unittest(&newest, OF_PODMAN, log)
        }));
        plan.push(Step::new("engine podman stop", stop));
    }
    steps::run(plan, &mut shared)
}

impl Shared {
    fn newest(&self) -> Result<&Python> {
        self.pythons.last().context("no Python was found")
    }

    fn package(&self) -> Result<&PathBuf> {
        self.package.as_ref().context("not tried, as the package was not built")
    }

    fn engine(&self) -> Result<&Engine> {
        self.engine.as_ref().context("not tried, as the engine does not run")
    }

    /// A tool's Python; the tool is there after the first step.
    fn tool(&self, tool: &Tool) -> Result<Command> {
        Ok(tool.install(self.newest()?)?.python())
    }

    /// Where Jinja is, for the tests that run playbooks; nowhere for another Python than the one that it was fetched for.
    fn playbook_tools(&self, python: &Python) -> Result<PathBuf> {
        let fits = python.version == self.newest()?.version && PYFSR.runs_on(python);
        if fits { Ok(PYFSR.install(python)?.path("")) } else { Ok(PathBuf::new()) }
    }

    /// The end-to-end tests that a Python runs; empty means all. Every Python loads the same module file, so unless all is
    /// asked for only the newest runs everything, and the others what may differ.
    fn chosen(&self, python: &Python) -> Vec<&'static str> {
        let is = |other: Option<&Python>| other.is_some_and(|other| other.version == python.version);
        if self.all || is(self.pythons.last()) {
            return Vec::new();
        }
        let further = if is(self.pythons.first()) { OF_THE_OLDEST } else { &[] };
        [OF_PYTHON, further].concat()
    }

    /// Runs end-to-end tests; all, if none is named.
    fn unittest(&self, python: &Python, chosen: &[&str], log: &mut Log) -> Result<()> {
        let is_newest = python.version == self.newest()?.version;
        let mut command = self.engine()?.inside(&python.program)?;
        if is_newest && PYFSR.runs_on(python) {
            let program = self.program.as_ref().context("not tried, as fsr-docker was not built")?;
            command.env("FSR_DOCKER", program).env("PYFSR", PYFSR.install(python)?.path(""));
            if self.all || !chosen.is_empty() {
                Browser::get()?.tell(&mut command)?;
            } else {
                log.remark("SKIPPED: the local host's page in a browser (test_page); --all fetches one");
            }
        } else if is_newest {
            log.remark(&PYFSR.too_new_for(python));
        }
        log.test(
            command
                .args(["-m", "unittest", "discover", "--verbose", "--start-directory", "tests"])
                .args(chosen.iter().flat_map(|module| ["-k", module]))
                .env("FSR_PACKAGE", self.package()?)
                .env("FSR_TEST_ALL", if self.all && is_newest { "1" } else { "" })
                .env("PLAYBOOK_TOOLS", self.playbook_tools(python)?)
                .env("ENGINE_TOOLS", machine::unpacked("beside", BESIDE)?)
                .env("INTERMEDIARIES", machine::unpacked("intermediaries", INTERMEDIARIES)?)
                .env("DOCKER_CLIENT", System::this_machine()?.find(&["usr/bin/docker"]).unwrap_or_default())
                .env("PYTHONDONTWRITEBYTECODE", "1"),
        )
    }
}

fn tools(shared: &mut Shared, log: &mut Log) -> Result<()> {
    let newest = shared.newest()?;
    for tool in [RUFF, MYPY, PYFSR] {
        if tool.runs_on(newest) {
            tool.install(newest)?;
        } else {
            log.remark(&tool.too_new_for(newest));
        }
    }
    machine::unpacked("beside", BESIDE)?;
    machine::unpacked("intermediaries", INTERMEDIARIES)?;
    Ok(())
}

/// What needs no engine.
fn checks() -> Steps<'static> {
    vec![
        Step::new("format", |_, log| {
            log.run(cargo().args(["fmt", "--all", "--check"]))?;
            // A workspace of its own.
            log.run(cargo().args(["fmt", "--check", "--manifest-path", "benches/rust/Cargo.toml"]))
        }),
        Step::new("clippy", |_, log| {
            log.run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
        }),
        Step::new("unit tests", |_, log| {
            log.test(cargo().args([
                "test",
                "--workspace",
                "--lib",
                "--bins",
                "--examples",
                "--no-fail-fast",
            ]))?;
            log.run(cargo().args(["test", "--workspace", "--doc", "--no-fail-fast"]))
        }),
        // Each is run once, to see that it still runs. No test depends on how long something takes.
        Step::new("micro-benchmarks", |_, log| {
            log.run(cargo().args(["test", "--workspace", "--bench", "*", "--no-fail-fast"]))
        }),
        Step::new("documentation", |_, log| {
            log.run(cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
        }),
        Step::new("reference", |_, log| {
            log.run(cargo().args([
                "run",
                "--package",
                "package",
                "--",
                "--reference",
                "docs/operations.md",
                "--check",
            ]))
        }),
        Step::new("ruff", ruff),
        Step::new("mypy", mypy),
    ]
}

fn ruff(shared: &mut Shared, log: &mut Log) -> Result<()> {
    log.run(shared.tool(&RUFF)?.args(["-m", "ruff", "check", "."]))?;
    log.run(shared.tool(&RUFF)?.args(["-m", "ruff", "format", "--check", "."]))
}

fn mypy(shared: &mut Shared, log: &mut Log) -> Result<()> {
    if !MYPY.runs_on(shared.newest()?) {
        log.remark(&MYPY.too_new_for(shared.newest()?));
        return Ok(());
    }
    let folders = ["connector", "host", "tests", "demo", "benches"];
    log.run(shared.tool(&MYPY)?.args(["-m", "mypy", "--strict"]).args(folders))
}

/// The package, and the program of the local host, as a developer has them.
fn package(shared: &mut Shared, log: &mut Log) -> Result<()> {
    let quick = packaging::quick(&mut |command| log.run(command))?;
    shared.package = Some(quick.package);
    shared.program = Some(quick.program);
    Ok(())
}

/// FortiSOAR's client looks into the package as the importer does, and a compiler of playbooks into its samples.
fn validate(shared: &mut Shared, log: &mut Log) -> Result<()> {
    let package = shared.package()?;
    let unpacked = paths::runs().join("unpacked");
    remove(&unpacked)?;
    std::fs::create_dir_all(&unpacked)?;
    capture(Command::new("tar").arg("-xzf").arg(package).arg("-C").arg(&unpacked))?;
    let newest = shared.newest()?;
    if !PYFSR.runs_on(newest) {
        log.remark(&PYFSR.too_new_for(newest));
        return Ok(());
    }
    let Some(folder) = std::fs::read_dir(&unpacked)?.next() else { bail!("the package is empty") };
    log.run(shared.tool(&PYFSR)?.arg("xtask/src/judge.py").arg(folder?.path()))
}

fn start(shared: &mut Shared, log: &mut Log, system: System) -> Result<()> {
    let engine = Engine::temporary("test", &system)?;
    log.remark(&engine.version()?);
    shared.engine = Some(engine);
    Ok(())
}

fn integration(shared: &mut Shared, log: &mut Log) -> Result<()> {
    let arguments = ["test", "--workspace", "--test", "*", "--no-fail-fast"];
    // Built outside, where the network is.
    log.run(cargo().args(arguments).arg("--no-run"))?;
    log.test(shared.engine()?.inside(cargo().get_program())?.args(arguments).env("CARGO_NET_OFFLINE", "true"))
}

fn end_to_end(name: String, python: Python) -> Step<'static, Shared> {
    Step::new(name, move |shared: &mut Shared, log| {
        let chosen = shared.chosen(&python);
        shared.unittest(&python, &chosen, log)
    })
}

/// Some end-to-end tests, and what they need.
fn only(names: &[String], python: Python) -> Steps<'_> {
    vec![
        Step::new("package", package),
        engine(),
        Step::new(python.to_string(), move |shared: &mut Shared, log| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            shared.unittest(&python, &names, log)
        }),
        Step::new("engine stop", stop),
    ]
}

fn engine() -> Step<'static, Shared> {
    Step::new("engine", |shared, log| start(shared, log, System::this_machine()?))
}

fn stop(shared: &mut Shared, _: &mut Log) -> Result<()> {
    shared.engine()?;
    shared.engine.take().map_or(Ok(()), Engine::stop)
}
