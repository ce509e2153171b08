//! `cargo xtask package`: the native module and all that is derived from the catalogue, in one .tgz. And the package that the
//! demo and the tests work with, which is made in less time.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use clap::Args;

use crate::build_progress;
use crate::command::{at_root, cargo};
use crate::native;
use crate::paths;

/// What the package is called and where it goes.
#[derive(Args)]
pub(crate) struct Options {
    /// The connector's name; `docker` makes a replacement for the published connector.
    #[arg(long, default_value = "docker-engine")]
    name: String,
    /// The name that FortiSOAR shows.
    #[arg(long)]
    label: Option<String>,
    /// The https address that FortiSOAR's link to the documentation leads to, if not Fortinet's repository for Docker.
    #[arg(long, value_name = "URL")]
    help_online: Option<String>,
    /// The folder for the .tgz.
    #[arg(long, default_value = "dist")]
    out: PathBuf,
}

/// What the demo and the tests work with.
#[derive(Debug)]
pub(crate) struct Quick {
    /// The package.
    pub(crate) package: PathBuf,
    /// `fsr-docker`.
    pub(crate) program: PathBuf,
}

type Run<'a> = &'a mut dyn FnMut(&mut Command) -> Result<()>;

/// Builds the package for uploading, with the release profile, and answers where it is. `run` runs the programs.
pub(crate) fn build(options: &Options, run: Run<'_>) -> Result<PathBuf> {
    let module = native::build(run)?;
    run(cargo().args(["build", "--lib", "--bin", "package"]))?;
    let (major, minor) = native::GLIBC;
    let facts =
        ["profile=release".into(), format!("target={}", native::TARGET), format!("glibc={major}.{minor}")];
    make(module, options, &facts, run)
}

/// Builds the package for this machine, with the development profile, in minutes and not in tens of them. It never lies where
/// people look for what they upload. `run` runs the programs.
pub(crate) fn quick(run: Run<'_>) -> Result<Quick> {
    // All in one invocation, and of the whole workspace (.cargo/config.toml), so that each dependency is compiled once.
    build_progress::show(cargo().args(["build", "--lib", "--bin", "package", "--bin", "fsr-docker"]))?;
    let options = Options::new(paths::runs().join("package"));
    let package = make(artifact("lib_engine.so"), &options, &["profile=dev".into()], run)?;
    Ok(Quick { package, program: artifact("fsr-docker") })
}

fn make(module: PathBuf, options: &Options, facts: &[String], run: Run<'_>) -> Result<PathBuf> {
    let mut package = at_root(artifact("package"));
    package.arg("--module").arg(module).args(["--connector", "connector", "--name", &options.name]);
    package.arg("--out").arg(&options.out).args(facts.iter().flat_map(|fact| ["--build", fact]));
    if let Some(label) = &options.label {
        package.args(["--label", label]);
    }
    if let Some(help) = &options.help_online {
        package.args(["--help-online", help]);
    }
    run(&mut package)?;
    let file = format!("{}-{}.tgz", options.name, env!("CARGO_PKG_VERSION"));
    let path = paths::root().join(&options.out).join(file);
    ensure!(path.is_file(), "the package was not made: there is no {}", path.display());
    Ok(path)
}

/// What the development profile has built.
fn artifact(name: &str) -> PathBuf {
    paths::target().join("debug").join(name)
}

impl Options {
    /// The package under its usual name, in another folder.
    pub(crate) fn new(out: PathBuf) -> Self {
        Self { name: "docker-engine".into(), label: None, help_online: None, out }
    }
}
