//! `hunt`: what of this engine's containers matches indicators, and by which fact.
//!
//! What costs little comes before what costs more: events first, which the hunt itself pushes out of the engine's memory, then
//! the list, images, inspections, processes, changes, the states of files, and files. Each only where an indicator needs it.

mod asking;
mod facts;
mod indicator;
mod record;
mod stix;
mod table;

use std::{collections::BTreeMap, time::Duration};

use engine::{Method, Path, Request, Segment};
use serde_json::{Value, json};

use self::{
    asking::{Asking, Wanted, archive, look},
    facts::Fact,
    indicator::{Indicator, Kind},
    record::{ALERT, Of, RECORD, TECHNIQUES, Trace},
};
use super::attack::Technique;
use crate::{
    Error, Operation, Output, Param, Schema,
    catalogue::containers::archive::{is_a_link, led_to},
    declare::{
        param::{DRY_RUN, json as any, positive},
        result::TEXTS,
    },
    run::{
        call::Call,
        objects::{id, items, own_name},
        stream::Values,
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

/// A file whose hash is to be compared: whose, and where.
struct File {
    of: usize,
    /// As an indicator, or the list of changes, names it.
    path: String,
    /// What that leads to.
    real: String,
    is_changed: bool,
}

impl Hunt<'_, '_> {
    fn kinds(&self, kind: Kind) -> Vec<usize> {
        (0..self.indicators.len()).filter(|at| self.indicators[*at].kind == kind).collect()
    }

    /// The events that the engine remembers, before anything that would push them out.
    fn events(&mut self) -> Result<Vec<Value>, Error> {
        let info = match self.asking.one("info", Request::get(Path::fixed("/info"))) {
            Ok(info) => info,
            Err(error) if crate::run::side_by_side::ends_it(&error) => return Err(error),
            Err(_) => Value::Null,
        };
        // Podman has another ID with each answer.
        info["Name"].as_str().unwrap_or_default().clone_into(&mut self.engine);
        // Without the engine's own time it might be waited for.
        let Some(now) = info["SystemTime"].as_str().and_then(|time| time.parse::<jiff::Timestamp>().ok())
        else {
            self.limits.push("The engine did not tell its time, so its events were not read.".into());
            return Ok(Vec::new());
        };
        let until = format!("{}.{:09}", now.as_second(), now.subsec_nanosecond());
        let request = Request::get(Path::fixed("/events")).query("since", "1").query("until", &until);
        self.asking.count("events");
        let reply = self.asking.call.stream(request.silence(EVENTS_TIME).deadline(EVENTS_TIME));
        let read = reply.and_then(|reply| Values::of(reply.into_body(), MOST_EVENTS, |_| ()));
        match read {
            Ok(read) => {
                let oldest = read.items.first().and_then(|event| event["time"].as_i64());
                let oldest = oldest.and_then(|time| jiff::Timestamp::from_second(time).ok());
                self.limits.push(match oldest {
                    Some(oldest) => {
                        format!("The engine's events reach back to {oldest}: it remembers 256 at most.")
                    }
                    None => "The engine remembers no events.".into(),
                });
                Ok(read.items)
            }
            Err(error) if crate::run::side_by_side::ends_it(&error) => Err(error),
            Err(error) => {
                let error = error.hiding(&self.asking.call.secrets());
                self.limits.push(format!("The engine's events could not be read: {}", error.message()));
                Ok(Vec::new())
            }
        }
    }

    fn in_events(&mut self, events: &[Value]) {
        let mut told = std::collections::HashSet::new();
        for event in events {
            for at in 0..self.indicators.len() {
                let Some((fact, executed)) = facts::of_event(&self.indicators[at], event) else { continue };
                let actor = &event["Actor"];
                let attribute = |name: &str| actor["Attributes"][name].as_str().unwrap_or_default();
                let of_container = event["Type"] == "container";
                let container = if of_container { actor["ID"].as_str().unwrap_or_default() } else { "" };
                let subject = self.subjects.iter().position(|one| one.id == container);
                let is_image = self.images.iter().any(|image| Some(image.as_str()) == actor["ID"].as_str());
                // What is there is found there; of it only what was run tells more.
                if is_image
                    || subject.is_some() && !executed
                    || !told.insert((at, container.to_owned(), fact.value.to_string()))
                {
                    continue;
                }
                let of = match subject {
                    Some(subject) => Whose::Container(subject),
                    None if of_container => Whose::Gone(
                        container.to_owned(),
                        attribute("name").to_owned(),
                        attribute("image").to_owned(),
                    ),
                    None => Whose::Image(String::new(), actor["ID"].as_str().unwrap_or_default().to_owned()),
                };
                self.hit(&of, at, "events", fact, if executed { Trace::Executed } else { Trace::None });
            }
        }
    }

    fn in_list(&mut self) {
        for subject in 0..self.subjects.len() {
            for at in 0..self.indicators.len() {
                for fact in facts::of_listed(&self.indicators[at], &self.subjects[subject].listed) {
                    self.hit(&Whose::Container(subject), at, "list", fact, Trace::None);
                }
            }
        }
    }

    fn in_images(&mut self) -> Result<(), Error> {
        if !needs_images(&self.indicators) {
            return Ok(());
        }
        let request = Request::get(Path::fixed("/images/json")).query("digests", "true");
        let mut images: Vec<Value> = match self.asking.one("images", request) {
            Ok(images) => items(&images).filter(|image| Segment::name(id(image)).is_ok()).cloned().collect(),
            Err(error) if crate::run::side_by_side::ends_it(&error) => return Err(error),
            Err(error) => {
                let error = error.hiding(&self.asking.call.secrets());
                self.asking.skip("", "", "images", error.message());
                Vec::new()
            }
        };
        // An image may have lost its name while containers still use it.
        for subject in &self.subjects {
            let own = subject.text("ImageID");
            if Segment::name(own).is_ok() && !images.iter().any(|image| id(image) == own) {
                images.push(json!({"Id": own}));
            }
        }
        self.images = images.iter().map(|image| id(image).to_owned()).collect();
        let layers = self.kinds(Kind::Layer);
        if !layers.is_empty() {
            let wanted = images.iter().enumerate().map(|(at, image)| {
                Ok(Wanted {
                    of: at,
                    name: String::new(),
                    id: id(image).to_owned(),
                    what: "the image's layers".into(),
                    request: look("/images/{id}/json", id(image))?,
                })
            });
            let wanted = wanted.collect::<Result<Vec<_>, Error>>()?;
            for (at, image) in self.asking.each("image", wanted)? {
                if let Some(own) = images[at].as_object_mut() {
                    own.insert("RootFS".into(), image["RootFS"].clone());
                }
            }
        }
        for at in self.kinds(Kind::ImageDigest).into_iter().chain(layers) {
            for image in &images {
                let Some(fact) = facts::of_image(&self.indicators[at], image) else { continue };
                let users: Vec<usize> = (0..self.subjects.len())
                    .filter(|subject| self.subjects[*subject].text("ImageID") == id(image))
                    .collect();
                let name =
                    items(&image["RepoTags"]).chain(items(&image["RepoDigests"])).find_map(Value::as_str);
                if users.is_empty() {
                    let of = Whose::Image(name.unwrap_or_default().to_owned(), id(image).to_owned());
                    self.hit(&of, at, "images", fact, Trace::None);
                    continue;
                }
                for subject in users {
                    self.hit(&Whose::Container(subject), at, "images", fact.clone(), Trace::None);
                }
            }
        }
        Ok(())
    }

    /// What is to be asked of these containers.
    fn wanted(
        &self,
        what: &str,
        template: &str,
        needs: impl Fn(&Subject) -> bool,
    ) -> Result<Vec<Wanted>, Error> {
        let subjects = self.subjects.iter().enumerate().filter(|(_, one)| needs(one));
        let wanted = subjects.map(|(of, one)| {
            Ok(Wanted {
                of,
                name: one.name.clone(),
                id: one.id.clone(),
                what: what.to_owned(),
                request: look(template, &one.id)?,
            })
        });
        wanted.collect()
    }

    fn in_inspections(&mut self) -> Result<(), Error> {
        let needs = |one: &Subject| needs_inspection(&self.indicators, one);
        let wanted = self.wanted("inspection", "/containers/{id}/json", needs)?;
        for (subject, container) in self.asking.each("inspect", wanted)? {
            for at in 0..self.indicators.len() {
                for fact in facts::of_inspected(&self.indicators[at], &container) {
                    self.hit(&Whose::Container(subject), at, "inspect", fact, Trace::None);
                }
            }
        }
        if !self.kinds(Kind::Address).is_empty() {
            self.limits.push(
                "An address is looked for among the containers' own and in what they were set up with: engines do not tell \
                 connections."
                    .into(),
            );
        }
        Ok(())
    }

    fn in_processes(&mut self) -> Result<(), Error> {
        let processes = self.kinds(Kind::Process);
        if processes.is_empty() {
            return Ok(());
        }
        for at in 0..self.subjects.len() {
            let one = &self.subjects[at];
            if !one.is_running() {
                let (name, id) = (one.name.clone(), one.id.clone());
                let reason = format!("it is {}: no process is there", one.text("State"));
                self.asking.skip(&name, &id, "processes", &reason);
            }
        }
        let wanted = self.wanted("processes", "/containers/{id}/top", Subject::is_running)?;
        for (subject, top) in self.asking.each("top", wanted)? {
            for at in &processes {
                for fact in facts::of_processes(&self.indicators[*at], &top) {
                    self.hit(&Whose::Container(subject), *at, "top", fact, Trace::None);
                }
            }
        }
        Ok(())
    }

    /// Gives the changed files whose hashes are wanted.
    fn in_changes(&mut self) -> Result<Vec<File>, Error> {
        let mut files = Vec::new();
        if !needs_changes(&self.indicators) {
            return Ok(files);
        }
        let names: Vec<String> =
            self.indicators.iter().filter(|one| hashes_changes(one)).map(|one| one.path.clone()).collect();
        let is_wanted = |path: &str| {
            names
                .iter()
                .any(|name| name.is_empty() || path.ends_with(&format!("/{}", name.trim_start_matches("*/"))))
        };
        let wanted = self.wanted("changed files", "/containers/{id}/changes", |_| true)?;
        for (subject, changes) in self.asking.each("changes", wanted)? {
            for at in self.kinds(Kind::ChangedPath) {
                for (fact, kind) in facts::of_changes(&self.indicators[at], &changes) {
                    let trace = if kind == 2 { Trace::Deleted } else { Trace::None };
                    self.hit(&Whose::Container(subject), at, "changes", fact, trace);
                }
            }
            let changed = items(&changes).filter(|change| change["Kind"] != 2);
            let mut changed =
                changed.filter_map(|change| change["Path"].as_str()).filter(|path| is_wanted(path));
            let before = files.len();
            files.extend(changed.by_ref().take(MOST_CHANGED).map(|path| File {
                of: subject,
                path: path.to_owned(),
                real: path.to_owned(),
                is_changed: true,
            }));
            if files.len() - before == MOST_CHANGED && changed.next().is_some() {
                let one = &self.subjects[subject];
                let (name, id) = (one.name.clone(), one.id.clone());
                let reason =
                    format!("it has changed more than {MOST_CHANGED} files; the rest was not hashed");
                self.asking.skip(&name, &id, "hashes of changed files", &reason);
            }
        }
        Ok(files)
    }

    fn in_files(&mut self, mut files: Vec<File>) -> Result<(), Error> {
        for path in paths(&self.indicators) {
            files.extend((0..self.subjects.len()).map(|of| File {
                of,
                path: path.to_owned(),
                real: path.to_owned(),
                is_changed: false,
            }));
        }
        let hashed: Vec<String> = hashed_paths(&self.indicators).into_iter().map(str::to_owned).collect();
        let most = number(self.asking.call, &MAX_FILE_SIZE).saturating_mul(MIB);
        let mut to_hash = Vec::new();
        let mut left: Vec<usize> = (0..files.len()).collect();
        for turn in 0..=MOST_LINKS {
            let wanted = self.of_files(&files, &left, Method::HEAD)?;
            let mut again = Vec::new();
            for (file, state) in self.asking.heads(wanted)? {
                let Some(state) = state else { continue };
                let File { of, path, real, is_changed } = &files[file];
                let (of, is_changed) = (*of, *is_changed);
                if turn == 0 && !is_changed {
                    self.path_hits(of, path, &state);
                }
                let is_hashed = is_changed || hashed.contains(path);
                if is_a_link(&state) {
                    // A changed link leads to a file that is no change, or a change of its own.
                    if is_hashed && !is_changed && turn < MOST_LINKS {
                        files[file].real = led_to(real, &state);
                        again.push(file);
                    }
                    continue;
                }
                if !is_hashed || state["is_directory"] == true || !is_regular(&state) {
                    continue;
                }
                let size = state["size"].as_u64().unwrap_or(u64::MAX);
                if size > most || size > self.asking.bytes_left() {
                    let why = if size > most { "max_file_size" } else { "what is left of max_size" };
                    let (name, id) = (self.subjects[of].name.clone(), self.subjects[of].id.clone());
                    let what = format!("the hash of {path}");
                    self.asking.skip(&name, &id, &what, &format!("it has {size} bytes, more than {why}"));
                    continue;
                }
                to_hash.push(file);
            }
            left = again;
            if left.is_empty() {
                break;
            }
        }
        let wanted = self.of_files(&files, &to_hash, Method::GET)?;
        for (file, hash) in self.asking.hashes(wanted, most)? {
            let File { of, path, is_changed, .. } = &files[file];
            let Some(hash) = hash else {
                let (name, id) = (self.subjects[*of].name.clone(), self.subjects[*of].id.clone());
                let what = format!("the hash of {path}");
                self.asking.skip(
                    &name,
                    &id,
                    &what,
                    "it changed while it was read, or is larger than what is left of max_size",
                );
                continue;
            };
            for at in self.kinds(Kind::Sha256) {
                let indicator = &self.indicators[at];
                let is_of_it = match hashes_changes(indicator) {
                    true => {
                        *is_changed
                            && (indicator.path.is_empty()
                                || path.ends_with(&format!("/{}", indicator.path.trim_start_matches("*/"))))
                    }
                    false => !*is_changed && indicator.path == *path,
                };
                if is_of_it && indicator.value == hash {
                    let fact = Fact { field: format!("sha256 {hash}"), value: path.as_str().into() };
                    self.hit(&Whose::Container(*of), at, "file", fact, Trace::None);
                }
            }
        }
        Ok(())
    }

    fn path_hits(&mut self, of: usize, path: &str, state: &Value) {
        for at in self.kinds(Kind::Path) {
            if self.indicators[at].value == path {
                let said = format!(
                    "{} {} bytes, {}",
                    state["mode_text"].as_str().unwrap_or_default(),
                    state["size"],
                    state["mtime"].as_str().unwrap_or_default()
                );
                self.hit(
                    &Whose::Container(of),
                    at,
                    "stat",
                    Fact { field: path.to_owned(), value: said.into() },
                    Trace::None,
                );
            }
        }
    }

    fn of_files(&self, files: &[File], which: &[usize], method: Method) -> Result<Vec<Wanted>, Error> {
        let wanted = which.iter().map(|at| {
            let File { of, path, real, .. } = &files[*at];
            let one = &self.subjects[*of];
            let request = archive(method.clone(), &one.id, real)?;
            Ok(Wanted {
                of: *at,
                name: one.name.clone(),
                id: one.id.clone(),
                what: format!("the file {path}"),
                request,
            })
        });
        wanted.collect()
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

fn is_regular(state: &Value) -> bool {
    state["mode_text"].as_str().is_some_and(|mode| mode.starts_with('-'))
}
