//! `cargo xtask`: the demo, the tests, the benchmark, the package, and private engines to work with.
#![allow(clippy::print_stdout, reason = "printing is what its commands do")]

mod bench;
mod browser;
mod build_progress;
mod certificates;
mod cgroups;
mod cluster;
mod command;
mod counts;
mod demo;
mod doctor;
mod engine;
mod examples;
mod faults;
mod fuzz;
mod hardware;
mod hooks;
mod image;
mod interrupt;
mod javascript;
mod log;
mod machine;
mod native;
mod once;
mod outcomes;
mod packaging;
mod paths;
mod private_engine;
mod process;
mod pythons;
mod record;
mod release;
mod rust_tools;
mod serve;
mod steps;
mod system;
mod test;
mod tested;
mod tools;
mod unix_http;
mod wait;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Works this repository: the demo, the tests, the benchmark, the package, private engines.",
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measure the connector beside its peers, on a private engine.
    Bench(bench::Options),
    /// Build the package, install it into the local host, and work a real engine with it.
    Demo(demo::Options),
    /// Say what this machine lacks for any of this, and how to get it; nothing is changed.
    Doctor,
    /// Start, stop or show a private Docker Engine.
    #[command(subcommand)]
    Engine(engine::Task),
    /// Record a real result of each operation for the reference, and write that anew.
    Examples,
    /// Make every fault between the package and a real engine, and write what comes of it: docs/reliability.md.
    Faults(faults::Options),
    /// Throw hostile bytes at everything that reads some.
    Fuzz(fuzz::Options),
    /// Have git run the checks of the sources before each commit.
    Hooks,
    /// Run the tests on each engine, each Python and each transport, and write what came of it: docs/matrix.md.
    Matrix(test::matrix::Options),
    /// Build the connector's package: dist/NAME-VERSION.tgz.
    Package(packaging::Options),
    /// Build all that a release gives out: the package and fsr-docker, for each machine, with digests and signatures.
    Release(release::Options),
    /// Start the local host: FortiSOAR's API and a page for playbook authors, with the package in it.
    Serve(serve::Options),
    /// Run the tests, on private engines that are started for it.
    Test(test::Options),
}

fn main() -> ExitCode {
    let task = Arguments::parse().task;
    let outcome = interrupt::watch().and_then(|()| run(&task));
    if interrupt::requested() {
        eprintln!("Interrupted.");
        return ExitCode::from(interrupt::EXIT_CODE);
    }
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("error: {fault:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether it went well.
fn run(task: &Task) -> Result<bool> {
    match task {
        Task::Bench(options) => bench::run(options),
        Task::Demo(options) => demo::run(options),
        Task::Engine(task) => engine::run(task).map(|()| true),
        Task::Examples => examples::record().map(|()| true),
        Task::Faults(options) => faults::run(options),
        Task::Fuzz(options) => fuzz::run(options),
        Task::Hooks => hooks::install().map(|()| true),
        Task::Matrix(options) => test::matrix::run(options),
        Task::Doctor => Ok(doctor::run()),
        Task::Package(options) => packaging::build(options, &mut command::show).map(|_| true),
        Task::Release(options) => release::run(options).map(|()| true),
        Task::Serve(options) => serve::run(options),
        Task::Test(options) => test::run(options),
    }
}
