//! The state of a containing operation's target before and after: a look each, unless the operation looks anyway.

use std::time::Duration;

use engine::{ErrorKind, Request};
use serde_json::{Map, Value, json};

use crate::{
    Error, Kind, Output, catalogue::containers::state::REMOVED, declare::states::Subject, run::call::Call,
};

/// A look holds a containment up for no longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Carries out what contains, and adds `before` and `after` to its result. A look that fails stops nothing: the state is null
/// then, and `unseen` says why.
pub(crate) fn around(
    call: &Call<'_>,
    subject: Subject,
    run: impl FnOnce() -> Result<Output, Error>,
) -> Result<Output, Error> {
    let before = match look(call, subject) {
        Err(error) if is_final(&error) => return Err(error),
        before => before,
    };
    let mut result = match run()? {
        Output::Value(Value::Object(result)) => result,
        output => return Ok(output),
    };
    let after = match look(call, subject) {
        Err(error) if error.status() == Some(404) => Ok(json!({"status": REMOVED})),
        after => after,
    };
    result.extend(told(call, &before, &after));
    Ok(result.into())
}

fn told(call: &Call<'_>, before: &Result<Value, Error>, after: &Result<Value, Error>) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut why = Vec::new();
    for (name, state) in [("before", before), ("after", after)] {
        let state = state.as_ref().map_err(|error| {
            why.push(format!("{name}: {}", call.secrets().hidden_in(error.message())));
        });
        fields.insert(name.to_owned(), state.cloned().unwrap_or_default());
    }
    fields.insert("unseen".to_owned(), if why.is_empty() { Value::Null } else { why.join(" ").into() });
    fields
}

/// One look. What the operation has seen itself since the last change is as good.
fn look(call: &Call<'_>, subject: Subject) -> Result<Value, Error> {
    if let Some(found) = call.seen.borrow().as_ref() {
        return Ok(subject.state(found));
    }
    let status = call.status.get();
    let request = Request::get(call.path(&subject.path())?);
    let answer = call.send(request.deadline(PATIENCE.min(call.configuration.timeout())));
    // It is not what the call has come to.
    call.status.set(status.or(call.status.get()));
    let found: Value = answer?.json()?;
    let state = subject.state(&found);
    call.seen.replace(Some(found));
    Ok(state)
}

/// Whether the change would end as the look did: the engine was not reached, or somebody wants an end.
fn is_final(error: &Error) -> bool {
    matches!(
        error.kind(),
        Kind::Engine(
            ErrorKind::Unreachable
                | ErrorKind::Tls
                | ErrorKind::Ssh
                | ErrorKind::RateLimited
                | ErrorKind::Interrupted
        )
    )
}
