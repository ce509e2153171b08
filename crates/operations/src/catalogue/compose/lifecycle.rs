//! Stopping and starting a project, container by container, in the order of what depends on what.

use std::time::{Duration, Instant};

use engine::{ErrorKind, Path, Request, Segment};
use serde_json::{Map, Value, json};

use super::{
    Found, NAME, ONE_OFF, STACK, STACK_SERVICE, found, label,
    order::{Condition, by_dependency, dependencies},
    projects::services_labeled,
    service,
};
use crate::{
    Error, Kind, Output, Progress, Subject,
    catalogue::{
        containers::{
            lifecycle::{self, DISABLE_RESTART},
            state::{REMOVED, State},
        },
        services::stop::{resume as resume_service, stop as stop_service},
    },
    run::{
        call::Call,
        guard,
        objects::{id, own_name},
        progress::Watch,
        states,
    },
};

/// A container that others depend on is looked at so often.
const PAUSE: Duration = Duration::from_millis(250);

/// What became of a container.
struct Done {
    was_so: bool,
    state: String,
    /// Its state before and after, of what is stopped.
    states: Option<[Value; 2]>,
}

/// `stop_project`: those first that depend on others.
pub(super) fn stop(call: &Call<'_>) -> Result<Output, Error> {
    let mut containers = match members(call)? {
        Members::Containers(containers) => by_dependency(containers),
        Members::Services(services) => return of_stack(call, "Stopped", &services),
    };
    containers.reverse();
    guard::permit_containers(call, containers.iter().map(|container| (id(container), own_name(container))))?;
    let isolated = guard::isolated::records(call)?;
    each(call, "Stopped", "containers", &containers, |container| {
        guard::isolated::refuse(&isolated, id(container), own_name(container))?;
        let mut given = Map::from_iter([("id".to_owned(), id(container).into())]);
        for name in ["t", DISABLE_RESTART.name] {
            given.extend(call.arguments.get(name).map(|value| (name.to_owned(), value.clone())));
        }
        let stopped = call.part("stop_container", &given, |part| {
            states::around(part, Subject::Container("id"), || lifecycle::stop(part))
        })?;
        let stopped: Value = serde_json::from_slice(&stopped.into_json()?).unwrap_or_default();
        let state = stopped["state"].as_str().unwrap_or_default().to_owned();
        Ok(Done { was_so: stopped["outcome"] == "already", state, states: both(&stopped) })
    })
}

/// `start_project`: those first that others depend on. What `docker compose run` has made is not started again.
pub(super) fn start(call: &Call<'_>) -> Result<Output, Error> {
    let mut containers = match members(call)? {
        Members::Containers(containers) => by_dependency(containers),
        Members::Services(services) => return of_stack(call, "Started", &services),
    };
    containers.retain(|container| !label(container, ONE_OFF).eq_ignore_ascii_case("true"));
    let end = Instant::now() + call.time_limit();
    let isolated = guard::isolated::records(call)?;
    each(call, "Started", "containers", &containers, |container| {
        guard::isolated::refuse(&isolated, id(container), own_name(container))?;
        for (needed, condition) in dependencies(container) {
            for other in containers.iter().filter(|other| service(other) == needed) {
                wait_for(call, other, condition, end)?;
            }
        }
        let path = Path::fill("/containers/{id}/start", |_| Segment::name(id(container)))?;
        let was_so = call.send(Request::post(path))?.status == 304;
        let state = State::look_at(call, id(container))?;
        Ok(Done { was_so, state: state.as_ref().map_or(REMOVED, State::status).to_owned(), states: None })
    })
}

/// What a name stands for.
enum Members {
    Containers(Vec<Value>),
    /// Those of a stack, each with what a container of a list has: an id, a name and labels.
    Services(Vec<Value>),
}

/// A project has containers. A stack has services, whose containers the swarm starts and stops, also on other nodes.
fn members(call: &Call<'_>) -> Result<Members, Error> {
    let found = match found(call) {
        Ok(Found { containers, is_stack: false }) => return Ok(Members::Containers(containers)),
        found => found.map(|_| Members::Services(Vec::new())),
    };
    let name = call.arguments.text(NAME).unwrap_or_default();
    let services = match (services_labeled(call, &format!("{STACK}={name}")), found) {
        (Ok(services), Err(error)) if services.is_empty() => return Err(error),
        (Err(_), Err(error)) => return Err(error),
        (services, _) => services?,
    };
    let as_listed = |service: &Value| {
        let name = service["Spec"]["Name"].as_str().unwrap_or_default();
        json!({"Id": service["ID"], "Names": [name], "Labels": {STACK_SERVICE: name}})
    };
    Ok(Members::Services(services.iter().map(as_listed).collect()))
}

/// Stops the services of a stack, or resumes them.
fn of_stack(call: &Call<'_>, done: &str, services: &[Value]) -> Result<Output, Error> {
    guard::permit_services(call, services.iter().map(|service| (id(service), own_name(service))))?;
    let stops = done == "Stopped";
    let isolated = if stops { guard::isolated::records(call)? } else { Vec::new() };
    each(call, done, "services", services, |service| {
        guard::isolated::refuse_service(&isolated, id(service), own_name(service))?;
        let its = Map::from_iter([("id".to_owned(), id(service).into())]);
        let output = match stops {
            true => call.part("stop_service", &its, |part| {
                states::around(part, Subject::Service("id"), || stop_service(part))
            })?,
            false => call.part("resume_service", &its, resume_service)?,
        };
        let told: Value = serde_json::from_slice(&output.into_json()?).unwrap_or_default();
        let state = match (stops, told["running"].as_u64()) {
            (false, _) => "resumed",
            (true, Some(0)) => "stopped",
            (true, _) => "stopping",
        };
        let states = both(&told).filter(|_| stops);
        Ok(Done { was_so: told["outcome"] == "already", state: state.to_owned(), states })
    })
}

/// Does one thing to each container, or each service of a stack. One that fails keeps no other from it.
fn each(
    call: &Call<'_>,
    done: &str,
    what: &str,
    containers: &[Value],
    act: impl Fn(&Value) -> Result<Done, Error>,
) -> Result<Output, Error> {
    let mut watch = Watch::of(call);
    let (mut told, mut failures, mut changed) = (Vec::new(), Vec::new(), false);
    for container in containers {
        let name = own_name(container);
        let (outcome, state, error, states) = match act(container) {
            Err(error) if error.kind() == Kind::Engine(ErrorKind::Interrupted) => return Err(error),
            Err(error) => {
                ("failed", Value::Null, Some(error.hiding(&call.secrets()).message().to_owned()), None)
            }
            Ok(Done { was_so: true, state, states }) => ("already", state.into(), None, states),
            Ok(Done { state, states, .. }) => ("done", state.into(), None, states),
        };
        changed |= outcome == "done";
        if let Some(watch) = &mut watch {
            watch.note(&Progress { part: name, text: outcome, is_done: true, ..Progress::default() });
        }
        failures.extend(error.as_ref().map(|error| format!("{name} ({})", error.trim_end_matches('.'))));
        let mut its = json!({
            "name": name,
            "id": id(container),
            "service": service(container),
            "outcome": outcome,
            "state": state,
            "error": error,
        });
        if let Some([before, after]) = states {
            its["before"] = before;
            its["after"] = after;
        }
        told.push(its);
    }
    let (all, failed) = (told.len(), failures.len());
    if failed > 0 && failed == all {
        let message =
            format!("None of the {what} could be {}: {}.", done.to_lowercase(), failures.join("; "));
        return Err(Error::new(Kind::Failed, message));
    }
    let sentence = match failures.as_slice() {
        [] if !changed => format!("The {what} of project {{name}} were {} already", done.to_lowercase()),
        [] => format!("{done} the {what} of project {{name}}: {all}"),
        failures => format!(
            "{done} {} of {all} {what} of project {{name}}. Failed: {}",
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

/// The states in what was told of one of them.
fn both(told: &Value) -> Option<[Value; 2]> {
    Some([told.get("before")?.clone(), told.get("after")?.clone()])
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
