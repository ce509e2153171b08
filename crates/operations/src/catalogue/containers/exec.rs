//! Running a command in a container: `POST /containers/{id}/exec`, `POST /exec/{id}/start`, `GET /exec/{id}/json`.

use std::time::Instant;

use engine::{Path, Request, Segment};
use serde_json::{Map, Value, json};

use crate::{
    Category, Comes, Effect, Error, Kind, Notation, Operation, Output, Param, Schema,
    catalogue::containers::{
        attach::{STDIN_TEXT, open, whole_input},
        capture::{CAPTURED, CAPTURED_LINES, CAPTURED_TEXT, Capture, FORM, Form, MAX_BYTES, chosen},
        config::{COMMAND, ENVIRONMENT, USER, WORKING_FOLDER},
        exit_code::{ENDED, FAIL_ON_NONZERO, judge, last_state},
    },
    declare::{
        arguments::Arguments,
        param::{ADDITIONAL_FIELDS, CONTAINER, TIME_LIMIT, flag, id, integer, notation, text},
        result::{DONE, case},
        target::{Reach, Target, Touch},
    },
    run::{
        call::Call,
        redact::REDACT,
        request::{body, merge},
    },
};

const EXEC: Param =
    id("exec_id").title("Command").about("The command's id: exec_id in the result of exec_container.");

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::post("exec_container", "/containers/{id}/exec")
    .title("Execute Command in Container")
    .about("Runs a command in a running container and returns its output and exit code.")
    .touches(&[Touch::Container("id")])
    .params(&[
        CONTAINER,
        COMMAND.about("The command: a list, JSON, or a line split by the shell's rules. No shell runs it.").required(),
        USER,
        WORKING_FOLDER,
        ENVIRONMENT,
        STDIN_TEXT,
        FAIL_ON_NONZERO,
        TIME_LIMIT.about("The call ends after this time and returns the output so far. The command continues. If empty, the configuration's timeout applies."),
        MAX_BYTES,
        FORM,
        flag("Privileged").title("Privileged").about("Run the command with extended privileges: all capabilities of the host.").body(),
        flag("AttachStdin").title("Attach Stdin").about("Attach standard input. This is on if there is input.").local(),
        flag("AttachStdout").title("Attach Stdout").about("Return standard output. If neither stream is chosen, both are returned.").local(),
        flag("AttachStderr").title("Attach Stderr").about("Return standard error. If neither stream is chosen, both are returned.").local(),
        flag("Detach").title("Detach").about("Start the command and do not wait: there is no output and no exit code.").local(),
        flag("Tty").title("TTY").about("Allocate a terminal. The output then comes as one stream, stdout.").body(),
        notation("ConsoleSize", Notation::ConsoleSize)
            .title("Terminal Size")
            .about("The height and width of its terminal, such as 24x80.")
            .shown_for("Tty", &["true"])
            .body()
            .since(1, 42),
        text("DetachKeys")
            .title("Detach Keys")
            .about("The keys in the input that detach from a terminal, such as ctrl-p,ctrl-q.")
            .shown_for("Tty", &["true"])
            .body(),
        ADDITIONAL_FIELDS,
    ])
    .gives(Schema::All(&[ENDED, Schema::Fields(&["exec_id", "running"]), CAPTURED]))
    .gives_for(&[
        case("Detach", "true", Schema::All(&[DONE, Schema::Fields(&["exec_id"])])),
        case("form", "Text", Schema::All(&[ENDED, Schema::Fields(&["exec_id", "running"]), CAPTURED_TEXT])),
        case("form", "Lines", Schema::All(&[ENDED, Schema::Fields(&["exec_id", "running"]), CAPTURED_LINES])),
    ])
    .comes(Comes::Command)
    .validated_by(validate)
    .run(exec),
    Operation::get("inspect_exec", "/exec/{exec_id}/json")
        .title("Inspect Command")
        .about("Gets the state of a command that exec_container started: whether it is running, and its exit code.")
        .params(&[EXEC, REDACT]),
    Operation::post("resize_exec", "/exec/{exec_id}/resize")
        .title("Resize Command Terminal")
        .about("Sets the size of the terminal of a command that is running.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Decided(reach)])
        .params(&[
            EXEC,
            integer("h").title("Height").about("The height in characters.").required(),
            integer("w").title("Width").about("The width in characters.").required(),
        ])
        .gives(Schema::Fields(&["result", "exec_id", "outcome"]))
        .run(resize),
];

/// A command's terminal belongs to the container that it runs in.
fn reach(arguments: &mut Arguments) -> Reach {
    let exec = arguments.text(EXEC).unwrap_or_default().to_owned();
    Reach { effect: Effect::Change, targets: vec![Target::Exec(exec)] }
}

fn resize(call: &Call<'_>) -> Result<Output, Error> {
    call.send(call.request()?)?;
    let exec = call.arguments.text(EXEC).unwrap_or_default();
    let sentence = format!("Resized the terminal of command {exec}");
    Ok(json!({"result": sentence, "exec_id": exec, "outcome": "done"}).into())
}

fn validate(arguments: &Arguments) -> Result<(), Error> {
    match arguments.is_on("Detach") && arguments.text(STDIN_TEXT).is_some() {
        true => Err(Error::fault("stdin_text needs a command that is waited for: leave Detach off")),
        false => Ok(()),
    }
}

fn exec(call: &Call<'_>) -> Result<Output, Error> {
    let arguments = &call.arguments;
    let (container, limit) = (arguments.shown("id").unwrap_or_default(), call.time_limit());
    let (detach, text) = (arguments.is_on("Detach"), arguments.text("stdin_text"));
    let attach_stdin = text.is_some() || arguments.is_on("AttachStdin");
    let (stdout, stderr) = chosen(arguments, "AttachStdout", "AttachStderr");
    let mut create = body(arguments)?;
    let streams = json!({"AttachStdin": attach_stdin, "AttachStdout": stdout, "AttachStderr": stderr});
    merge(&mut create, streams)?;
    let tty = create["Tty"] == true;
    let input = attach_stdin.then(|| whole_input(text.unwrap_or_default(), tty));
    let created = call.send(Request::post(call.path(call.endpoint.path)?).json(&create))?.json()?;
    let id = created["Id"]
        .as_str()
        .ok_or_else(|| Error::new(Kind::Failed, "The engine gave no id for the command."))?;
    // A command that is not started has done nothing.
    call.changed.set(false);
    let path = |template| Path::fill(template, |_| Segment::name(id));
    let mut result = Map::new();
    let mut say = |name: &str, value: Value| result.insert(name.to_owned(), value);

    let mut start = json!({"Detach": detach, "Tty": tty});
    if tty && let Some(size) = arguments.get("ConsoleSize") {
        start["ConsoleSize"] = size.clone();
    }
    let start = Request::post(path("/exec/{id}/start")?).json(&start).silence(limit).deadline(limit);
    if detach {
        call.send(start)?;
        say("result", format!("Started the command in container {container}").into());
        say("id", container.into());
        say("exec_id", id.into());
        say("outcome", "done".into());
        return Ok(Value::Object(result).into());
    }
    let most = arguments.integer("max_bytes").unwrap_or_default();
    let until = Instant::now() + limit;
    let mut capture = Capture::read_to_end(call, open(call, start, input)?.into_body(), !tty, most)?;
    let state = last_state(call, &path("/exec/{id}/json")?, "", until)?;
    let running = state["Running"] == true;
    let remark = capture.ended(running)?;
    let sentence = match &state["ExitCode"] {
        Value::Null => {
            format!("The command still runs in container {container}, after {} s", limit.as_secs())
        }
        code => format!("The command ended in container {container} with exit code {code}{remark}"),
    };
    if running {
        capture.time_out();
    }
    judge(call, &state["ExitCode"], &capture, &format!("{sentence}."))?;
    say("result", sentence.into());
    say("id", container.into());
    say("exec_id", id.into());
    say("exit_code", state["ExitCode"].clone());
    say("running", state["Running"].clone());
    capture.into_output(&result, false, Form::of(arguments))
}
