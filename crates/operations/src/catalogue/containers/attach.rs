//! Talking to what runs in a container: `POST /containers/{id}/attach`.

use engine::{ErrorKind, Input, Reply, Request};
use serde_json::{Map, Value};

use crate::{
    Comes, Effect, Error, Kind, Operation, Output, Param, Secrecy,
    catalogue::containers::capture::{
        CAPTURED, CAPTURED_LINES, CAPTURED_TEXT, Capture, FORM, Form, MAX_BYTES, STDERR, STDOUT, chosen,
    },
    declare::{
        arguments::{Arguments, Named},
        param::{CONTAINER, TIME_LIMIT, flag, long_text, text},
        result::case,
        target::{Reach, Target, Touch},
    },
    run::call::Call,
};

/// What is given to a process on its standard input.
pub(crate) const STDIN_TEXT: Param = long_text("stdin_text")
    .secret(Secrecy::Lines)
    .title("Input")
    .about("Text for standard input. A program that reads lines also needs a line end after the last line.")
    .local();

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::post(
    "container_attach",
    "/containers/{id}/attach",
)
.also(&["attach_container"])
.title("Attach to Container")
.about("Collects the output of a running container until the time limit. Sends the input first, if there is any.")
.params(&[
    CONTAINER,
    flag("stdin")
        .title("Stdin")
        .about("Attach standard input. This is on if there is input.")
        .local(),
    STDOUT,
    STDERR,
    flag("stream")
        .title("Stream")
        .about("Output that the container writes from now on. This is on if Logs is off.")
        .local(),
    flag("logs").title("Logs").about("Output that the container has written until now.").local(),
    text("detachKeys")
        .title("Detach Keys")
        .about("The keys in the input that detach from a terminal, such as ctrl-p,ctrl-q."),
    STDIN_TEXT,
    TIME_LIMIT,
    MAX_BYTES,
    FORM,
])
.touches(&[Touch::Decided(reach)])
.gives(CAPTURED)
.gives_for(&[case("form", "Text", CAPTURED_TEXT), case("form", "Lines", CAPTURED_LINES)])
.comes(Comes::Output)
.run(attach)];

/// Listening is looking; whoever gives input changes something.
fn reach(arguments: &mut Arguments) -> Reach {
    let effect = if attaches_stdin(arguments) { Effect::Change } else { Effect::Read };
    let container = Named::by("id", arguments.text("id").unwrap_or_default());
    Reach { effect, targets: vec![Target::Container(container)] }
}

fn attaches_stdin(arguments: &Arguments) -> bool {
    arguments.text("stdin_text").is_some() || arguments.is_on("stdin")
}

fn attach(call: &Call<'_>) -> Result<Output, Error> {
    let arguments = &call.arguments;
    let limit = call.time_limit();
    let attach_stdin = attaches_stdin(arguments);
    let (stdout, stderr) = chosen(arguments, "stdout", "stderr");
    let logs = arguments.is_on("logs");
    let stream = arguments.is_on("stream") || !logs;
    let container = call.look("/containers/{id}/json")?;
    if let Some((what, hint)) = fault(&container, stream, logs) {
        let message = format!("container {} {what}", arguments.shown("id").unwrap_or_default());
        return Err(engine::Error::new(ErrorKind::Conflict, message).hint(hint).into());
    }
    let (once, tty) = (container["Config"]["StdinOnce"] == true, container["Config"]["Tty"] == true);
    let input = attach_stdin.then(|| {
        let text = arguments.text("stdin_text").unwrap_or_default().to_owned();
        if once && !tty { Input::ending(text) } else { Input::open(text) }
    });
    let request =
        [("stdin", attach_stdin), ("stdout", stdout), ("stderr", stderr), ("stream", stream), ("logs", logs)]
            .into_iter()
            .fold(call.request()?, |request, (name, on)| request.query(name, &on.to_string()))
            .silence(limit)
            .deadline(limit);
    let reply = match input {
        // It only listens, and a proxy may hold an answer back until it has more of it.
        None => match call.stream(request.harmless()) {
            Err(error) if error.kind() == Kind::Engine(ErrorKind::TimedOut) => {
                return Capture::of_nothing_in_time().into_output(&Map::new(), false, Form::of(arguments));
            }
            other => other?,
        },
        input => open(call, request, input)?,
    };
    let most = arguments.integer("max_bytes").unwrap_or_default();
    let mut capture = Capture::read(call, reply.into_body(), !tty, most)?;
    if attach_stdin && capture.is_broken_off() {
        capture.ended(call.look("/containers/{id}/json")?["State"]["Running"] == true)?;
    }
    capture.into_output(&Map::new(), false, Form::of(arguments))
}

/// Why there is nothing to attach to, and what to do. The engine would wait for what never comes, or answer with its error
/// as if that were output.
fn fault(container: &Value, stream: bool, logs: bool) -> Option<(String, &'static str)> {
    let (state, driver) = (&container["State"], &container["HostConfig"]["LogConfig"]["Type"]);
    if stream && state["Running"] != true {
        let what = format!(
            "is {}, so there is nothing to attach to",
            state["Status"].as_str().unwrap_or("not running")
        );
        return Some((what, "Start it, or read what it has written with container_logs"));
    }
    if logs && driver == "none" {
        return Some((
            "has the log driver none, which keeps nothing".to_owned(),
            "Attach to its stream without its logs",
        ));
    }
    None
}

/// All the input of a process that this call alone talks to: the text, if there is any, and its end.
pub(crate) fn whole_input(text: &str, tty: bool) -> Input {
    // What ends the input from a terminal is Ctrl-D, where a line begins; within a line it only sends what there is.
    const END: char = '\u{4}';
    match tty {
        false => Input::ending(text.to_owned()),
        true if text.is_empty() || text.ends_with('\n') => Input::open(format!("{text}{END}")),
        true => Input::open(format!("{text}{END}{END}")),
    }
}

/// Opens a stream. The connection is taken over only where there is input, as proxies may refuse that.
pub(crate) fn open(call: &Call<'_>, request: Request, input: Option<Input>) -> Result<Reply, Error> {
    match input {
        Some(input) => call.converse(request, input),
        None => call.stream(request),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::run::validate::validated;

    #[test]
    fn listening_is_allowed_where_only_looking_is() {
        let effect =
            |given: Value| reach(&mut validated(&OPERATIONS[0], given.as_object().unwrap()).unwrap()).effect;
        assert_eq!(effect(json!({"id": "web", "stdin": false, "logs": true})), Effect::Read);
        assert_eq!(effect(json!({"id": "web", "stdin": true})), Effect::Change);
        assert_eq!(effect(json!({"id": "web", "stdin_text": "exit\n"})), Effect::Change);
    }

    #[test]
    fn a_terminal_ends_input_at_the_beginning_of_a_line() {
        for (text, sent) in [("", "\u{4}"), ("a\n", "a\n\u{4}"), ("a", "a\u{4}\u{4}")] {
            assert_eq!(whole_input(text, true), Input::open(sent));
        }
        assert_eq!(whole_input("a", false), Input::ending("a"));
    }

    #[test]
    fn says_why_there_is_nothing() {
        let container = |running: bool, driver: &str| json!({"State": {"Running": running, "Status": "exited"}, "HostConfig": {"LogConfig": {"Type": driver}}});
        assert_eq!(fault(&container(true, "json-file"), true, true), None);
        assert_eq!(fault(&container(false, "json-file"), false, true), None);
        assert!(fault(&container(false, "json-file"), true, false).unwrap().0.contains("is exited"));
        assert!(fault(&container(true, "none"), false, true).unwrap().0.contains("log driver none"));
    }
}
