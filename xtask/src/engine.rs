//! `cargo xtask engine`: a private engine for a developer, and how to use it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::cluster;
use crate::image;
use crate::private_engine::{Engine, Life, TCP, TLS, names, sweep};
use crate::system::{PODMANS_RELEASE, System};

/// What to do with the engine.
#[derive(Subcommand)]
pub(crate) enum Task {
    /// Starts an engine, in namespaces of its own; nothing on the machine changes.
    Start {
        #[command(flatten)]
        name: Name,
        /// A newer engine: that of this release of Debian.
        #[arg(long, value_parser = System::RELEASES)]
        debian: Option<String>,
        /// A dockerd of yours, by its path; beside it lie containerd, runc and what else it starts.
        #[arg(long, value_name = "PATH", conflicts_with_all = ["debian", "podman"])]
        dockerd: Option<PathBuf>,
        /// Podman, which speaks Docker's API too. It has no TLS.
        #[arg(long, conflicts_with = "debian")]
        podman: bool,
        /// As many engines, NAME-1, NAME-2 and so on, that are the managers of one swarm.
        #[arg(long, value_name = "MANAGERS", value_parser = clap::value_parser!(u8).range(1..=7), conflicts_with = "podman")]
        swarm: Option<u8>,
    },
    /// Ends an engine, or all engines of a swarm, with all containers, and removes what is left.
    Stop(Name),
    /// Shows the engines that run and how to use them.
    Status,
}

/// Which engine.
#[derive(Args)]
pub(crate) struct Name {
    /// The engine's name; there may be several.
    #[arg(long, default_value = "default", value_parser = plain)]
    name: String,
}

/// It becomes a folder's name.
fn plain(name: &str) -> Result<String, String> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    if !name.is_empty() && name.chars().all(allowed) {
        Ok(name.to_owned())
    } else {
        Err("a name has letters, digits and hyphens".to_owned())
    }
}

pub(crate) fn run(task: &Task) -> Result<()> {
    match task {
        Task::Start { name: Name { name }, debian, dockerd, podman, swarm } => {
            if Engine::find(name).is_some() || !cluster::engines(name).is_empty() {
                println!("{name}: runs already");
            } else {
                let system = match debian.as_deref() {
                    _ if dockerd.is_some() => System::given(dockerd.as_deref().unwrap_or(Path::new("")))?,
                    Some(release) => System::debian(release)?,
                    None if *podman => System::podman(PODMANS_RELEASE)?,
                    None => System::this_machine()?,
                };
                match swarm {
                    Some(managers) => cluster::start(name, usize::from(*managers), &system)?,
                    None => drop(Engine::start(name, Life::UntilStopped, &system)?),
                }
            }
            for engine in named(name) {
                show(&engine);
            }
            Ok(())
        }
        Task::Stop(Name { name }) => {
            let found = named(name);
            sweep();
            if found.is_empty() {
                println!("{name}: was not running");
            }
            for engine in found {
                let its_name = engine.name();
                engine.stop()?;
                println!("{its_name}: stopped and removed");
            }
            Ok(())
        }
        Task::Status => {
            sweep();
            let running = names();
            if running.is_empty() {
                println!("No private engine runs. To start one: cargo xtask engine start");
            }
            for engine in running.iter().filter_map(|name| Engine::find(name)) {
                show(&engine);
            }
            Ok(())
        }
    }
}

/// The engine of this name, or those of the swarm of this name.
fn named(name: &str) -> Vec<Engine> {
    Engine::find(name).map_or_else(|| cluster::engines(name), |engine| vec![engine])
}

fn show(engine: &Engine) {
    let name = engine.name();
    let socket = engine.socket().display().to_string();
    let certificates = engine.certificates().display().to_string();
    let pid = engine.pid().unwrap_or_default();
    let Ok(version) = engine.version() else {
        println!("{name}: does not answer; it may be starting");
        return;
    };
    println!("{name}: {version}, with the image {}", image::NAME);
    if let Some(swarm) = engine.swarm() {
        println!("  a manager of the swarm {swarm}");
    }
    println!("  anywhere           export DOCKER_HOST=unix://{socket}");
    println!("  in its network     nsenter --net --target {pid} COMMAND, which may then use");
    println!("    plain TCP        DOCKER_HOST=tcp://{TCP}");
    println!(
        "    mutual TLS       DOCKER_HOST=tcp://{TLS} DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH={certificates}"
    );
}
