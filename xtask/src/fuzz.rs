//! `cargo xtask fuzz`: hostile bytes for everything that reads some, for as long as you like.

use anyhow::{Context, Result};
use clap::Args;

use crate::command::cargo;

/// What to fuzz, and for how long.
#[derive(Args)]
pub(crate) struct Options {
    /// One target, such as `answers`; all of them, if none is named.
    target: Option<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// Runs the targets; false when one failed. What failed it is shown, shrunk.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let mut test = cargo();
    test.args(["test", "--release", "--package", "fuzz", "--test", "bounded", "--", "--nocapture"])
        .env("FUZZ_SECONDS", options.seconds.to_string())
        // Quick to run, and not slow to build.
        .env("CARGO_PROFILE_RELEASE_LTO", "off");
    if let Some(target) = &options.target {
        test.env("FUZZ_TARGET", target);
    }
    Ok(test.status().context("cannot start cargo")?.success())
}
