//! `wait_for_log`: waits until a container writes a line that matches. It returns at once if there is one, and never hangs.

use std::time::{Duration, Instant};

use engine::{ErrorKind, Path, Request, Segment};
use serde_json::{Map, Value, json};

use super::{
    log_lines::{Line, LogLines},
    logs::open,
    sought::{IGNORE_CASE, PATTERN, Sought, TEXT, excerpt},
};
use crate::{
    Error, Kind, Operation, Output, Schema,
    catalogue::containers::{
        capture::{STDERR, STDOUT, chosen},
        logs::{Opened, SINCE, TAIL},
        state::{REMOVED, State},
    },
    declare::param::{CONTAINER, positive},
    run::{call::Call, progress::Flow},
};

/// A container that starts again goes on writing into the same log: so long it is waited for before the next look.
const PAUSE: Duration = Duration::from_millis(300);

/// The operations of this file.
pub(super) static OPERATIONS: &[Operation] = &[Operation::get("wait_for_log", "/containers/{id}/logs")
    .title("Wait for Log Line")
    .about("Waits until a container has written a line with a text, or one that matches a regular expression, and gives that line. Ends at once if there is one, or if the container has ended without it.")
    .params(&[
        CONTAINER,
        TEXT.placeholder("ready to accept connections"),
        PATTERN.about("A regular expression for a line, in the syntax of Rust's regex (no look-around, no back-references). Give this or Text."),
        IGNORE_CASE,
        TAIL.about("Of what was written before, look only at so many lines from the end; 0 waits for a new line.").local(),
        SINCE.about("Of what was written before, look only at what was written from then on.").local(),
        STDOUT,
        STDERR,
        positive("timeout")
            .title("Time Limit (seconds)")
            .about("So long the line is waited for.")
            .default("60")
            .local(),
    ])
    .gives(Schema::All(&[
        Schema::Fields(&["result", "id", "outcome", "matched"]),
        Schema::Field("line", &Schema::Fields(&["stream", "time", "text"])),
        Schema::Fields(&["lines_seen", "state", "exit_code", "timed_out"]),
    ]))
    .run(wait)];

/// How a look at the log has ended.
enum Seen {
    Found(Line),
    /// The log has no more; the container may have ended.
    Ended,
    TimedOut,
}

/// Where to go on.
struct Position {
    since: Option<String>,
    tail: String,
    /// The time of the last line.
    last: Option<String>,
    seen: u64,
}

fn wait(call: &Call<'_>) -> Result<Output, Error> {
    let arguments = &call.arguments;
    let sought = Sought::needed(arguments)?;
    let limit = Duration::from_secs(arguments.integer("timeout").unwrap_or_default());
    let end = Instant::now() + limit;
    let given = arguments.text("id").unwrap_or_default();
    let Some(state) = State::look_at(call, given)? else {
        let error = engine::Error::new(ErrorKind::NotFound, format!("No such container: {given}"));
        return Err(error
            .with_status(404)
            .hint("Check the id or name; list_containers shows what is there")
            .into());
    };
    let id = state.id().to_owned();
    let mut position = Position {
        since: arguments.text("since").map(str::to_owned),
        tail: arguments.text("tail").unwrap_or("all").to_owned(),
        last: None,
        seen: 0,
    };
    let mut flow = Flow::of(call, "Waiting for the line");
    loop {
        match look(call, &id, &sought, &mut position, end, &mut flow)? {
            Seen::Found(line) => return Ok(found(call, &sought, &line, position.seen)),
            Seen::TimedOut => {
                return Ok(without(call, State::look_at(call, &id)?.as_ref(), position.seen, true));
            }
            Seen::Ended => {}
        }
        // The log ends with the container; one that starts again goes on.
        let state = State::look_at(call, &id)?;
        let comes_back = state.as_ref().is_some_and(|state| !state.has_ended() || !state.stays_down());
        if !comes_back {
            return Ok(without(call, state.as_ref(), position.seen, false));
        }
        if Instant::now() >= end {
            return Ok(without(call, state.as_ref(), position.seen, true));
        }
        engine::sleep(PAUSE.min(end.saturating_duration_since(Instant::now())))?;
    }
}

/// Reads on, until a line matches, the log ends, or the time does.
fn look(
    call: &Call<'_>,
    id: &str,
    sought: &Sought,
    position: &mut Position,
    end: Instant,
    flow: &mut Flow,
) -> Result<Seen, Error> {
    let time = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let (stdout, stderr) = chosen(&call.arguments, "stdout", "stderr");
    let path = Path::fill("/containers/{id}/logs", |_| Segment::name(id))?;
    let mut request = Request::get(path)
        .query("follow", "true")
        .query("timestamps", "true")
        .query("stdout", &stdout.to_string())
        .query("stderr", &stderr.to_string())
        .query("tail", &position.tail);
    if let Some(since) = &position.since {
        request = request.query("since", since);
    }
    let opened = match open(call, id, request.silence(time).deadline(time)) {
        // A proxy may hold an answer back until it has more of it.
        Err(error) if error.kind() == Kind::Engine(ErrorKind::TimedOut) => return Ok(Seen::TimedOut),
        Err(error) if error.status() == Some(404) => return Ok(Seen::Ended),
        opened => opened?,
    };
    let Opened { mut body, framed } = opened;
    let mut lines = LogLines::new(framed);
    let seen = loop {
        let mut came = Vec::new();
        let ended = match body.chunk() {
            Ok(Some(piece)) => {
                flow.add(piece.len());
                lines.add(piece, &mut |line| came.push(line))?;
                None
            }
            Ok(None) => Some(Seen::Ended),
            Err(error) if error.kind() == ErrorKind::TimedOut => Some(Seen::TimedOut),
            Err(error) => return Err(error.into()),
        };
        if ended.is_some() {
            // What stands on the last line, though it has no end, was written.
            std::mem::take(&mut lines).finish(&mut |line| came.push(line));
        }
        for line in came {
            position.seen += 1;
            position.last.clone_from(&line.time);
            if sought.occurs_in(&line.text) {
                return Ok(Seen::Found(line));
            }
        }
        engine::go_on()?;
        match ended {
            Some(ended) => break ended,
            None if Instant::now() >= end => break Seen::TimedOut,
            None => {}
        }
    };
    // From then on, so that what was looked at is not looked at again: the engine takes seconds with nanoseconds.
    if let Some(at) = position.last.as_ref().and_then(|time| time.parse::<jiff::Timestamp>().ok()) {
        let next = at.checked_add(Duration::from_nanos(1)).unwrap_or(at);
        position.since = Some(format!("{}.{:09}", next.as_second(), next.subsec_nanosecond()));
        "all".clone_into(&mut position.tail);
    }
    Ok(seen)
}

fn found(call: &Call<'_>, sought: &Sought, line: &Line, seen: u64) -> Output {
    let mut result = call.outcome_fields("Container {id} has written the line", false);
    let at = sought.find(&line.text).unwrap_or_default();
    let shown = json!({"stream": line.stream, "time": line.time, "text": excerpt(&line.text, at)});
    finished(&mut result, true, shown, seen, None, false);
    result.into()
}

fn without(call: &Call<'_>, state: Option<&State>, seen: u64, timed_out: bool) -> Output {
    let status = state.map_or(REMOVED, State::status);
    let sentence = match timed_out {
        true => format!("Container {{id}} has not written such a line yet: it is {status}"),
        false => format!("Container {{id}} has ended without such a line: it is {status}"),
    };
    let mut result = call.outcome_fields(&sentence, false);
    result.insert("outcome".into(), if timed_out { "timed_out" } else { "ended" }.into());
    finished(&mut result, false, Value::Null, seen, Some((status, state)), timed_out);
    result.into()
}

fn finished(
    result: &mut Map<String, Value>,
    matched: bool,
    line: Value,
    seen: u64,
    state: Option<(&str, Option<&State>)>,
    timed_out: bool,
) {
    let exit_code = state.and_then(|(_, state)| state).filter(|state| !state.is_running());
    let further = [
        ("matched", matched.into()),
        ("line", line),
        ("lines_seen", seen.into()),
        ("state", state.map(|(status, _)| status).into()),
        ("exit_code", exit_code.map_or(Value::Null, |state| state.exit_code().clone())),
        ("timed_out", timed_out.into()),
    ];
    result.extend(further.map(|(name, value): (&str, Value)| (name.to_owned(), value)));
}
