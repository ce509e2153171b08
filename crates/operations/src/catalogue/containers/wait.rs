//! Waiting for a container: for its end (`POST /containers/{id}/wait`), or for a state, by looking again and again.

use std::time::{Duration, Instant};

use engine::ErrorKind;
use serde_json::{Value, json};

use crate::{
    Effect, Error, Kind, Operation, Output, Schema,
    catalogue::containers::{
        lifecycle::SETTLED,
        state::{REMOVED, State},
    },
    declare::param::{CONTAINER, TIME_LIMIT, choice},
    run::call::Call,
};

const CONDITIONS: &[(&str, &str)] =
    &[("Not Running", "not-running"), ("Next Exit", "next-exit"), ("Removed", "removed")];
const STATES: &[(&str, &str)] =
    &[("Running", "running"), ("Healthy", "healthy"), ("Exited", "exited"), ("Removed", REMOVED)];

/// Looks begin this far apart and grow rarer: every look is a request, and requests may be rationed.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::post("container_wait", "/containers/{id}/wait")
        .also(&["wait_container"])
        .title("Wait for Container")
        .about("Waits until a container exits, and returns its exit code.")
        .effect(Effect::Read)
        .params(&[
            CONTAINER,
            choice("condition", CONDITIONS)
                .title("Condition")
                .about("What to wait for: that the container is not running (also if it never was), its next exit, or its removal."),
            TIME_LIMIT,
        ])
        .gives(Schema::All(&[
            Schema::Answer("POST /containers/{id}/wait"),
            Schema::Fields(&["timed_out", "state"]),
        ]))
        .run(wait),
    Operation::get("wait_for_state", "/containers/{id}/json")
        .title("Wait for Container State")
        .about("Waits until a container is running, healthy, exited or removed. Fails as soon as that can no longer happen.")
        .params(&[
            CONTAINER,
            choice("state", STATES)
                .title("State")
                .about("The state to wait for. Healthy needs a health check.")
                .required()
                .local(),
            TIME_LIMIT,
        ])
        .gives(Schema::All(&[
            SETTLED,
            Schema::Fields(&["health", "exit_code", "health_output", "timed_out"]),
        ]))
        .run(wait_for_state),
];

/// It changes nothing, though it is a POST: so it may be sent again, and its time limit leaves nothing unknown.
fn wait(call: &Call<'_>) -> Result<Output, Error> {
    let limit = call.time_limit();
    let request = call.request()?.harmless().silence(limit).deadline(limit);
    let mut result = match call.send(request) {
        Ok(answer) => answer.json()?,
        Err(error) if error.kind() == Kind::Engine(ErrorKind::TimedOut) => {
            let state = State::look(call)?;
            let state = state.as_ref().map_or(REMOVED, State::status);
            return Ok(json!({"StatusCode": null, "timed_out": true, "state": state}).into());
        }
        Err(error) => return Err(error),
    };
    if let Some(message) = result["Error"]["Message"].as_str().filter(|message| !message.is_empty()) {
        return Err(Error::new(Kind::Failed, format!("The engine says: {}.", message.trim_end_matches('.'))));
    }
    if let Some(fields) = result.as_object_mut() {
        fields.insert("timed_out".into(), false.into());
    }
    Ok(result.into())
}

fn wait_for_state(call: &Call<'_>) -> Result<Output, Error> {
    let wanted = call.arguments.text("state").unwrap_or_default();
    let end = Instant::now() + call.time_limit();
    let mut seen = State::look(call)?;
    // Another container may take the name later; the id stays.
    let id = seen.as_ref().map(|state| state.id().to_owned());
    let mut pause = FIRST_PAUSE;
    let mut looks = 1;
    loop {
        match verdict(wanted, seen.as_ref(), looks > 1) {
            Verdict::Reached => return Ok(result(call, seen.as_ref(), true, looks == 1)),
            Verdict::Hopeless(why) => return Err(hopeless(wanted, &why, seen.as_ref())),
            Verdict::Going => {}
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(result(call, seen.as_ref(), false, false));
        }
        engine::sleep(pause.min(left))?;
        pause = LONGEST_PAUSE.min(pause * 2);
        seen = State::look_at(call, id.as_deref().unwrap_or_default())?;
        looks += 1;
    }
}

/// How a wait stands.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Reached,
    Going,
    /// It cannot be reached any more, and why.
    Hopeless(String),
}

/// How a wait stands for a container in this state, or for one that is not there.
fn verdict(wanted: &str, state: Option<&State>, was_there: bool) -> Verdict {
    let Some(state) = state else {
        return match wanted {
            REMOVED => Verdict::Reached,
            // One that is removed when it ends has ended.
            "exited" if was_there => Verdict::Reached,
            _ if was_there => Verdict::Hopeless("it was removed".into()),
            _ => Verdict::Hopeless("there is no such container".into()),
        };
    };
    let is_reached = match wanted {
        "running" => state.status() == "running",
        "healthy" => state.status() == "running" && state.health() == "healthy",
        "exited" => state.has_ended(),
        _ => false,
    };
    if is_reached {
        return Verdict::Reached;
    }
    match (wanted, state.health()) {
        ("running" | "healthy", _) if state.stays_down() => {
            Verdict::Hopeless(format!("it has ended with exit code {}", state.exit_code()))
        }
        ("healthy", "none") => Verdict::Hopeless("it has no health check".into()),
        ("healthy", "unhealthy") if state.is_running() => Verdict::Hopeless("it is unhealthy".into()),
        _ => Verdict::Going,
    }
}

fn result(call: &Call<'_>, state: Option<&State>, reached: bool, already: bool) -> Output {
    let status = state.map_or(REMOVED, State::status);
    let sentence = match reached {
        true => "Container {id} is {state}".to_owned(),
        false => format!("Container {{id}} is not {{state}} yet: it is {status}"),
    };
    let mut result = call.outcome_fields(&sentence, already);
    if !reached {
        result.insert("outcome".into(), "timed_out".into());
    }
    let further = [
        ("state", status.into()),
        ("health", state.map_or("none", State::health).into()),
        ("exit_code", state.map_or(Value::Null, |state| state.exit_code().clone())),
        ("health_output", state.map(State::health_output).unwrap_or_default().into()),
        ("timed_out", (!reached).into()),
    ];
    result.extend(further.map(|(name, value): (&str, Value)| (name.to_owned(), value)));
    result.into()
}

fn hopeless(wanted: &str, why: &str, state: Option<&State>) -> Error {
    let Some(state) = state else {
        let message = format!("the container cannot be waited for until it is {wanted}: {why}");
        let error = engine::Error::new(ErrorKind::NotFound, message).with_status(404);
        return error.hint("Check the id or name: list_containers shows what exists").into();
    };
    let last = match state.health_output() {
        output if output.is_empty() => String::new(),
        output => format!(" The end of its last health check: {output}"),
    };
    let message = format!(
        "The container cannot become {wanted}: {why}. Its state is {}. container_logs tells more.{last}",
        state.status()
    );
    Error::new(Kind::Failed, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(status: &str, health: Option<&str>, policy: &str) -> State {
        State::from(json!({
            "State": {
                "Status": status,
                "Running": matches!(status, "running" | "paused" | "restarting"),
                "ExitCode": 3,
                "Health": health.map(|status| json!({"Status": status, "Log": [{"Output": "refused"}]})),
            },
            "HostConfig": {"RestartPolicy": {"Name": policy}},
        }))
    }

    #[test]
    fn tells_what_is_reached_what_may_come_and_what_cannot() {
        use Verdict::{Going, Reached};
        let hopeless = |why: &str| Verdict::Hopeless(why.into());
        for (wanted, status, health, policy, expected) in [
            ("running", "running", None, "no", Reached),
            ("running", "created", None, "no", Going),
            ("running", "paused", None, "no", Going),
            ("running", "restarting", None, "always", Going),
            ("running", "exited", None, "on-failure", Going),
            ("running", "exited", None, "no", hopeless("it has ended with exit code 3")),
            ("healthy", "running", Some("healthy"), "no", Reached),
            ("healthy", "running", Some("starting"), "no", Going),
            ("healthy", "running", Some("unhealthy"), "no", hopeless("it is unhealthy")),
            ("healthy", "restarting", Some("healthy"), "always", Going),
            ("healthy", "running", None, "no", hopeless("it has no health check")),
            ("healthy", "exited", Some("unhealthy"), "no", hopeless("it has ended with exit code 3")),
            ("exited", "exited", None, "always", Reached),
            ("exited", "running", None, "no", Going),
            ("exited", "created", None, "no", Going),
            ("removed", "exited", None, "no", Going),
        ] {
            let stands = verdict(wanted, Some(&state(status, health, policy)), true);
            assert_eq!(stands, expected, "{wanted} {status} {health:?} {policy}");
        }
        assert_eq!(verdict("removed", None, false), Reached);
        assert_eq!(verdict("exited", None, true), Reached);
        for (wanted, was_there) in [("exited", false), ("running", true), ("healthy", true)] {
            assert!(matches!(verdict(wanted, None, was_there), Verdict::Hopeless(_)), "{wanted}");
        }
    }

    #[test]
    fn a_hopeless_wait_shows_the_health_checks_output() {
        let error = hopeless("healthy", "it is unhealthy", Some(&state("running", Some("unhealthy"), "no")));
        assert!(error.to_string().ends_with("The end of its last health check: refused"), "{error}");
    }
}
