//! A container's logs: `GET /containers/{id}/logs`.

use engine::{ApiVersion, Body, ErrorKind, Request};
use serde_json::{Map, Value};

use crate::{
    Comes, Error, Kind, Operation, Output, Param, Schema,
    catalogue::containers::capture::{
        CAPTURED, CAPTURED_TEXT, Capture, FORM, Form, INCOMPLETE, MAX_BYTES, STDERR, STDOUT, chosen,
    },
    declare::{
        param::{CONTAINER, TIME_LIMIT, count, flag, time},
        result::case,
    },
    run::call::Call,
};

/// From this version on, the answer's content type tells whether there are frames; on Podman, nothing ever does.
const CONTENT_TYPE_TELLS: ApiVersion = ApiVersion::new(1, 42);
const FRAMED: &str = "application/vnd.docker.multiplexed-stream";
const RAW: &str = "application/vnd.docker.raw-stream";

pub(crate) const TAIL: Param = count("tail", "all")
    .title("Tail")
    .about("Only this many lines from the end of the log. Use all for all lines.")
    .default("all");
pub(crate) const SINCE: Param =
    time("since").title("Since").about("Only lines that were written since this time.");
pub(crate) const TIMESTAMPS: Param = flag("timestamps")
    .title("Timestamps")
    .about("Begin each line of the text with the time at which it was written. In lines, time is a field.");
pub(crate) const FOLLOW: Param = flag("follow").title("Follow").about("Follow the log until the time limit.");

/// Lines that begin with a time.
pub(crate) const TIMED_LINES: Schema =
    Schema::Field("lines", &Schema::List(&Schema::Fields(&["stream", "time", "text"])));

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::get("container_logs", "/containers/{id}/logs")
    .title("Get Container Logs")
    .about("Gets the logs of a container: stdout and stderr separately, and line by line.")
    .params(&[
        CONTAINER,
        TAIL,
        SINCE,
        time("until").title("Until").about("Only lines that were written before this time."),
        STDOUT,
        STDERR,
        TIMESTAMPS,
        FOLLOW,
        TIME_LIMIT,
        MAX_BYTES,
        FORM,
    ])
    .gives(CAPTURED)
    .gives_for(&[
        case("form", "Text", CAPTURED_TEXT),
        case("form", "Lines", Schema::All(&[TIMED_LINES, INCOMPLETE])),
        case("timestamps", "true", Schema::All(&[CAPTURED, TIMED_LINES])),
    ])
    .comes(Comes::Output)
    .run(logs)];

fn logs(call: &Call<'_>) -> Result<Output, Error> {
    let form = Form::of(&call.arguments);
    let timed = call.arguments.is_on("timestamps");
    let opened = match open(call, has_tty) {
        // A proxy may hold an answer back until it has more of it.
        Err(error) if error.kind() == Kind::Engine(ErrorKind::TimedOut) && call.arguments.is_on("follow") => {
            return Capture::of_nothing_in_time().into_output(&Map::new(), timed, form);
        }
        opened => opened.map_err(|error| unreadable(call, error))?,
    };
    let most = call.arguments.integer("max_bytes").unwrap_or_default();
    Capture::read(call, opened.body, opened.framed, most)?.into_output(&Map::new(), timed, form)
}

/// Logs on their way.
pub(crate) struct Opened {
    pub(crate) body: Body,
    pub(crate) framed: bool,
}

/// Asks for the logs that the parameters describe. `has_tty` looks whether there are frames, where the answer does not tell.
pub(crate) fn open(call: &Call<'_>, has_tty: fn(&Call<'_>) -> Result<bool, Error>) -> Result<Opened, Error> {
    let limit = call.time_limit();
    let (stdout, stderr) = chosen(&call.arguments, "stdout", "stderr");
    let request = call
        .request()?
        .query("stdout", &stdout.to_string())
        .query("stderr", &stderr.to_string())
        .silence(limit)
        .deadline(limit);
    sent(call, request, || has_tty(call))
}

/// Asks for logs by this request.
pub(crate) fn sent(
    call: &Call<'_>,
    request: Request,
    has_tty: impl Fn() -> Result<bool, Error>,
) -> Result<Opened, Error> {
    let looked = if call.engine.api_version()? < CONTENT_TYPE_TELLS { Some(has_tty()?) } else { None };
    let reply = call.stream(request)?;
    let framed = match (looked, reply.header("content-type")) {
        (Some(has_tty), _) => !has_tty,
        (None, Some(FRAMED)) => true,
        (None, Some(RAW)) => false,
        (None, _) => !has_tty()?,
    };
    Ok(Opened { body: reply.into_body(), framed })
}

fn has_tty(call: &Call<'_>) -> Result<bool, Error> {
    Ok(call.look("/containers/{id}/json")?["Config"]["Tty"] == true)
}

/// Names the log driver where it is one that cannot be read: the engine's refusal does not.
fn unreadable(call: &Call<'_>, error: Error) -> Error {
    let refuses = error.status() == Some(501) || error.message().contains("does not support reading");
    let driver = |container: Value| container["HostConfig"]["LogConfig"]["Type"].as_str().map(str::to_owned);
    match call.look("/containers/{id}/json").ok().filter(|_| refuses).and_then(driver) {
        Some(driver) => error.and(&format!(
            "The container's log driver is {driver:?}, which cannot be read: look where it sends the logs, or attach."
        )),
        None => error,
    }
}
