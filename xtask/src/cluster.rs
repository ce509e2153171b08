//! A swarm of private engines, each a manager: NAME-1, NAME-2, ...
//!
//! Each engine has a network of its own, as any private engine. A bridge in the network of the first one connects them, so their
//! addresses exist only in there. They have no default route: without one a task whose image is local starts at once, as the
//! pull that is tried first fails at once.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::command::capture;
use crate::machine;
use crate::private_engine::{Engine, names};
use crate::system::System;
use crate::unix_http::{post, request};
use crate::wait::until;

/// What connects the networks of several engines.
pub(crate) const IPROUTE: &[&str] = &["iproute2"];

const BRIDGE: &str = "swarm0";
const PORT: u16 = 2377;
/// Managers agree on a new one within this time.
const JOINING: Duration = Duration::from_secs(60);

/// Starts the engines and makes them the managers of a swarm.
pub(crate) fn start(name: &str, managers: usize, system: &System) -> Result<()> {
    let ip = Ip::unpacked()?;
    let mut engines: Vec<Engine> = Vec::new();
    for number in 1..=managers {
        let engine = Engine::start_in_swarm(&member(name, number), name, system)?;
        let hub = engines.first().unwrap_or(&engine);
        ip.connect(hub, &engine, number)?;
        if number == 1 {
            let body = json!({"AdvertiseAddr": address(1), "ListenAddr": listens_at(1)});
            post(&engine.socket(), "/swarm/init", &body)?;
        } else {
            join(hub, &engine, number)?;
        }
        engines.push(engine);
    }
    engines.into_iter().for_each(Engine::leave_running);
    Ok(())
}

/// The engines of a swarm, by its name.
pub(crate) fn engines(name: &str) -> Vec<Engine> {
    let all = names().into_iter().filter_map(|member| Engine::find(&member));
    all.filter(|engine| engine.swarm() == Some(name)).collect()
}

fn member(name: &str, number: usize) -> String {
    format!("{name}-{number}")
}

fn address(number: usize) -> String {
    format!("10.77.0.{number}")
}

fn listens_at(number: usize) -> String {
    format!("{}:{PORT}", address(number))
}

fn join(manager: &Engine, engine: &Engine, number: usize) -> Result<()> {
    let swarm: Value = serde_json::from_str(&request(&manager.socket(), "GET", "/swarm", b"")?)?;
    let body = json!({
        "AdvertiseAddr": address(number),
        "ListenAddr": listens_at(number),
        "RemoteAddrs": [listens_at(1)],
        "JoinToken": swarm["JoinTokens"]["Manager"],
    });
    post(&engine.socket(), "/swarm/join", &body)?;
    if !until(JOINING, || request(&engine.socket(), "GET", "/nodes", b"").is_ok()) {
        bail!(
            "{} has joined, and is no manager after {} seconds",
            member("the engine", number),
            JOINING.as_secs()
        );
    }
    Ok(())
}

/// `ip`, and the libraries that it was unpacked with.
struct Ip {
    program: PathBuf,
    libraries: PathBuf,
}

impl Ip {
    fn unpacked() -> Result<Self> {
        let root = machine::unpacked("iproute", IPROUTE)?;
        let programs = ["usr/sbin/ip", "usr/bin/ip", "sbin/ip", "bin/ip"];
        let program = programs.iter().map(|path| root.join(path)).find(|path| path.is_file());
        let libraries = root.join("usr/lib").join(format!("{}-linux-gnu", std::env::consts::ARCH));
        Ok(Self { program: program.context("iproute2 has no program ip")?, libraries })
    }

    /// Gives an engine its address in the network of the swarm.
    fn connect(&self, hub: &Engine, engine: &Engine, number: usize) -> Result<()> {
        let (link, far) = (format!("swarm{number}"), format!("far{number}"));
        if number == 1 {
            self.run(hub, &format!("link add {BRIDGE} type bridge"))?;
            self.run(hub, &format!("link set {BRIDGE} up"))?;
            let_through(hub)?;
        }
        self.run(hub, &format!("link add {link} type veth peer name {far}"))?;
        self.run(hub, &format!("link set {link} master {BRIDGE} up"))?;
        if number > 1 {
            self.run(hub, &format!("link set {far} netns {}", process(engine)?))?;
        }
        self.run(engine, &format!("address add {}/24 dev {far}", address(number)))?;
        self.run(engine, &format!("link set {far} up"))
    }

    /// Runs `ip` in an engine's network.
    fn run(&self, engine: &Engine, arguments: &str) -> Result<()> {
        let mut command = Command::new("nsenter");
        command
            .args(["--net", "--target", &process(engine)?.to_string(), "--"])
            .arg(&self.program)
            .args(arguments.split(' '))
            .env("LD_LIBRARY_PATH", &self.libraries);
        capture(&mut command).map(drop)
    }
}

/// The first engine filters what goes over bridges in its network, and would let nothing pass between the others.
fn let_through(hub: &Engine) -> Result<()> {
    let mut command = Command::new("nsenter");
    command
        .args(["--net", "--mount", "--root", "--target", &process(hub)?.to_string(), "--"])
        .args(["iptables", "--insert", "FORWARD", "--in-interface", BRIDGE, "--jump", "ACCEPT"])
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    capture(&mut command).map(drop)
}

fn process(engine: &Engine) -> Result<u32> {
    engine.pid().context("the engine has no process")
}
