//! `cargo xtask bench`: the connector beside what a user would pick instead, on the same work, in one run.
//!
//! Every peer is a process of its own (`benches/`). All do a work in turns, round by round; ratios are taken within a
//! round, so that a slow moment of the machine hits all alike.

mod curves;
mod figures;
mod ground;
mod peers;
mod report;
mod single;
mod works;

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use anyhow::{Result, bail, ensure};
use clap::Args;

use crate::command::line;
use crate::interrupt;
use crate::paths;

use self::figures::Rounds;
use self::ground::{Ground, Sizes};
use self::peers::{Peer, Running};
use self::report::Report;
use self::works::{WORKS, Work};

/// How much to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Less of everything, in under two minutes after the builds. Only prints.
    #[arg(long)]
    quick: bool,
    /// Print all figures as JSON instead of tables.
    #[arg(long)]
    json: bool,
    /// Only this work, or one of first-call, checks and growth. Only prints.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

/// What is measured besides the works.
const FURTHER: [&str; 3] = ["first-call", "checks", "growth"];

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == name)
    }

    /// Which of the two amounts.
    fn amount(&self) -> usize {
        usize::from(self.quick)
    }

    fn sizes(&self) -> Sizes {
        match self.quick {
            true => Sizes { containers: 200, bulk_mib: 128, logs_mb: 10 },
            false => Sizes { containers: 1000, bulk_mib: 1024, logs_mb: 50 },
        }
    }
}

/// Measures, prints, and after a whole run writes `docs/benchmarks.md` with its curves. Missed goals are no failure.
pub(crate) fn run(options: &Options) -> Result<bool> {
    if let Some(only) = &options.only {
        let names: Vec<&str> = WORKS.iter().map(|work| work.name).chain(FURTHER).collect();
        ensure!(names.contains(&only.as_str()), "there is no work {only}; there are {}", names.join(", "));
    }
    let ground = Ground::new(&options.sizes())?;
    let began = Instant::now();
    let mut report = Report::new(&ground, &options.sizes())?;
    let mut running = Peers { ground: &ground, started: BTreeMap::new() };
    for work in WORKS.iter().filter(|work| options.wants(work.name) && work.amount[options.amount()].0 > 0) {
        eprintln!("Measuring {}", work.title);
        report.works.push((work, measure(work, options.amount(), &mut running)?));
    }
    if options.wants("first-call") {
        eprintln!("Measuring the first call");
        report.first_call = Some(single::first_call(&ground, if options.quick { 5 } else { 21 })?);
    }
    if options.wants("checks") {
        eprintln!("Measuring what needs no engine");
        report.checks =
            Some(single::checks(running.get(Peer::Client)?, if options.quick { 10 } else { 50 })?);
    }
    if options.wants("growth") {
        eprintln!("Measuring growth");
        report.growth = Some(single::growth(&ground, options.quick)?);
    }
    eprintln!("Measured for {:.0} s", began.elapsed().as_secs_f64());
    if options.json {
        println!("{}", report.json()?);
        return Ok(true);
    }
    println!("{}", report.markdown());
    if !options.quick && options.only.is_none() {
        let docs = paths::root().join("docs");
        for curve in report.growth.iter().flat_map(|growth| &growth.curves) {
            fs::write(docs.join(curve.file()), curve.svg())?;
        }
        fs::write(docs.join("benchmarks.md"), report.markdown())?;
        eprintln!("Written: docs/benchmarks.md and its curves");
    }
    Ok(true)
}

/// The peers that have been started.
struct Peers<'a> {
    ground: &'a Ground,
    started: BTreeMap<Peer, Running>,
}

impl Peers<'_> {
    fn get(&mut self, peer: Peer) -> Result<&mut Running> {
        use std::collections::btree_map::Entry;
        match self.started.entry(peer) {
            Entry::Occupied(running) => Ok(running.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(peer.start(self.ground)?)),
        }
    }
}

/// All rounds of a work.
fn measure(work: &Work, amount: usize, running: &mut Peers<'_>) -> Result<Rounds> {
    let (rounds, count) = work.amount[amount];
    let argument = work.argument[amount];
    // Connections are opened, and caches filled, before anything counts; what takes seconds has no need of that.
    for peer in work.peers.iter().filter(|_| !work.memory) {
        running.get(*peer)?.ask(work.word, count.min(5), argument)?;
    }
    let mut measured = Rounds::default();
    for round in 0..rounds {
        let mut answers = Vec::new();
        // Who comes first changes from round to round.
        let mut order = work.peers.to_vec();
        order.rotate_left(round % work.peers.len());
        for peer in order.into_iter().filter(|peer| round < 2 || !work.slow.contains(peer)) {
            answers.push((peer, running.get(peer)?.ask(work.word, count, argument)?));
            if interrupt::requested() {
                bail!("interrupted");
            }
        }
        measured.0.push(answers);
    }
    Ok(measured)
}

/// The command that measures, as one would type it.
pub(crate) fn command() -> String {
    let mut command = std::process::Command::new("cargo");
    command.args(["xtask", "bench"]).args(std::env::args().skip(2));
    line(&command)
}
