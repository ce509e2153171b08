//! Draining a node and activating it: both set the node's availability, and wait until tasks have moved.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use engine::ErrorKind;
use serde_json::{Map, Value, json};

use super::{
    DRAIN,
    moves::{Count, counts, is_running, list, on_node, waiting},
};
use crate::{
    Error, Kind, Output, Progress, Schema,
    run::{
        call::Call,
        progress::Watch,
        swarm_update::{Updated, Versioned},
    },
};

const ACTIVE_WORD: &str = "active";
/// Looks begin this far apart and grow rarer: every look is a few requests, and requests may be rationed.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The swarm gives tasks to a node that has become active within this time.
const SETTLING: Duration = Duration::from_secs(2);
/// Further tasks are not named.
const MOST_NAMED: usize = 10;

/// What has moved away, and where the services stand.
pub(super) const MOVED: Schema = Schema::All(&[
    Schema::Fields(&["tasks_moved", "note"]),
    Schema::Field("services", &Schema::List(&Schema::Fields(&["name", "running", "desired"]))),
]);

/// What runs on the node, and what does not yet.
pub(super) const ACTIVE: Schema = Schema::All(&[
    Schema::Fields(&["tasks_running", "timed_out"]),
    Schema::Field("waiting_for", &crate::declare::result::TEXTS),
]);

/// `POST /nodes/{id}/update` with the availability `drain`.
pub(super) fn drain(call: &Call<'_>) -> Result<Output, Error> {
    let end = Instant::now() + call.time_limit();
    let node = call.look("/nodes/{id}")?;
    let id = id(&node)?;
    // Known before the change: a task that has moved says no more where it came from.
    let tasks = on_node(call, &id, end)?;
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for service in tasks.iter().filter_map(|task| task["ServiceID"].as_str()) {
        names.insert(service.to_owned(), service.to_owned());
    }
    let updated = set(call, &id, DRAIN)?;
    let mut watch = Watch::of(call);
    let mut pauses = Pauses(FIRST_PAUSE);
    loop {
        let moved = look(call, &id, &mut names, end).map_err(|error| error.and(STAYS_DRAINED))?;
        tell(watch.as_mut(), &moved);
        if moved.is_done() {
            let already = updated.spec.is_none() && tasks.is_empty();
            let sentence = if already { "Node {id} was already drained" } else { "Drained node {id}" };
            let mut result = call.outcome_fields(sentence, already);
            result.insert("tasks_moved".into(), tasks.len().into());
            result.insert("services".into(), moved.services.iter().map(as_json).collect());
            result.insert("note".into(), moved.note().into());
            return Ok(result.into());
        }
        if !pauses.wait(end)? {
            return Err(moved.late(call.time_limit()));
        }
    }
}

/// `POST /nodes/{id}/update` with the availability `active`.
pub(super) fn activate(call: &Call<'_>) -> Result<Output, Error> {
    let end = Instant::now() + call.time_limit();
    let id = id(&call.look("/nodes/{id}")?)?;
    let updated = set(call, &id, ACTIVE_WORD)?;
    let already = updated.spec.is_none();
    let settled_from = Instant::now() + if already { Duration::ZERO } else { SETTLING };
    let mut watch = Watch::of(call);
    let mut pauses = Pauses(FIRST_PAUSE);
    loop {
        let tasks = list(call, "/tasks", &json!({"desired-state": ["running"]}), end)?;
        let waits_for = waiting(&tasks, &id);
        let running = tasks.iter().filter(|task| task["NodeID"] == id && is_running(task)).count();
        if let Some(watch) = &mut watch {
            let text = format!("{running} tasks run on the node, {} are waited for", waits_for.len());
            watch.note(&Progress { text: &text, ..Progress::default() });
        }
        let is_settled = waits_for.is_empty() && Instant::now() >= settled_from;
        if is_settled || !pauses.wait(end)? {
            let sentence = if already { "Node {id} was already active" } else { "Activated node {id}" };
            let mut result: Map<String, Value> = call.outcome_fields(sentence, already);
            result.insert("tasks_running".into(), running.into());
            result.insert("waiting_for".into(), waits_for.into_iter().take(MOST_NAMED).collect());
            result.insert("timed_out".into(), (!is_settled).into());
            return Ok(result.into());
        }
    }
}

const STAYS_DRAINED: &str = "The node's availability is drain, and stays so.";

/// Sets the availability, and nothing else.
fn set(call: &Call<'_>, id: &str, availability: &str) -> Result<Updated, Error> {
    Versioned::of("nodes", id)?.update(call, Ok, |node| {
        let mut spec = node["Spec"].clone();
        spec["Availability"] = availability.into();
        Ok((spec != node["Spec"]).then_some(spec))
    })
}

/// How far a drain is.
struct Moved {
    /// How many tasks of the node run or will.
    left: usize,
    services: Vec<Count>,
    /// The swarm has lost the node, and does not know what still runs on it.
    is_down: bool,
}

fn look(
    call: &Call<'_>,
    node: &str,
    names: &mut BTreeMap<String, String>,
    end: Instant,
) -> Result<Moved, Error> {
    let mut tasks = on_node(call, node, end)?;
    let is_down = !tasks.is_empty() && call.look("/nodes/{id}")?["Status"]["State"] == "down";
    if is_down {
        // The tasks of a lost node are shown in their last state for ever.
        tasks.retain(|task| task["DesiredState"] == "running");
    }
    Ok(Moved { left: tasks.len(), services: counts(call, node, names, end)?, is_down })
}

impl Moved {
    fn is_done(&self) -> bool {
        self.left == 0 && self.services.iter().all(Count::is_reached)
    }

    fn note(&self) -> &'static str {
        match self.is_down {
            true => {
                "The node is down. The swarm has replaced its tasks, but their containers may still run on its host."
            }
            false => "",
        }
    }

    /// The error where the time is over.
    fn late(&self, limit: Duration) -> Error {
        let mut faults = Vec::new();
        if self.left > 0 {
            faults.push(format!("{} of its tasks still run or are about to", self.left));
        }
        for service in self.services.iter().filter(|service| !service.is_reached()) {
            let Count { name, running, desired, why } = service;
            let why = why.as_ref().map_or(String::new(), |why| format!(" ({why})"));
            faults.push(format!("service {name} runs {running} of {desired} tasks on other nodes{why}"));
        }
        faults.truncate(MOST_NAMED);
        Error::new(
            Kind::Engine(ErrorKind::TimedOut),
            format!(
                "The node is not drained after {} seconds: {}. {STAYS_DRAINED} Give a longer timeout, or look at the services.",
                limit.as_secs(),
                faults.join("; ")
            ),
        )
    }
}

fn tell(watch: Option<&mut Watch>, moved: &Moved) {
    let Some(watch) = watch else { return };
    let text = format!("{} tasks are left on the node", moved.left);
    watch.note(&Progress { text: &text, is_done: moved.left == 0, ..Progress::default() });
    for service in &moved.services {
        let text = format!("{} of {} tasks run on other nodes", service.running, service.desired);
        let is_done = service.is_reached();
        watch.note(&Progress { part: &service.name, text: &text, is_done, ..Progress::default() });
    }
}

fn as_json(count: &Count) -> Value {
    json!({"name": count.name, "running": count.running, "desired": count.desired})
}

fn id(node: &Value) -> Result<String, Error> {
    let id = node["ID"].as_str().filter(|id| !id.is_empty());
    id.map(str::to_owned).ok_or_else(|| {
        engine::Error::new(ErrorKind::Protocol, "the answer has no ID of a node. Nothing was changed").into()
    })
}

/// The pauses between looks.
struct Pauses(Duration);

impl Pauses {
    /// Waits for the next look; `false` where the time is over.
    fn wait(&mut self, end: Instant) -> Result<bool, Error> {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        engine::sleep(self.0.min(left))?;
        self.0 = LONGEST_PAUSE.min(self.0 * 2);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_without_its_tasks_is_not_drained() {
        let count =
            |running| Count { name: "web".into(), running, desired: 3, why: Some("no suitable node".into()) };
        let moved = |left, running| Moved { left, services: vec![count(running)], is_down: false };
        assert!(moved(0, 3).is_done() && !moved(1, 3).is_done());
        let late = moved(0, 1);
        assert!(!late.is_done());
        let text = late.late(Duration::from_secs(9)).to_string();
        assert!(
            text.starts_with("[timed_out] ")
                && text.contains("web runs 1 of 3 tasks on other nodes (no suitable node)"),
            "{text}"
        );
    }
}
