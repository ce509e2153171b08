//! What a run stands on: an engine of its own with containers to work on, the installed package, the peers' programs.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{at_root, capture, cargo, find, show};
use crate::machine;
use crate::once::remove;
use crate::packaging::{self, Options as PackageOptions};
use crate::paths;
use crate::private_engine::Engine;
use crate::pythons::{self, Python};
use crate::system::System;
use crate::tools::{BENCH_PEERS, Installed};

/// How much there is to work on.
pub(crate) struct Sizes {
    /// Containers to list.
    pub(crate) containers: u32,
    /// What is exported and copied in, in MiB.
    pub(crate) bulk_mib: u32,
    /// Logs, in MB.
    pub(crate) logs_mb: u32,
}

/// All that the peers need.
pub(crate) struct Ground {
    /// The Python of all peers but the first call's.
    pub(crate) python: Python,
    /// The oldest Python, for which the first call is measured.
    pub(crate) oldest: Python,
    /// The package.
    pub(crate) package: PathBuf,
    /// The engine.
    pub(crate) engine: Engine,
    folder: PathBuf,
    packages: Installed,
    rust: PathBuf,
    curl: PathBuf,
}

impl Ground {
    /// Builds and fetches what is needed, starts an engine, and fills it.
    pub(crate) fn new(sizes: &Sizes) -> Result<Self> {
        let all = pythons::all()?;
        let oldest = all.first().context("no Python was found")?.clone();
        let python = all.last().context("no Python was found")?.clone();
        let system = System::this_machine()?;
        let package = packaging::build(&PackageOptions::new(paths::runs().join("release")), &mut show)?;
        let packages = BENCH_PEERS.install(&python)?;
        let rust = build_rust_peers()?;
        let curl = match find("curl") {
            Some(curl) => curl,
            None => machine::unpacked("curl", &["curl"])?.join("usr/bin/curl"),
        };
        let folder = paths::runs().join("bench");
        remove(&folder)?;
        std::fs::create_dir_all(&folder)?;
        let engine = Engine::temporary("bench", &system)?;
        let ground = Self { python, oldest, package, engine, folder, packages, rust, curl };
        ground.install_package()?;
        eprintln!("Filling the engine with what is worked on");
        let Sizes { containers, bulk_mib, logs_mb } = sizes;
        show(
            ground.python("benches/stage.py")?.args([containers, bulk_mib, logs_mb].map(ToString::to_string)),
        )?;
        Ok(ground)
    }

    /// A script in the peers' Python, in the engine's network.
    pub(crate) fn python(&self, script: &str) -> Result<Command> {
        let mut command = self.engine.inside(&self.python.program)?;
        command.arg(script).envs(self.variables());
        // What the machine makes requests trust would come before what docker-py says.
        command.env_remove("REQUESTS_CA_BUNDLE").env_remove("CURL_CA_BUNDLE");
        command.env(
            "PYTHONPATH",
            std::env::join_paths([
                self.packages.path(""),
                "benches/peers".into(),
                "local-host/python".into(),
            ])?,
        );
        Ok(command)
    }

    /// A script in the oldest Python, with nothing of the peers at hand.
    pub(crate) fn oldest_python(&self, script: &str) -> Result<Command> {
        let mut command = self.engine.inside(&self.oldest.program)?;
        command.arg(script).envs(self.variables()).env("PYTHONPATH", "local-host/python");
        Ok(command)
    }

    /// A peer that is written in Rust.
    pub(crate) fn rust_peer(&self, name: &str) -> Result<Command> {
        let mut command = self.engine.inside(&self.rust)?;
        command.arg(name).envs(self.variables());
        Ok(command)
    }

    /// The versions of what is compared.
    pub(crate) fn versions(&self) -> Result<Vec<(&'static str, String)>> {
        let question = "import importlib.metadata as m, platform, ssl; \
                        print(platform.python_version(), ssl.OPENSSL_VERSION, sep='\\n'); \
                        [print(m.version(n)) for n in ('docker', 'aiodocker', 'requests')]";
        let mut python = self.packages.python();
        let answer = capture(python.args(["-c", question]))?;
        let mut lines = answer.lines().map(str::to_owned);
        let mut next = || lines.next().unwrap_or_default();
        let mut versions = vec![("Engine", self.engine.version()?), ("Python", next()), ("its TLS", next())];
        versions.extend([("docker-py", next()), ("aiodocker", next()), ("requests", next())]);
        versions.push(("bollard", BOLLARD.to_owned()));
        let curl = capture(Command::new(&self.curl).arg("--version"))?;
        versions.push(("curl", curl.split(' ').nth(1).unwrap_or_default().to_owned()));
        versions.push(("first call in", self.oldest.to_string()));
        Ok(versions)
    }

    fn install_package(&self) -> Result<()> {
        let mut install = at_root(&self.python.program);
        install.arg("local-host/python/install.py").arg(&self.package).arg("--root").arg(self.root());
        capture(install.env("PYTHONDONTWRITEBYTECODE", "1")).map(drop)
    }

    /// The local host with the package.
    fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    fn variables(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("BENCH_FOLDER", self.folder.clone()),
            // Under the host's temporary root, so that it can be handed over by a link.
            ("BENCH_UPLOAD", self.root().join("tmp/upload.tar")),
            ("BENCH_ROOT", self.root()),
            ("BENCH_NAME", "docker-engine".into()),
            ("BENCH_VERSION", env!("CARGO_PKG_VERSION").into()),
            ("BENCH_CURL", self.curl.clone()),
            // Where received files are written first: on the same disk for all.
            ("TMPDIR", self.folder.clone()),
        ]
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = remove(&self.folder);
    }
}

/// As benches/rust/Cargo.toml pins it.
const BOLLARD: &str = "0.21.1";

fn build_rust_peers() -> Result<PathBuf> {
    eprintln!("Building the peers that are written in Rust");
    let target = paths::target().join("benches");
    let mut build = cargo();
    build.args(["build", "--release", "--quiet", "--manifest-path", "benches/rust/Cargo.toml"]);
    show(build.arg("--target-dir").arg(&target))?;
    Ok(target.join("release/bench-peers"))
}
