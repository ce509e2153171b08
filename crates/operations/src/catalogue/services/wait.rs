//! Waiting until a service has converged, as docker's command line does: all its tasks run, at its present settings, on nodes that
//! are up, and have done so for as long as an update is watched.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use engine::{ErrorKind, Path, Request};
use serde_json::Value;

use super::{
    SERVICE,
    tasks_of::{self, is_over, state, tasks},
};
use crate::{
    Error, Kind, Operation, Output, Progress, Schema,
    declare::{param::TIME_LIMIT, result::DONE},
    run::{call::Call, objects::items, progress::Watch},
};

/// How long tasks are watched where the service does not say it.
const MONITOR: Duration = Duration::from_secs(5);
/// A global service that has no task yet may be about to get some.
const LEAST_HOLD: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(300);
/// Of more failed tasks only the number is told.
const MOST_TOLD: usize = 5;

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::get("wait_for_service", "/services/{id}")
    .title("Wait for Service")
    .about("Waits until all tasks of a service are running with its current settings and stay running. Fails as soon as the update is paused or rolled back, and says which tasks failed and why.")
    .params(&[
        SERVICE,
        TIME_LIMIT.about("How long to wait. If empty, the configuration's timeout applies. The call fails if the service is not ready by then."),
    ])
    .gives(Schema::All(&[DONE, Schema::Fields(&["running", "desired", "update_state", "seconds"])]))
    .run(wait)];

pub(crate) fn wait(call: &Call<'_>) -> Result<Output, Error> {
    let started = Instant::now();
    let end = started + call.time_limit();
    let mut watch = Watch::of(call);
    let mut since: Option<Instant> = None;
    let mut rolls_back = false;
    loop {
        let service = call.look("/services/{id}")?;
        let view = View::of(call, &service)?;
        rolls_back |= view.rolls_back_by_itself();
        if let Some(why) = view.failure(rolls_back) {
            return Err(view.failed(call, &why, Kind::Failed));
        }
        if let Some(watch) = &mut watch {
            watch.note(&Progress { text: &view.progress(), ..Progress::default() });
        }
        since = if view.has_converged() { since.or_else(|| Some(Instant::now())) } else { None };
        if let Some(since) = since
            && !view.is_under_way()
            && (view.is_job() || since.elapsed() >= view.monitor())
        {
            return Ok(view.result(call, started));
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let why = format!("{}, and {} seconds were up", view.progress(), call.time_limit().as_secs());
            return Err(view.failed(call, &why, Kind::Engine(ErrorKind::TimedOut)));
        }
        engine::sleep(PAUSE.min(left))?;
    }
}

/// How a service stands.
struct View {
    service: Value,
    /// Its tasks that are at its present settings.
    tasks: Vec<Value>,
    running: u64,
    desired: u64,
}

impl View {
    fn of(call: &Call<'_>, service: &Value) -> Result<Self, Error> {
        let tasks = tasks(call, service["ID"].as_str().unwrap_or_default(), &[("_up-to-date", "true")])?;
        let nodes = call.send(Request::get(Path::fixed("/nodes")))?.json()?;
        let up: HashSet<&str> = items(&nodes)
            .filter(|node| node["Status"]["State"] != "down")
            .filter_map(|node| node["ID"].as_str())
            .collect();
        Ok(Self::counted(service.clone(), tasks, &up))
    }

    fn counted(service: Value, tasks: Vec<Value>, up: &HashSet<&str>) -> Self {
        let is_up =
            |task: &&Value| task["NodeID"].as_str().is_none_or(|node| node.is_empty() || up.contains(node));
        let mode = &service["Spec"]["Mode"];
        let of_a_job =
            |task: &&Value| task["JobIteration"]["Index"] == service["JobStatus"]["JobIteration"]["Index"];
        let (running, desired) = if let Some(job) = mode["ReplicatedJob"].as_object() {
            let done = tasks.iter().filter(of_a_job).filter(|task| state(task) == "complete").count();
            let at_once = job.get("MaxConcurrent").and_then(Value::as_u64).unwrap_or(1);
            let total = job.get("TotalCompletions").and_then(Value::as_u64);
            (done as u64, total.unwrap_or(at_once))
        } else if mode["GlobalJob"].is_object() {
            let its: Vec<&Value> = tasks.iter().filter(of_a_job).filter(is_up).collect();
            let nodes: HashSet<&str> = its.iter().filter_map(|task| task["NodeID"].as_str()).collect();
            let done: HashSet<&str> = its
                .iter()
                .filter(|task| state(task) == "complete")
                .filter_map(|task| task["NodeID"].as_str())
                .collect();
            (done.len() as u64, nodes.len() as u64)
        } else {
            let newest = newest_of_each(tasks.iter().filter(is_up));
            let is_wanted = |task: &&&Value| !is_over(task["DesiredState"].as_str().unwrap_or_default());
            let wanted: Vec<&&Value> = newest.values().filter(is_wanted).collect();
            let running = wanted.iter().filter(|task| state(task) == "running").count() as u64;
            let replicas = mode["Replicated"].as_object();
            let replicas = replicas.map(|mode| mode.get("Replicas").and_then(Value::as_u64).unwrap_or(1));
            (running, replicas.unwrap_or(wanted.len() as u64))
        };
        Self { service, tasks, running, desired }
    }

    fn has_converged(&self) -> bool {
        self.running == self.desired
    }

    /// Whether the engine still replaces tasks, or watches them.
    fn is_under_way(&self) -> bool {
        matches!(self.update_state(), "updating" | "rollback_started")
    }

    fn is_job(&self) -> bool {
        let mode = &self.service["Spec"]["Mode"];
        mode["ReplicatedJob"].is_object() || mode["GlobalJob"].is_object() && self.desired > 0
    }

    /// How long its tasks are to run before that is believed.
    fn monitor(&self) -> Duration {
        let given = self.service["Spec"]["UpdateConfig"]["Monitor"].as_u64().filter(|monitor| *monitor > 0);
        let monitor = given.map_or(MONITOR, Duration::from_nanos);
        if self.desired == 0 { monitor.max(LEAST_HOLD) } else { monitor }
    }

    fn update_state(&self) -> &str {
        self.service["UpdateStatus"]["State"].as_str().unwrap_or_default()
    }

    /// Whether the engine takes an update back by itself. It then forgets the settings before, which are the present ones again;
    /// of a rollback that was asked for it keeps those that were taken back.
    fn rolls_back_by_itself(&self) -> bool {
        self.update_state().starts_with("rollback_") && !self.service["PreviousSpec"].is_object()
    }

    /// Why it will not converge, or not at the settings that were wanted.
    fn failure(&self, rolls_back: bool) -> Option<String> {
        let message = self.service["UpdateStatus"]["Message"].as_str().unwrap_or_default();
        let because = if message.is_empty() { String::new() } else { format!(" ({message})") };
        match self.update_state() {
            "paused" => Some(format!("its update is paused{because}")),
            "rollback_paused" => Some(format!("its rollback is paused{because}")),
            "rollback_completed" if rolls_back => {
                Some(format!("its update failed and was rolled back{because}"))
            }
            _ => None,
        }
    }

    fn progress(&self) -> String {
        let Self { running, desired, .. } = self;
        let verb = if self.is_job() { "have ended well" } else { "run" };
        match self.update_state() {
            "" | "completed" => format!("{running} of {desired} tasks {verb}"),
            state => format!("{running} of {desired} tasks {verb}, {}", state.replace('_', " ")),
        }
    }

    fn result(&self, call: &Call<'_>, started: Instant) -> Output {
        let mut result = call.outcome_fields("Service {id} has converged", false);
        result.insert("running".into(), self.running.into());
        result.insert("desired".into(), self.desired.into());
        result.insert("update_state".into(), self.service["UpdateStatus"]["State"].clone());
        result.insert("seconds".into(), started.elapsed().as_secs().into());
        result.into()
    }

    fn failed(&self, call: &Call<'_>, why: &str, kind: Kind) -> Error {
        let name = self.service["Spec"]["Name"].as_str().unwrap_or_default();
        let all = tasks(call, self.service["ID"].as_str().unwrap_or_default(), &[]);
        let told = told(name, all.as_ref().map_or(&self.tasks, |all| all));
        let advice = "list_tasks and service_logs tell more; rollback_service takes an update back.";
        Error::new(kind, format!("Service {name} has not converged: {why}. {told} {advice}"))
    }
}

/// The newest task of each slot, or of each node where each has one. Of two that are both wanted, that which is further counts.
fn newest_of_each<'t>(tasks: impl Iterator<Item = &'t Value>) -> HashMap<String, &'t Value> {
    let mut newest: HashMap<String, &Value> = HashMap::new();
    for task in tasks {
        let slot = match task["Slot"].as_u64().filter(|slot| *slot > 0) {
            Some(slot) => slot.to_string(),
            None => task["NodeID"].as_str().unwrap_or_default().to_owned(),
        };
        let rank = |task: &Value| {
            let is_over = |state: &Value| is_over(state.as_str().unwrap_or_default());
            let runs = state(task) == "running";
            (!is_over(&task["DesiredState"]), runs, task["CreatedAt"].as_str().unwrap_or_default().to_owned())
        };
        match newest.get(&slot) {
            Some(present) if rank(present) >= rank(task) => {}
            _ => {
                newest.insert(slot, task);
            }
        }
    }
    newest
}

/// Which tasks failed, and why: the newest first, each reason once.
fn told(service: &str, tasks: &[Value]) -> String {
    let mut failed: Vec<&Value> = tasks.iter().filter(|task| is_unwell(task)).collect();
    failed.sort_by_key(|task| std::cmp::Reverse(task["Status"]["Timestamp"].as_str().unwrap_or_default()));
    let mut reasons: Vec<String> = Vec::new();
    for task in &failed {
        let status = &task["Status"];
        let why = status["Err"].as_str().filter(|why| !why.is_empty()).or(status["Message"].as_str());
        let code = status["ContainerStatus"]["ExitCode"].as_i64().filter(|code| *code != 0);
        let code = code.map_or(String::new(), |code| format!(", exit code {code}"));
        let why = why.unwrap_or_default().trim_end_matches('.');
        let reason = format!("{} {}: {why}{code}", tasks_of::name(service, task), state(task));
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    let more = reasons.len().saturating_sub(MOST_TOLD);
    reasons.truncate(MOST_TOLD);
    match (reasons.is_empty(), more) {
        (true, _) => "No task says that it failed.".into(),
        (false, 0) => format!("{}.", reasons.join("; ")),
        (false, more) => format!("{}; and {more} more.", reasons.join("; ")),
    }
}

/// Whether a task failed, or waits for something that is not there.
fn is_unwell(task: &Value) -> bool {
    let has_error = task["Status"]["Err"].as_str().is_some_and(|why| !why.is_empty());
    matches!(state(task), "failed" | "rejected") || has_error
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn task(slot: u64, node: &str, state: &str, desired: &str) -> Value {
        json!({"Slot": slot, "NodeID": node, "Status": {"State": state}, "DesiredState": desired, "CreatedAt": state})
    }

    fn view(mode: &Value, tasks: Vec<Value>) -> View {
        let up = HashSet::from(["n1", "n2"]);
        View::counted(json!({"Spec": {"Mode": mode}}), tasks, &up)
    }

    #[test]
    fn counts_a_task_for_each_slot_on_nodes_that_are_up() {
        let replicated = json!({"Replicated": {"Replicas": 2}});
        let both = vec![
            task(1, "n1", "running", "running"),
            task(1, "n1", "failed", "shutdown"),
            task(2, "n2", "running", "running"),
        ];
        let seen = view(&replicated, both);
        assert_eq!((seen.running, seen.desired, seen.has_converged()), (2, 2, true));
        let lost = vec![task(1, "n1", "running", "running"), task(2, "gone", "running", "running")];
        assert_eq!(view(&replicated, lost).running, 1);
        let leaving = vec![task(1, "n1", "running", "running"), task(2, "n1", "running", "shutdown")];
        assert_eq!(view(&replicated, leaving).running, 1);
        assert!(view(&json!({"Replicated": {"Replicas": 0}}), vec![]).has_converged());
    }

    #[test]
    fn a_global_service_wants_what_the_swarm_has_planned() {
        let global = json!({"Global": {}});
        let seen =
            view(&global, vec![task(0, "n1", "running", "running"), task(0, "n2", "preparing", "running")]);
        assert_eq!((seen.running, seen.desired), (1, 2));
        assert_eq!(view(&global, vec![task(0, "n1", "shutdown", "shutdown")]).desired, 0);
    }

    #[test]
    fn a_job_counts_what_has_ended_well() {
        let job = json!({"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 2}});
        let seen =
            view(&job, vec![task(1, "n1", "complete", "complete"), task(2, "n1", "running", "complete")]);
        assert_eq!((seen.running, seen.desired, seen.is_job()), (1, 2, true));
    }

    #[test]
    fn a_rollback_that_was_asked_for_is_no_failure() {
        let status = |state: &str, previous: Value| {
            let service = json!({"Spec": {}, "UpdateStatus": {"State": state, "Message": "why"}, "PreviousSpec": previous});
            let view = View { service, tasks: vec![], running: 1, desired: 1 };
            view.failure(view.rolls_back_by_itself())
        };
        assert_eq!(status("rollback_completed", json!({})), None);
        assert_eq!(
            status("rollback_completed", json!(null)).unwrap(),
            "its update failed and was rolled back (why)"
        );
        assert_eq!(status("paused", json!({})).unwrap(), "its update is paused (why)");
        assert_eq!(status("updating", json!({})), None);
    }

    #[test]
    fn tells_each_reason_once() {
        let failed = |slot: u64, why: &str| json!({"Slot": slot, "Status": {"State": "failed", "Err": why, "ContainerStatus": {"ExitCode": 1}}});
        let told = told(
            "web",
            &[failed(1, "non-zero exit"), failed(1, "non-zero exit"), failed(2, "No such image")],
        );
        assert_eq!(
            told,
            "web.1 failed: non-zero exit, exit code 1; web.2 failed: No such image, exit code 1."
        );
    }
}
