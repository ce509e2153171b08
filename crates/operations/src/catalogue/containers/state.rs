//! The state of a container, as `GET /containers/{id}/json` shows it.

use engine::{Path, Request, Segment};
use serde_json::Value;

use crate::{Error, run::call::Call};

/// A container that is not there any more is said to be in this state.
pub(crate) const REMOVED: &str = "removed";

/// How much of a health check's output is shown.
const HEALTH_OUTPUT: usize = 500;

/// What inspecting a container has shown.
#[derive(Debug, Clone)]
pub(crate) struct State(Value);

impl State {
    /// Looks at the container that the parameter `id` names. `None` if there is none.
    pub(crate) fn look(call: &Call<'_>) -> Result<Option<Self>, Error> {
        let found = Self::look_at(call, call.arguments.text("id").unwrap_or_default())?;
        call.seen.replace(found.as_ref().map(|state| state.0.clone()));
        Ok(found)
    }

    /// The same before a change: what was just seen is as good.
    pub(crate) fn before(call: &Call<'_>) -> Result<Option<Self>, Error> {
        let seen = call.seen.borrow().clone();
        match seen {
            Some(seen) => Ok(Some(Self(seen))),
            None => Self::look(call),
        }
    }

    /// Looks at a container, by id or name.
    pub(crate) fn look_at(call: &Call<'_>, id: &str) -> Result<Option<Self>, Error> {
        let path = Path::fill("/containers/{id}/json", |_| Segment::name(id))?;
        match call.send(Request::get(path)) {
            Ok(answer) => Ok(Some(Self(answer.json()?))),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The container's own id, which stays with it whatever its name.
    pub(crate) fn id(&self) -> &str {
        self.0["Id"].as_str().unwrap_or_default()
    }

    /// Docker's word: created, running, paused, restarting, removing, exited or dead.
    pub(crate) fn status(&self) -> &str {
        self.0["State"]["Status"].as_str().unwrap_or("unknown")
    }

    /// Whether its processes are there, also when they are paused.
    pub(crate) fn is_running(&self) -> bool {
        self.0["State"]["Running"] == true
    }

    /// Whether it ran, and does so no more. (Podman also says `stopped`.)
    pub(crate) fn has_ended(&self) -> bool {
        !self.is_running() && matches!(self.status(), "exited" | "stopped" | "dead" | "removing")
    }

    /// The exit code of its last run.
    pub(crate) fn exit_code(&self) -> &Value {
        &self.0["State"]["ExitCode"]
    }

    /// When it was last started.
    pub(crate) fn started_at(&self) -> &Value {
        &self.0["State"]["StartedAt"]
    }

    /// What its health check says: starting, healthy or unhealthy; `none` where it has none.
    pub(crate) fn health(&self) -> &str {
        let health = &self.0["State"];
        // Podman calls it Healthcheck in some versions, and leaves its status empty where there is none.
        let status = health["Health"]["Status"].as_str().or(health["Healthcheck"]["Status"].as_str());
        status.filter(|status| !status.is_empty()).unwrap_or("none")
    }

    /// The end of what the last health check has written.
    pub(crate) fn health_output(&self) -> String {
        let last = self.0["State"]["Health"]["Log"].as_array().and_then(|log| log.last());
        let output = last.and_then(|check| check["Output"].as_str()).unwrap_or_default().trim();
        output[output.floor_char_boundary(output.len().saturating_sub(HEALTH_OUTPUT))..].to_owned()
    }

    /// How long, in seconds, it has to stop before it is killed: its own, or the engine's 10.
    pub(crate) fn stop_timeout(&self) -> u64 {
        const ENGINES_OWN: u64 = 10;
        self.0["Config"]["StopTimeout"].as_u64().unwrap_or(ENGINES_OWN)
    }

    /// Whether, and when, the engine starts it again by itself: no, on-failure, always or unless-stopped.
    pub(crate) fn restart_policy(&self) -> &str {
        let name = self.0["HostConfig"]["RestartPolicy"]["Name"].as_str().unwrap_or_default();
        if name.is_empty() { "no" } else { name }
    }

    /// Whether the engine, when it starts itself, starts the container too, though it was stopped by hand.
    pub(crate) fn comes_back(&self) -> bool {
        match self.restart_policy() {
            "always" => true,
            "on-failure" => self.is_tried_again(),
            _ => false,
        }
    }

    /// Whether it has ended, and only a start by hand makes it run again.
    pub(crate) fn stays_down(&self) -> bool {
        self.has_ended()
            && match self.restart_policy() {
                "no" => true,
                "on-failure" => !self.is_tried_again(),
                _ => false,
            }
    }

    /// Whether the policy on-failure starts it again: it has failed, and not too often.
    fn is_tried_again(&self) -> bool {
        let most = self.0["HostConfig"]["RestartPolicy"]["MaximumRetryCount"].as_u64().unwrap_or_default();
        *self.exit_code() != 0 && (most == 0 || self.0["RestartCount"].as_u64() < Some(most))
    }
}

#[cfg(test)]
impl From<Value> for State {
    fn from(inspected: Value) -> Self {
        Self(inspected)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ended(policy: &Value, exit_code: i64, restarts: u64) -> State {
        State(json!({
            "State": {"Status": "exited", "Running": false, "ExitCode": exit_code},
            "HostConfig": {"RestartPolicy": policy},
            "RestartCount": restarts,
        }))
    }

    #[test]
    fn knows_what_comes_back() {
        for (policy, exit_code, restarts, comes_back, stays_down) in [
            (json!({"Name": "no", "MaximumRetryCount": 0}), 1, 0, false, true),
            (json!({"Name": ""}), 1, 0, false, true),
            (json!({"Name": "always"}), 0, 0, true, false),
            (json!({"Name": "unless-stopped"}), 0, 0, false, false),
            (json!({"Name": "on-failure"}), 0, 0, false, true),
            (json!({"Name": "on-failure"}), 1, 7, true, false),
            (json!({"Name": "on-failure", "MaximumRetryCount": 2}), 1, 1, true, false),
            (json!({"Name": "on-failure", "MaximumRetryCount": 2}), 1, 2, false, true),
        ] {
            let state = ended(&policy, exit_code, restarts);
            assert_eq!((state.comes_back(), state.stays_down()), (comes_back, stays_down), "{policy}");
        }
    }

    #[test]
    fn an_absent_health_check_is_none() {
        assert_eq!(State(json!({"State": {"Status": "running"}})).health(), "none");
        assert_eq!(State(json!({"State": {"Healthcheck": {"Status": ""}}})).health(), "none");
        let log = json!([{"Output": "old"}, {"Output": format!(" é{}end\n", "x".repeat(HEALTH_OUTPUT))}]);
        let state = State(json!({"State": {"Health": {"Status": "unhealthy", "Log": log}}}));
        assert_eq!(state.health(), "unhealthy");
        assert!(state.health_output().ends_with("xend") && state.health_output().len() <= HEALTH_OUTPUT + 1);
    }
}
