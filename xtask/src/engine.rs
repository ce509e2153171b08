//! `cargo xtask engine`: a private engine for a developer, and how to use it.

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::image;
use crate::private_engine::{Engine, Life, TCP, TLS, names, sweep};
use crate::system::System;

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
        /// Podman, which speaks Docker's API too. It has no TLS.
        #[arg(long, conflicts_with = "debian")]
        podman: bool,
    },
    /// Ends an engine with all its containers, and removes what it left.
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
        Task::Start { name: Name { name }, debian, podman } => {
            if Engine::find(name).is_some() {
                println!("{name}: runs already");
            } else {
                let system = match debian {
                    Some(release) => System::debian(release)?,
                    None if *podman => System::podman()?,
                    None => System::this_machine()?,
                };
                Engine::start(name, Life::UntilStopped, &system)?;
            }
            show(name);
            Ok(())
        }
        Task::Stop(Name { name }) => {
            let found = Engine::find(name);
            sweep();
            match found {
                Some(engine) => {
                    engine.stop()?;
                    println!("{name}: stopped and removed");
                }
                None => println!("{name}: was not running"),
            }
            Ok(())
        }
        Task::Status => {
            sweep();
            let running = names();
            if running.is_empty() {
                println!("No private engine runs. To start one: cargo xtask engine start");
            }
            for name in running {
                show(&name);
            }
            Ok(())
        }
    }
}

fn show(name: &str) {
    let Some(engine) = Engine::find(name) else { return };
    let socket = engine.socket().display().to_string();
    let certificates = engine.certificates().display().to_string();
    let pid = engine.pid().unwrap_or_default();
    let Ok(version) = engine.version() else {
        println!("{name}: does not answer; it may be starting");
        return;
    };
    println!("{name}: {version}, with the image {}", image::NAME);
    println!("  anywhere           export DOCKER_HOST=unix://{socket}");
    println!("  in its network     nsenter --net --target {pid} COMMAND, which may then use");
    println!("    plain TCP        DOCKER_HOST=tcp://{TCP}");
    println!(
        "    mutual TLS       DOCKER_HOST=tcp://{TLS} DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH={certificates}"
    );
}
