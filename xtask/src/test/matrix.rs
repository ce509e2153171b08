//! `cargo xtask matrix`: each engine, each Python and each transport, by real runs; and docs/matrix.md, the page of what came of it.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::counts::Counts;
use crate::log::Log;
use crate::outcomes::{Outcome, Outcomes};
use crate::paths;
use crate::pythons::{self, Python};
use crate::steps::{self, Lane, Step, took};
use crate::system::System;
use crate::tested;

use super::end_to_end::{self, Kind, Suite};
use super::{OF_PODMAN, OF_PYTHON, OF_THE_ENGINE, Shared};

/// What to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Only these parts; the page keeps what it has of the others.
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// A further engine, by the path of its dockerd; beside it lie containerd, runc and what else it starts. May be given several
    /// times.
    #[arg(long, value_name = "PATH")]
    dockerd: Vec<PathBuf>,
}

/// A table of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
enum Part {
    /// Each engine, on the newest Python.
    Engines,
    /// Each Python, on this machine's engine.
    Pythons,
    /// Each transport, on this machine's engine and on the newest.
    Transports,
}

/// Docker's operations, their table and what depends on the version; the story through each transport.
const OF_A_TRANSPORT: &[&str] = &["test_every_operation", "test_story"];
/// Podman of each of these releases.
const PODMANS: [&str; 3] = ["bookworm", "trixie", "sid"];
/// By the names that `tests/support/transports.py` knows them by.
const TRANSPORTS: [(&str, &str); 5] = [
    ("unix", "a unix socket"),
    ("tcp", "plain TCP"),
    ("tls", "mutual TLS"),
    ("ssh", "SSH"),
    ("proxy", "a proxy with a base path"),
];

/// A run, before it is made.
struct Cell {
    part: Part,
    name: String,
    suite: Suite,
}

/// A run that was made.
#[derive(Serialize, Deserialize)]
struct Made {
    part: Part,
    name: String,
    /// Versions, as the engine gives them.
    engine: String,
    counts: Counts,
    seconds: u64,
    /// The day, and the commit.
    when: String,
    of: String,
}

/// Makes the runs and writes the page; false where one failed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let shared = Shared::new()?;
    let cells = cells(options, &shared)?;
    let known: Vec<_> = cells.iter().map(|cell| (cell.part, cell.name.clone())).collect();
    let mut lane: Lane<Shared> = vec![Step::new("what stands beside", 10, super::beside).needed()];
    for Cell { name, suite, .. } in cells {
        lane.push(Step::new(name, 600, move |shared: &Shared, log: &mut Log| {
            end_to_end::run(&suite, shared, log)
        }));
    }
    let outcomes = steps::run(vec![vec![vec![super::package()]], vec![lane]], &shared, None)?;
    let mut made = before();
    for (part, name) in known {
        if let Some(outcome) = outcomes.steps.iter().find(|outcome| outcome.name == name) {
            made.retain(|cell: &Made| (cell.part, &cell.name) != (part, &name));
            made.push(of(part, outcome)?);
        }
    }
    fs::write(file(), serde_json::to_vec_pretty(&made)?)?;
    fs::write(paths::root().join("docs/matrix.md"), page(&made))?;
    println!("Written: docs/matrix.md");
    Ok(passed(&outcomes))
}

fn passed(outcomes: &Outcomes) -> bool {
    outcomes.counts().failed == 0
}

fn cells(options: &Options, shared: &Shared) -> Result<Vec<Cell>> {
    let newest = shared.newest()?;
    let wants = |part| options.parts.is_empty() || options.parts.contains(&part);
    let mut cells = Vec::new();
    let mut add = |part, name: String, python: &Python, engine, modules: &[&str], transport| -> Result<()> {
        let suite = Suite { engine, transport, ..super::suite(python, modules, false)? };
        cells.push(Cell { part, name, suite });
        Ok(())
    };
    if wants(Part::Engines) {
        let mut docker =
            |name: &str, kind| add(Part::Engines, name.to_owned(), newest, kind, OF_THE_ENGINE, "unix");
        docker("Docker of this machine", Kind::OfThisMachine)?;
        for release in System::RELEASES {
            docker(&format!("Docker of Debian {release}"), Kind::Debian(release))?;
        }
        for path in &options.dockerd {
            ensure!(path.is_file(), "there is no {}", path.display());
            // For as long as the program runs.
            let path: &'static str = path.display().to_string().leak();
            docker(path, Kind::Given(path))?;
        }
        for release in PODMANS {
            let name = format!("Podman of Debian {release}");
            add(Part::Engines, name, newest, Kind::Podman(release), OF_PODMAN, "unix")?;
        }
    }
    if wants(Part::Pythons) {
        let modules = [OF_PYTHON, &["test_every_operation"]].concat();
        for python in pythons::all()? {
            add(Part::Pythons, python.to_string(), &python, Kind::OfThisMachine, &modules, "unix")?;
        }
    }
    if wants(Part::Transports) {
        for (engine, kind) in [("this machine", Kind::OfThisMachine), ("the newest Debian", Kind::Newest)] {
            for (transport, name) in TRANSPORTS {
                let name = format!("{name}, Docker of {engine}");
                add(Part::Transports, name, newest, kind, OF_A_TRANSPORT, transport)?;
            }
        }
    }
    Ok(cells)
}

fn of(part: Part, outcome: &Outcome) -> Result<Made> {
    Ok(Made {
        part,
        name: outcome.name.clone(),
        engine: outcome.remarks.join("; "),
        counts: outcome.counts,
        seconds: outcome.seconds,
        when: tested::today()?,
        of: tested::commit(),
    })
}

fn file() -> PathBuf {
    paths::runs().join("matrix.json")
}

fn before() -> Vec<Made> {
    let kept = fs::read(file()).ok();
    kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or_default()
}

fn page(made: &[Made]) -> String {
    let mut page = "# What it runs on\n\n\
        `cargo xtask matrix` writes this page. Each line is a run against a real engine: every operation by its table of cases, the main story, and what\n\
        depends on the engine's version (of Podman, what it has in common with Docker).\n"
        .to_owned();
    for (part, title) in [
        (Part::Engines, "Engines, on the newest Python"),
        (Part::Pythons, "Pythons, on this machine's Docker"),
        (Part::Transports, "Ways to the engine"),
    ] {
        let _ = write!(page, "\n## {title}\n\n| | engine | result | time | run |\n|---|---|---|---|---|\n");
        for cell in made.iter().filter(|cell| cell.part == part) {
            let Counts { passed, failed } = cell.counts;
            let result = match failed {
                0 => format!("{passed} passed"),
                _ => format!("{passed} passed, **{failed} failed**"),
            };
            let time = took(Duration::from_secs(cell.seconds));
            let _ = writeln!(
                page,
                "| {} | {} | {result} | {time} | {}, {} |",
                cell.name, cell.engine, cell.when, cell.of
            );
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_a_line_for_each_run() {
        let cell = |part, name: &str, failed| Made {
            part,
            name: name.into(),
            engine: "Docker 20.10.24, API 1.41".into(),
            counts: Counts { passed: 7, failed },
            seconds: 65,
            when: "2026-01-02".into(),
            of: "commit abc".into(),
        };
        let page = page(&[cell(Part::Pythons, "Python 3.9", 0), cell(Part::Engines, "Docker of here", 2)]);
        let engines = "| Docker of here | Docker 20.10.24, API 1.41 | 7 passed, **2 failed** | 65 s | 2026-01-02, commit abc |";
        assert!(page.find(engines) < page.find("| Python 3.9 |") && page.contains(engines), "{page}");
    }
}
