//! Carries an operation out: the guard, the engine's version, a dry run or the operation itself, and what comes of it.

use engine::ErrorKind;
use serde_json::{Value, json};

use crate::{
    Error, Kind, Method, Operation, Output, Shape,
    declare::operation::Run,
    run::{call::Call, guard, provenance, redact, states, swarm, trim, validate::suit},
};

/// What a call came to.
pub(crate) struct Performed {
    pub(crate) result: Result<Output, Error>,
    /// The last HTTP status, and how many requests were tried.
    pub(crate) status: Option<u16>,
    pub(crate) tries: u32,
    /// The protection that the call has set aside.
    pub(crate) overridden: Option<String>,
}

/// Carries an operation out.
pub(crate) fn perform(operation: &Operation, mut call: Call<'_>) -> Performed {
    let result = outcome(operation, &mut call).and_then(|output| redact::result(output, &call.arguments));
    let overridden = call.overridden.take();
    let result = match (result, &overridden) {
        (Ok(Output::Value(Value::Object(mut fields))), Some(rule)) => {
            fields.insert("overridden".into(), rule.as_str().into());
            Ok(fields.into())
        }
        (result, _) => result,
    };
    let result = result.map_err(|error| {
        let error = qualified(&call, swarm::explained(&call, error)).naming(call.arguments.aims());
        error.hiding(&call.secrets())
    });
    // A look after a refusal is not what the call came to.
    let refused = result.as_ref().err().and_then(Error::status);
    Performed { result, status: refused.or(call.status.get()), tries: call.tries.get(), overridden }
}

/// An error that reads as if nothing was done, after something was, is one of an unknown outcome.
fn qualified(call: &Call<'_>, error: Error) -> Error {
    let says_nothing_was_done = matches!(
        error.kind(),
        Kind::Engine(ErrorKind::Unreachable | ErrorKind::Tls | ErrorKind::RateLimited)
    );
    if !(call.changed.get() && says_nothing_was_done) {
        return error;
    }
    error
        .and("The engine had accepted the change before: check the current state before you try again.")
        .of_kind(Kind::Engine(ErrorKind::UnknownOutcome))
}

fn outcome(operation: &Operation, call: &mut Call<'_>) -> Result<Output, Error> {
    let dry_run = dry_run(operation, call);
    let reach = guard::reach(operation, call, dry_run.is_some())?;
    // After what the configuration forbids, and before anything is asked.
    if let Some(validate) = operation.validate {
        validate(&call.arguments)?;
    }
    guard::permit(operation, call, reach)?;
    provenance::apply(operation, call)?;
    let newer = call.arguments.iter().any(|(param, _)| param.since.is_some() || !param.newer.is_empty());
    if newer || operation.since.is_some() {
        let version =
            call.engine.api_version().inspect_err(|error| call.note(error.status(), error.tries()))?;
        suit(operation, &mut call.arguments, version)?;
    }
    if let Some(dry_run) = dry_run {
        return dry_run(call);
    }
    match operation.states() {
        Some(subject) => states::around(call, subject, || carried_out(operation, call)),
        None => carried_out(operation, call),
    }
}

fn carried_out(operation: &Operation, call: &Call<'_>) -> Result<Output, Error> {
    match operation.shape {
        Shape::Run(run) => run(call),
        Shape::Json => json(call),
        Shape::List => match list(call) {
            Ok(Output::Raw(body)) if body.trim_ascii() == b"null" => Ok(json!([]).into()),
            Err(error) if was_removed_before(call, &error) => Ok(json!([]).into()),
            output => output,
        },
        Shape::Done { done, already } => {
            let is_already = match call.send(call.request()?) {
                Ok(answer) => answer.status == 304,
                Err(error) if was_removed_before(call, &error) => true,
                Err(error) => return Err(error),
            };
            Ok(call.done(if is_already { already } else { done }, is_already))
        }
    }
}

/// What runs instead, if the call asks for a dry run.
fn dry_run(operation: &Operation, call: &Call<'_>) -> Option<Run> {
    operation.dry_run.filter(|_| call.arguments.is_on("dry_run"))
}

/// Whether a removal found nothing since an earlier try, whose answer was lost, had done its work.
fn was_removed_before(call: &Call<'_>, error: &Error) -> bool {
    call.endpoint.method == Method::Delete
        && error.kind() == Kind::Engine(ErrorKind::NotFound)
        && error.is_after_a_lost_answer()
}

/// The engine's JSON, as it is.
fn json(call: &Call<'_>) -> Result<Output, Error> {
    call.collect(call.request()?)
}

/// The engine's list, as the parameters want it.
fn list(call: &Call<'_>) -> Result<Output, Error> {
    match trim::is_wanted(&call.arguments) {
        true => call.collect_trimmed(call.request()?),
        false => json(call),
    }
}
