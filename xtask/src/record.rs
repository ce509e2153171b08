//! What is written down of an engine, so that another run can use it, stop it, or clean up after it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::process::Process;

/// Lies in the engine's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Who starts it.
    pub(crate) maker: Process,
    /// The first one of its namespaces, once there is one.
    pub(crate) engine: Option<Process>,
    /// The folder of its unix socket.
    pub(crate) sockets: PathBuf,
    /// The control group of its containers.
    pub(crate) cgroup: String,
    /// The swarm of private engines that it is a manager of, if it was started for one.
    #[serde(default)]
    pub(crate) swarm: Option<String>,
}

impl Record {
    /// Reads the record in a folder; none where it is just being written for the first time.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join("record.json")).ok()?).ok()
    }

    /// Writes it whole or not at all, as others may read it at any time.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let unfinished = folder.join("record.unfinished");
        fs::write(&unfinished, serde_json::to_vec(self)?)?;
        Ok(fs::rename(unfinished, folder.join("record.json"))?)
    }

    /// Whether the engine runs, or is about to.
    pub(crate) fn alive(&self) -> bool {
        self.engine.as_ref().unwrap_or(&self.maker).alive()
    }
}
