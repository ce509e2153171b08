//! `hunt`: what of this engine's containers matches indicators, and by which fact.
//!
//! What costs little comes before what costs more: events first, which the hunt itself pushes out of the engine's memory, then
//! the list, images, inspections, processes, changes, the states of files, and files. Each only where an indicator needs it.

mod asking;
mod facts;
mod files;
mod indicator;
mod record;
mod steps;
mod stix;
mod table;

use std::{collections::BTreeMap, time::Duration};

use engine::{Path, Request, Segment};
use serde_json::{Value, json};

use self::{
    asking::Asking,
    facts::Fact,
    indicator::{Indicator, Kind},
    record::{ALERT, Of, RECORD, TECHNIQUES, Trace},
};
use super::attack::Technique;
use crate::{
    Error, Operation, Output, Param, Schema,
    declare::{
        param::{DRY_RUN, json as any, positive},
        result::TEXTS,
    },
    run::{
        call::Call,
        objects::{id, items, own_name},
    },
};

const MIB: u64 = 1024 * 1024;
/// Of the files that one container has changed, so many are hashed.
const MOST_CHANGED: usize = 200;
/// The engine remembers 256 events; no more is read.
const MOST_EVENTS: usize = 1000;
const EVENTS_TIME: Duration = Duration::from_secs(10);
/// A link is followed so often.
const MOST_LINKS: usize = 10;

const MAX_REQUESTS: Param = positive("max_requests")
    .title("Most Requests")
    .about("The hunt sends no more than this many. What it could not ask is in skipped.")
    .default("2000")
    .local();
const MAX_FILE_SIZE: Param = positive("max_file_size")
    .title("Largest File (MiB)")
    .about("A larger file is not hashed, and is in skipped.")
    .default("64")
    .local();
const MAX_SIZE: Param = positive("max_size")
    .title("Most Read (MiB)")
    .about("The most that is read of all files together.")
    .default("1024")
    .local();
const MAX_HITS: Param =
    positive("max_hits").title("Most Hits").about("No more than this many are told.").default("1000").local();
const TIME: Param = positive("timeout")
    .title("Time Limit (seconds)")
    .about("The hunt ends after this long, with what it had found.")
    .default("300")
    .local();

const COST: Schema = Schema::Field(
    "requests",
    &Schema::Fields(&[
        "info", "events", "list", "images", "image", "inspect", "top", "changes", "head", "get",
    ]),
);

/// The operations of this file.
pub(super) static OPERATIONS: &[Operation] = &[Operation::get("hunt", "/containers/json")
    .title("Hunt")
    .about("Looks on all containers of an engine for indicators: processes, image digests, layers, labels, names, environments, ports, addresses, mounts, changed files, hashes of files. Each hit says which container, by which fact, with ATT&CK techniques and the fields of an alert. What could not be looked at is told. Dry Run says what it would cost.")
    .params(&[
        any("indicators")
            .title("Indicators")
            .about("A list of objects, each with one of process, image_digest, image, layer, label, name, environment, port, address, mount, changed_path, path, sha256 (with path, or any changed file), started_after. Or CSV with the columns type, value and path. Or STIX 2.1 patterns.")
            .placeholder("[{\"process\": \"xmrig\"}]")
            .required()
            .open()
            .local(),
        MAX_HITS,
        MAX_REQUESTS,
        MAX_FILE_SIZE,
        MAX_SIZE,
        TIME,
        DRY_RUN.about("Only say what the hunt would cost: how many containers, and how many requests of each kind."),
    ])
    .gives(Schema::All(&[
        Schema::Fields(&["count"]),
        Schema::Field(
            "hits",
            &Schema::List(&Schema::All(&[
                Schema::Fields(&["container", "id", "image", "image_id", "state", "kind", "value"]),
                Schema::Field("indicator", &Schema::Object),
                Schema::Fields(&["source", "field", "fact"]),
                TECHNIQUES,
                ALERT,
                RECORD,
            ])),
        ),
        Schema::Fields(&["containers_hit", "examined", "images_examined", "events_examined", "requests_total"]),
        COST,
        Schema::Field("skipped", &Schema::List(&Schema::Fields(&["container", "id", "what", "reason"]))),
        Schema::Fields(&["skipped_count"]),
        Schema::Field("limits", &TEXTS),
        Schema::Fields(&["truncated", "timed_out"]),
    ]))
    .gives_for(&[crate::declare::result::case(
        "dry_run",
        "true",
        Schema::All(&[
            Schema::Fields(&["result", "dry_run", "containers", "running", "indicators", "requests_total"]),
            COST,
            Schema::Field("limits", &TEXTS),
        ]),
    )])
    .table("hits", &["container", "kind", "value", "field", "fact"])
    .dry_run(cost)
    .run(hunt)];

/// A container, as the list has it.
struct Subject {
    id: String,
    name: String,
    listed: Value,
}

impl Subject {
    /// Those that can be asked for by their ids.
    fn all(listed: &Value) -> Vec<Self> {
        items(listed).filter(|one| Segment::name(id(one)).is_ok()).map(Self::of).collect()
    }

    fn of(listed: &Value) -> Self {
        Self { id: id(listed).to_owned(), name: own_name(listed).to_owned(), listed: listed.clone() }
    }

    fn is_running(&self) -> bool {
        matches!(self.listed["State"].as_str(), Some("running" | "paused"))
    }

    fn text(&self, field: &str) -> &str {
        self.listed[field].as_str().unwrap_or_default()
    }
}

struct Hunt<'a, 'c> {
    asking: Asking<'a, 'c>,
    indicators: Vec<Indicator>,
    subjects: Vec<Subject>,
    engine: String,
    hits: Vec<Value>,
    most_hits: usize,
    truncated: bool,
    limits: Vec<String>,
    /// The ids of the images that are there.
    images: Vec<String>,
}

fn list() -> Request {
    Request::get(Path::fixed("/containers/json")).query("all", "true")
}

fn indicators(call: &Call<'_>) -> Result<Vec<Indicator>, Error> {
    let given = call.arguments.get("indicators").cloned().unwrap_or_default();
    indicator::read(&given).map_err(|faults| Error::faults(crate::Kind::InvalidParameters, &faults))
}

fn number(call: &Call<'_>, param: &Param) -> u64 {
    call.arguments.integer(param).unwrap_or_default()
}

/// `dry_run`: what a hunt would cost. It only lists the containers.
fn cost(call: &Call<'_>) -> Result<Output, Error> {
    let indicators = indicators(call)?;
    let listed: Value = call.send(list())?.json()?;
    let subjects = Subject::all(&listed);
    let running = subjects.iter().filter(|one| one.is_running()).count();
    let count = |needs: &dyn Fn(&Subject) -> bool| subjects.iter().filter(|one| needs(one)).count();
    let has = |kind: Kind| indicators.iter().any(|one| one.kind == kind);
    let images: std::collections::BTreeSet<&str> = subjects.iter().map(|one| one.text("ImageID")).collect();
    let paths = paths(&indicators).len();
    let mut requests: BTreeMap<&str, usize> = BTreeMap::from([("info", 1), ("events", 1), ("list", 1)]);
    requests.insert("images", usize::from(needs_images(&indicators)));
    requests.insert("image", if has(Kind::Layer) { images.len() } else { 0 });
    requests.insert("inspect", count(&|one| needs_inspection(&indicators, one)));
    requests.insert("top", if has(Kind::Process) { running } else { 0 });
    requests.insert("changes", if needs_changes(&indicators) { subjects.len() } else { 0 });
    requests.insert("head", paths * subjects.len());
    requests.insert("get", hashed_paths(&indicators).len() * subjects.len());
    let total: usize = requests.values().sum();
    let mut limits = Vec::new();
    if indicators.iter().any(hashes_changes) {
        limits.push(format!(
            "A hash without a path is looked for in the files that a container has changed: up to {MOST_CHANGED} further \
             requests head and get for each container."
        ));
    }
    if has(Kind::Layer) {
        limits.push("Images that no container uses cost a request each, besides.".into());
    }
    let limit = call.configuration.settings().rate_limit;
    if limit > 0 && total as u64 > u64::from(limit) {
        limits
            .push(format!("The configuration's rate_limit ({limit} requests in 60 s) makes the hunt wait."));
    }
    Ok(json!({
        "result": format!("The hunt would send {total} requests at most, for {} containers", subjects.len()),
        "dry_run": true,
        "containers": subjects.len(),
        "running": running,
        "indicators": indicators.len(),
        "requests_total": total,
        "requests": requests,
        "limits": limits,
    })
    .into())
}

fn hunt(call: &Call<'_>) -> Result<Output, Error> {
    let indicators = indicators(call)?;
    let mut hunt = Hunt {
        asking: Asking::within(
            call,
            number(call, &MAX_REQUESTS),
            number(call, &MAX_SIZE).saturating_mul(MIB),
        ),
        indicators,
        subjects: Vec::new(),
        engine: String::new(),
        hits: Vec::new(),
        most_hits: usize::try_from(number(call, &MAX_HITS)).unwrap_or(usize::MAX),
        truncated: false,
        limits: Vec::new(),
        images: Vec::new(),
    };
    let events = hunt.events()?;
    let listed = hunt.asking.one("list", list())?;
    hunt.subjects = Subject::all(&listed);
    hunt.in_list();
    hunt.in_images()?;
    hunt.in_events(&events);
    hunt.in_inspections()?;
    hunt.in_processes()?;
    let changed = hunt.in_changes()?;
    hunt.in_files(changed)?;
    Ok(hunt.told(events.len()))
}

fn needs_images(indicators: &[Indicator]) -> bool {
    indicators.iter().any(|one| matches!(one.kind, Kind::ImageDigest | Kind::Layer))
}

fn needs_inspection(indicators: &[Indicator], subject: &Subject) -> bool {
    indicators.iter().any(|one| match one.kind {
        Kind::Environment | Kind::StartedAfter | Kind::Address => true,
        // The list shows the ports of those that run.
        Kind::Port => !subject.is_running(),
        _ => false,
    })
}

fn needs_changes(indicators: &[Indicator]) -> bool {
    indicators.iter().any(|one| one.kind == Kind::ChangedPath || hashes_changes(one))
}

/// Whether a hash is looked for among the changed files.
fn hashes_changes(indicator: &Indicator) -> bool {
    indicator.kind == Kind::Sha256 && !indicator.path.starts_with('/')
}

fn hashed_paths(indicators: &[Indicator]) -> Vec<&str> {
    let hashed = indicators.iter().filter(|one| one.kind == Kind::Sha256 && !hashes_changes(one));
    let mut paths: Vec<&str> = hashed.map(|one| one.path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

fn paths(indicators: &[Indicator]) -> Vec<&str> {
    let named = indicators.iter().filter(|one| one.kind == Kind::Path).map(|one| one.value.as_str());
    let mut paths: Vec<&str> = named.chain(hashed_paths(indicators)).collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

impl Hunt<'_, '_> {
    fn kinds(&self, kind: Kind) -> Vec<usize> {
        (0..self.indicators.len()).filter(|at| self.indicators[*at].kind == kind).collect()
    }

    fn hit(&mut self, of: &Whose, at: usize, source: &str, fact: Fact, trace: Trace) {
        if self.hits.len() >= self.most_hits {
            self.truncated = true;
            return;
        }
        let indicator = &self.indicators[at];
        let (container, own_id, image, image_id, state) = match of {
            Whose::Container(subject) => {
                let one = &self.subjects[*subject];
                (
                    one.name.as_str(),
                    one.id.as_str(),
                    one.text("Image"),
                    one.text("ImageID"),
                    one.text("State"),
                )
            }
            Whose::Gone(id, name, image) => (name.as_str(), id.as_str(), image.as_str(), "", "removed"),
            Whose::Image(name, id) => ("", "", name.as_str(), id.as_str(), ""),
        };
        let techniques = record::techniques(indicator, &fact, trace);
        let told = Of {
            engine: &self.engine,
            container,
            id: own_id,
            image: if image.is_empty() { image_id } else { image },
        };
        let alert = record::alert(told, indicator, &fact, &techniques);
        let optional = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
        let hit = json!({
            "container": optional(container),
            "id": optional(own_id),
            "image": optional(image),
            "image_id": optional(image_id),
            "state": optional(state),
            "kind": indicator.kind.name(),
            "value": indicator.value,
            "indicator": indicator.shown,
            "source": source,
            "field": fact.field,
            "fact": fact.value,
            "techniques": techniques.into_iter().map(Technique::shown).collect::<Vec<_>>(),
            "alert": alert,
            "indicator_record": record::record(indicator),
        });
        // One image may have the digest in several fields; the list told it already.
        let is_told = |other: &Value| {
            other["id"] == hit["id"]
                && other["image_id"] == hit["image_id"]
                && other["indicator"] == hit["indicator"]
                && indicator.kind == Kind::ImageDigest
        };
        if !self.hits.iter().any(is_told) {
            self.hits.push(hit);
        }
    }

    fn told(self, events: usize) -> Output {
        let Self { asking, subjects, hits, truncated, limits, images, .. } = self;
        let mut hit: Vec<&str> = hits.iter().filter_map(|hit| hit["id"].as_str()).collect();
        hit.sort_unstable();
        hit.dedup();
        json!({
            "count": hits.len(),
            "containers_hit": hit.len(),
            "examined": subjects.len(),
            "images_examined": images.len(),
            "events_examined": events,
            "requests_total": asking.requests(),
            "requests": asking.made,
            "skipped": asking.skipped,
            "skipped_count": asking.skipped_count,
            "limits": limits,
            "truncated": truncated || asking.truncated,
            "timed_out": asking.timed_out,
            "hits": hits,
        })
        .into()
    }
}

/// What a hit is about.
enum Whose {
    /// A container, by its position.
    Container(usize),
    /// One that is not there any more: its id, name and image.
    Gone(String, String, String),
    /// An image that no container uses: its name and id.
    Image(String, String),
}
