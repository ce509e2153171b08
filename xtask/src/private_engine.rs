//! A private Docker Engine: its own namespaces, folder and certificates, so that nothing on the machine changes.
//!
//! It is reached over its unix socket from anywhere, and over TCP and mutual TLS from its own network namespace
//! (`Engine::inside`). Everything that it starts is in its process namespace and ends with the namespace's first process.

use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::cgroups;
use crate::interrupt;
use crate::once::remove;
use crate::paths;
use crate::process::Process;
use crate::record::Record;
use crate::system::System;
use crate::unix_http::request;
use crate::wait::until;
use crate::{certificates, image};

/// Plain TCP and mutual TLS, in the engine's network namespace.
pub(crate) const TCP: &str = "127.0.0.1:2375";
/// See `TCP`.
pub(crate) const TLS: &str = "127.0.0.1:2376";

/// A unix socket's address holds this many bytes, one of them the final zero.
const SOCKET_PATH_LIMIT: usize = 108;

/// Podman's configuration, in the engine's folder.
const PODMANS: [(&str, &str); 2] = [
    ("containers.conf", include_str!("podman/containers.conf")),
    ("registries.conf", include_str!("podman/registries.conf")),
];

/// How long an engine is to live.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// As long as this process, however that ends.
    Ours,
    /// Until it is stopped.
    UntilStopped,
}

/// A running engine. Dropped, it is stopped, unless it is to live until it is stopped.
pub(crate) struct Engine {
    folder: PathBuf,
    record: Record,
    life: Life,
    child: Option<Child>,
}

impl Engine {
    /// Starts an engine of this name, and waits until it answers and has its image.
    pub(crate) fn start(name: &str, life: Life, system: &System) -> Result<Self> {
        Self::started(name, life, system, None)
    }

    /// An engine for a swarm, with a host name of its own. It ends with this process, unless it is left running.
    pub(crate) fn start_in_swarm(name: &str, swarm: &str, system: &System) -> Result<Self> {
        let mut engine = Self::started(name, Life::UntilStopped, system, Some(swarm))?;
        engine.life = Life::Ours;
        Ok(engine)
    }

    /// From now on it lives until it is stopped.
    pub(crate) fn leave_running(mut self) {
        self.life = Life::UntilStopped;
    }

    fn started(name: &str, life: Life, system: &System, swarm: Option<&str>) -> Result<Self> {
        sweep();
        let folder = paths::engines().join(name);
        fs::create_dir_all(paths::engines())?;
        private_folder(&folder).with_context(|| format!("an engine named {name} is there, or being made"))?;
        let token = token()?;
        let record = Record {
            maker: Process::ours()?,
            engine: None,
            sockets: sockets_folder(&folder, &token),
            cgroup: format!("private-engine-{token}"),
            swarm: swarm.map(str::to_owned),
        };
        record.write(&folder)?;
        let mut engine = Self { folder, record, life, child: None };
        // From here on, dropping it cleans up.
        engine.life = Life::Ours;
        engine.boot(life, system)?;
        engine.life = life;
        Ok(engine)
    }

    /// An engine for this run only.
    pub(crate) fn temporary(purpose: &str, system: &System) -> Result<Self> {
        Self::start(&format!("{purpose}-{}", std::process::id()), Life::Ours, system)
    }

    /// The running engine of this name, if there is one.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let folder = paths::engines().join(name);
        let record = Record::read(&folder)?;
        let runs = record.engine.is_some() && record.alive();
        runs.then_some(Self { folder, record, life: Life::UntilStopped, child: None })
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.record.sockets.join("docker.sock")
    }

    /// The client's certificates.
    pub(crate) fn certificates(&self) -> PathBuf {
        self.folder.join("certs")
    }

    /// The process to aim `nsenter` at.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.record.engine.as_ref().map(Process::pid)
    }

    /// Its name.
    pub(crate) fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The swarm that it was started for.
    pub(crate) fn swarm(&self) -> Option<&str> {
        self.record.swarm.as_deref()
    }

    /// What the engine calls itself.
    pub(crate) fn version(&self) -> Result<String> {
        let version: Value = serde_json::from_str(&request(&self.socket(), "GET", "/version", b"")?)?;
        let text = |key: &str| version[key].as_str().unwrap_or("unknown").to_owned();
        let name = version["Components"][0]["Name"].as_str().filter(|name| name.contains("Podman"));
        let name = name.map_or("Docker", |_| "Podman");
        Ok(format!("{name} {}, API {}", text("Version"), text("ApiVersion")))
    }

    /// What tests find it by.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("ENGINE_SOCKET", self.socket().display().to_string()),
            ("ENGINE_TCP", TCP.to_owned()),
            ("ENGINE_TLS", TLS.to_owned()),
            ("ENGINE_CERTS", self.certificates().display().to_string()),
            ("ENGINE_IMAGE", image::NAME.to_owned()),
        ]
    }

    /// A program that runs in the engine's network, in the repository's root.
    pub(crate) fn inside(&self, program: impl AsRef<std::ffi::OsStr>) -> Result<Command> {
        let pid = self.pid().context("the engine has no process")?;
        let mut command = crate::command::at_root("nsenter");
        command.args(["--net", "--target", &pid.to_string(), "--"]).arg(program).envs(self.variables());
        Ok(command)
    }

    /// Ends it with all its containers, and removes everything that it left.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.life = Life::UntilStopped;
        self.clean()
    }

    fn boot(&mut self, life: Life, system: &System) -> Result<()> {
        for folder in [&self.folder.join("data"), &self.folder.join("scratch"), &self.record.sockets] {
            private_folder(folder)?;
        }
        certificates::write(&self.certificates())?;
        fs::write(self.folder.join("daemon.json"), serde_json::to_vec_pretty(&self.settings())?)?;
        let child = self.spawn(life, system)?;
        let process = Process::of(child.id()).context("the engine's process ended at once")?;
        self.child = Some(child);
        self.record.engine = Some(process.clone());
        self.record.write(&self.folder)?;

        let socket = self.socket();
        let answered = until(Duration::from_secs(60), || {
            request(&socket, "GET", "/_ping", b"").is_ok() || !process.alive() || interrupt::requested()
        });
        if interrupt::requested() {
            bail!("interrupted while the private engine started");
        }
        if !(answered && process.alive()) {
            let trouble = if process.alive() { "does not answer after 60 seconds" } else { "ended" };
            bail!("the private engine {trouble}. Its log ends with:\n{}", self.log_tail());
        }
        image::import(&socket, system)
    }

    fn spawn(&self, life: Life, system: &System) -> Result<Child> {
        let log = File::create(self.folder.join("log"))?;
        let script = self.folder.join("first_process.sh");
        fs::write(&script, include_str!("first_process.sh"))?;
        fs::write(self.folder.join("engine_process.sh"), include_str!("engine_process.sh"))?;
        for (name, text) in PODMANS {
            fs::write(self.folder.join(name), text)?;
        }
        // Even a parent that is killed takes the engine along; --kill-child does the same one step further down.
        let mut command = Command::new(if life == Life::Ours { "setpriv" } else { "unshare" });
        if life == Life::Ours {
            command.args(["--pdeathsig", "KILL", "unshare"]);
        }
        let host_name = self.record.swarm.as_ref().and_then(|_| self.folder.file_name());
        if host_name.is_some() {
            command.arg("--uts");
        }
        command
            .args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
            .arg("/bin/sh")
            .arg(script)
            .arg(&system.base)
            .arg(system.packages.as_deref().unwrap_or(Path::new("")))
            .args([&self.folder, &self.record.sockets])
            .args([system.daemon.name(), &self.record.cgroup])
            .env_clear()
            .envs([
                ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
                ("HOME", "/root"),
            ])
            .envs(system.dockerd.as_ref().map(|path| ("DOCKERD", path)))
            .envs(host_name.map(|name| ("HOST_NAME", name)))
            .current_dir("/")
            .process_group(0) // Ctrl-C in the terminal is not for it
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        command.spawn().context("cannot start the private engine")
    }

    fn settings(&self) -> Value {
        json!({
            "hosts": ["unix:///run/sockets/docker.sock", format!("tcp://{TLS}")],
            "tlsverify": true,
            "tlscacert": "/run/engine/certs/ca.pem",
            "tlscert": "/run/engine/certs/server.pem",
            "tlskey": "/run/engine/certs/server-key.pem",
            // The machine's systemd is not to know of its containers.
            "exec-opts": ["native.cgroupdriver=cgroupfs"],
            "cgroup-parent": format!("/{}", self.record.cgroup),
            // Stopping is killing: nothing is worth waiting for.
            "shutdown-timeout": 1,
        })
    }

    fn clean(&mut self) -> Result<()> {
        cgroups::thaw(&self.record.cgroup);
        if let Some(process) = &self.record.engine {
            process.end()?;
        }
        if let Some(mut child) = self.child.take() {
            child.wait()?;
        }
        cgroups::remove(&self.record.cgroup)?;
        remove(&self.record.sockets)?;
        remove(&self.folder)
    }

    /// What it wrote last, if it no longer answers: from the line on that a crash begins with.
    pub(crate) fn last_words(&self) -> Option<String> {
        if self.version().is_ok() {
            return None;
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let crash = log.lines().position(|line| {
            ["panic:", "fatal error:", "unexpected fault"].iter().any(|begin| line.starts_with(begin))
        });
        Some(match crash {
            Some(line) => log.lines().skip(line.saturating_sub(5)).take(60).collect::<Vec<_>>().join("\n"),
            None => self.log_tail(),
        })
    }

    fn log_tail(&self) -> String {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.life == Life::Ours
            && let Err(fault) = self.clean()
        {
            eprintln!("The private engine was not cleaned up: {fault:#}");
        }
    }
}

/// Every engine there is, by name.
pub(crate) fn names() -> Vec<String> {
    let Ok(folders) = fs::read_dir(paths::engines()) else { return Vec::new() };
    let mut names: Vec<_> =
        folders.filter_map(|folder| folder.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// Removes what engines left whose process has ended without cleaning up.
pub(crate) fn sweep() {
    for name in names() {
        let folder = paths::engines().join(name);
        let Some(record) = Record::read(&folder) else { continue };
        if !record.alive() {
            drop(Engine { folder, record, life: Life::Ours, child: None });
        }
    }
}

fn private_folder(folder: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make {}", folder.display()))
}

/// In the engine's folder where the address of a socket in it is short enough, or else in the temporary folder.
fn sockets_folder(folder: &Path, token: &str) -> PathBuf {
    let usual = folder.join("sockets");
    if usual.join("docker.sock").as_os_str().len() < SOCKET_PATH_LIMIT {
        return usual;
    }
    std::env::temp_dir().join(format!("engine-{token}"))
}

/// A name that no other engine of this machine has.
fn token() -> Result<String> {
    let moment = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    Ok(format!("{}-{moment:x}", std::process::id()))
}
