//! Pausing a container, letting it run on, and what an engine's refusal of that is worth: nothing, as a look follows.

use engine::{Answer, ErrorKind, Path, Request, Segment};

use crate::{Error, Kind, run::call::Call};

/// Asks the engine to pause a container. What counts is what it is afterwards; one that has just ended needs no pause. Gives why
/// the engine has not done it, or may not have done it, if it says so.
pub(super) fn pause(call: &Call<'_>, id: &str) -> Result<Option<Error>, Error> {
    refusal(call.send(Request::post(of(id, "/containers/{id}/pause")?)))
}

/// Asks the engine to let a paused container run on.
pub(super) fn unpause(call: &Call<'_>, id: &str) -> Result<Option<Error>, Error> {
    refusal(call.send(Request::post(of(id, "/containers/{id}/unpause")?)))
}

/// An engine's refusal decides nothing, as a look follows. Whatever else fails is an error.
pub(super) fn tolerate(answer: Result<Answer, Error>) -> Result<(), Error> {
    refusal(answer).map(drop)
}

fn refusal(answer: Result<Answer, Error>) -> Result<Option<Error>, Error> {
    match answer {
        Err(error) if is_a_refusal(&error) => Ok(Some(error)),
        Err(error) => Err(error),
        Ok(_) => Ok(None),
    }
}

/// Whether the engine has refused, or its answer is lost: a look tells what is so. Not being allowed is an error at once.
fn is_a_refusal(error: &Error) -> bool {
    use ErrorKind::{BadRequest, Conflict, EngineError, Forbidden, NotFound, TimedOut, UnknownOutcome};
    match error.kind() {
        // Docker says 403 for an address that is taken; a proxy says so where it does not let the call through.
        Kind::Engine(Forbidden) => {
            error.said().is_some_and(|said| said.contains("endpoint") || said.contains("ddress"))
        }
        Kind::Engine(BadRequest | Conflict | EngineError | NotFound | TimedOut | UnknownOutcome) => true,
        _ => false,
    }
}

/// A path of this container.
pub(super) fn of(id: &str, template: &str) -> Result<Path, Error> {
    Ok(Path::fill(template, |_| Segment::name(id))?)
}
