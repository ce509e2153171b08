//! `cargo xtask test`: everything that a change must pass, on engines that it starts itself.

mod checks;
mod end_to_end;
pub(crate) mod matrix;
mod results;
mod sources;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::browser::Browser;
use crate::cluster::IPROUTE;
use crate::command::at_root;
use crate::javascript::JavaScript;
use crate::log::{self, Log};
use crate::machine;
use crate::once::remove;
use crate::outcomes::Outcomes;
use crate::packaging::{self, Quick};
use crate::paths;
use crate::private_engine::Engine;
use crate::pythons::{self, Python};
use crate::release;
use crate::steps::{self, Lane, Stage, Step};
use crate::system::{PODMANS_RELEASE, System};
use crate::tested;
use crate::tools::{PYFSR, Tool};

use self::end_to_end::{ALONE, Kind, Suite, modules};

/// How much to test.
#[derive(Args)]
pub(crate) struct Options {
    /// Also what takes long: every Python, newer engines, Podman, the release package, and tests of several minutes. Writes
    /// docs/tested.md.
    #[arg(long)]
    all: bool,
    /// Begin with this step, such as `clippy`; what later steps need is made nevertheless.
    #[arg(long, value_name = "STEP", conflicts_with = "only")]
    from: Option<String>,
    /// Only the end-to-end tests whose name holds this, such as `test_retries` or `test_story.OverMutualTls`, on the newest
    /// Python; may be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Only the checks that read the sources and build nothing: format, spelling, lints and types.
    #[arg(long, conflicts_with_all = ["all", "from", "only"])]
    sources: bool,
    /// The engine of these tests: that of a release of Debian, or Podman; this machine's unless told otherwise.
    #[arg(long, value_name = "ENGINE", requires = "only", value_parser = ["trixie", "sid", "podman"])]
    on: Option<String>,
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

/// The shells that `fsr-docker` completes in, besides bash.
const SHELLS: &[&str] = &["zsh", "fish"];

/// The tests of what may differ from one Python to another.
const OF_PYTHON: &[&str] = &[
    "test_contract",
    "test_loader",
    "test_native",
    "test_processes",
    "test_services",
    "test_story",
    "test_wire",
];

/// The tests that the oldest Python runs besides: of how Rust and Python, and their files, go together.
const OF_THE_OLDEST: &[&str] =
    &["test_bad_input", "test_files", "test_install", "test_logging", "test_trouble"];

/// The tests of what may differ from one engine to another, for the sample of a newer one.
const OF_THE_ENGINE: &[&str] =
    &["test_every_operation", "test_evidence", "test_guard_engine", "test_published", "test_story"];

/// The tests that run on Podman too. The rest is of Docker, of TLS, or of the connector by itself.
const OF_PODMAN: &[&str] = &["test_every_operation", "test_evidence", "test_guard_engine", "test_states"];

/// The tests of the package that people upload; the others have the same module, built in less time.
const OF_THE_RELEASE: &[&str] = &["test_build_info", "test_contract", "test_native", "test_story"];

/// What only `--all` runs: the story in `test_page`, and swarms of one engine, stand for them otherwise.
const WITH_ALL: &[&str] =
    &["test_page_corners", "test_page_views", "test_progress_page", "test_swarm_cluster"];

/// What the steps leave for each other.
pub(crate) struct Shared {
    /// All that were found, the oldest first.
    pythons: Vec<Python>,
    quick: OnceLock<Quick>,
    /// The package for uploading.
    release: OnceLock<PathBuf>,
    /// How many engines have had all tests of what engines answer, and passed them.
    engines: AtomicUsize,
    /// What was in `dist/` before.
    dist: Vec<(PathBuf, SystemTime)>,
}

impl Shared {
    /// For a run that begins. What another run has left is removed: it would mislead.
    fn new() -> Result<Self> {
        std::fs::create_dir_all(paths::runs())?;
        remove(&log::folder())?;
        remove(&results::folder())?;
        std::fs::create_dir_all(results::folder())?;
        Self::beside_another_run()
    }

    /// For a run of checks that may begin while another run is under way, such as before a commit.
    fn beside_another_run() -> Result<Self> {
        let (quick, release) = (OnceLock::new(), OnceLock::new());
        Ok(Self { pythons: pythons::all()?, quick, release, engines: AtomicUsize::new(0), dist: dist() })
    }

    fn newest(&self) -> Result<&Python> {
        self.pythons.last().context("no Python was found")
    }

    fn package(&self) -> Result<&Path> {
        Ok(&self.quick.get().context("not tried, as the package was not built")?.package)
    }

    /// `fsr-docker`.
    fn program(&self) -> Result<&Path> {
        Ok(&self.quick.get().context("not tried, as fsr-docker was not built")?.program)
    }

    fn release(&self) -> Result<&Path> {
        Ok(self.release.get().context("not tried, as the release package was not built")?)
    }

    /// A tool that is a program of its own.
    fn program_of(&self, tool: &Tool, name: &str) -> Result<Command> {
        Ok(at_root(tool.install(self.newest()?)?.path("bin").join(name)))
    }

    /// A tool's Python; the tool is there after the first step.
    fn tool(&self, tool: &Tool) -> Result<Command> {
        Ok(tool.install(self.newest()?)?.python())
    }
}

/// Runs the tests; false when one failed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    if options.sources {
        let shared = Shared::beside_another_run()?;
        return Ok(steps::run(vec![vec![sources::lane()]], &shared, None)?.passed());
    }
    let shared = Shared::new()?;
    if !options.only.is_empty() {
        return Ok(steps::run(only(options, &shared)?, &shared, None)?.passed());
    }
    let before = Outcomes::before();
    let outcomes = steps::run(plan(options.all, &shared)?, &shared, options.from.as_deref())?;
    let outcomes = if options.from.is_some() { outcomes.after(before) } else { outcomes };
    outcomes.save()?;
    if options.all {
        tested::write(&outcomes)?;
        println!("Written: docs/tested.md");
    }
    Ok(outcomes.passed())
}

fn plan(all: bool, shared: &Shared) -> Result<Vec<Stage<Shared>>> {
    let newest = shared.newest()?;
    let mut sources = sources::lane();
    // After the tools, which are small: no check waits for it.
    sources.insert(1, Step::new("what stands beside", 10, beside).needed());
    let mut plan = vec![
        vec![vec![package()], sources],
        vec![of_pythons(all, shared)?, checks::of_builds()],
        vec![vec![step("measuring tests", 120, suite(newest, ALONE, all)?)]],
    ];
    let newer = |kind, chosen: &[&str]| {
        anyhow::Ok(Suite { engine: kind, long: false, ..suite(newest, chosen, false)? })
    };
    if !all {
        plan[1][0].push(step("a newer engine", 120, newer(Kind::Newest, OF_THE_ENGINE)?));
        plan.push(vec![vec![untouched(), promised()]]);
        return Ok(plan);
    }
    let mut engines = Lane::new();
    for release in System::RELEASES {
        engines.push(step(&format!("{newest} on {release}"), 600, newer(Kind::Debian(release), &[])?));
    }
    engines.push(step(&format!("{newest} on Podman"), 300, newer(Kind::Podman(PODMANS_RELEASE), OF_PODMAN)?));
    plan.push(vec![
        engines,
        vec![Step::new("release package", 1200, build_release).needed(), checks::dependencies(), again()],
    ]);
    let on_release = Suite { release: true, ..suite(newest, OF_THE_RELEASE, false)? };
    plan.push(vec![vec![step("release package's tests", 120, on_release), untouched(), promised()]]);
    Ok(plan)
}

/// The end-to-end tests on each Python. Every Python loads the same module file, so unless all is asked for the newest runs
/// everything, the oldest what may differ, and those between nothing.
fn of_pythons(all: bool, shared: &Shared) -> Result<Lane<Shared>> {
    let newest = shared.newest()?;
    let is_oldest =
        |python: &Python| shared.pythons.first().is_some_and(|first| first.version == python.version);
    let mut lane = Lane::new();
    let between = |python: &&Python| python.version != newest.version && !is_oldest(python);
    let untried: Vec<_> = shared.pythons.iter().filter(between).map(ToString::to_string).collect();
    for python in shared.pythons.iter().rev().filter(|python| all || !between(python)) {
        let is_newest = python.version == newest.version;
        let further = if is_oldest(python) { OF_THE_OLDEST } else { &[] };
        let chosen = if all || is_newest { Vec::new() } else { [OF_PYTHON, further].concat() };
        let mut suite = suite(python, &chosen, all && is_newest)?;
        let left_out: Vec<&str> = if all { Vec::new() } else { WITH_ALL.to_vec() };
        let untried = if all || !is_newest { String::new() } else { untried.join(", ") };
        suite
            .modules
            .retain(|module| !left_out.contains(&module.as_str()) && !ALONE.contains(&module.as_str()));
        let budget = if is_newest { 360 } else { 120 };
        lane.push(Step::new(python.to_string(), budget, move |shared: &Shared, log: &mut Log| {
            if is_newest && !PYFSR.runs_on(&suite.python) {
                log.skip(PYFSR.too_new_for(&suite.python));
            } else if is_newest && !left_out.is_empty() {
                log.skip(format!("{}: with --all", left_out.join(", ")));
            }
            if !untried.is_empty() {
                log.skip(format!("{untried}: with --all"));
            }
            end_to_end::run(&suite, shared, log)
        }));
    }
    Ok(lane)
}

fn suite(python: &Python, chosen: &[&str], long: bool) -> Result<Suite> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(Suite {
        python: python.clone(),
        release: false,
        engine: Kind::OfThisMachine,
        modules: modules(chosen)?,
        long,
        // Tests wait more than they work: with one engine more than processors, neither is idle.
        workers: if chosen == ALONE { 1 } else { (processors + 1).min(4) },
        transport: "unix",
    })
}

fn step(name: &str, budget: u64, suite: Suite) -> Step<Shared> {
    Step::new(name, budget, move |shared, log| end_to_end::run(&suite, shared, log))
}

/// Some end-to-end tests, and what they need.
fn only(options: &Options, shared: &Shared) -> Result<Vec<Stage<Shared>>> {
    let suite = suite(shared.newest()?, &[], options.all)?;
    let names = options.only.clone();
    let on = options.on.clone();
    let tests = Step::new(suite.python.to_string(), 600, move |shared: &Shared, log: &mut Log| {
        let system = match on.as_deref() {
            None => System::this_machine()?,
            Some("podman") => System::podman(PODMANS_RELEASE)?,
            Some(release) => System::debian(release)?,
        };
        let engine = Engine::temporary("test", &system)?;
        log.remark(engine.version()?);
        log.test(
            end_to_end::python(&suite, shared, &engine)?.args(names.iter().flat_map(|name| ["-k", name])),
        )?;
        engine.stop()
    });
    Ok(vec![vec![vec![package(), tests]]])
}

/// What the end-to-end tests need besides, fetched before they run side by side.
fn beside(shared: &Shared, log: &mut Log) -> Result<()> {
    let newest = shared.newest()?;
    if PYFSR.runs_on(newest) {
        PYFSR.install(newest)?;
    } else {
        log.skip(PYFSR.too_new_for(newest));
    }
    System::this_machine()?;
    Browser::get()?;
    JavaScript::install(newest)?;
    machine::unpacked("beside", BESIDE)?;
    machine::unpacked("iproute", IPROUTE)?;
    machine::unpacked("shells", SHELLS)?;
    machine::unpacked("intermediaries", INTERMEDIARIES).map(drop)
}

/// The package, and the program of the local host, as a developer has them.
fn package() -> Step<Shared> {
    let build = |shared: &Shared, log: &mut Log| {
        let quick = packaging::quick(&mut |command| log.run(command))?;
        shared.quick.set(quick).map_err(|_| anyhow::anyhow!("the package was built twice"))
    };
    Step::new("package", 60, build).needed()
}

/// The package as it is uploaded. It lies where no one looks for one to upload.
fn build_release(shared: &Shared, log: &mut Log) -> Result<()> {
    let options = packaging::Options::new(paths::runs().join("release"));
    let package = packaging::build(&options, &mut |command| log.run(command))?;
    shared.release.set(package).map_err(|_| anyhow::anyhow!("the release package was built twice"))
}

/// Who builds the same files gets the same package, wherever.
fn again() -> Step<Shared> {
    Step::new("a second build is the same", 1200, |shared: &Shared, log: &mut Log| {
        release::compare(shared.release()?, &mut |command| log.run(command))
    })
}

/// All that results are said to have must occur. Part of a run shows only part of it.
fn promised() -> Step<Shared> {
    Step::new("results have what is promised", 1, |shared: &Shared, log: &mut Log| {
        if shared.engines.load(Ordering::Relaxed) < 2 {
            log.skip("promised results: all tests must have passed, on an older engine and on a newer one");
            return Ok(());
        }
        results::check()
    })
}

/// People upload what is in `dist/`: only `cargo xtask package` writes there.
fn untouched() -> Step<Shared> {
    Step::new("nothing new in dist", 1, |shared: &Shared, _: &mut Log| {
        let now = dist();
        ensure!(now == shared.dist, "the tests have changed dist/: before {:?}, now {now:?}", shared.dist);
        Ok(())
    })
}

fn dist() -> Vec<(PathBuf, SystemTime)> {
    let entries = std::fs::read_dir(paths::root().join("dist")).into_iter().flatten().flatten();
    let mut files: Vec<_> =
        entries.filter_map(|file| Some((file.path(), file.metadata().ok()?.modified().ok()?))).collect();
    files.sort();
    files
}
