//! `cargo xtask package`: the native module and all that is derived from the catalogue, in one .tgz. And the package that the
//! demo and the tests work with, which is made in less time.

use std::fs;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::build_progress;
use crate::command::{at_root, cargo};
use crate::native::{self, Checkout, Machine};
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
    /// The processor that the package is for.
    #[arg(long, value_name = "MACHINE", default_value = "x86_64")]
    arch: Machine,
    /// Sign the file of digests with this private key: Ed25519, PEM (PKCS#8), as `openssl genpkey -algorithm ed25519` makes it.
    #[arg(long, value_name = "KEYFILE")]
    sign: Option<PathBuf>,
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
    build_of(&Checkout::ours(), options, run)
}

/// The same, of another checkout.
pub(crate) fn build_of(checkout: &Checkout, options: &Options, run: Run<'_>) -> Result<PathBuf> {
    options.check_key()?;
    let module = native::build(options.arch, checkout, run)?;
    run(cargo().args(["build", "--lib", "--bin", "package"]))?;
    let (major, minor) = native::GLIBC;
    let target = options.arch.target();
    let facts = ["profile=release".into(), format!("target={target}"), format!("glibc={major}.{minor}")];
    make(&module, &checkout.root.join("connector"), options, &target, &facts, run)
}

/// Builds `fsr-docker` as a static program, and makes the .tgz of it.
pub(crate) fn program(options: &Options, run: Run<'_>) -> Result<PathBuf> {
    options.check_key()?;
    let program = native::build_program(options.arch, run)?;
    let mut package = at_root(artifact("package"));
    package.arg("--program").arg(program).args(["--target", &options.arch.static_target()]);
    let file = format!("fsr-docker-{}-{}-linux.tgz", env!("CARGO_PKG_VERSION"), options.arch.name());
    written(package, &file, options, run)
}

/// Builds the package for this machine, with the development profile, in minutes and not in tens of them. It never lies where
/// people look for what they upload. `run` runs the programs.
pub(crate) fn quick(run: Run<'_>) -> Result<Quick> {
    // All in one invocation, and of the whole workspace (.cargo/config.toml), so that each dependency is compiled once.
    build_progress::show(cargo().args(["build", "--lib", "--bin", "package", "--bin", "fsr-docker"]))?;
    let options = Options::new(paths::runs().join("package"));
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let package = make(
        &artifact("lib_engine.so"),
        &paths::root().join("connector"),
        &options,
        &target,
        &["profile=dev".into()],
        run,
    )?;
    Ok(Quick { package, program: artifact("fsr-docker") })
}

fn make(
    module: &Path,
    connector: &Path,
    options: &Options,
    target: &str,
    facts: &[String],
    run: Run<'_>,
) -> Result<PathBuf> {
    let mut package = at_root(artifact("package"));
    package.arg("--module").arg(module).arg("--connector").arg(connector).args(["--name", &options.name]);
    package.args(["--target", target]).args(facts.iter().flat_map(|fact| ["--build", fact]));
    if let Some(label) = &options.label {
        package.args(["--label", label]);
    }
    if let Some(help) = &options.help_online {
        package.args(["--help-online", help]);
    }
    let suffix = if target.starts_with("aarch64") { "-aarch64" } else { "" };
    written(package, &format!("{}-{}{suffix}.tgz", options.name, env!("CARGO_PKG_VERSION")), options, run)
}

/// Runs the program that writes this file, and answers where it is.
fn written(mut package: Command, file: &str, options: &Options, run: Run<'_>) -> Result<PathBuf> {
    package.arg("--out").arg(&options.out);
    if let Some(key) = &options.sign {
        package.arg("--sign").arg(absolute(key)?);
    }
    run(&mut package)?;
    let path = paths::root().join(&options.out).join(file);
    ensure!(path.is_file(), "the package was not made: there is no {}", path.display());
    Ok(path)
}

/// What the development profile has built.
fn artifact(name: &str) -> PathBuf {
    paths::target().join("debug").join(name)
}

impl Options {
    /// What is given out for this machine, signed or not, under its usual name in the usual folder.
    pub(crate) fn for_release(arch: Machine, sign: Option<PathBuf>) -> Self {
        Self { arch, sign, ..Self::new("dist".into()) }
    }

    /// A key that is not there is said before the long build.
    fn check_key(&self) -> Result<()> {
        if let Some(key) = &self.sign {
            fs::read(key).with_context(|| format!("cannot read the key {}", key.display()))?;
        }
        Ok(())
    }

    /// The package under its usual name, in another folder.
    pub(crate) fn new(out: PathBuf) -> Self {
        let (name, arch) = ("docker-engine".into(), Machine::X86_64);
        Self { name, label: None, help_online: None, arch, sign: None, out }
    }
}
