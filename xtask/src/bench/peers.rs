//! Who is measured: programs that wait for work, each in a process of its own, in the engine's network.

use std::fmt;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::ground::Ground;

/// What a user would pick, beside ours and the floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Peer {
    /// A socket in Python.
    Raw,
    /// The packaged connector, through `Connector.execute`.
    Connector,
    /// docker-py.
    DockerPy,
    /// aiodocker.
    Aiodocker,
    /// How the published connector works.
    Published,
    /// curl.
    Curl,
    /// A socket in Rust.
    RawRust,
    /// Our engine crate alone.
    Client,
    /// bollard.
    Bollard,
}

impl Peer {
    /// As the tables call it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Raw => "raw socket, Python",
            Self::Connector => "**this connector**",
            Self::DockerPy => "docker-py",
            Self::Aiodocker => "aiodocker",
            Self::Published => "published way",
            Self::Curl => "curl",
            Self::RawRust => "raw socket, Rust",
            Self::Client => "**its Rust client alone**",
            Self::Bollard => "bollard",
        }
    }

    fn program(self, ground: &Ground) -> Result<Command> {
        let script = match self {
            Self::Raw => "raw_socket.py",
            Self::Connector => "packaged.py",
            Self::DockerPy => "docker_py.py",
            Self::Aiodocker => "aiodocker_tasks.py",
            Self::Published => "published.py",
            Self::Curl => "curl.py",
            Self::RawRust => return ground.rust_peer("raw"),
            Self::Client => return ground.rust_peer("client"),
            Self::Bollard => return ground.rust_peer("bollard"),
        };
        ground.python(&format!("benches/peers/{script}"))
    }

    /// Starts it.
    pub(crate) fn start(self, ground: &Ground) -> Result<Running> {
        let mut command = self.program(ground)?;
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.with_context(|| format!("cannot start {self}"))?;
        let input = child.stdin.take().context("it has no standard input")?;
        let output = BufReader::new(child.stdout.take().context("it has no standard output")?);
        Ok(Running { peer: self, child, input: Some(input), output })
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title().trim_matches('*'))
    }
}

/// What a peer says of a work.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Answer {
    /// How long each time took.
    pub(crate) seconds: Vec<f64>,
    /// The process's resident memory before, in bytes.
    pub(crate) idle: u64,
    /// And at most.
    pub(crate) peak: u64,
}

/// A peer that waits for work. Dropped, it is ended.
pub(crate) struct Running {
    peer: Peer,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Running {
    /// Has it do a work so many times.
    pub(crate) fn ask(&mut self, work: &str, count: usize, argument: &str) -> Result<Answer> {
        let tried = || format!("{} failed at {work} {argument}; what it said stands above", self.peer);
        let input = self.input.as_mut().context("it was told to end")?;
        writeln!(input, "{work} {count} {argument}").and_then(|()| input.flush()).with_context(tried)?;
        let mut line = String::new();
        self.output.read_line(&mut line).with_context(tried)?;
        serde_json::from_str(&line).with_context(tried)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It ends with its input; one that hangs in a work is ended.
        self.input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
