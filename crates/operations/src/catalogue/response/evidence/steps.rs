//! The order in which evidence is taken: what vanishes first comes first, and what copies files while the container stands still.

use std::time::{Duration, Instant};

use engine::{JsonLines, Method};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    ask::Ask,
    clock::{Clock, utc},
    collection::{Collection, Named},
    freeze::{Ended, Frozen},
    manifest,
    probe::Helper,
    wanted::{Kind, Probe, Wanted},
};
use crate::{
    Error, Kind as ErrorOf,
    catalogue::{containers::processes::stat, response::zip::layout::Method as Packing},
    run::{
        call::{Call, is_of_podman},
        objects::{items, text},
        signing::Signer,
    },
};

/// The kind of what describes the engine, which every collection has.
const ENGINE: &str = "engine";
/// Whether and how the container was paused.
#[derive(Default)]
struct Freeze {
    ours: bool,
    began: Option<Timestamp>,
    ended: Option<Timestamp>,
    /// When an earlier collection began that was cut off and had left it paused.
    left_since: Option<String>,
    /// How long the container stood still for this call.
    took: Option<Duration>,
}

/// Collects what is wanted of a container, saves it as an attachment, and gives what is said of it.
///
/// A container that is paused stays so; one that runs is paused while its files are copied, and then goes on.
pub(crate) fn collect(
    call: &Call<'_>,
    named: &str,
    wanted: &Wanted<'_>,
) -> Result<Map<String, Value>, Error> {
    let mut collection = Collection::new(call, wanted)?;
    let started = Timestamp::now();
    let clock = collection.engine()?;
    if wanted.has(Kind::Events) {
        collection.events("before", None, &clock)?;
    }
    let before = collection.inspect("before", named)?;
    let Some(before) = before.filter(|found| found["Id"].is_string()) else {
        return Err(no_container(call, &collection, named));
    };
    let container = Container::of(&before);
    let id = container.id.as_str();
    collection.running(&container, wanted)?;
    if wanted.probe == Probe::Exec && collection.has_processes() {
        collection.probe(&container.id, &container.in_memory(), wanted)?;
    }
    let mut freeze = Freeze::default();
    if wanted.copies_files() {
        freeze = copy_files(&mut collection, &container, wanted)?;
    } else if wanted.has(Kind::Changes) {
        collection.changes(id)?;
    }
    collection.image_and_volumes(&container, wanted)?;
    collection.unreachable(&container, wanted);
    let after = collection.inspect("after", id)?;
    let log = match wanted.has(Kind::Events) {
        true => collection.events("after", Some(&clock), &clock)?,
        false => Vec::new(),
    };
    let state = |found: Option<&Value>| found.map_or(Value::Null, |found| found["State"].clone());
    let told = json!({
        "format": manifest::FORMAT,
        "connector": {"name": "docker", "version": env!("CARGO_PKG_VERSION")},
        "case_id": wanted.case_id,
        "reason": wanted.reason,
        "operator": wanted.operator,
        "started": utc(started),
        "ended": utc(Timestamp::now()),
        "engine": collection.described.clone(),
        "clock": clock.fields(),
        "container": {
            "id": id,
            "name": container.name,
            "image": before["Config"]["Image"],
            "image_id": before["Image"],
            "image_layers": collection.layers.clone(),
            "state_before": state(Some(&before)),
            "state_after": state(after.as_ref()),
        },
        "paused_by_this_collection": {
            "was_paused": freeze.ours, "from": freeze.began.map(utc), "until": freeze.ended.map(utc),
            "left_paused_by_one_that_began": freeze.left_since,
        },
        "actions": collection.actions.0.clone(),
        "events_meanwhile": manifest::events(&log, id),
        "items": collection.items.iter().map(manifest::item).collect::<Vec<_>>(),
        "missing": collection.missing.iter().map(manifest::missing).collect::<Vec<_>>(),
        "signed_by": call.configuration.signer().map(Signer::public_key_pem),
    });
    finish(collection, &container, &told, &freeze)
}

/// Copies files while the container stands still. Of one that could not be paused, none is copied.
fn copy_files(
    collection: &mut Collection<'_, '_>,
    container: &Container,
    wanted: &Wanted<'_>,
) -> Result<Freeze, Error> {
    let (call, id) = (collection.call, container.id.as_str());
    let early = collection.early_helper(id, wanted);
    let mut freeze = Freeze::default();
    let asked = (Timestamp::now(), Instant::now());
    match Frozen::begin(collection, id) {
        Ok(frozen) => {
            freeze.left_since = frozen.left_since().map(str::to_owned);
            freeze.ours = frozen.is_ours() && freeze.left_since.is_none();
            freeze.began = freeze.ours.then_some(asked.0);
            let copied =
                collection.inspect("frozen", id).and_then(|_| collection.files(container, wanted, early));
            let ended = frozen.end(&mut collection.actions);
            if freeze.ours {
                (freeze.ended, freeze.took) = (Some(Timestamp::now()), Some(asked.1.elapsed()));
            }
            copied?;
            match ended {
                Ok(Ended::AsItWas) => {}
                Ok(Ended::Isolated) => collection.warnings.push(
                    "The container was isolated at the same time, so it was left paused. A release lets it run on."
                        .to_owned(),
                ),
                Ok(Ended::Unpaused) => collection.warnings.push(
                    "The container was unpaused during the copy: files that changed while they were copied may be incomplete."
                        .to_owned(),
                ),
                Err(error) => collection.warnings.push(format!(
                    "The container could not be unpaused: {} Let it run on with release_container.",
                    call.secrets().hidden_in(error.message())
                )),
            }
        }
        Err(error) if is_interrupted(&error) => return Err(error),
        Err(error) => {
            let why = format!(
                "the container could not be paused, and copying files of one that runs gives cut archives and is itself \
                 a way to attack the host: {}",
                call.secrets().hidden_in(error.message())
            );
            for what in files_wanted(wanted) {
                collection.miss(what.0, what.1, &why);
            }
        }
    }
    Ok(freeze)
}

/// Ends the archive with its manifest, and saves it.
fn finish(
    mut collection: Collection<'_, '_>,
    container: &Container,
    told: &Value,
    freeze: &Freeze,
) -> Result<Map<String, Value>, Error> {
    let call = collection.call;
    let text = manifest::text(told);
    let manifest = collection.archive.add(manifest::MANIFEST, Packing::Stored, text.clone().into())?;
    let signer = call.configuration.signer();
    if let Some(signer) = signer {
        let signature = signer.sign(&text).to_vec();
        collection.archive.add(manifest::SIGNATURE, Packing::Stored, signature.into())?;
    }
    let day = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let filename = format!("evidence_{}_{day}.zip", slug(&container.name));
    let description = format!("Evidence of container {}", container.name);
    let attachment = collection.archive.finish()?.save(call.services, &filename, &description)?;
    let (size, sha256) = (attachment["size"].clone(), attachment["sha256"].clone());
    let cut = collection.items.iter().filter(|item| item.why.is_some()).count();
    let held = match freeze.took {
        Some(took) => format!(" The container was paused for {:.1} s.", took.as_secs_f64()),
        None => String::new(),
    };
    let summary = format!(
        "Collected {} items of container {} in {filename}, {size} bytes.{held} Incomplete: {cut}. Could not be collected: {}. The manifest is {}.",
        collection.items.len(),
        container.name,
        collection.missing.len(),
        if signer.is_some() { "signed" } else { "not signed: signing_key is empty" },
    );
    let listed = |item: &super::collection::Item| {
        json!({
            "name": item.name, "kind": item.kind, "bytes": item.kept.size, "sha256": item.kept.sha256,
            "complete": item.why.is_none(), "why": item.why,
        })
    };
    let missed = |missing: &super::collection::Missing| json!({"kind": missing.kind, "what": missing.what, "why": missing.why});
    let mut result = Map::new();
    for (name, value) in [
        ("summary", summary.into()),
        ("id", container.id.as_str().into()),
        ("case_id", told["case_id"].clone()),
        ("reason", told["reason"].clone()),
        ("operator", told["operator"].clone()),
        ("attachment", attachment.into()),
        ("size", size),
        ("sha256", sha256),
        ("manifest_sha256", manifest.sha256.into()),
        ("is_signed", signer.is_some().into()),
        ("state_before", told["container"]["state_before"]["Status"].clone()),
        ("state_after", told["container"]["state_after"]["Status"].clone()),
        ("items", collection.items.iter().map(listed).collect()),
        ("missing", collection.missing.iter().map(missed).collect()),
        ("warnings", std::mem::take(&mut collection.warnings).into()),
    ] {
        result.insert(name.to_owned(), value);
    }
    Ok(result)
}

/// What an inspection says of a container that the steps need.
struct Container {
    id: String,
    name: String,
    found: Value,
}

impl Container {
    fn of(found: &Value) -> Self {
        let text = |field: &str| found[field].as_str().unwrap_or_default();
        Self {
            id: text("Id").to_owned(),
            name: text("Name").trim_start_matches('/').to_owned(),
            found: found.clone(),
        }
    }

    fn label(&self, name: &str) -> Option<&str> {
        self.found["Config"]["Labels"][name].as_str()
    }

    /// What lies in memory only, by its folder in the container.
    fn in_memory(&self) -> Vec<String> {
        let host = &self.found["HostConfig"];
        let tmpfs = host["Tmpfs"].as_object().into_iter().flatten().map(|(path, _)| path.clone());
        let mounted =
            self.mounts("tmpfs").filter_map(|mount| mount["Destination"].as_str()).map(str::to_owned);
        let mut found: Vec<String> = tmpfs.chain(mounted).chain(["/dev/shm".to_owned()]).collect();
        found.sort();
        found.dedup();
        found
    }

    fn mounts<'m>(&'m self, kind: &'m str) -> impl Iterator<Item = &'m Value> {
        items(&self.found["Mounts"]).filter(move |mount| mount["Type"] == kind)
    }
}

impl<'c, 'a> Collection<'c, 'a> {
    /// What the engine is, and its clock beside ours.
    fn engine(&mut self) -> Result<Clock, Error> {
        let before = Timestamp::now();
        let ask = Ask::get("/info", "")?;
        let info = self.json(&named(ENGINE, "engine/info.json", "the engine's description"), &ask)?;
        let after = Timestamp::now();
        let info = info.unwrap_or_default();
        let engine = info["SystemTime"].as_str().and_then(|time| time.parse().ok());
        let ask = Ask::get("/version", "")?;
        let version = self.json(&named(ENGINE, "engine/version.json", "the engine's versions"), &ask)?;
        let version = version.unwrap_or_default();
        let spoken = self.call.engine.api_version().ok().map(|version| version.to_string());
        self.is_podman = is_of_podman(&version);
        self.described = json!({
            // Podman makes up another one for each answer.
            "id": if self.is_podman { &Value::Null } else { &info["ID"] },
            "name": info["Name"],
            "version": version["Version"],
            "api_version": spoken,
            "operating_system": info["OperatingSystem"],
            "kernel": info["KernelVersion"],
        });
        Ok(Clock { before, after, engine })
    }

    /// What the engine remembers: all of it, or what came since a moment of its clock.
    fn events(&mut self, when: &str, since: Option<&Clock>, clock: &Clock) -> Result<Vec<Value>, Error> {
        let since = since.map_or("0".to_owned(), |since| {
            let began = since.engine.unwrap_or(since.before).as_microsecond();
            format!("{}.{:06}", began / 1_000_000, began.rem_euclid(1_000_000))
        });
        let ask = Ask::get("/events", "")?.with("since", &since).with("until", &clock.now());
        let named = named(Kind::Events.word(), &format!("events/{when}.json"), "the engine's events");
        let Some(text) = self.text(&named, &ask)? else { return Ok(Vec::new()) };
        let mut lines = JsonLines::default();
        lines.push(&text);
        let mut events = Vec::new();
        while let Ok(Some(event)) = lines.next_value() {
            events.push(event);
        }
        events.extend(lines.finish().ok().flatten());
        Ok(events)
    }

    fn inspect(&mut self, when: &str, id: &str) -> Result<Option<Value>, Error> {
        // The size of what it has written is counted once, while it stands still.
        let ask = Ask::get("/containers/{id}/json", id)?;
        let ask = if when == "frozen" { ask.with("size", "1") } else { ask };
        let named =
            named(Kind::Inspection.word(), &format!("inspection/{when}.json"), "the container's inspection");
        let found = self.json(&named, &ask)?;
        if let Some(status) = found.as_ref().and_then(|found| found["State"]["Status"].as_str()) {
            status.clone_into(&mut self.state);
        }
        Ok(found)
    }

    /// Whether the container has processes, as far as its state was seen.
    fn has_processes(&self) -> bool {
        matches!(self.state.as_str(), "running" | "paused")
    }

    /// What is taken before the container is touched.
    fn running(&mut self, container: &Container, wanted: &Wanted<'_>) -> Result<(), Error> {
        let id = container.id.as_str();
        let runs = self.has_processes();
        let idle = format!("the container is {}: it has no processes", self.state);
        if wanted.has(Kind::Processes) {
            match runs {
                true => self.processes(id)?,
                false => self.miss(Kind::Processes.word(), "its processes", &idle),
            }
        }
        if wanted.has(Kind::Statistics) {
            let named = named(Kind::Statistics.word(), "statistics.json", "its statistics");
            let ask =
                Ask::get("/containers/{id}/stats", id)?.with("stream", "false").with("one-shot", "true");
            match runs {
                true => drop(self.json(&named, &ask)?),
                false => self.miss(named.kind, named.what, &idle),
            }
        }
        if wanted.has(Kind::Networks) {
            let networks = container.found["NetworkSettings"]["Networks"].as_object();
            for (at, (name, network)) in networks.into_iter().flatten().enumerate() {
                let of = network["NetworkID"].as_str().filter(|id| !id.is_empty()).unwrap_or(name);
                let member = format!("networks/{:02}_{}.json", at + 1, slug(name));
                let named = named(Kind::Networks.word(), &member, &format!("network {name}"));
                self.json(&named, &Ask::get("/networks/{id}", of)?)?;
            }
        }
        if wanted.has(Kind::Inspection) {
            for (label, template, what) in [
                ("com.docker.swarm.task.id", "/tasks/{id}", "task"),
                ("com.docker.swarm.service.id", "/services/{id}", "service"),
            ] {
                if let Some(of) = container.label(label) {
                    let named =
                        named(Kind::Inspection.word(), &format!("swarm/{what}.json"), &format!("its {what}"));
                    self.json(&named, &Ask::get(template, of)?)?;
                }
            }
        }
        if wanted.has(Kind::Logs) {
            self.logs(container)?;
        }
        Ok(())
    }

    fn processes(&mut self, id: &str) -> Result<(), Error> {
        let named = named(Kind::Processes.word(), "processes.json", "its processes");
        let ask = Ask::get("/containers/{id}/top", id)?;
        let before = self.missing.len();
        // Process ids and times of the host: its own ps makes the list.
        self.json(&named, &ask.clone().with("ps_args", "-eo pid,ppid,uid,lstart,args"))?;
        if self.missing.len() > before {
            // Podman, and a ps of few words.
            self.json(&named, &ask)?;
        }
        Ok(())
    }

    fn logs(&mut self, container: &Container) -> Result<(), Error> {
        let ask = Ask::get("/containers/{id}/logs", &container.id)?
            .with("stdout", "true")
            .with("stderr", "true")
            .with("timestamps", "true");
        let named = named(Kind::Logs.word(), "logs", "its log");
        // What the driver keeps, and what it has thrown away.
        let more =
            Map::from_iter([("log_config".to_owned(), container.found["HostConfig"]["LogConfig"].clone())]);
        let is_tty = container.found["Config"]["Tty"] == true;
        self.output(&named, &ask, is_tty, self.room() / 4, &more)
    }

    fn changes(&mut self, id: &str) -> Result<(), Error> {
        let named = named(Kind::Changes.word(), "changes.json", "what differs from its image");
        self.json(&named, &Ask::get("/containers/{id}/changes", id)?).map(drop)
    }

    /// What is copied while the container stands still.
    fn files(
        &mut self,
        container: &Container,
        wanted: &Wanted<'_>,
        early: Option<Helper<'c, 'a>>,
    ) -> Result<(), Error> {
        let id = container.id.as_str();
        if wanted.probe == Probe::Helper && self.has_processes() {
            self.probe_by_helper(id, &container.in_memory(), wanted, early)?;
        }
        if wanted.has(Kind::Changes) {
            self.changes(id)?;
        }
        for (at, path) in wanted.paths.iter().enumerate() {
            self.path(container, at + 1, path)?;
        }
        if wanted.has(Kind::Volumes) {
            for (at, mount) in container.mounts("volume").enumerate() {
                let (name, path) = (text(mount, "Name"), text(mount, "Destination"));
                let member = format!("volumes/{:02}_{}.tar", at + 1, slug(name));
                let named = named(Kind::Volumes.word(), &member, &format!("volume {name} at {path}"));
                let ask = Ask::get("/containers/{id}/archive", id)?.with("path", path);
                self.tar(&named, &ask, Map::from_iter([("path".to_owned(), path.into())]))?;
            }
        }
        if wanted.has(Kind::FileSystem) {
            let named = named(Kind::FileSystem.word(), "file-system.tar", "its file system");
            self.tar(&named, &Ask::get("/containers/{id}/export", id)?, Map::new())?;
        }
        Ok(())
    }

    /// A file or folder that was named.
    fn path(&mut self, container: &Container, number: usize, path: &str) -> Result<(), Error> {
        const KIND: &str = "paths";
        let within =
            |folder: &str| path == folder || path.starts_with(&format!("{}/", folder.trim_end_matches('/')));
        let in_memory = container.in_memory();
        let kernels = ["/proc", "/sys", "/dev"].map(str::to_owned);
        if let Some(folder) = in_memory.iter().chain(&kernels).find(|folder| within(folder)) {
            let why = format!("{folder} is in memory: the engine copies only what lies below it on disk");
            self.miss(KIND, path, why);
            return Ok(());
        }
        let ask = |method| {
            Ask::new(method, "/containers/{id}/archive", &container.id).map(|ask| ask.with("path", path))
        };
        let named = named(KIND, &format!("paths/{number:02}_{}.tar", slug(path)), path);
        let Some((_, reply)) = self.ask(&named, &ask(Method::HEAD)?)? else { return Ok(()) };
        let found = reply.header("x-docker-container-path-stat").and_then(stat).unwrap_or_default();
        drop(reply);
        let size = found["size"].as_u64().filter(|_| found["is_directory"] != true).unwrap_or_default();
        if size > self.room() {
            self.miss(KIND, path, format!("the file has {size} bytes, more than max_size leaves room for"));
            return Ok(());
        }
        let mut more = Map::from_iter([("path".to_owned(), path.into()), ("stat".to_owned(), found)]);
        let host = container.mounts("bind").find(|mount| within(text(mount, "Destination")));
        if let Some(mount) = host {
            more.insert("from_host_folder".into(), mount["Source"].clone());
        }
        self.tar(&named, &ask(Method::GET)?, more).map(drop)
    }

    /// What belongs to the container beside its own files.
    fn image_and_volumes(&mut self, container: &Container, wanted: &Wanted<'_>) -> Result<(), Error> {
        let image = text(&container.found, "Image");
        if wanted.has(Kind::Image) || wanted.has(Kind::ImageLayers) {
            let of = named(Kind::Image.word(), "image/inspection.json", "its image's inspection");
            let found = self.json(&of, &Ask::get("/images/{id}/json", image)?)?;
            self.layers = found.map_or(Value::Null, |found| found["RootFS"]["Layers"].clone());
            let of = named(Kind::Image.word(), "image/history.json", "its image's history");
            self.json(&of, &Ask::get("/images/{id}/history", image)?)?;
        }
        if wanted.has(Kind::ImageLayers) {
            let of = named(Kind::ImageLayers.word(), "image/layers.tar", "its image's layers");
            self.tar(&of, &Ask::get("/images/{id}/get", image)?, Map::new())?;
        }
        if wanted.has(Kind::Volumes) {
            for (at, mount) in container.mounts("volume").enumerate() {
                let name = text(mount, "Name");
                let member = format!("volumes/{:02}_{}.json", at + 1, slug(name));
                let of = named(Kind::Volumes.word(), &member, &format!("the description of volume {name}"));
                self.json(&of, &Ask::get("/volumes/{id}", name)?)?;
            }
        }
        Ok(())
    }

    /// Says what the engine cannot show, so that nobody takes it for absent.
    fn unreachable(&mut self, container: &Container, wanted: &Wanted<'_>) {
        const NEEDS: &str = "the engine cannot show it";
        let runs = matches!(container.found["State"]["Status"].as_str(), Some("running" | "paused"));
        if runs {
            let is_probed = wanted.probe != Probe::None;
            for kind in [Kind::Sockets, Kind::Programs] {
                if wanted.has(kind) && !is_probed {
                    let what = if kind == Kind::Sockets {
                        "its sockets"
                    } else {
                        "its processes' environments and programs"
                    };
                    self.miss(kind.word(), what, format!("{NEEDS}: it needs a probe"));
                }
            }
            if wanted.has(Kind::TemporaryFiles) && !is_probed {
                for folder in container.in_memory() {
                    self.miss(
                        Kind::TemporaryFiles.word(),
                        folder,
                        format!("it is in memory, and {NEEDS}: it needs a probe"),
                    );
                }
            }
            self.miss(
                "memory",
                "the memory of its processes",
                format!("{NEEDS}, and no probe copies it: use a memory tool on the host while the container is frozen"),
            );
        }
        if wanted.has(Kind::Volumes) || wanted.has(Kind::FileSystem) {
            for mount in container.mounts("bind") {
                let (from, at) = (text(mount, "Source"), text(mount, "Destination"));
                let why =
                    "it belongs to the host, and may hold what is of others: name it in paths to copy it";
                self.miss("host-folders", format!("{at}, which is {from} of the host"), why);
            }
        }
    }
}

fn files_wanted<'w>(wanted: &Wanted<'w>) -> Vec<(&'static str, &'w str)> {
    let mut files: Vec<_> = wanted.paths.iter().map(|path| ("paths", *path)).collect();
    if wanted.probe == Probe::Helper && wanted.probes() {
        files.push(("helper", "what is in memory only"));
    }
    for (kind, what) in [(Kind::Volumes, "its volumes"), (Kind::FileSystem, "its file system")] {
        if wanted.has(kind) {
            files.push((kind.word(), what));
        }
    }
    files
}

fn named(kind: &'static str, name: &str, what: &str) -> Named {
    Named { kind, name: name.to_owned(), what: what.to_owned() }
}

fn is_interrupted(error: &Error) -> bool {
    error.kind() == ErrorOf::Engine(engine::ErrorKind::Interrupted)
}

/// There is nothing to collect where the container cannot be looked at: the error of that look.
fn no_container(call: &Call<'_>, collection: &Collection<'_, '_>, named: &str) -> Error {
    let ask = Ask::get("/containers/{id}/json", named);
    let again = ask.and_then(|ask| call.send(ask.request()));
    let seen = collection.missing.last().map_or("", |missing| missing.why.as_str());
    again.map_or_else(
        |error| error,
        |_| Error::new(ErrorOf::Failed, format!("The container could not be looked at: {seen} Try again.")),
    )
}

/// A part of a member's name: ASCII, and nothing that leads elsewhere.
pub(super) fn slug(name: &str) -> String {
    let plain = name.trim_matches('/').chars().take(60);
    let plain: String =
        plain.map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    if plain.trim_matches('.').is_empty() { "file".into() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_members_name_leads_nowhere() {
        for (name, slugged) in [
            ("/etc/passwd", "etc_passwd"),
            ("../../x", ".._.._x"),
            ("..", "file"),
            ("/", "file"),
            ("a b\u{e9}\n", "a_b__"),
        ] {
            assert_eq!(slug(name), slugged);
        }
        assert_eq!(slug(&"x".repeat(500)).len(), 60);
    }
}
