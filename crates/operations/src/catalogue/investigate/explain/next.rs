//! What is unusual about a container, and what to do next, in the connector's own operations.

use serde_json::{Value, json};

use super::{
    gathered::Gathered,
    page::{Section, Sentence},
    sections::named,
    unusual::change,
};
use crate::{
    catalogue::investigate::{attack, plain::plain, related::SWARM_SERVICE},
    run::objects::text,
};

/// No more processes and commands are told.
const MOST: usize = 6;

/// How much there is to say against a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Assessment {
    /// Something in it is what intruders do.
    Suspicious,
    /// Nothing is, but whoever gets in gets far.
    Risky,
    Unremarkable,
}

impl Assessment {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Suspicious => "suspicious",
            Self::Risky => "risky",
            Self::Unremarkable => "unremarkable",
        }
    }
}

/// What is unusual, what that comes to, and whether it is nothing.
pub(crate) fn unusual(found: &Gathered) -> (Section, Assessment, bool) {
    let (container, state) = (found.container(), &found.container()["State"]);
    let mut told = Vec::new();
    let odd = found.odd();
    for odd in odd.iter().take(MOST) {
        let what = format!("A process {}: {}", odd.why, plain(&odd.command, 160));
        told.push(Sentence::new(&what, "top", &odd.command).technique(odd.technique));
    }
    for command in found.commands.iter().rev().take(MOST) {
        let what = format!("Somebody ran a command in it by the engine's API: {}", plain(command, 160));
        told.push(
            Sentence::new(&what, "events exec_create", command)
                .technique(attack::CONTAINER_ADMINISTRATION_COMMAND),
        );
    }
    let grave: Vec<&str> = found
        .changes
        .iter()
        .filter(|(path, kind)| change(path, *kind).is_some_and(|telling| telling.rank <= 1))
        .map(|(path, _)| path.as_str())
        .collect();
    if !grave.is_empty() {
        let what = format!("It has changed what a container seldom changes: {}.", named("file", &grave));
        told.push(Sentence::new(&what, "changes", &grave.join(", ")));
    }
    let odd_file =
        found.changes.iter().any(|(path, kind)| change(path, *kind).is_some_and(|telling| telling.rank == 0));
    if state["OOMKilled"] == true {
        told.push(Sentence::new(
            "The kernel ended a process that ran out of memory.",
            "State.OOMKilled",
            "true",
        ));
    }
    if state["Health"]["Status"] == "unhealthy" {
        told.push(Sentence::new("Its health check fails.", "State.Health.Status", "unhealthy"));
    }
    if text(state, "Status") == "restarting" {
        told.push(Sentence::new("It cannot stay up.", "State.Status", "restarting"));
    }
    if text(&container["HostConfig"]["LogConfig"], "Type") == "none" {
        told.push(
            Sentence::new("It keeps no log.", "HostConfig.LogConfig.Type", "none")
                .technique(attack::DISABLE_TOOLS),
        );
    }
    let leads_out = matches!(text(&found.posture, "escape"), "certain" | "likely");
    let assessment = if !odd.is_empty() || odd_file || !grave.is_empty() && !found.commands.is_empty() {
        Assessment::Suspicious
    } else if leads_out || found.findings_of("critical").next().is_some() {
        Assessment::Risky
    } else {
        Assessment::Unremarkable
    };
    let is_nothing = told.is_empty();
    if is_nothing {
        let had = if found.had_processes { "Its processes, changed files" } else { "Its changed files" };
        told.push(Sentence::new(
            &format!(
                "{had} and recent commands show nothing unusual. That does not prove that nothing happened."
            ),
            "top, changes, events",
            "",
        ));
    }
    (Section { key: "unusual", title: "What is unusual", sentences: told }, assessment, is_nothing)
}

/// An operation to run next.
pub(crate) struct Step {
    operation: &'static str,
    why: String,
}

impl Step {
    pub(crate) fn shown(&self, id: &str) -> Value {
        let parameter = match self.operation {
            "stop_service" | "hunt" | "list_isolated" => Value::Null,
            _ => id.into(),
        };
        json!({"operation": self.operation, "why": self.why, "id": parameter})
    }
}

/// What to do next, the first first.
pub(crate) fn next(found: &Gathered, assessment: Assessment) -> (Section, Vec<Step>) {
    let container = found.container();
    let status = text(&container["State"], "Status");
    let runs = matches!(status, "running" | "paused" | "restarting");
    let is_task = !found.survey.subject.label(SWARM_SERVICE).is_empty();
    let mut steps = Vec::new();
    let mut step = |operation, why: &str| steps.push(Step { operation, why: why.to_owned() });
    match (assessment, found.isolation.is_some(), runs) {
        (_, true, _) => {
            step("list_isolated", "See whether it is still isolated as it should be.");
            step("collect_evidence", "Collect evidence, if that was not done when it was isolated.");
            step("release_container", "Release it once the case is closed.");
        }
        (Assessment::Suspicious, false, true) => {
            step(
                "isolate_container",
                "Isolate it, with evidence Full. Do not stop it: that loses its memory.",
            );
            step("container_timeline", "See what happened, and when, before the engine forgets it.");
            step("find_related", "See what else it reaches, and what reaches it.");
            step("hunt", "Look for the same process, image or file in all other containers.");
        }
        (Assessment::Suspicious, false, false) => {
            step("collect_evidence", "Collect evidence. Do not start it.");
            step("container_timeline", "See what happened, and when, before the engine forgets it.");
            step("find_related", "See what else it could reach.");
        }
        (Assessment::Risky, false, _) => {
            step("audit_posture", "See each failed check with its remedy.");
            step("find_related", "See what it could reach if somebody gets in.");
            step("container_timeline", "See whether somebody ran commands in it.");
        }
        (Assessment::Unremarkable, false, true) => {
            step("container_timeline", "See what happened, if an alert named this container.");
            step("container_logs", "Read what it wrote.");
        }
        (Assessment::Unremarkable, false, false) => {
            step("container_logs", "Read what it wrote before it ended.");
            step("container_timeline", "See when and how it ended.");
        }
    }
    if is_task && assessment == Assessment::Suspicious && runs {
        step("stop_service", "Stop its service: Swarm starts other tasks from the same image.");
    }
    if container["HostConfig"]["AutoRemove"] == true && runs {
        step("collect_evidence", "Collect evidence before it ends: the engine removes it then.");
    }
    let sentences = steps
        .iter()
        .map(|step| {
            let text = format!("{}: {}", step.operation, step.why);
            Sentence::new(&text, "assessment", assessment.word()).and("State.Status", status)
        })
        .collect();
    (Section { key: "next", title: "What to do next", sentences }, steps)
}
