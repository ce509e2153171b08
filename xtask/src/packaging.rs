//! `cargo xtask package`: the native module and all that is derived from the catalogue, in one .tgz.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use clap::Args;

use crate::command::{at_root, cargo, show};
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
pub(crate) struct Quick {
    /// The package.
    pub(crate) package: PathBuf,
    /// `fsr-docker`.
    pub(crate) program: PathBuf,
}

/// Builds the package for uploading, with the release profile, and answers where it is.
pub(crate) fn build(options: &Options) -> Result<PathBuf> {
    let module = native::build()?;
    eprintln!("Making the package {}", options.name);
    let mut package = cargo();
    package.args(["run", "--quiet", "--package", "package", "--"]);
    make(package.arg("--module").arg(module), options, &mut show)
}

/// Builds the package for this machine, with the development profile, in minutes and not in tens of them. It never lies where
/// people look for what they upload. `run` runs the programs.
pub(crate) fn quick(run: &mut dyn FnMut(&mut Command) -> Result<()>) -> Result<Quick> {
    // All in one invocation, so that each dependency is compiled once.
    let mut build = cargo();
    build.args(["build", "--package", "python", "--package", "package", "--package", "cli"]);
    run(build.env("PYO3_NO_PYTHON", "1"))?;
    let artifact = |name: &str| paths::target().join("debug").join(name);
    let options = Options::new(paths::runs().join("package"));
    let mut package = at_root(artifact("package"));
    let package = make(package.arg("--module").arg(artifact("lib_engine.so")), &options, run)?;
    Ok(Quick { package, program: artifact("fsr-docker") })
}

fn make(
    package: &mut Command,
    options: &Options,
    run: &mut dyn FnMut(&mut Command) -> Result<()>,
) -> Result<PathBuf> {
    package.args(["--connector", "connector", "--name", &options.name]).arg("--out").arg(&options.out);
    if let Some(label) = &options.label {
        package.args(["--label", label]);
    }
    if let Some(help) = &options.help_online {
        package.args(["--help-online", help]);
    }
    run(package)?;
    let file = format!("{}-{}.tgz", options.name, env!("CARGO_PKG_VERSION"));
    let path = paths::root().join(&options.out).join(file);
    ensure!(path.is_file(), "the package was not made: there is no {}", path.display());
    Ok(path)
}

impl Options {
    /// The package under its usual name, in another folder.
    pub(crate) fn new(out: PathBuf) -> Self {
        Self { name: "docker-engine".into(), label: None, help_online: None, out }
    }
}
