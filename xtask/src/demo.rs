//! `cargo xtask demo`: from nothing to a container's whole life, through the package that FortiSOAR would install.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use crate::command::{at_root, capture, show};
use crate::image;
use crate::once::remove;
use crate::packaging;
use crate::paths;
use crate::private_engine::Engine;
use crate::pythons::{self, Python};
use crate::system::System;

/// Where the demo plays.
#[derive(Args)]
pub(crate) struct Options {
    /// An engine of yours instead of a private one, as in `DOCKER_HOST`, with `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH`
    /// for TLS. The demo touches only what it creates, and removes it.
    #[arg(long, value_name = "URL")]
    engine: Option<String>,
    /// An image on that engine that has a shell, such as busybox; without one, the demo builds its own from Debian's
    /// busybox, and removes it.
    #[arg(long, value_name = "NAME", requires = "engine")]
    image: Option<String>,
}

/// Runs the demo; false when it did not go well.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let python = pythons::newest()?;
    // What may be missing is said before the long build.
    let private = match options.engine {
        Some(_) => None,
        None => Some(System::this_machine()?),
    };
    let package = packaging::quick(&mut show)?.package;
    let engine = private.map(|system| Engine::temporary("demo", &system)).transpose()?;
    let host = LocalHost::new()?;
    let url = match (&engine, &options.engine) {
        (Some(engine), _) => {
            println!("A private engine runs: {}", engine.version()?);
            format!("unix://{}", engine.socket().display())
        }
        (None, url) => url.clone().context("no engine to work with")?,
    };
    let image = match (&engine, &options.image) {
        (Some(_), _) => ["--image".into(), image::NAME.into()],
        (None, Some(image)) => ["--image".into(), image.into()],
        (None, None) => ["--context".into(), image::write_context(&host.root)?.into_os_string()],
    };
    let folder = host.install(&python, &package)?;
    println!("{python} loads the connector from {}", folder.display());
    let status = at_root(&python.program)
        .arg("demo/story.py")
        .arg(folder)
        .args(["--engine", &url])
        .args(image)
        .env("PYTHONPATH", "local-host/python")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .status()
        .context("cannot start the story")?;
    Ok(status.success())
}

/// A folder laid out as FortiSOAR's, for this run.
struct LocalHost {
    root: PathBuf,
}

impl LocalHost {
    fn new() -> Result<Self> {
        let root = paths::runs().join(format!("host-{}", std::process::id()));
        remove(&root)?;
        Ok(Self { root })
    }

    fn install(&self, python: &Python, package: &std::path::Path) -> Result<PathBuf> {
        let mut install = at_root(&python.program);
        install.arg("local-host/python/install.py").arg(package).arg("--root").arg(&self.root);
        Ok(capture(install.env("PYTHONDONTWRITEBYTECODE", "1"))?.trim_end().into())
    }
}

impl Drop for LocalHost {
    fn drop(&mut self) {
        let _ = remove(&self.root);
    }
}
