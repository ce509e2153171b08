//! Stopping and starting a project, container by container, in the order of what depends on what.

use std::time::{Duration, Instant};

use engine::{ErrorKind, Path, Request, Segment};
use serde_json::{Map, Value, json};

use super::{
    Found, ONE_OFF, found, label,
    order::{Condition, by_dependency, dependencies},
    service,
};
use crate::{
    Error, Kind, Output, Progress,
    catalogue::containers::{
        lifecycle::{self, DISABLE_RESTART},
        state::{REMOVED, State},
    },
    run::{
        call::Call,
        guard,
        objects::{id, own_name},
        progress::Watch,
    },
};

/// A container that others depend on is looked at so often.
const PAUSE: Duration = Duration::from_millis(250);

/// What became of a container.
struct Done {
    was_so: bool,
    state: String,
}

/// `stop_project`: those first that depend on others.
pub(super) fn stop(call: &Call<'_>) -> Result<Output, Error> {
    let mut containers = by_dependency(project(call, "stop_service stops a service")?);
    containers.reverse();
    guard::permit_containers(call, containers.iter().map(|container| (id(container), own_name(container))))?;
    each(call, "Stopped", &containers, |container| {
        let mut given = Map::from_iter([("id".to_owned(), id(container).into())]);
        for name in ["t", DISABLE_RESTART.name] {
            given.extend(call.arguments.get(name).map(|value| (name.to_owned(), value.clone())));
        }
        let stopped = call.part("stop_container", &given, lifecycle::stop)?;
        let stopped: Value = serde_json::from_slice(&stopped.into_json()?).unwrap_or_default();
        let state = stopped["state"].as_str().unwrap_or_default().to_owned();
        Ok(Done { was_so: stopped["outcome"] == "already", state })
    })
}

/// `start_project`: those first that others depend on. What `docker compose run` has made is not started again.
pub(super) fn start(call: &Call<'_>) -> Result<Output, Error> {
    let mut containers = by_dependency(project(call, "resume_service starts a service again")?);
    containers.retain(|container| !label(container, ONE_OFF).eq_ignore_ascii_case("true"));
    let end = Instant::now() + call.time_limit();
    each(call, "Started", &containers, |container| {
        for (needed, condition) in dependencies(container) {
            for other in containers.iter().filter(|other| service(other) == needed) {
                wait_for(call, other, condition, end)?;
            }
        }
        let path = Path::fill("/containers/{id}/start", |_| Segment::name(id(container)))?;
        let was_so = call.send(Request::post(path))?.status == 304;
        let state = State::look_at(call, id(container))?;
        Ok(Done { was_so, state: state.as_ref().map_or(REMOVED, State::status).to_owned() })
    })
}

/// The containers of a project. A stack's containers are the swarm's to start and stop.
fn project(call: &Call<'_>, instead: &str) -> Result<Vec<Value>, Error> {
    match found(call)? {
        Found { containers, is_stack: false } => Ok(containers),
        _ => Err(Error::new(
            Kind::Failed,
            call.arguments.fill(&format!(
                "{{name}} is a stack, whose containers the swarm starts and stops. {instead}; list_projects names the services. Nothing was done."
            )),
        )),
    }
}

/// Does one thing to each container. One that fails keeps no other from it.
fn each(
    call: &Call<'_>,
    done: &str,
    containers: &[Value],
    act: impl Fn(&Value) -> Result<Done, Error>,
) -> Result<Output, Error> {
    let mut watch = Watch::of(call);
    let (mut told, mut failures, mut changed) = (Vec::new(), Vec::new(), false);
    for container in containers {
        let name = own_name(container);
        let (outcome, state, error) = match act(container) {
            Err(error) if error.kind() == Kind::Engine(ErrorKind::Interrupted) => return Err(error),
            Err(error) => ("failed", Value::Null, Some(error.hiding(&call.secrets()).message().to_owned())),
            Ok(Done { was_so: true, state }) => ("already", state.into(), None),
            Ok(Done { state, .. }) => ("done", state.into(), None),
        };
        changed |= outcome == "done";
        if let Some(watch) = &mut watch {
            watch.note(&Progress { part: name, text: outcome, is_done: true, ..Progress::default() });
        }
        failures.extend(error.as_ref().map(|error| format!("{name} ({})", error.trim_end_matches('.'))));
        told.push(json!({
            "name": name,
            "id": id(container),
            "service": service(container),
            "outcome": outcome,
            "state": state,
            "error": error,
        }));
    }
    let (all, failed) = (told.len(), failures.len());
    if failed > 0 && failed == all {
        let message =
            format!("No container of the project could be {}: {}.", done.to_lowercase(), failures.join("; "));
        return Err(Error::new(Kind::Failed, message));
    }
    let sentence = match failures.as_slice() {
        [] if !changed => format!("The containers of project {{name}} were {} already", done.to_lowercase()),
        [] => format!("{done} the containers of project {{name}}: {all}"),
        failures => format!(
            "{done} {} of {all} containers of project {{name}}. Failed: {}",
            all - failed,
            failures.join("; ")
        ),
    };
    let mut result = call.outcome_fields(&sentence, !changed);
    if failed > 0 {
        result.insert("outcome".into(), "partial".into());
    }
    result.insert("failed".into(), failed.into());
    result.insert("containers".into(), told.into());
    Ok(result.into())
}

/// Waits until a container is as those that depend on it need it.
fn wait_for(call: &Call<'_>, container: &Value, condition: Condition, end: Instant) -> Result<(), Error> {
    if condition == Condition::Started {
        return Ok(());
    }
    let name = own_name(container);
    loop {
        let state = State::look_at(call, id(container))?;
        let why = match (condition, &state) {
            (_, None) => "was removed",
            (Condition::Completed, Some(state)) if state.has_ended() && *state.exit_code() == 0 => {
                return Ok(());
            }
            (Condition::Completed, Some(state)) if state.stays_down() => "has failed",
            (Condition::Completed, Some(_)) => "has not completed in time",
            (_, Some(state)) if state.health() == "healthy" => return Ok(()),
            (_, Some(state)) if state.health() == "unhealthy" => "is unhealthy",
            (_, Some(state)) if state.health() == "none" => "has no health check",
            (_, Some(state)) if state.stays_down() => "has ended",
            (_, Some(_)) => "is not healthy in time",
        };
        if !why.ends_with("in time") || Instant::now() >= end {
            return Err(Error::new(
                Kind::Failed,
                format!("It depends on {name}, which {why}. It was not started."),
            ));
        }
        engine::sleep(PAUSE)?;
    }
}
