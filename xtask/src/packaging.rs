//! `cargo xtask package`: the native module and all that is derived from the catalogue, in one .tgz.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::Args;

use crate::command::{cargo, show};
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
    /// The folder for the .tgz.
    #[arg(long, default_value = "dist")]
    out: PathBuf,
}

impl Default for Options {
    fn default() -> Self {
        Self { name: "docker-engine".into(), label: None, out: "dist".into() }
    }
}

impl Options {
    /// The package under its usual name, in another folder.
    pub(crate) fn into_folder(out: PathBuf) -> Self {
        Self { out, ..Self::default() }
    }

    /// The folder for the .tgz.
    pub(crate) fn out(&self) -> &Path {
        &self.out
    }
}

/// Builds the package and answers where it is.
pub(crate) fn build(options: &Options) -> Result<PathBuf> {
    let module = native::build()?;
    eprintln!("Making the package {}", options.name);
    let mut package = cargo();
    package
        .args(["run", "--quiet", "--package", "package", "--", "--connector", "connector", "--module"])
        .arg(module);
    package.args(["--name", &options.name]).arg("--out").arg(&options.out);
    if let Some(label) = &options.label {
        package.args(["--label", label]);
    }
    show(&mut package)?;
    let path = path(options);
    ensure!(path.is_file(), "the package was not made: there is no {}", path.display());
    Ok(path)
}

/// Where `build` puts the package.
pub(crate) fn path(options: &Options) -> PathBuf {
    let file = format!("{}-{}.tgz", options.name, env!("CARGO_PKG_VERSION"));
    paths::root().join(&options.out).join(file)
}
