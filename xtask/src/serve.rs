//! `cargo xtask serve`: the local host with the package in it, from what the demo and the tests build.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;

use crate::command::show;
use crate::packaging;

/// What `fsr-docker serve` is told.
#[derive(Args)]
pub(crate) struct Options {
    /// Options of `fsr-docker serve`, such as `--port 8443`; its `--help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<OsString>,
}

/// Builds what it needs, and becomes the local host.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let packaging::Quick { package, program } = packaging::quick(&mut show)?;
    let fault =
        Command::new(program).arg("serve").arg("--package").arg(package).args(&options.options).exec();
    Err(fault).context("cannot start fsr-docker serve")
}
