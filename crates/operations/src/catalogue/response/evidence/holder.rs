//! Who holds a container paused for its evidence: a process. Whoever finds the container paused can tell whether it is at work.

use std::{fs, process};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::run::{isolation::Undo, objects::text};

/// What has become of a process that began to collect evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    AtWork,
    /// It was ended before it could let the container run on, or its time is long over.
    Gone,
    /// It ran on another machine, and may be at work.
    Unknown,
}

/// This process, as a record names it.
pub(crate) fn this_process() -> Value {
    json!({"machine": machine(), "process": process::id(), "started": started(process::id())})
}

/// What has become of the process that a record names.
pub(crate) fn of(record: &Undo) -> Holder {
    let shown = record.shown();
    let holder = &shown["held_by"];
    if machine().is_some_and(|machine| holder["machine"] == machine) {
        let process = holder["process"].as_u64().and_then(|process| u32::try_from(process).ok());
        let is_there = process.and_then(started).is_some_and(|started| holder["started"] == started);
        return if is_there { Holder::AtWork } else { Holder::Gone };
    }
    match text(shown, "held_until").parse::<Timestamp>() {
        Ok(until) if until > Timestamp::now() => Holder::Unknown,
        _ => Holder::Gone,
    }
}

/// This machine since its start, and the processes that it shows here: another container counts them anew.
fn machine() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let processes = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), processes.display()))
}

/// When a process has begun, in the kernel's ticks. None of one that has ended, though nobody has asked for its exit code yet.
fn started(process: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Its name stands before, in parentheses, and may hold anything.
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_whitespace();
    let is_over = matches!(fields.next()?, "Z" | "X");
    fields.nth(18)?.parse().ok().filter(|_| !is_over)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_is_at_work_until_it_ends() {
        assert!(started(process::id()).is_some());
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        assert!(started(child.id()).is_some());
        child.kill().unwrap();
        // Not waited for, it is there and at no work.
        while started(child.id()).is_some() {}
        child.wait().unwrap();
        assert_eq!(started(child.id()), None);
    }

    #[test]
    fn another_machine_has_its_time() {
        let undo = |until: &str| {
            let fields = json!({
                "form": 1, "container": "c0ffee", "restart_policy": {"Name": "no"}, "paused": false, "status": "running",
                "networks": [], "held_until": until, "held_by": {"machine": "another", "process": 1, "started": 2},
            });
            Undo::read(&fields, "c0ffee").unwrap()
        };
        assert_eq!(of(&undo("2999-01-01T00:00:00Z")), Holder::Unknown);
        for over in ["2020-01-01T00:00:00Z", "", "x"] {
            assert_eq!(of(&undo(over)), Holder::Gone);
        }
    }
}
