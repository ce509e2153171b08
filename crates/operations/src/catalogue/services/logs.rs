//! What the tasks of a service have written: `GET /services/{id}/logs` and `GET /tasks/{id}/logs`.
//!
//! The engine collects it from all nodes, after it has answered 200. A node that cannot be reached is an error within the answer,
//! and what other nodes have is still of use.

use engine::ErrorKind;
use serde_json::{Map, Value};

use super::SERVICE;
use crate::{
    Comes, Error, Kind, Operation, Output, Param, Schema,
    catalogue::{
        containers::{
            capture::{CAPTURED, CAPTURED_TEXT, Capture, FORM, Form, INCOMPLETE, MAX_BYTES, STDERR, STDOUT},
            logs::{FOLLOW, SINCE, TAIL, TIMED_LINES, TIMESTAMPS, open},
        },
        tasks::TASK,
    },
    declare::{
        param::{TIME_LIMIT, flag},
        result::{Case, TEXTS, case},
    },
    run::call::Call,
};

const DETAILS: Param = flag("details")
    .title("Details")
    .about("Begin each line with the ids of its node, service and task, and with the attributes that the log driver keeps.");

/// What could not be read.
const ERRORS: Schema = Schema::Field("errors", &TEXTS);

const WHOLE: Schema = Schema::All(&[ERRORS, CAPTURED]);
const FORMS: &[Case] = &[
    case("form", "Text", Schema::All(&[ERRORS, CAPTURED_TEXT])),
    case("form", "Lines", Schema::All(&[ERRORS, TIMED_LINES, INCOMPLETE])),
    case("timestamps", "true", Schema::All(&[ERRORS, CAPTURED, TIMED_LINES])),
];

/// The operations of this file that are about services.
pub(crate) static OPERATIONS: &[Operation] = &[of_logs("service_logs", "/services/{id}/logs")
    .title("Get Service Logs")
    .about("Gets the logs of all tasks of a service, on all nodes. If a node does not return its logs, errors says so. Only the log drivers json-file, journald and local can be read.")
    .params(&[SERVICE, TAIL, SINCE, STDOUT, STDERR, TIMESTAMPS, DETAILS, FOLLOW, TIME_LIMIT, MAX_BYTES, FORM])
    .run(of_service)];

/// Those that are about tasks.
pub(crate) static OF_TASKS: &[Operation] = &[of_logs("task_logs", "/tasks/{id}/logs")
    .title("Get Task Logs")
    .about("Gets the logs of a task, on any node. If its node does not return them, errors says so.")
    .params(&[TASK, TAIL, SINCE, STDOUT, STDERR, TIMESTAMPS, DETAILS, FOLLOW, TIME_LIMIT, MAX_BYTES, FORM])
    .run(of_task)];

const fn of_logs(name: &'static str, path: &'static str) -> Operation {
    Operation::get(name, path).gives(WHOLE).gives_for(FORMS).comes(Comes::Output)
}

fn of_service(call: &Call<'_>) -> Result<Output, Error> {
    logs(call, |call| Ok(has_tty(&call.look("/services/{id}")?["Spec"]["TaskTemplate"])))
}

fn of_task(call: &Call<'_>) -> Result<Output, Error> {
    logs(call, |call| Ok(has_tty(&call.look("/tasks/{id}")?["Spec"])))
}

fn has_tty(task: &Value) -> bool {
    task["ContainerSpec"]["TTY"] == true
}

fn logs(call: &Call<'_>, has_tty: fn(&Call<'_>) -> Result<bool, Error>) -> Result<Output, Error> {
    let capture = match open(call, has_tty) {
        // The engine may wait for a node that does not answer.
        Err(error) if error.kind() == Kind::Engine(ErrorKind::TimedOut) => Capture::of_nothing_in_time(),
        opened => {
            let opened = opened?;
            let most = call.arguments.integer("max_bytes").unwrap_or_default();
            Capture::read_what_can_be(call, opened.body, opened.framed, most)?
        }
    };
    let secrets = call.secrets();
    let errors = capture.faults().iter().map(|fault| Value::from(secrets.hidden_in(fault))).collect();
    let fields = Map::from_iter([("errors".to_owned(), errors)]);
    capture.into_output(&fields, call.arguments.is_on("timestamps"), Form::of(&call.arguments))
}
