//! How far tasks have moved from a node, or to it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use engine::{Path, Request};
use serde_json::{Value, json};

use crate::{Error, run::call::Call};

/// The states of a task that runs or will, by the order in which it has them.
const BEFORE_RUNNING: [&str; 7] =
    ["new", "pending", "assigned", "accepted", "preparing", "ready", "starting"];
const RUNNING: &str = "running";
/// A look may take so long after the end of the time limit.
const LAST_LOOK: Duration = Duration::from_secs(5);

/// A service whose tasks were on a node.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) name: String,
    pub(super) running: u64,
    pub(super) desired: u64,
    /// Why a task of it does not run.
    pub(super) why: Option<String>,
}

impl Count {
    pub(super) fn is_reached(&self) -> bool {
        self.running >= self.desired
    }
}

/// GETs a list, by filters, within the time that is left.
pub(super) fn list(
    call: &Call<'_>,
    path: &'static str,
    filters: &Value,
    end: Instant,
) -> Result<Vec<Value>, Error> {
    let left = end.saturating_duration_since(Instant::now()).max(LAST_LOOK);
    let bound = left.min(call.configuration.timeout());
    let request = Request::get(Path::fixed(path)).query("filters", &filters.to_string());
    match call.send(request.silence(bound).deadline(bound))?.json()? {
        Value::Array(items) => Ok(items),
        _ => Ok(Vec::new()),
    }
}

/// The tasks of services on a node that run or will, whatever the swarm wants of them.
pub(super) fn on_node(call: &Call<'_>, node: &str, end: Instant) -> Result<Vec<Value>, Error> {
    let mut tasks = list(call, "/tasks", &json!({"node": [node]}), end)?;
    tasks.retain(|task| is_of_service(task) && (is_running(task) || is_before_running(task)));
    Ok(tasks)
}

/// How many tasks of replicated services run on other nodes, and should. `names` gets the services' names.
pub(super) fn counts(
    call: &Call<'_>,
    node: &str,
    names: &mut BTreeMap<String, String>,
    end: Instant,
) -> Result<Vec<Count>, Error> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&String> = names.keys().collect();
    let services = list(call, "/services", &json!({"id": ids}), end)?;
    let tasks = list(call, "/tasks", &json!({"service": ids, "desired-state": [RUNNING]}), end)?;
    let mut found = Vec::new();
    for service in services {
        let (Some(id), Some(name)) = (service["ID"].as_str(), service["Spec"]["Name"].as_str()) else {
            continue;
        };
        let Some(known) = names.get_mut(id) else { continue };
        name.clone_into(known);
        // A global service has one task for each node, and jobs end: neither moves.
        let Some(desired) = service["Spec"]["Mode"]["Replicated"]["Replicas"].as_u64() else { continue };
        let its = tasks.iter().filter(|task| task["ServiceID"] == id && task["NodeID"] != node);
        let running = its.clone().filter(|task| is_running(task)).count() as u64;
        let why = its.filter(|task| !is_running(task)).find_map(reason);
        found.push(Count { name: name.to_owned(), running, desired, why });
    }
    Ok(found)
}

/// The tasks that are to run and do not yet, on this node or on none.
pub(super) fn waiting(tasks: &[Value], node: &str) -> Vec<String> {
    let is_here = |task: &&Value| task["NodeID"].as_str().is_none_or(|at| at.is_empty() || at == node);
    let waiting = tasks.iter().filter(is_here).filter(|task| is_before_running(task));
    waiting
        .map(|task| {
            let state = task["Status"]["State"].as_str().unwrap_or_default();
            let why = reason(task).map_or(String::new(), |why| format!(": {why}"));
            format!("task {} is {state}{why}", task["ID"].as_str().unwrap_or_default())
        })
        .collect()
}

pub(super) fn is_running(task: &Value) -> bool {
    task["Status"]["State"] == RUNNING
}

fn is_before_running(task: &Value) -> bool {
    task["Status"]["State"].as_str().is_some_and(|state| BEFORE_RUNNING.contains(&state))
}

/// A container that is attached to a network of the swarm is a task, too, but of no service: it does not move.
fn is_of_service(task: &Value) -> bool {
    task["ServiceID"].as_str().is_some_and(|id| !id.is_empty())
}

/// Why a task is in its state, if the swarm says so.
fn reason(task: &Value) -> Option<String> {
    let error = task["Status"]["Err"].as_str().filter(|text| !text.is_empty())?;
    Some(error.trim_end_matches('.').chars().take(200).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tasks_of_this_node_or_none_are_waited_for() {
        let task = |node: &str, state: &str| json!({"ID": "t", "NodeID": node, "Status": {"State": state, "Err": "no suitable node."}});
        assert_eq!(waiting(&[task("n", "pending")], "n"), ["task t is pending: no suitable node"]);
        assert_eq!(waiting(&[task("", "new")], "n").len(), 1);
        assert_eq!(
            waiting(&[task("m", "starting"), task("n", "running"), task("n", "failed")], "n").len(),
            0
        );
    }
}
