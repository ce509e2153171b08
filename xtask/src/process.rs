//! A process that is known for certain: its id together with when it started, as ids are used again.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

use crate::wait::until;

/// A process of this boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    pid: u32,
    /// Clock ticks since boot.
    started: u64,
}

impl Process {
    /// The process that has this id now.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        Stat::of(pid).map(|stat| Self { pid, started: stat.started })
    }

    /// This process.
    pub(crate) fn ours() -> Result<Self> {
        Self::of(std::process::id()).context("/proc is not mounted")
    }

    /// Its id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it still runs.
    pub(crate) fn alive(&self) -> bool {
        Stat::of(self.pid).is_some_and(|stat| stat.started == self.started && stat.state != 'Z')
    }

    /// The processes that it started and that still run.
    pub(crate) fn children(&self) -> Vec<Self> {
        let Ok(folders) = fs::read_dir("/proc") else { return Vec::new() };
        folders
            .filter_map(|folder| folder.ok()?.file_name().to_str()?.parse().ok())
            .filter_map(|pid| Some((pid, Stat::of(pid)?)))
            .filter(|(_, stat)| stat.parent == self.pid)
            .map(|(pid, stat)| Self { pid, started: stat.started })
            .collect()
    }

    /// Kills it, and waits until it and the children it takes along are gone.
    pub(crate) fn end(&self) -> Result<()> {
        let family: Vec<_> = self.children().into_iter().chain([self.clone()]).collect();
        self.kill()?;
        if !until(Duration::from_secs(20), || !family.iter().any(Self::alive)) {
            bail!("process {} was killed and does not end", self.pid);
        }
        Ok(())
    }

    fn kill(&self) -> Result<()> {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
        // The descriptor is for whoever has the id now; once it is known to be ours, it cannot become another's.
        let Ok(descriptor) = pidfd_open(pid, PidfdFlags::empty()) else { return Ok(()) };
        if self.alive() {
            pidfd_send_signal(descriptor, Signal::KILL)?;
        }
        Ok(())
    }
}

struct Stat {
    state: char,
    parent: u32,
    started: u64,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name stands in brackets and may hold anything, brackets too.
        let (_, rest) = text.rsplit_once(") ")?;
        let fields: Vec<_> = rest.split_ascii_whitespace().collect();
        Some(Self {
            state: fields.first()?.chars().next()?,
            parent: fields.get(1)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn ends_what_it_was_made_for_and_nothing_else() {
        let mut sleeper = Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process::of(sleeper.id()).unwrap();
        assert!(process.alive());
        assert!(Process::ours().unwrap().children().contains(&process));

        let namesake = Process { started: process.started + 1, ..process.clone() };
        assert!(!namesake.alive());
        namesake.end().unwrap();
        assert!(process.alive(), "an id that is used again must not be killed");

        process.end().unwrap();
        assert!(!process.alive());
        sleeper.wait().unwrap();
    }
}
