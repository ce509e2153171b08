//! Running a command in a container of its own: create, attach, start, wait, remove.
//!
//! Whatever happens in between, the container is removed.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher as _,
    time::{Duration, Instant},
};

use engine::{ErrorKind, Path, Request, Segment};
use serde_json::{Map, Value, json};

use crate::{
    Comes, Error, Kind, Operation, Output, Param, Schema,
    catalogue::containers::{
        attach::{STDIN_TEXT, open, whole_input},
        capture::{CAPTURED, CAPTURED_LINES, CAPTURED_TEXT, Capture, FORM, Form, MAX_BYTES},
        create,
        exit_code::{ENDED, FAIL_ON_NONZERO, judge, last_state},
        host_config::HOST_CONFIG,
    },
    declare::{
        param::{TIME_LIMIT, joined},
        result::{TEXTS, case},
        target::Touch,
    },
    run::{call::Call, request::merge},
};

/// A creation whose answer was lost may still be under way: so long, in all, its container is looked for.
const LATE: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(3)];

const OWN: &[Param] = &[
    STDIN_TEXT,
    FAIL_ON_NONZERO,
    TIME_LIMIT.about("The container is removed after this time, and the result holds the output so far. If empty, the configuration's timeout applies."),
    MAX_BYTES,
    FORM,
];

/// What there is besides the output.
const OF_THE_CONTAINER: Schema =
    Schema::All(&[ENDED, Schema::Fields(&["out_of_memory"]), Schema::Field("warnings", &TEXTS)]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::post("run_container", "/containers/create")
    .title("Run Command in New Container")
    .about("Runs a command in a new container, returns its output and exit code, and removes the container.")
    .touches(&[Touch::Joins])
    .params(&joined::<
        { create::COMMON.len() + OWN.len() + create::RARE.len() + create::AS_THE_API_HAS_IT.len() },
    >(&[create::COMMON, OWN, create::RARE, create::AS_THE_API_HAS_IT]))
    .gives(Schema::All(&[OF_THE_CONTAINER, CAPTURED]))
    .gives_for(&[
        case("form", "Text", Schema::All(&[OF_THE_CONTAINER, CAPTURED_TEXT])),
        case("form", "Lines", Schema::All(&[OF_THE_CONTAINER, CAPTURED_LINES])),
    ])
    .comes(Comes::Command)
    .run(run)];

/// How a command ended.
struct Ended {
    state: Value,
    capture: Capture,
    /// What else there is to say of it.
    remark: &'static str,
}

fn run(call: &Call<'_>) -> Result<Output, Error> {
    let body = body(call)?;
    let (id, warnings) = create(call, &body)?;
    let outcome = attend(call, &body, &id);
    let removed = remove(call, &id);
    let now = match &removed {
        Ok(()) => format!("Container {id} was removed."),
        Err(why) => left_behind(&id, why),
    };
    let Ended { state, capture, remark } = outcome.map_err(|error| error.and(&now))?;
    let exit_code = &state["ExitCode"];
    let ended = match exit_code {
        Value::Null => format!("The command had not ended after {} s", call.time_limit().as_secs()),
        code => format!("The command ended with exit code {code}{remark}"),
    };
    judge(call, exit_code, &capture, &format!("{ended}. {now}"))?;
    if let Err(why) = removed {
        return Err(Error::new(why.kind(), format!("{ended}. {now} {}", capture.ending())));
    }
    let mut result = Map::new();
    for (name, value) in [
        ("result", format!("{ended}; its container was removed").into()),
        ("id", id.into()),
        ("exit_code", exit_code.clone()),
        ("out_of_memory", (state["OOMKilled"] == true).into()),
        ("warnings", warnings),
    ] {
        result.insert(name.to_owned(), value);
    }
    capture.into_output(&result, false, Form::of(&call.arguments))
}

/// The body of the creation: of a container that nobody but this call starts, ends or talks to.
fn body(call: &Call<'_>) -> Result<Value, Error> {
    let mut body = create::body(call)?;
    let host = &body[HOST_CONFIG];
    let policy = host["RestartPolicy"]["Name"].as_str().unwrap_or_default();
    let mut faults = Vec::new();
    if !["", "no"].contains(&policy) {
        faults.push(format!("the restart policy {policy} would start again what is to end"));
    }
    if host["AutoRemove"] == true {
        faults.push("AutoRemove is not needed, and would take the exit code away".to_owned());
    }
    if call.configuration.settings().max_connections < 2 {
        faults.push("two connections are needed at a time: raise max_connections".to_owned());
    }
    if !faults.is_empty() {
        return Err(Error::faults(Kind::InvalidParameters, &faults));
    }
    merge(&mut body, json!({"AttachStdout": true, "AttachStderr": true}))?;
    if call.arguments.text("stdin_text").is_some() {
        merge(&mut body, json!({"AttachStdin": true, "OpenStdin": true, "StdinOnce": true}))?;
    }
    Ok(body)
}

/// Creates the container, and gives its id and the engine's warnings. It gets a name that is known before the engine
/// answers, so that it can be removed even if that answer is lost.
fn create(call: &Call<'_>, body: &Value) -> Result<(String, Value), Error> {
    let own = format!("run-{:016x}", RandomState::new().hash_one(Instant::now()));
    let given = call.arguments.text("name");
    let name = given.unwrap_or(&own);
    let error = match call.send(create::request(call, Some(name), body)) {
        Ok(answer) => {
            let created = answer.json().unwrap_or_default();
            let id = created["Id"].as_str().unwrap_or(name).to_owned();
            let warnings = created["Warnings"].as_array().cloned().unwrap_or_default();
            return Ok((id, warnings.into()));
        }
        Err(error) => error,
    };
    if !matches!(error.kind(), Kind::Engine(ErrorKind::UnknownOutcome | ErrorKind::Interrupted)) {
        return Err(error);
    }
    if given.is_some() {
        // It may be another's, which was there before.
        return Err(
            error.and(&format!("If there is a container {name} now that was not there before, remove it."))
        );
    }
    for wait in LATE {
        engine::sleep(wait)?;
        match delete(call, name) {
            Ok(()) => return Err(error.and(&format!("Container {name} had been created and was removed."))),
            Err(why) if why.status() == Some(404) => {}
            Err(why) => return Err(error.and(&left_behind(name, &why))),
        }
    }
    Err(error.and(&format!("There was no container {name} so far; if the engine makes it yet, remove it.")))
}

/// Starts the container and gives its last state and its output. The exit code is null where the time was used up.
fn attend(call: &Call<'_>, body: &Value, id: &str) -> Result<Ended, Error> {
    let until = Instant::now() + call.time_limit();
    let within = |request: Request| {
        let left = until.saturating_duration_since(Instant::now());
        request.silence(left).deadline(left)
    };
    let path = |template| Path::fill(template, |_| Segment::name(id));
    let tty = body["Tty"] == true;
    let input = call.arguments.text("stdin_text").map(|text| whole_input(text, tty));
    // Attached before the start, so that nothing of the output is missed, whatever becomes of it in the log.
    let attach = ["stdout", "stderr", "stream"]
        .into_iter()
        .fold(Request::post(path("/containers/{id}/attach")?), |request, name| request.query(name, "true"))
        .query("stdin", &input.is_some().to_string());
    let reply = open(call, within(attach), input)?;
    call.send(within(Request::post(path("/containers/{id}/start")?)))?;
    let most = call.arguments.integer("max_bytes").unwrap_or_default();
    let mut capture = Capture::read_to_end(call, reply.into_body(), !tty, most)?;
    let state = last_state(call, &path("/containers/{id}/json")?, "/State", until)?;
    let running = state["Running"] == true;
    let remark = capture.ended(running)?;
    if running {
        capture.time_out();
    }
    Ok(Ended { state, capture, remark })
}

/// Removes the container with its anonymous volumes, by force if it still runs. What is gone already is removed.
fn remove(call: &Call<'_>, id: &str) -> Result<(), Error> {
    match delete(call, id) {
        Err(error) if error.status() == Some(404) => Ok(()),
        removed => removed,
    }
}

fn delete(call: &Call<'_>, id: &str) -> Result<(), Error> {
    let path = Path::fill("/containers/{id}", |_| Segment::name(id))?;
    let request = Request::new(engine::Method::DELETE, path).query("force", "true").query("v", "true");
    call.send(request).map(drop)
}

fn left_behind(id: &str, why: &Error) -> String {
    format!(
        "Container {id} could not be removed: {} Remove it with remove_container, by force.",
        why.message()
    )
}
