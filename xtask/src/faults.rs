//! `cargo xtask faults`: makes every fault between the package and a real engine, and writes down what came of each.

use anyhow::{Context, Result};
use clap::Args;

use crate::command::show;
use crate::machine;
use crate::packaging;
use crate::private_engine::Engine;
use crate::pythons;
use crate::system::System;
use crate::test::BESIDE;

/// What to do with what is found.
#[derive(Args)]
pub(crate) struct Options {
    /// Write nothing: outcomes and tries must be those in docs/reliability.md.
    #[arg(long)]
    check: bool,
}

/// Writes docs/reliability.md, or compares; false where a promise is broken or the document says otherwise.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let python = pythons::newest()?;
    let system = System::this_machine()?;
    let package = packaging::quick(&mut show)?.package;
    let engine = Engine::temporary("faults", &system)?;
    let mut table = engine.inside(&python.program)?;
    table
        .arg("tests/reliability.py")
        .env("FSR_PACKAGE", package)
        .env("ENGINE_TOOLS", machine::unpacked("beside", BESIDE)?)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    if options.check {
        table.arg("--check");
    }
    Ok(table.status().context("cannot start tests/reliability.py")?.success())
}
