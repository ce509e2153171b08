//! `cargo xtask examples`: a real result of each operation, recorded for the reference.

use anyhow::Result;

use crate::command::{cargo, show};
use crate::machine;
use crate::packaging;
use crate::private_engine::Engine;
use crate::pythons;
use crate::system::System;
use crate::test::BESIDE;

const RECORD: &str = "crates/package/data/examples.json";
const DOCUMENTS: &str = "docs";

/// Records the results on a private engine, and writes the reference with them.
pub(crate) fn record() -> Result<()> {
    let package = packaging::quick(&mut show)?.package;
    let tools = machine::unpacked("beside", BESIDE)?;
    let engine = Engine::temporary("examples", &System::this_machine()?)?;
    show(
        engine
            .inside(&pythons::newest()?.program)?
            .args(["tests/scenarios/examples.py", RECORD])
            .env("PYTHONPATH", "local-host/python")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("FSR_PACKAGE", package)
            .env("ENGINE_TOOLS", tools),
    )?;
    engine.stop()?;
    // With the features of all other builds: `cargo run --package package` would compile most dependencies anew.
    show(cargo().args(["run", "--quiet", "--bin", "package", "--", "--documents", DOCUMENTS]))?;
    println!("{RECORD} and the reference in docs/operations are written.");
    Ok(())
}
