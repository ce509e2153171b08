//! Stopping, restarting, killing and pausing containers, each with a look at what it has led to.

use std::time::{Duration, Instant};

use engine::{ErrorKind, Request};
use serde_json::{Map, Value, json};

use crate::{
    Error, Kind, Output, Param, Schema,
    catalogue::containers::state::{REMOVED, State},
    declare::{param::flag, result::DONE},
    run::call::Call,
};

/// A change, with the state that it has led to.
pub(crate) const SETTLED: Schema = Schema::All(&[DONE, Schema::Fields(&["state"])]);
/// A container that was stopped, and whether it stays so.
pub(crate) const CONTAINED: Schema = Schema::All(&[
    SETTLED,
    Schema::Fields(&["exit_code", "restart_policy", "note", "former_restart_policy"]),
]);

/// So long a change may take to be seen that the engine says is done, and so often it is looked for.
const SETTLING: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(100);

/// For what stops a container that may come back.
pub(crate) const DISABLE_RESTART: Param = flag("disable_restart")
    .title("Disable Restart")
    .about(
        "First set the restart policy to no, so that the container stays stopped when the engine restarts.",
    )
    .local();

/// `POST /containers/{id}/stop`. The engine has the container's whole grace period for its answer.
pub(crate) fn stop(call: &Call<'_>) -> Result<Output, Error> {
    let disables = call.arguments.is_on(DISABLE_RESTART);
    let before = before(call, call.arguments.get("t").is_none() || disables, disables)?;
    let former = disable_restart(call, before.as_ref())?;
    let (already, after) =
        change(call, patient(call, before.as_ref())?, |state| !is(state, State::is_running))?;
    if is(&after, State::is_running) {
        let message = "The engine answered that it had stopped the container, which runs again. Look at what starts it (list_processes, system_events), or pause it.";
        return Err(Error::new(Kind::Failed, message));
    }
    let sentence = if already { "Container {id} was not running" } else { "Stopped container {id}" };
    Ok(contained(call, sentence, already, &after, former))
}

/// `POST /containers/{id}/kill`. What a signal leads to is up to the container.
pub(crate) fn kill(call: &Call<'_>) -> Result<Output, Error> {
    let disables = call.arguments.is_on(DISABLE_RESTART);
    let before = before(call, disables, disables)?;
    let former = disable_restart(call, before.as_ref())?;
    let (already, after) = change(call, call.request()?, |state| !is(state, State::is_running))?;
    Ok(contained(call, "Sent {signal} to container {id}", already, &after, former))
}

/// `POST /containers/{id}/restart`.
pub(crate) fn restart(call: &Call<'_>) -> Result<Output, Error> {
    let before = before(call, true, false)?;
    let started_at = before.as_ref().map(|state| state.started_at().clone());
    let is_new = |state: &State| state.is_running() && Some(state.started_at()) != started_at.as_ref();
    let (_, after) = change(call, patient(call, before.as_ref())?, |state| is(state, is_new))?;
    Ok(with_state(call, "Restarted container {id}", false, &after).into())
}

/// `POST /containers/{id}/pause`.
pub(crate) fn pause(call: &Call<'_>) -> Result<Output, Error> {
    settle(call, "paused", "Paused container {id}", "Container {id} was already paused")
}

/// `POST /containers/{id}/unpause`.
pub(crate) fn unpause(call: &Call<'_>) -> Result<Output, Error> {
    settle(call, "running", "Unpaused container {id}", "Container {id} was not paused")
}

/// Makes a change that leads to one state, which is looked for whatever the engine answers: it may have refused what was so
/// already, or have failed half-way.
fn settle(call: &Call<'_>, wanted: &str, done: &str, already: &str) -> Result<Output, Error> {
    let answer = match call.send(call.request()?) {
        Err(error) if !is_worth_a_look(&error) => return Err(error),
        answer => answer,
    };
    let after = match answer {
        Ok(_) => look_until(call, wanted)?,
        Err(_) => look(call),
    };
    match (answer, &after) {
        (Ok(_), Found::State(state)) if state.status() != wanted => Err(Error::new(
            Kind::Failed,
            format!(
                "The engine answered that it had done it, but the container is {}. Look at the engine's log, and try again.",
                state.status()
            ),
        )),
        (Ok(_), _) => Ok(with_state(call, done, false, &after).into()),
        (Err(error), Found::State(state)) if state.status() == wanted => {
            let is_done = is_late(&error);
            Ok(with_state(call, if is_done { done } else { already }, !is_done, &after).into())
        }
        (Err(error), _) => Err(with_present(error, &after)),
    }
}

/// What a look has shown.
enum Found {
    State(Box<State>),
    Gone,
    /// The look itself failed; the change did not.
    Unknown,
}

/// Sends a change and looks at what it has led to. Where the answer is late or lost, that tells whether it was done.
fn change(
    call: &Call<'_>,
    request: Request,
    is_reached: impl Fn(&Found) -> bool,
) -> Result<(bool, Found), Error> {
    match call.send(request) {
        Ok(answer) => Ok((answer.status == 304, look(call))),
        Err(error) if is_worth_a_look(&error) => {
            let after = look(call);
            if is_late(&error) && !matches!(after, Found::Unknown) && is_reached(&after) {
                return Ok((false, after));
            }
            Err(with_present(error, &after))
        }
        Err(error) => Err(error),
    }
}

/// Looks at what was done. The engine says so before it has heard of it itself: a container that it has just paused, and goes on
/// with, may be shown as paused for another moment. So a running container is looked at again for a while.
fn look_until(call: &Call<'_>, wanted: &str) -> Result<Found, Error> {
    let end = Instant::now() + SETTLING;
    loop {
        let found = look(call);
        let may_come = is(&found, |state| state.is_running() && state.status() != wanted);
        if !may_come || Instant::now() >= end {
            return Ok(found);
        }
        engine::sleep(PAUSE)?;
    }
}

fn look(call: &Call<'_>) -> Found {
    match State::look(call) {
        Ok(Some(state)) => Found::State(Box::new(state)),
        Ok(None) => Found::Gone,
        // A proxy may let the change through and not the look.
        Err(_) => Found::Unknown,
    }
}

fn is(found: &Found, test: impl Fn(&State) -> bool) -> bool {
    matches!(found, Found::State(state) if test(state))
}

/// Whether the state tells more than the error does: the answer is lost, or the engine has refused or failed.
fn is_worth_a_look(error: &Error) -> bool {
    is_late(error) || matches!(error.kind(), Kind::Engine(ErrorKind::Conflict | ErrorKind::EngineError))
}

fn is_late(error: &Error) -> bool {
    matches!(error.kind(), Kind::Engine(ErrorKind::TimedOut | ErrorKind::UnknownOutcome))
}

fn with_present(error: Error, found: &Found) -> Error {
    match found {
        Found::State(state) => error.and(&format!("The container is {} now.", state.status())),
        Found::Gone => error.and("The container no longer exists."),
        Found::Unknown => error,
    }
}

/// The container as it is before the change, if that is needed. A container that is not there is the change's own error. Without
/// a `vital` look nothing is changed.
fn before(call: &Call<'_>, needed: bool, vital: bool) -> Result<Option<State>, Error> {
    if !needed {
        return Ok(None);
    }
    match State::before(call) {
        Err(error) if vital => Err(error),
        // A proxy may let the change through and not the look.
        found => Ok(found.unwrap_or_default()),
    }
}

/// The declared request, with time for the container's own grace period where none is given.
fn patient(call: &Call<'_>, before: Option<&State>) -> Result<Request, Error> {
    let request = call.request()?;
    let Some(state) = before.filter(|_| call.arguments.get("t").is_none()) else { return Ok(request) };
    let bound = call.configuration.timeout().saturating_add(Duration::from_secs(state.stop_timeout()));
    Ok(request.silence(bound).deadline(bound))
}

/// Sets the restart policy to no, if that is asked for, and gives the one that it was, if it was another.
fn disable_restart(call: &Call<'_>, before: Option<&State>) -> Result<Option<String>, Error> {
    let Some(state) = before.filter(|_| call.arguments.is_on("disable_restart")) else { return Ok(None) };
    if state.restart_policy() == "no" {
        return Ok(None);
    }
    let update = Request::post(call.path("/containers/{id}/update")?);
    call.send(update.json(&json!({"RestartPolicy": {"Name": "no"}})))?;
    Ok(Some(state.restart_policy().to_owned()))
}

/// The result of stop and kill: the state, and whether it lasts.
fn contained(
    call: &Call<'_>,
    sentence: &str,
    already: bool,
    after: &Found,
    former_policy: Option<String>,
) -> Output {
    let mut result = with_state(call, sentence, already, after);
    if let Found::State(state) = after {
        let policy = state.restart_policy();
        let note = match &former_policy {
            Some(former) => {
                format!("Its restart policy was {former} and is {policy} now; update_container sets it.")
            }
            None if !state.is_running() && state.comes_back() => format!(
                "Its restart policy is {policy}: the engine may start it again when it restarts. disable_restart prevents that."
            ),
            None => String::new(),
        };
        result.insert("exit_code".into(), state.exit_code().clone());
        result.insert("restart_policy".into(), policy.into());
        result.insert("note".into(), note.into());
    }
    if let Some(former) = former_policy {
        result.insert("former_restart_policy".into(), former.into());
    }
    result.into()
}

/// The result of an action, with the state that it has led to.
fn with_state(call: &Call<'_>, sentence: &str, already: bool, found: &Found) -> Map<String, Value> {
    let state = match found {
        Found::State(state) => state.status(),
        Found::Gone => REMOVED,
        Found::Unknown => "unknown",
    };
    let mut result = call.outcome_fields(sentence, already);
    result.insert("state".into(), state.into());
    result
}
