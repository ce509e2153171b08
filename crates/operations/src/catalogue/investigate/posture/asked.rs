//! What an audit asks of an engine: lists first, side by side, then an inspection of each thing.
//!
//! What the engine refuses is no error: the checks that need it cannot be assessed, and say so.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use engine::{Path, Request, Segment};
use serde_json::{Map, Value};

use super::checks::{Check, Scope};
use crate::{
    Error, Kind,
    run::{
        call::Call,
        objects::{id, items, own_name, text},
        side_by_side::{ends_it, look_side_by_side},
    },
};

/// No more containers are inspected.
const MOST_CONTAINERS: usize = 2000;
/// And no more images.
const MOST_IMAGES: usize = 500;
/// So many are asked for between two looks at the clock.
const PIECE: usize = 200;

/// What came.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) version: Value,
    pub(super) info: Value,
    pub(super) networks: Value,
    /// The list of containers.
    pub(super) listed: Value,
    /// The list of images.
    pub(super) images: Value,
    pub(super) plugins: Value,
    pub(super) services: Value,
    /// Volumes, by their names.
    pub(super) volumes: BTreeMap<String, Value>,
    /// Inspections.
    pub(super) containers: Vec<Value>,
    pub(super) inspected_images: Vec<Value>,
    /// By the image's id.
    pub(super) histories: BTreeMap<String, Value>,
    /// By the exec's id.
    pub(super) execs: BTreeMap<String, Value>,
    /// The names of running programs, by the container's id, where they were asked for.
    pub(super) programs: BTreeMap<String, Vec<String>>,
    /// What was refused, by the part of a document, and why.
    pub(super) refused: BTreeMap<&'static str, String>,
    /// What the result lacks, in sentences.
    pub(super) missing: Vec<String>,
}

/// What is to be looked at.
#[allow(clippy::struct_excessive_bools, reason = "parts of a whole, any of which may be wanted")]
pub(super) struct Wanted<'a> {
    /// Those that are to be answered.
    pub(super) checks: &'a [&'static Check],
    pub(super) engine: bool,
    pub(super) containers: bool,
    pub(super) images: bool,
    /// Only the container, or image, of this name or id.
    pub(super) id: Option<&'a str>,
    /// Whether a check by its id asks for the process lists.
    pub(super) programs: bool,
}

impl Asked {
    /// Asks the engine.
    pub(super) fn of(call: &Call<'_>, wanted: &Wanted<'_>) -> Result<Self, Error> {
        let mut asked = Self::default();
        let mut asking = Asking { call, asked: &mut asked, until: Instant::now() + call.time_limit() };
        asking.lists(wanted)?;
        let (containers, images) = asking.subjects(wanted)?;
        asking.each(wanted, &containers, &images)?;
        asking.execs_and_programs(wanted)?;
        Ok(asked)
    }

    /// What was refused, as a part of documents.
    pub(super) fn refusals(&self) -> Value {
        let refused = self.refused.iter().map(|(part, why)| ((*part).to_owned(), Value::from(why.as_str())));
        Value::Object(refused.collect::<Map<_, _>>())
    }

    pub(super) fn is_podman(&self) -> bool {
        items(&self.version["Components"]).any(|component| text(component, "Name").starts_with("Podman"))
    }

    /// The minor number of the newest API version that the engine knows.
    pub(super) fn api_minor(&self) -> u64 {
        let newest = text(&self.version, "ApiVersion").split_once('.');
        newest.and_then(|(_, minor)| minor.parse().ok()).unwrap_or_default()
    }

    /// The image that a name of a tag means now.
    pub(super) fn image_named(&self, name: &str) -> Option<&Value> {
        if name.is_empty() || name.contains('@') || name.starts_with("sha256:") {
            return None;
        }
        let wanted = with_tag(name);
        items(&self.images).find(|image| {
            items(&image["RepoTags"]).filter_map(Value::as_str).any(|tag| with_tag(tag) == wanted)
        })
    }
}

/// A name with its tag, as `docker.io` is understood.
fn with_tag(name: &str) -> String {
    let name = ["docker.io/library/", "docker.io/", "library/"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    match name.rsplit('/').next().unwrap_or_default().contains(':') {
        true => name.to_owned(),
        false => format!("{name}:latest"),
    }
}

struct Asking<'a, 'c> {
    call: &'a Call<'c>,
    asked: &'a mut Asked,
    until: Instant,
}

impl Asking<'_, '_> {
    fn remaining(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Asks for all of these. Nothing of those for which the time is over.
    fn ask(&self, requests: Vec<Request>) -> Result<Vec<Option<Result<Value, Error>>>, Error> {
        let mut answers = Vec::with_capacity(requests.len());
        let mut requests = requests.into_iter().peekable();
        while requests.peek().is_some() {
            let left = self.remaining();
            let piece: Vec<Request> =
                requests.by_ref().take(PIECE).map(|request| request.deadline(left)).collect();
            if left.is_zero() {
                answers.extend(piece.iter().map(|_| None));
            } else {
                answers.extend(look_side_by_side(self.call, piece)?.into_iter().map(Some));
            }
        }
        Ok(answers)
    }

    fn lists(&mut self, wanted: &Wanted<'_>) -> Result<(), Error> {
        let needs_plugins = wanted.engine && wanted.checks.iter().any(|check| check.id == "host.plugins");
        let all = [
            (true, "version", "/version"),
            (true, "info", "/info"),
            (wanted.engine, "networks", "/networks"),
            (true, "listed", "/containers/json"),
            (true, "images", "/images/json"),
            (wanted.containers, "volumes", "/volumes"),
            (needs_plugins, "plugins", "/plugins"),
        ];
        let chosen: Vec<_> = all.into_iter().filter(|(is_wanted, ..)| *is_wanted).collect();
        let request = |path: &'static str| match path {
            "/containers/json" => Request::get(Path::fixed(path)).query("all", "true"),
            path => Request::get(Path::fixed(path)),
        };
        let answers = self.ask(chosen.iter().map(|(_, _, path)| request(path)).collect())?;
        for ((_, part, path), answer) in chosen.into_iter().zip(answers) {
            let value = match answer {
                Some(Ok(value)) => value,
                Some(Err(error)) => self.refuse(part, &format!("GET {path}"), error)?,
                None => self.late(part, &format!("GET {path}")),
            };
            let asked = &mut *self.asked;
            match part {
                "version" => asked.version = value,
                "info" => asked.info = value,
                "networks" => asked.networks = value,
                "listed" => asked.listed = value,
                "images" => asked.images = value,
                "plugins" => asked.plugins = value,
                _ => asked.volumes = by_name(&value),
            }
        }
        if let Some(why) = self.asked.refused.get("networks").cloned() {
            self.asked.refused.insert("bridge", why);
        }
        Ok(())
    }

    /// Notes what the engine refused. An error where the list is what the call is for, or where nothing more can be asked.
    fn refuse(&mut self, part: &'static str, what: &str, error: Error) -> Result<Value, Error> {
        if part == "listed" || ends_it(&error) {
            return Err(error);
        }
        let error = error.hiding(&self.call.secrets());
        let why = format!("The engine refused {what}: {}.", error.came_back());
        self.asked.missing.push(why.clone());
        self.asked.refused.insert(part, why);
        Ok(Value::Null)
    }

    fn late(&mut self, part: &'static str, what: &str) -> Value {
        let why = format!("The time limit was over before {what}.");
        self.asked.missing.push(why.clone());
        self.asked.refused.insert(part, why);
        Value::Null
    }

    /// The ids of the containers and images that are to be inspected.
    fn subjects(&mut self, wanted: &Wanted<'_>) -> Result<(Vec<String>, Vec<String>), Error> {
        let ids = |list: &Value| -> Vec<String> { items(list).map(|one| id(one).to_owned()).collect() };
        let mut containers = if wanted.containers { ids(&self.asked.listed) } else { Vec::new() };
        let mut images = if wanted.images { ids(&self.asked.images) } else { Vec::new() };
        if let Some(named) = wanted.id {
            let found = container_named(&self.asked.listed, named)?.map(id);
            let image = self
                .asked
                .image_named(named)
                .or_else(|| items(&self.asked.images).find(|one| is_image(one, named)));
            containers = found.filter(|_| wanted.containers).map(str::to_owned).into_iter().collect();
            let may_be_image = wanted.images && containers.is_empty();
            images = image.map(id).filter(|_| may_be_image).map(str::to_owned).into_iter().collect();
            if containers.is_empty() && images.is_empty() {
                let shown: String = named.chars().take(80).collect();
                let what = match (wanted.containers, wanted.images) {
                    (true, false) => "container",
                    (false, true) => "image",
                    _ => "container or image",
                };
                return Err(Error::new(
                    Kind::Engine(engine::ErrorKind::NotFound),
                    format!("There is no {what} {shown:?} on this engine. Check id, or list them."),
                ));
            }
        }
        for (kind, list, most) in
            [("containers", &mut containers, MOST_CONTAINERS), ("images", &mut images, MOST_IMAGES)]
        {
            if list.len() > most {
                self.asked.missing.push(format!(
                    "{} {kind} were left out: one audit looks at {most}. Name one in id.",
                    list.len() - most
                ));
                list.truncate(most);
            }
        }
        Ok((containers, images))
    }

    fn each(&mut self, wanted: &Wanted<'_>, containers: &[String], images: &[String]) -> Result<(), Error> {
        #[derive(Clone, Copy)]
        enum Kind {
            Container,
            Image,
            History,
            Services,
        }
        let reads_history = wanted.checks.iter().any(|check| check.scope == Scope::Image);
        let is_manager = self.asked.info["Swarm"]["ControlAvailable"] == true;
        let reads_services =
            wanted.engine && is_manager && wanted.checks.iter().any(|check| check.id == "swarm.secrets_used");
        let containers = containers.iter().map(|id| (Kind::Container, "/containers/{id}/json", id.as_str()));
        let inspections = images.iter().map(|id| (Kind::Image, "/images/{id}/json", id.as_str()));
        let histories = images
            .iter()
            .filter(|_| reads_history)
            .map(|id| (Kind::History, "/images/{id}/history", id.as_str()));
        let services = reads_services.then_some((Kind::Services, "/services", ""));
        let all: Vec<_> = containers.chain(inspections).chain(histories).chain(services).collect();
        let mut requests = Vec::with_capacity(all.len());
        for (_, template, id) in &all {
            requests.push(get(template, id)?);
        }
        let answers = self.ask(requests)?;
        let mut late = 0;
        let mut refused: BTreeMap<String, usize> = BTreeMap::new();
        for ((kind, template, id), answer) in all.into_iter().zip(answers) {
            let value = match answer {
                None => {
                    late += 1;
                    continue;
                }
                Some(Ok(value)) => value,
                // Containers come and go.
                Some(Err(error)) if error.status() == Some(404) => continue,
                Some(Err(error)) if ends_it(&error) => return Err(error),
                Some(Err(error)) => {
                    let error = error.hiding(&self.call.secrets());
                    *refused
                        .entry(format!("GET {template}: {}", error.came_back().replace(id, "{id}")))
                        .or_default() += 1;
                    continue;
                }
            };
            match kind {
                Kind::Container => self.asked.containers.push(value),
                Kind::Image => self.asked.inspected_images.push(value),
                Kind::History => {
                    self.asked.histories.insert(id.to_owned(), value);
                }
                Kind::Services => self.asked.services = value,
            }
        }
        if late > 0 {
            self.asked.missing.push(format!("The time limit was over before {late} containers, images or histories were looked at. Raise timeout, or choose a scope."));
        }
        for (what, count) in refused {
            self.asked.missing.push(format!("The engine refused {what} ({count} times)."));
        }
        Ok(())
    }

    /// Execs that run, and the programs of running containers where a check asks for them by its id.
    fn execs_and_programs(&mut self, wanted: &Wanted<'_>) -> Result<(), Error> {
        let execs: Vec<String> = self
            .asked
            .containers
            .iter()
            .flat_map(|container| items(&container["ExecIDs"]).filter_map(Value::as_str))
            .take(MOST_CONTAINERS)
            .map(str::to_owned)
            .collect();
        let running = self.asked.containers.iter().filter(|container| container["State"]["Running"] == true);
        let running: Vec<String> =
            running.filter(|_| wanted.programs).map(|container| id(container).to_owned()).collect();
        let mut requests = Vec::with_capacity(execs.len() + running.len());
        for exec in &execs {
            requests.push(get("/exec/{id}/json", exec)?);
        }
        for container in &running {
            requests.push(get("/containers/{id}/top", container)?);
        }
        let mut answers = self.ask(requests)?.into_iter();
        for (exec, answer) in execs.into_iter().zip(answers.by_ref()) {
            if let Some(Ok(answer)) = answer {
                self.asked.execs.insert(exec, answer);
            }
        }
        for (container, answer) in running.into_iter().zip(answers) {
            if let Some(Ok(answer)) = answer {
                self.asked.programs.insert(container, programs(&answer));
            }
        }
        Ok(())
    }
}

fn get(template: &str, id: &str) -> Result<Request, Error> {
    Ok(Request::get(Path::fill(template, |_| Segment::name(id))?))
}

fn by_name(volumes: &Value) -> BTreeMap<String, Value> {
    items(&volumes["Volumes"]).map(|volume| (text(volume, "Name").to_owned(), volume.clone())).collect()
}

/// The container of this name, id, or beginning of an id.
fn container_named<'v>(listed: &'v Value, named: &str) -> Result<Option<&'v Value>, Error> {
    let named = named.trim_start_matches('/');
    if let Some(found) = items(listed).find(|one| own_name(one) == named || id(one) == named) {
        return Ok(Some(found));
    }
    let mut alike = items(listed).filter(|one| !named.is_empty() && id(one).starts_with(named));
    match (alike.next(), alike.next()) {
        (Some(_), Some(_)) => {
            Err(Error::fault(format!("id: several containers' ids begin with {named:?}: give more of it")))
        }
        (found, _) => Ok(found),
    }
}

fn is_image(listed: &Value, named: &str) -> bool {
    let plain = |id: &str| id.trim_start_matches("sha256:").to_owned();
    let digests = items(&listed["RepoDigests"]).filter_map(Value::as_str);
    named.len() >= 4 && plain(id(listed)).starts_with(&plain(named))
        || digests.into_iter().any(|digest| digest == named)
}

/// The names of the programs in a process list: of each command line, the first word's last part.
fn programs(top: &Value) -> Vec<String> {
    let at = items(&top["Titles"]).position(|title| matches!(title.as_str(), Some("CMD" | "COMMAND")));
    let lines = items(&top["Processes"]).filter_map(|row| row[at?].as_str());
    let names =
        lines.filter_map(|line| line.split_whitespace().next()?.rsplit('/').next().map(str::to_owned));
    names.collect()
}
