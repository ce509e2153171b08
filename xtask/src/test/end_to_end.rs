//! The end-to-end tests of one Python on one kind of engine: module by module, on as many engines side by side as there are
//! processors.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};

use crate::browser::Browser;
use crate::cluster::IPROUTE;
use crate::counts::Counts;
use crate::interrupt;
use crate::javascript::JavaScript;
use crate::log::Log;
use crate::machine;
use crate::once::remove;
use crate::paths;
use crate::private_engine::Engine;
use crate::pythons::Python;
use crate::system::System;
use crate::tools::PYFSR;

use super::{BESIDE, INTERMEDIARIES, OF_THE_ENGINE, SHELLS, Shared, results};

/// Tests that measure, or fill the machine: nothing else runs beside them.
pub(super) const ALONE: &[&str] = &["test_flatness", "test_rate_limit"];

/// What to run.
#[derive(Clone)]
pub(super) struct Suite {
    pub(super) python: Python,
    /// The package that is uploaded, and not the one that is made in less time.
    pub(super) release: bool,
    pub(super) engine: Kind,
    pub(super) modules: Vec<String>,
    /// Also the tests of several minutes.
    pub(super) long: bool,
    /// How many engines, each with tests of its own.
    pub(super) workers: usize,
    /// How operations reach the engine (`tests/support/transports.py`), where tests do not say it themselves.
    pub(super) transport: &'static str,
}

/// Which engine, and what tells it from others in the names of folders.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// This machine's: 20.10 on Debian 12.
    OfThisMachine,
    /// That of a release of Debian.
    Debian(&'static str),
    /// The newest that can be had.
    Newest,
    /// That of a release of Debian.
    Podman(&'static str),
    /// A `dockerd` by its path.
    Given(&'static str),
}

impl Kind {
    pub(super) fn system(self, log: &mut Log) -> Result<System> {
        match self {
            Self::OfThisMachine => System::this_machine(),
            Self::Debian(release) => System::debian(release),
            Self::Podman(release) => System::podman(release),
            Self::Given(dockerd) => System::given(Path::new(dockerd)),
            Self::Newest => {
                let mut newest_first = System::RELEASES.iter().rev();
                let newest = newest_first.next().context("no release is known")?;
                System::debian(newest).or_else(|fault| {
                    log.skip(format!("Debian {newest}, which cannot be had: {fault:#}"));
                    System::debian(newest_first.next().context("no other release is known")?)
                })
            }
        }
    }
}

/// The folders of the modules. No two modules have the same name.
const FOLDERS: [&str; 2] = ["tests", "tests/attacks"];

/// The modules of these names, or all.
pub(super) fn modules(chosen: &[&str]) -> Result<Vec<String>> {
    let mut modules = Vec::new();
    for folder in FOLDERS {
        for entry in fs::read_dir(paths::root().join(folder))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let module = name.strip_suffix(".py").filter(|name| name.starts_with("test_"));
            modules.extend(module.map(str::to_owned));
        }
    }
    for name in chosen {
        ensure!(
            modules.iter().any(|module| module == name),
            "there is no {name}.py in {}",
            FOLDERS.join(" or ")
        );
    }
    modules.retain(|module| chosen.is_empty() || chosen.contains(&module.as_str()));
    modules.sort();
    Ok(modules)
}

/// Runs them; all, also after one has failed.
pub(super) fn run(suite: &Suite, shared: &Shared, log: &mut Log) -> Result<()> {
    ensure!(!suite.modules.is_empty(), "there is no module to run");
    let system = suite.engine.system(log)?;
    let mut times = Times::read();
    let mut waiting = suite.modules.clone();
    // The longest first, so that all engines end at about the same time.
    waiting.sort_by_key(|module| times.0.get(module).copied().unwrap_or(u64::MAX));
    let waiting = Mutex::new(waiting);
    let workers = suite.workers.clamp(1, suite.modules.len());
    let done = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|number| {
                let (waiting, system) = (&waiting, &system);
                scope.spawn(move || work(number, suite, shared, system, waiting))
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().map_err(|_| anyhow!("a worker panicked"))?)
            .collect::<Vec<_>>()
    });
    let (mut failed, mut versions) = (Vec::new(), Vec::new());
    for worker in done {
        match worker {
            Ok(Worked { version, modules }) => {
                versions.push(version);
                for Module { name, seconds, log: part, fault } in modules {
                    log.append(&name, &part)?;
                    times.0.insert(name.clone(), seconds);
                    failed.extend(fault.map(|fault| format!("{name}: {fault:#}")));
                }
            }
            Err(fault) => failed.push(format!("{fault:#}")),
        }
    }
    versions.dedup();
    log.remark(versions.join("; "));
    times.write()?;
    let text = log.text()?;
    for (reason, count) in skipped(&text) {
        log.skip(format!("{count} × {reason}"));
    }
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    ensure!(interrupt::requested() || Counts::of(&text).passed > 0, "no test ran");
    let shows_results = OF_THE_ENGINE.iter().all(|module| suite.modules.iter().any(|name| name == module));
    if shows_results && !interrupt::requested() {
        shared.engines.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// What an engine's tests came to.
struct Worked {
    version: String,
    modules: Vec<Module>,
}

struct Module {
    name: String,
    seconds: u64,
    log: Log,
    fault: Option<anyhow::Error>,
}

/// Runs module after module on an engine of its own, with a temporary folder of its own.
fn work(
    number: usize,
    suite: &Suite,
    shared: &Shared,
    system: &System,
    waiting: &Mutex<Vec<String>>,
) -> Result<Worked> {
    let (major, minor) = suite.python.version;
    let new = || Engine::temporary(&format!("test-{major}-{minor}-{number}"), system);
    let mut engine = new()?;
    let temporary =
        std::env::temp_dir().join(format!("xtask-{}-{major}{minor}-{number}", std::process::id()));
    remove(&temporary)?;
    fs::create_dir_all(&temporary)?;
    let version = engine.version()?;
    let next =
        || waiting.lock().ok().and_then(|mut waiting| waiting.pop()).filter(|_| !interrupt::requested());
    let mut modules = Vec::new();
    while let Some(name) = next() {
        let mut log = Log::new(&format!("{} {version} {name}", suite.python))?;
        let began = Instant::now();
        let fault = python(suite, shared, &engine).and_then(|mut command| {
            command.args(["--pattern", &format!("{name}.py")]).env("TMPDIR", &temporary);
            log.run(&mut command)
        });
        // Since Python 3.12 it is a failure that every test was left out; which ones were, and why, is shown.
        let is_left_out = log.text()?.lines().any(|line| line.starts_with("NO TESTS RAN (skipped="));
        let mut fault = fault.err().filter(|_| !is_left_out);
        // One engine that crashed would fail every module after it, and take its log along.
        if !interrupt::requested()
            && let Some(words) = engine.last_words()
        {
            fault = Some(anyhow!("the engine no longer answers. Its log ends with:\n{words}"));
            engine.stop()?;
            engine = new()?;
        }
        modules.push(Module { name, seconds: began.elapsed().as_secs(), log, fault });
    }
    engine.stop()?;
    remove(&temporary)?;
    Ok(Worked { version, modules })
}

/// The tests' runner, in the engine's network and with all that tests ask for.
pub(super) fn python(suite: &Suite, shared: &Shared, engine: &Engine) -> Result<Command> {
    let python = &suite.python;
    let mut command = engine.inside(&python.program)?;
    let is_newest = python.version == shared.newest()?.version;
    if is_newest && PYFSR.runs_on(python) {
        let tools = PYFSR.install(python)?.path("");
        command.env("FSR_DOCKER", shared.program()?).env("PYFSR", &tools).env("PLAYBOOK_TOOLS", tools);
        Browser::get()?.tell(&mut command)?;
        command.env("AXE", JavaScript::install(python)?.axe());
    }
    command
        .args(["-m", "unittest", "discover", "--verbose", "--start-directory", "tests"])
        .env("FSR_PACKAGE", if suite.release { shared.release()? } else { shared.package()? })
        .env("FSR_PROFILE", if suite.release { "release" } else { "dev" })
        .env("FSR_TEST_ALL", if suite.long { "1" } else { "" })
        .env("ENGINE_TOOLS", machine::unpacked("beside", BESIDE)?)
        .env("INTERMEDIARIES", machine::unpacked("intermediaries", INTERMEDIARIES)?)
        .env("NETWORK_TOOLS", machine::unpacked("iproute", IPROUTE)?)
        .env("SHELLS", machine::unpacked("shells", SHELLS)?)
        .env("DOCKER_CLIENT", System::this_machine()?.find(&["usr/bin/docker"]).unwrap_or_default())
        .env("FSR_TRANSPORT", suite.transport)
        .env("RESULTS_SEEN", results::folder())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

/// How often each reason for skipping a test was given.
fn skipped(log: &str) -> BTreeMap<&str, u64> {
    let mut reasons = BTreeMap::new();
    for line in log.lines() {
        if let Some((_, reason)) = line.split_once("... skipped ") {
            *reasons.entry(reason.trim_matches(['\'', '"'])).or_default() += 1;
        }
    }
    reasons
}

/// How long each module took when it ran last.
struct Times(BTreeMap<String, u64>);

impl Times {
    fn file() -> PathBuf {
        paths::runs().join("modules.json")
    }

    fn read() -> Self {
        let kept = fs::read(Self::file()).ok();
        Self(kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or_default())
    }

    fn write(&self) -> Result<()> {
        Ok(fs::write(Self::file(), serde_json::to_vec_pretty(&self.0)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_why_tests_are_skipped() {
        let log = "test_one (test_x.A) ... skipped 'takes minutes'\ntest_two (test_x.A) ... ok\n\
                   test_three (test_x.A) ... skipped 'takes minutes'\n\
                   test_four (test_x.A) ... skipped \"it's not there\"\n";
        let expected = BTreeMap::from([("takes minutes", 2), ("it's not there", 1)]);
        assert_eq!(skipped(log), expected);
    }

    #[test]
    fn modules_are_those_that_are_there() {
        let all = modules(&[]).unwrap();
        assert!(all.len() > 30 && all.contains(&"test_story".to_owned()), "{all:?}");
        assert!(all.contains(&"test_guard_routes".to_owned()), "{all:?}");
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "{all:?}");
        assert_eq!(modules(&["test_wire", "test_story"]).unwrap(), ["test_story", "test_wire"]);
        assert!(modules(&["test_nothing"]).unwrap_err().to_string().contains("test_nothing"));
        for alone in ALONE {
            assert!(all.contains(&(*alone).to_owned()), "{alone}");
        }
    }
}
