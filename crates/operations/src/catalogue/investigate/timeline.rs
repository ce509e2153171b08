//! `container_timeline`: what happened to a container, from every source of times that an engine has.
//!
//! Events are read first: the engine keeps few, and some of the other looks add to them.

mod entry;
mod events;
mod logs;
mod picture;
mod sources;

pub(super) use self::{events::exec_commands, sources::is_made_by_the_engine};

use std::collections::BTreeMap;

use engine::{Path, Request};
use serde_json::{Map, Value};

use self::{
    entry::{Entry, utc},
    events::Wanted,
};
use super::{attachment::attach, looks::Looks, plain::plain, related::TECHNIQUE, table::csv};
use crate::{
    Error, Operation, Output, Param, Schema,
    catalogue::{
        response::suspect::inspect,
        system::events::{
            REMEMBERED,
            clock::{Point, now},
        },
    },
    declare::{
        param::{CONTAINER, TIME_LIMIT, choice, choices, time},
        result::{TEXTS, case},
    },
    run::{
        call::Call,
        files::ATTACHMENT,
        objects::text,
        stream::Values,
        trim::{FIELDS, MAX_ITEMS, trim},
    },
};

/// A call sends no more requests.
const MOST_REQUESTS: usize = 150;
/// And reads no more events: Podman keeps more than Docker.
const MOST_EVENTS: usize = 10_000;

const SOURCES: &[(&str, &str)] = &[
    ("Life", "life"),
    ("Events", "events"),
    ("Logs", "logs"),
    ("Health", "health"),
    ("Image", "image"),
    ("Processes", "processes"),
    ("Networks", "networks"),
    ("Volumes", "volumes"),
    ("Isolation", "isolation"),
    ("Swarm", "swarm"),
    ("Files", "files"),
];
/// What is not asked for by itself: it asks for each changed file.
const ONLY_IF_CHOSEN: &str = "files";

const FORMAT: Param = choice("format", &[("List", "list"), ("CSV", "csv"), ("SVG", "svg")])
    .title("Format")
    .about("List gives the result alone. CSV attaches a table, and SVG a picture, of the same entries.")
    .default("List")
    .local();

const TOLD: Schema = Schema::All(&[
    Schema::Fields(&["id", "name", "status", "image", "summary", "count"]),
    Schema::Field(
        "entries",
        &Schema::List(&Schema::All(&[
            Schema::Fields(&["time", "grain", "source", "kind", "what", "field", "value"]),
            TECHNIQUE,
        ])),
    ),
    Schema::Fields(&[
        "since",
        "until",
        "truncated",
        "oldest_event",
        "engine_time",
        "engine_ahead_seconds",
        "requests",
    ]),
    Schema::Field("limits", &TEXTS),
]);
const ATTACHED: Schema = Schema::All(&[TOLD, Schema::Field("attachment", &ATTACHMENT)]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::get("container_timeline", "/events")
    .title("Get Container Timeline")
    .about("Puts together what happened to a container, in order: its creation and runs, commands that were run in it, networks, volumes, image, health, logs, processes and isolation. Works for a container that is gone, as far as the engine remembers events of it.")
    .params(&[
        CONTAINER.local(),
        time("since").title("Since").about("Only what happened from then on. Everything, if empty.").local(),
        time("until").title("Until").about("Only what happened until then. Until now, if empty.").local(),
        choices("sources", SOURCES)
            .title("Sources")
            .about("Where to look. Everywhere but Files, if empty. Files asks for the times of up to 50 changed files, one request each.")
            .local(),
        FORMAT,
        FIELDS,
        MAX_ITEMS,
        TIME_LIMIT,
    ])
    .gives(TOLD)
    .gives_for(&[case("format", "CSV", ATTACHED), case("format", "SVG", ATTACHED)])
    .table("entries", &["time", "source", "what"])
    .shows(crate::View::Timeline)
    .run(timeline)];

fn timeline(call: &Call<'_>) -> Result<Output, Error> {
    let named = call.arguments.text("id").unwrap_or_default();
    let mut looks = Looks::within(call, MOST_REQUESTS);
    let (now, ours) = (now(call)?, Point::ours());
    let window = Window::of(call, ours, now);
    let chosen: Vec<&str> = call.arguments.texts("sources").collect();
    let wants = |source: &str| match chosen.as_slice() {
        [] => source != ONLY_IF_CHOSEN,
        chosen => chosen.contains(&source),
    };
    let is_podman = call.is_podman();
    looks.count();
    let remembered = remembered(&mut looks, now, is_podman)?;
    let container = match inspect(call, named) {
        Ok(container) => container,
        Err(error) if error.status() == Some(404) => Value::Null,
        Err(error) => return Err(error),
    };
    let subject = Subject::of(named, container, &remembered, &mut looks).ok_or_else(|| gone(named))?;

    let mut entries = Vec::new();
    if wants("events") {
        let wanted = Wanted { id: &subject.id, container: &subject.container };
        entries.extend(events::entries(&wanted, &remembered));
    }
    let container = &subject.container;
    if container.is_object() {
        if wants("life") {
            entries.extend(sources::life(container));
        }
        if wants("health") {
            entries.extend(sources::health(container));
        }
        if wants("processes") {
            entries.extend(sources::processes(&mut looks, container, now.nanoseconds(), is_podman)?);
        }
        if wants("logs") {
            entries.extend(logs::entries(&mut looks, container, window.since_text(), window.until_text())?);
        }
        if wants("networks") {
            entries.extend(sources::networks(&mut looks, container)?);
        }
        if wants("volumes") {
            entries.extend(sources::volumes(&mut looks, container)?);
        }
        if wants("image") {
            entries.extend(sources::image(&mut looks, container)?);
        }
        if wants("swarm") {
            entries.extend(sources::swarm(&mut looks, container)?);
        }
        if wants("files") {
            entries.extend(sources::files(&mut looks, container)?);
        }
    }
    if wants("isolation") {
        entries.extend(sources::isolation(&mut looks, &subject.id)?);
    }
    entries.retain(|entry| window.has(entry.moment.at));
    entries.sort_by_key(|entry| entry.moment.at);

    let oldest = remembered.iter().filter_map(Point::of_event).min();
    let mut limits = limits(&subject, &remembered, oldest.map(Point::nanoseconds), &wants);
    limits.extend(looks.missing());
    let summary = summary(&subject, &entries);
    let mut listed: Value = entries.iter().map(Entry::shown).collect();
    trim(&mut listed, &call.arguments);
    let is_trimmed = listed.as_array().is_some_and(|listed| listed.len() < entries.len());
    let ahead = (now.nanoseconds() - ours.nanoseconds()) / 1_000_000_000;
    let mut result = Map::from_iter([
        ("id".to_owned(), subject.id.as_str().into()),
        ("name".to_owned(), subject.name.as_str().into()),
        ("status".to_owned(), subject.status.as_str().into()),
        ("image".to_owned(), subject.image.as_str().into()),
        ("summary".to_owned(), summary.as_str().into()),
        ("count".to_owned(), entries.len().into()),
        ("entries".to_owned(), listed),
        ("since".to_owned(), window.since.map(|at| utc(at.nanoseconds())).into()),
        ("until".to_owned(), utc(window.until.unwrap_or(now).nanoseconds()).into()),
        ("truncated".to_owned(), is_trimmed.into()),
        ("oldest_event".to_owned(), oldest.map(|at| utc(at.nanoseconds())).into()),
        ("engine_time".to_owned(), utc(now.nanoseconds()).into()),
        ("engine_ahead_seconds".to_owned(), ahead.into()),
        ("requests".to_owned(), looks.requests().into()),
        ("limits".to_owned(), limits.into()),
    ]);
    let title = format!("Timeline of container {}", plain(&subject.name, 100));
    let contents = match call.arguments.text(FORMAT) {
        Some("csv") => Some(("timeline.csv", table(&entries))),
        Some("svg") => Some(("timeline.svg", picture::picture(&title, &summary, &entries))),
        _ => None,
    };
    if let Some((what, contents)) = contents {
        result.insert("attachment".into(), attach(call, &subject.name, what, &title, contents)?.into());
    }
    Ok(result.into())
}

/// The time that is asked for, by the engine's clock.
struct Window {
    since: Option<Point>,
    until: Option<Point>,
    texts: [Option<String>; 2],
}

impl Window {
    fn of(call: &Call<'_>, ours: Point, now: Point) -> Self {
        // How long ago something was is meant by the engine's clock, and was read by ours.
        let given = |name| {
            let point = Point::read(call.arguments.text(name)?)?;
            Some(if call.arguments.is_ago(name) { point.shifted(ours, now) } else { point })
        };
        let (since, until) = (given("since"), given("until"));
        // The engine waits for a time that it has not reached.
        let until = until.map(|until| until.min(now));
        let texts = [since, until].map(|point| point.map(|point| point.to_string()));
        Self { since, until, texts }
    }

    fn since_text(&self) -> Option<&str> {
        self.texts[0].as_deref()
    }

    fn until_text(&self) -> Option<&str> {
        self.texts[1].as_deref()
    }

    fn has(&self, at: i64) -> bool {
        self.since.is_none_or(|since| at >= since.nanoseconds())
            && self.until.is_none_or(|until| at <= until.nanoseconds())
    }
}

/// The container that is asked about: one that is there, or one that events tell of.
struct Subject {
    id: String,
    name: String,
    status: String,
    image: String,
    /// Null where it is gone.
    container: Value,
}

impl Subject {
    fn of(named: &str, container: Value, remembered: &[Value], looks: &mut Looks<'_, '_>) -> Option<Self> {
        let mut ids = events::ids_of(named, remembered);
        if container.is_object() {
            let id = text(&container, "Id").to_owned();
            ids.retain(|known| *known != id);
            note_others(&ids, looks);
            return Some(Self {
                id,
                name: text(&container, "Name").trim_start_matches('/').to_owned(),
                status: text(&container["State"], "Status").to_owned(),
                image: text(&container["Config"], "Image").to_owned(),
                container,
            });
        }
        let id = ids.pop()?;
        note_others(&ids, looks);
        let (name, image) = events::described(&id, remembered);
        Some(Self { id, name, status: "removed".into(), image, container: Value::Null })
    }
}

/// Other containers may have had the name.
fn note_others(ids: &[String], looks: &mut Looks<'_, '_>) {
    for id in ids {
        looks.miss(&format!("Events: another container, {id}, had the same name. Ask for it by its id"));
    }
}

fn gone(named: &str) -> Error {
    let message = format!("No such container: {named}, and the engine remembers no event of one");
    engine::Error::new(engine::ErrorKind::NotFound, message)
        .with_status(404)
        .hint("Check the id or name; a container that is gone is known by the engine's last events only")
        .into()
}

/// Every event that the engine remembers.
pub(super) fn remembered(
    looks: &mut Looks<'_, '_>,
    now: Point,
    is_podman: bool,
) -> Result<Vec<Value>, Error> {
    looks.count();
    let request = Request::get(Path::fixed("/events")).query("since", "1");
    // Podman stops to read at the time that it is given, and so leaves events out; Docker would wait for more without one.
    let request = match is_podman {
        true => request.query("stream", "false"),
        false => request.query("until", &now.to_string()),
    };
    let bound = looks.remaining();
    let reply = looks.call.stream(request.silence(bound).deadline(bound))?;
    let read = Values::of(reply.into_body(), MOST_EVENTS, |_| ())?;
    if read.timed_out || read.cut {
        looks.miss("Events: the engine did not send all of them in time");
    }
    Ok(read.items)
}

/// What a reader must know to trust the timeline no further than it reaches.
fn limits(
    subject: &Subject,
    remembered: &[Value],
    oldest: Option<i64>,
    wants: &impl Fn(&str) -> bool,
) -> Vec<String> {
    let container = &subject.container;
    let mut limits = Vec::new();
    if wants("events") {
        limits.push(match oldest.map(utc) {
            None => "The engine remembers no event. It forgets all of them when it is restarted.".to_owned(),
            Some(oldest) if remembered.len() >= REMEMBERED => format!(
                "The engine keeps its last {REMEMBERED} events of all kinds. The oldest is of {oldest}: what was done before is in no event."
            ),
            Some(oldest) => format!(
                "The oldest event that the engine remembers is of {oldest}. It forgets all of them when it is restarted."
            ),
        });
        limits.push("Events do not say who called the engine.".into());
    }
    if container.is_null() {
        limits.push("The container is gone: only events, and an isolation's record, tell of it.".into());
        return limits;
    }
    let logs = &container["HostConfig"]["LogConfig"];
    if wants("logs") {
        let rotates = logs["Config"]["max-size"].as_str().map(|size| {
            let files = logs["Config"]["max-file"].as_str().unwrap_or("1");
            format!(
                "The log is rotated at {} with {} files: older lines are gone.",
                plain(size, 20),
                plain(files, 20)
            )
        });
        limits.extend(rotates);
        limits.push(
            "Of the log, only the first and the last lines are shown. container_logs has the rest.".into(),
        );
    }
    if wants("life") {
        limits.push("The engine keeps only the last start and the last end of a container.".into());
    }
    if wants("health") && container["State"]["Health"].is_object() {
        limits.push("The engine keeps the last 5 results of a health check.".into());
    }
    if wants("image") {
        limits.push("Times of an image are what its builder wrote.".into());
    }
    limits
}

/// The result in a sentence or two.
fn summary(subject: &Subject, entries: &[Entry]) -> String {
    let name = plain(&subject.name, 80);
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
        return format!("Nothing is known of {name} in this time.");
    };
    let mut sources: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in entries {
        *sources.entry(entry.source).or_default() += 1;
    }
    let sources: Vec<String> =
        sources.iter().map(|(source, count)| format!("{count} from {source}")).collect();
    let commands = entries.iter().filter(|entry| entry.kind == "exec").count();
    let commands = match commands {
        0 => String::new(),
        count => format!(" {count} entries are of commands that somebody ran in it by the engine's API."),
    };
    format!(
        "{} entries of {name}, from {} to {}: {}.{commands}",
        entries.len(),
        utc(first.moment.at),
        utc(last.moment.at),
        sources.join(", ")
    )
}

fn table(entries: &[Entry]) -> String {
    let columns = ["time", "grain", "source", "kind", "what", "field", "value", "technique"];
    let times: Vec<String> = entries.iter().map(|entry| utc(entry.moment.at)).collect();
    let rows = entries.iter().zip(&times).map(|(entry, time)| {
        vec![
            time.as_str(),
            entry.moment.grain,
            entry.source,
            entry.kind,
            &entry.what,
            &entry.field,
            &entry.value,
            entry.technique.map_or("", |technique| technique.id),
        ]
    });
    csv(std::iter::once(columns.to_vec()).chain(rows))
}
