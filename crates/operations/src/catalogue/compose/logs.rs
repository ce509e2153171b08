//! The logs of all containers of a project as one stream, in the order of time.

use std::time::Instant;

use engine::{ErrorKind, Path, Request, Segment};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{found, service};
use crate::{
    Error, Kind, Output,
    catalogue::containers::{
        capture::{Capture, MAX_BYTES, chosen},
        logs::{Opened, sent},
    },
    run::{
        call::Call,
        objects::{id, own_name},
    },
};

/// A line of one container.
struct Line {
    /// When it was written; of a line without a time, when the one before was.
    at: Timestamp,
    shown: Value,
}

/// `project_logs`. The containers are read one after the other, each with its share of what is left of the bytes.
pub(super) fn logs(call: &Call<'_>) -> Result<Output, Error> {
    let containers = found(call)?.containers;
    let end = Instant::now() + call.time_limit();
    let mut left = call.arguments.integer(MAX_BYTES).unwrap_or_default();
    let (mut lines, mut errors) = (Vec::new(), Vec::new());
    let (mut truncated, mut timed_out) = (false, false);
    for (at, container) in containers.iter().enumerate() {
        let share = left / (containers.len() - at) as u64;
        let capture = match read(call, container, share, end) {
            Ok(Some(capture)) => capture,
            Ok(None) => {
                timed_out = true;
                continue;
            }
            Err(error) if error.kind() == Kind::Engine(ErrorKind::Interrupted) => return Err(error),
            Err(error) => {
                errors.push((own_name(container), error));
                continue;
            }
        };
        left = left.saturating_sub(capture.size());
        truncated |= capture.is_truncated();
        timed_out |= capture.is_timed_out();
        lines.extend(lines_of(container, &capture));
    }
    if errors.len() == containers.len()
        && let Some((_, error)) = errors.pop()
    {
        return Err(error);
    }
    // Stable: the lines of a container stay in their order.
    lines.sort_by_key(|line| line.at);
    let form = call.arguments.text("form");
    let mut result = Map::new();
    if form != Some("lines") {
        result.insert("output".into(), as_text(&lines).into());
    }
    if form != Some("text") {
        result.insert("lines".into(), lines.into_iter().map(|line| line.shown).collect());
    }
    let secrets = call.secrets();
    let errors =
        errors.into_iter().map(|(name, error)| format!("{name}: {}", error.hiding(&secrets).message()));
    result.insert("errors".into(), errors.collect());
    result.insert("truncated".into(), truncated.into());
    result.insert("timed_out".into(), timed_out.into());
    Ok(result.into())
}

/// What one container has written; `None` where the time was used up before anything came.
fn read(call: &Call<'_>, container: &Value, most: u64, end: Instant) -> Result<Option<Capture>, Error> {
    let time = end.saturating_duration_since(Instant::now());
    if time.is_zero() {
        return Ok(None);
    }
    let (stdout, stderr) = chosen(&call.arguments, "stdout", "stderr");
    let path = Path::fill("/containers/{id}/logs", |_| Segment::name(id(container)))?;
    let mut request = Request::get(path)
        .query("timestamps", "true")
        .query("stdout", &stdout.to_string())
        .query("stderr", &stderr.to_string());
    for name in ["tail", "since", "until"] {
        match call.arguments.get(name) {
            Some(Value::String(text)) => request = request.query(name, text),
            Some(value) => request = request.query(name, &value.to_string()),
            None => {}
        }
    }
    let has_tty = || {
        let path = Path::fill("/containers/{id}/json", |_| Segment::name(id(container)))?;
        let container: Value = call.send(Request::get(path))?.json()?;
        Ok(container["Config"]["Tty"] == true)
    };
    match sent(call, request.silence(time).deadline(time), has_tty) {
        Err(error) if error.kind() == Kind::Engine(ErrorKind::TimedOut) => Ok(None),
        opened => {
            let Opened { body, framed } = opened?;
            Capture::read_apart(body, framed, most).map(Some)
        }
    }
}

fn lines_of(container: &Value, capture: &Capture) -> Vec<Line> {
    let (name, service) = (own_name(container), service(container));
    let mut last = Timestamp::MIN;
    let mut lines = Vec::new();
    // A line that was cut within its time is no line.
    let is_cut = capture.is_truncated() || capture.is_timed_out();
    capture.each_timed_line(|stream, time, text| {
        if is_cut && time.is_none() {
            return;
        }
        if let Some(at) = time.and_then(|time| time.parse().ok()) {
            last = at;
        }
        let shown =
            json!({"container": name, "service": service, "stream": stream, "time": time, "text": text});
        lines.push(Line { at: last, shown });
    });
    lines
}

/// As `docker compose logs` shows them.
fn as_text(lines: &[Line]) -> String {
    let mut text = String::new();
    for Line { shown, .. } in lines {
        for part in [shown["container"].as_str(), Some(" | "), shown["text"].as_str(), Some("\n")] {
            text.push_str(part.unwrap_or_default());
        }
    }
    text
}
