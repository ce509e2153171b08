//! The first and the last lines of a container's log: when it began to write, and what it wrote last.

use engine::{Path, Request, Segment};
use serde_json::{Map, Value};

use super::entry::{Entry, Moment};
use crate::{
    Error, Output,
    catalogue::{
        containers::{
            capture::{Capture, Form},
            logs::sent,
        },
        investigate::looks::Looks,
    },
    run::{
        objects::{items, text},
        side_by_side::ends_it,
    },
};

/// Lines from either end.
const LINES: usize = 5;
/// What is read for them, in bytes.
const MOST: u64 = 64 * 1024;

/// Reads them. `since` and `until` are the engine's notation of times, for the lines between.
pub(crate) fn entries(
    looks: &mut Looks<'_, '_>,
    container: &Value,
    since: Option<&str>,
    until: Option<&str>,
) -> Result<Vec<Entry>, Error> {
    let driver = text(&container["HostConfig"]["LogConfig"], "Type");
    let mut lines: Vec<(&'static str, Value)> = Vec::new();
    for (which, tail) in [("first", None), ("last", Some(LINES))] {
        if let Some(bound) = looks.bound() {
            looks.miss(&format!("Logs: {bound}"));
            break;
        }
        match read(looks, container, since, until, tail) {
            Ok(read) => {
                let taken = read.into_iter().take(LINES);
                for line in taken {
                    if !lines.iter().any(|(_, known)| *known == line) {
                        lines.push((which, line));
                    }
                }
            }
            Err(error) if ends_it(&error) => return Err(error),
            Err(_) => {
                looks.miss(&format!("Logs: the engine cannot read them (log driver {driver})"));
                break;
            }
        }
    }
    Ok(lines.iter().filter_map(|(which, line)| entry(which, line)).collect())
}

fn read(
    looks: &mut Looks<'_, '_>,
    container: &Value,
    since: Option<&str>,
    until: Option<&str>,
    tail: Option<usize>,
) -> Result<Vec<Value>, Error> {
    looks.count();
    let path = Path::fill("/containers/{id}/logs", |_| Segment::name(text(container, "Id")))?;
    let mut request =
        Request::get(path).query("stdout", "true").query("stderr", "true").query("timestamps", "true");
    for (name, value) in [("since", since), ("until", until)] {
        request = value.iter().fold(request, |request, value| request.query(name, value));
    }
    if let Some(tail) = tail {
        request = request.query("tail", &tail.to_string());
    }
    let bound = looks.remaining();
    let has_tty = container["Config"]["Tty"] == true;
    let opened = sent(looks.call, request.silence(bound).deadline(bound), || Ok(has_tty))?;
    let capture = Capture::read_apart(opened.body, opened.framed, MOST)?;
    match capture.into_output(&Map::new(), true, Form::Lines)? {
        Output::Value(value) => Ok(items(&value["lines"]).cloned().collect()),
        output => {
            let value: Value = serde_json::from_slice(&output.into_json()?).unwrap_or_default();
            Ok(items(&value["lines"]).cloned().collect())
        }
    }
}

fn entry(which: &str, line: &Value) -> Option<Entry> {
    let (stream, written) = (text(line, "stream"), text(line, "text"));
    let moment = Moment::read(text(line, "time"))?;
    let what = format!("Its log, {which} lines ({stream}): {written}");
    Some(Entry::new(moment, "logs", "log", &what, &format!("logs {stream}"), written))
}
