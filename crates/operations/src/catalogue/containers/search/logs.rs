//! `search_logs`: lines that match, in the logs of one container, of a Compose project or of all.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use engine::{ErrorKind, Path, Request, Segment};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    log_lines::{Line, LogLines},
    sought::{IGNORE_CASE, PATTERN, Sought, TEXT, excerpt},
};
use crate::{
    Error, Kind, Operation, Output, Param, Schema,
    catalogue::{
        compose,
        containers::{
            capture::{STDERR, STDOUT, chosen},
            logs::{Opened, SINCE, TAIL, sent},
            search::tree::TIME,
        },
    },
    declare::{
        param::{integer, positive, text, time},
        result::TEXTS,
    },
    run::{
        call::Call,
        objects::{id, items, own_name},
        progress::Flow,
    },
};

/// The most lines around a match.
const MOST_AROUND: u64 = 20;
const MIB: u64 = 1024 * 1024;

const MAX_READ: Param = positive("max_size")
    .title("Most Read (MiB)")
    .about("The most that is read of all logs together. What lies beyond is not searched, and the result says so.")
    .default("64")
    .local();

/// The operations of this file.
pub(super) static OPERATIONS: &[Operation] = &[Operation::get("search_logs", "/containers/json")
    .title("Search Logs")
    .about("Searches what containers have written for a text or a regular expression: one container, a Compose project or stack, or all containers of the engine. Each line comes with its container, stream and time.")
    .params(&[
        text("id")
            .title("Container")
            .about("Search this container only, by its id or name.")
            .picked_from("pick_container")
            .local(),
        text("project")
            .title("Project")
            .about("Search the containers of this Compose project or stack only. All containers, also stopped ones, if neither is given.")
            .picked_from("pick_project")
            .local(),
        TEXT,
        PATTERN.about("A regular expression for a line, in the syntax of Rust's regex (no look-around, no back-references). Give this or Text."),
        IGNORE_CASE,
        TAIL.about("Search only this many lines from the end of each log; all is all.").local(),
        SINCE.local(),
        time("until").title("Until").about("Only what was written until then.").local(),
        STDOUT,
        STDERR,
        integer("context")
            .title("Context (lines)")
            .about("So many lines before and after each match come with it, 20 at most.")
            .default("0")
            .local(),
        positive("max_matches")
            .title("Most Matches")
            .about("No more than this many lines of each container.")
            .default("100")
            .local(),
        MAX_READ,
        TIME,
    ])
    .gives(Schema::All(&[
        Schema::Fields(&["count"]),
        Schema::Field(
            "matches",
            &Schema::List(&Schema::All(&[
                Schema::Fields(&["container", "id", "service", "stream", "time", "text"]),
                Schema::Field("before", &TEXTS),
                Schema::Field("after", &TEXTS),
            ])),
        ),
        Schema::Fields(&["examined", "bytes_examined"]),
        Schema::Field("skipped", &Schema::List(&Schema::Fields(&["container", "id", "reason"]))),
        Schema::Fields(&["truncated", "timed_out"]),
    ]))
    .table("matches", &["time", "container", "stream", "text"])
    .run(search)];

/// A container whose log is searched.
struct Source {
    id: String,
    name: String,
    service: String,
}

/// What was found so far.
#[derive(Default)]
struct Search {
    matches: Vec<(Timestamp, Value)>,
    skipped: Vec<Value>,
    examined: u64,
    bytes: u64,
    truncated: bool,
    timed_out: bool,
}

fn search(call: &Call<'_>) -> Result<Output, Error> {
    let arguments = &call.arguments;
    let sought = Sought::needed(arguments)?;
    let end = Instant::now() + Duration::from_secs(arguments.integer(TIME).unwrap_or_default());
    let most = arguments.integer(MAX_READ).unwrap_or_default().saturating_mul(MIB);
    let (sources, is_one) = sources(call)?;
    let mut search = Search::default();
    let mut flow = Flow::of(call, "Searching logs");
    for source in &sources {
        let time = end.saturating_duration_since(Instant::now());
        let reason = if time.is_zero() {
            search.timed_out = true;
            Some("the time limit ended the call before".to_owned())
        } else if search.bytes >= most {
            search.truncated = true;
            Some("max_size was used up by the logs before it".to_owned())
        } else {
            match one(call, source, &sought, &mut search, (most, time), &mut flow) {
                Ok(reason) => reason,
                Err(error) if is_one || error.kind() == Kind::Engine(ErrorKind::Interrupted) => {
                    return Err(error);
                }
                Err(error) => Some(error.hiding(&call.secrets()).message().to_owned()),
            }
        };
        match reason {
            Some(reason) => {
                search.skipped.push(json!({"container": source.name, "id": source.id, "reason": reason}));
            }
            None => search.examined += 1,
        }
    }
    search.matches.sort_by_key(|(at, _)| *at);
    let matches: Vec<Value> = search.matches.into_iter().map(|(_, shown)| shown).collect();
    Ok(json!({
        "count": matches.len(),
        "matches": matches,
        "examined": search.examined,
        "bytes_examined": search.bytes,
        "skipped": search.skipped,
        "truncated": search.truncated,
        "timed_out": search.timed_out,
    })
    .into())
}

/// The containers that the parameters choose, and whether one was named.
fn sources(call: &Call<'_>) -> Result<(Vec<Source>, bool), Error> {
    let (named, project) = (call.arguments.text("id"), call.arguments.text("project"));
    let listed = match (named, project) {
        (Some(_), Some(_)) => {
            return Err(Error::fault(
                "id and project exclude each other: give one of them, or none for all containers",
            ));
        }
        (Some(named), None) => {
            let path = Path::fill("/containers/{id}/json", |_| Segment::name(named))?;
            let container: Value = call.send(Request::get(path))?.json()?;
            let mut listed = json!({"Id": container["Id"], "Names": [container["Name"]]});
            listed["Labels"] = container["Config"]["Labels"].clone();
            return Ok((vec![Source::of(&listed)], true));
        }
        (None, Some(project)) => compose::project(call, project)?.containers,
        (None, None) => {
            let all = Request::get(Path::fixed("/containers/json")).query("all", "true");
            items(&call.send(all)?.json()?).cloned().collect()
        }
    };
    Ok((listed.iter().map(Source::of).collect(), false))
}

impl Source {
    fn of(listed: &Value) -> Self {
        let service = compose::service(listed).to_owned();
        Self { id: id(listed).to_owned(), name: own_name(listed).to_owned(), service }
    }
}

/// Searches one log; gives why it was not searched to its end, where it was not.
fn one(
    call: &Call<'_>,
    source: &Source,
    sought: &Sought,
    search: &mut Search,
    (most, time): (u64, Duration),
    flow: &mut Flow,
) -> Result<Option<String>, Error> {
    let arguments = &call.arguments;
    let (stdout, stderr) = chosen(arguments, "stdout", "stderr");
    let path = Path::fill("/containers/{id}/logs", |_| Segment::name(&source.id))?;
    let mut request = Request::get(path)
        .query("timestamps", "true")
        .query("stdout", &stdout.to_string())
        .query("stderr", &stderr.to_string());
    for name in ["tail", "since", "until"] {
        if let Some(value) = arguments.get(name) {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            request = request.query(name, &text);
        }
    }
    let opened = match open(call, &source.id, request.silence(time).deadline(time)) {
        Err(error) if error.kind() == Kind::Engine(ErrorKind::TimedOut) => {
            search.timed_out = true;
            return Ok(Some("the engine did not give its log within the time limit".into()));
        }
        opened => opened?,
    };
    let around = arguments.integer("context").unwrap_or_default().min(MOST_AROUND);
    let wanted = arguments.integer("max_matches").unwrap_or_default();
    let mut hits = Hits::new(source, sought, around, wanted);
    let Opened { mut body, framed } = opened;
    let mut lines = LogLines::new(framed);
    let mut cut = None;
    while !hits.is_full() {
        match body.chunk() {
            Ok(Some(piece)) => {
                search.bytes += piece.len() as u64;
                flow.add(piece.len());
                lines.add(piece, &mut |line| hits.add(&line))?;
            }
            Ok(None) => break,
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                search.timed_out = true;
                cut = Some("the time limit ended the call within its log".to_owned());
                break;
            }
            Err(error) => return Err(error.into()),
        }
        engine::go_on()?;
        if search.bytes >= most && !hits.is_full() {
            search.truncated = true;
            cut = Some("max_size ended the search within its log".to_owned());
            break;
        }
    }
    let fault = lines.fault().map(|fault| format!("the engine could not read its log to the end: {fault}"));
    if cut.is_none() {
        lines.finish(&mut |line| hits.add(&line));
    }
    search.truncated |= hits.is_full();
    search.matches.append(&mut hits.finish());
    Ok(cut.or(fault))
}

/// Asks for a log, and whether it has frames, where the answer does not tell.
pub(super) fn open(call: &Call<'_>, id: &str, request: Request) -> Result<Opened, Error> {
    let has_tty = || {
        let path = Path::fill("/containers/{id}/json", |_| Segment::name(id))?;
        let container: Value = call.send(Request::get(path))?.json()?;
        Ok(container["Config"]["Tty"] == true)
    };
    sent(call, request, has_tty)
}

/// The lines of one log that match, with those around them.
struct Hits<'s> {
    source: &'s Source,
    sought: &'s Sought,
    around: usize,
    wanted: usize,
    found: Vec<(Timestamp, Map<String, Value>)>,
    before: VecDeque<String>,
    last: Timestamp,
    /// Whether there was one more than is wanted.
    is_beyond: bool,
}

impl<'s> Hits<'s> {
    fn new(source: &'s Source, sought: &'s Sought, around: u64, wanted: u64) -> Self {
        let number = |number| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            source,
            sought,
            around: number(around),
            wanted: number(wanted),
            found: Vec::new(),
            before: VecDeque::new(),
            last: Timestamp::MIN,
            is_beyond: false,
        }
    }

    fn is_full(&self) -> bool {
        self.is_beyond
    }

    fn add(&mut self, line: &Line) {
        if let Some(time) = line.time.as_ref().and_then(|time| time.parse().ok()) {
            self.last = time;
        }
        let at = self.sought.find(&line.text);
        let shown = || excerpt(&line.text, at.unwrap_or_default());
        for (_, earlier) in self.found.iter_mut().rev().take(self.around) {
            if let Some(Value::Array(after)) = earlier.get_mut("after")
                && after.len() < self.around
            {
                after.push(shown().into());
            }
        }
        if at.is_some() {
            if self.found.len() >= self.wanted {
                self.is_beyond = true;
                return;
            }
            let Source { id, name, service } = self.source;
            let mut fields = Map::new();
            fields.insert("container".into(), name.as_str().into());
            fields.insert("id".into(), id.as_str().into());
            fields.insert("service".into(), service.as_str().into());
            fields.insert("stream".into(), line.stream.into());
            fields.insert("time".into(), line.time.clone().into());
            fields.insert("text".into(), shown().into());
            fields.insert("before".into(), self.before.iter().cloned().collect());
            fields.insert("after".into(), Value::Array(Vec::new()));
            self.found.push((self.last, fields));
        }
        if self.around > 0 {
            if self.before.len() == self.around {
                self.before.pop_front();
            }
            self.before.push_back(shown());
        }
    }

    fn finish(self) -> Vec<(Timestamp, Value)> {
        self.found.into_iter().map(|(at, fields)| (at, fields.into())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_comes_with_the_lines_around_it() {
        let source = Source { id: "1".into(), name: "web".into(), service: String::new() };
        let sought = Sought::text("x", false).unwrap();
        let mut hits = Hits::new(&source, &sought, 2, 2);
        for text in ["a", "b", "c", "x1", "d", "x2", "e", "f", "g", "x3"] {
            hits.add(&Line { stream: "stdout", time: None, text: text.into() });
        }
        assert!(hits.is_full());
        let found: Vec<Value> = hits.finish().into_iter().map(|(_, shown)| shown).collect();
        assert_eq!((&found[0]["before"], &found[0]["after"]), (&json!(["b", "c"]), &json!(["d", "x2"])));
        assert_eq!((&found[1]["before"], &found[1]["after"]), (&json!(["x1", "d"]), &json!(["e", "f"])));
        assert_eq!(found.len(), 2);
    }
}
