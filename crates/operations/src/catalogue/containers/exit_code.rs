//! How a command ends: waiting for its exit code, and what becomes of one that is not 0.

use std::time::{Duration, Instant};

use engine::{Path, Request};
use serde_json::Value;

use crate::{
    Error, Kind, Param, Schema, catalogue::containers::capture::Capture, declare::param::flag,
    run::call::Call,
};

/// How a command ended.
pub(crate) const ENDED: Schema = Schema::Fields(&["result", "id", "exit_code"]);

/// How often it is asked whether a command has ended: often at first, as the exit code comes a moment after the output's end.
const FIRST_WAIT: Duration = Duration::from_millis(2);
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// Whether an exit code other than 0 fails the step.
pub(crate) const FAIL_ON_NONZERO: Param = flag("fail_on_nonzero")
    .title("Fail on Non-Zero Exit")
    .about("Fail the step if the exit code is not 0, or if the command does not end in time.")
    .local();

/// The state of a command once it has ended, or as it is at `until`, with `ExitCode` null then. `pointer` says where in the answer the state is.
pub(crate) fn last_state(
    call: &Call<'_>,
    path: &Path,
    pointer: &str,
    until: Instant,
) -> Result<Value, Error> {
    let mut wait = FIRST_WAIT;
    loop {
        let mut answer = call.send(Request::get(path.clone()))?.json()?;
        let state = answer.pointer_mut(pointer).map(Value::take).unwrap_or_default();
        if state["Running"] != true {
            return Ok(state);
        }
        if Instant::now() + wait > until {
            return Ok(without_exit_code(state));
        }
        engine::sleep(wait)?;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// What runs has no exit code yet, though Podman, and the state of a container, say 0.
fn without_exit_code(mut state: Value) -> Value {
    state["ExitCode"] = Value::Null;
    state
}

/// Fails where the call asks for 0 and it was something else. `ended` says in a sentence how the command did.
pub(crate) fn judge(call: &Call<'_>, exit_code: &Value, capture: &Capture, ended: &str) -> Result<(), Error> {
    if call.arguments.is_on("fail_on_nonzero") && *exit_code != 0 {
        return Err(Error::new(Kind::Failed, format!("{ended} {}", capture.ending())));
    }
    Ok(())
}
