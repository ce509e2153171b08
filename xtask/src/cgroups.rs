//! What an engine's containers leave in the kernel's control groups: empty folders that only `rmdir` removes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};

use crate::wait::until;

const MOUNTED: &str = "/sys/fs/cgroup";

/// Lets paused containers of the group of this name go on: in version 1, what is frozen does not even die.
pub(crate) fn thaw(name: &str) {
    for place in places(name) {
        thaw_within(&place);
    }
}

/// Podman's containers lie deeper than Docker's.
fn thaw_within(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            thaw_within(&entry.path());
        }
    }
    let state = group.join("freezer.state");
    if state.exists() {
        // It may have gone meanwhile; and where this fails, removing the group tells.
        let _ = fs::write(state, "THAWED");
    }
}

/// Removes the group of this name with its subgroups, from every hierarchy.
pub(crate) fn remove(name: &str) -> Result<()> {
    // Its processes were killed a moment ago, and the kernel may still be at it.
    let gone = until(Duration::from_secs(10), || {
        for place in places(name) {
            remove_emptied(&place);
        }
        places(name).is_empty()
    });
    if !gone {
        bail!("the control group {name} cannot be removed from {MOUNTED}: it still has processes");
    }
    Ok(())
}

/// Version 2 is one hierarchy; version 1 has one for each controller.
fn places(name: &str) -> Vec<PathBuf> {
    let controllers =
        fs::read_dir(MOUNTED).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    controllers
        .chain([PathBuf::from(MOUNTED)])
        .map(|hierarchy| hierarchy.join(name))
        .filter(|group| group.is_dir())
        .collect()
}

fn remove_emptied(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_emptied(&entry.path());
        }
    }
    // It is asked again where this fails.
    let _ = fs::remove_dir(group);
}
