//! What inspections, images, networks, volumes, processes, tasks and isolation records say of times.

use engine::{Method, Path, Request, Segment};
use serde_json::Value;

use super::entry::{Entry, Moment};
use crate::{
    Error,
    catalogue::{
        containers::processes::stat,
        investigate::{
            attack,
            looks::Looks,
            plain::{plain, short},
        },
    },
    run::{
        isolation::{self, Found},
        objects::{items, text},
        side_by_side::ends_it,
    },
};

/// No more changed files are asked for their times.
const MOST_FILES: usize = 50;
/// No more networks and volumes, each.
const MOST_PARTS: usize = 20;

/// Created, started, ended, and how.
pub(crate) fn life(container: &Value) -> Vec<Entry> {
    let state = &container["State"];
    let entry = |value: &Value, field: &str, kind, what: &str| {
        let text = value.as_str()?;
        Some(Entry::new(Moment::read(text)?, "inspect", kind, what, field, text))
    };
    let mut entries = Vec::new();
    let image = text(&container["Config"], "Image");
    let what = format!("The container was created from image {image}.");
    entries.extend(
        entry(&container["Created"], "Created", "created", &what)
            .map(|entry| entry.technique(Some(attack::DEPLOY_CONTAINER))),
    );
    let restarts = container["RestartCount"].as_u64().unwrap_or_default();
    let what = match restarts {
        0 => "Its main process started.".to_owned(),
        count => format!("Its main process started, after {count} restarts by the engine."),
    };
    entries.extend(entry(&state["StartedAt"], "State.StartedAt", "started", &what));
    let started = text(state, "StartedAt").parse::<jiff::Timestamp>().ok();
    let ended = text(state, "FinishedAt").parse::<jiff::Timestamp>().ok();
    let is_before = started.zip(ended).is_some_and(|(started, ended)| ended < started);
    let mut what = match (is_before, state["ExitCode"].as_i64()) {
        (true, _) => "Its earlier run ended.".to_owned(),
        (false, Some(code)) => format!("Its main process ended with exit code {code}."),
        (false, None) => "Its main process ended.".to_owned(),
    };
    if state["OOMKilled"] == true {
        what.push_str(" The kernel killed a process that ran out of memory.");
    }
    if let Some(error) = state["Error"].as_str().filter(|error| !error.is_empty()) {
        what = format!("{what} The engine says: {error}");
    }
    entries.extend(entry(&state["FinishedAt"], "State.FinishedAt", "ended", &what));
    entries
}

/// The last runs of its health check.
pub(crate) fn health(container: &Value) -> Vec<Entry> {
    let log = items(&container["State"]["Health"]["Log"]).enumerate();
    let entry = |(at, run): (usize, &Value)| {
        let code = run["ExitCode"].as_i64().unwrap_or_default();
        let said = match plain(text(run, "Output").trim(), 200) {
            said if said.is_empty() => String::new(),
            said => format!(" It said: {said}"),
        };
        let what = match code {
            0 => format!("Its health check succeeded.{said}"),
            code => format!("Its health check failed with exit code {code}.{said}"),
        };
        let start = text(run, "Start");
        let field = format!("State.Health.Log[{at}]");
        Some(Entry::new(Moment::read(start)?, "health", "health_check", &what, &field, start))
    };
    log.filter_map(entry).collect()
}

/// The image, and the layers that it has.
pub(crate) fn image(looks: &mut Looks<'_, '_>, container: &Value) -> Result<Vec<Entry>, Error> {
    let id = text(container, "Image");
    if id.is_empty() {
        return Ok(Vec::new());
    }
    let name = plain(text(&container["Config"], "Image"), 100);
    let image = looks.may_get("The image", "/images/{id}/json", id)?;
    let mut entries = Vec::new();
    let mut add = |text: &str, field: &str, kind, what: &str| {
        if let Some(moment) = Moment::read(text) {
            entries.push(Entry::new(moment, "image", kind, what, field, text));
        }
    };
    add(
        text(&image, "Created"),
        "image Created",
        "image_built",
        &format!("Image {name} was built, as its builder says."),
    );
    add(
        text(&image["Metadata"], "LastTagTime"),
        "image Metadata.LastTagTime",
        "image_tagged",
        &format!("Image {name} last got a name on this engine."),
    );
    let history = looks.may_get("The image's history", "/images/{id}/history", id)?;
    let mut layers: Vec<(i64, usize, &str)> = Vec::new();
    for layer in items(&history) {
        let Some(created) = layer["Created"].as_i64() else { continue };
        match layers.iter_mut().find(|(at, _, _)| *at == created) {
            Some((_, count, _)) => *count += 1,
            None => layers.push((created, 1, text(layer, "CreatedBy"))),
        }
    }
    for (created, count, by) in layers {
        let what = match count {
            1 => "A layer of its image was built.".to_owned(),
            count => format!("{count} layers of its image were built."),
        };
        if let Some(moment) = Moment::seconds(created) {
            entries.push(Entry::new(moment, "image", "layer_built", &what, "image history Created", ""));
            // Build arguments may be secret: only the instruction's first word is told.
            let word = by.split_whitespace().next().unwrap_or_default();
            if let Some(entry) = entries.last_mut() {
                word.clone_into(&mut entry.value);
                entry.value = plain(&entry.value, 60);
            }
        }
    }
    Ok(entries)
}

/// When its networks were made.
pub(crate) fn networks(looks: &mut Looks<'_, '_>, container: &Value) -> Result<Vec<Entry>, Error> {
    let places = container["NetworkSettings"]["Networks"].as_object();
    let ids: Vec<&str> = places
        .into_iter()
        .flatten()
        .map(|(name, place)| Some(text(place, "NetworkID")).filter(|id| !id.is_empty()).unwrap_or(name))
        .take(MOST_PARTS)
        .collect();
    let found = looks.may_get_each("Networks", "/networks/{id}", &ids)?;
    let entry = |network: &Value| {
        let created = text(network, "Created");
        let name = plain(text(network, "Name"), 100);
        let what = format!("Network {name}, which it is in, was created.");
        Some(Entry::new(Moment::read(created)?, "networks", "network", &what, "network Created", created))
    };
    Ok(found.iter().filter_map(entry).collect())
}

/// When its volumes were made.
pub(crate) fn volumes(looks: &mut Looks<'_, '_>, container: &Value) -> Result<Vec<Entry>, Error> {
    let mounts = items(&container["Mounts"]).filter(|mount| mount["Type"] == "volume");
    let names: Vec<&str> = mounts.map(|mount| text(mount, "Name")).take(MOST_PARTS).collect();
    let found = looks.may_get_each("Volumes", "/volumes/{name}", &names)?;
    let entry = |volume: &Value| {
        let created = text(volume, "CreatedAt");
        let name = plain(text(volume, "Name"), 100);
        let what = format!("Volume {name}, which it has, was created.");
        Some(Entry::new(Moment::read(created)?, "volumes", "volume", &what, "volume CreatedAt", created))
    };
    Ok(found.iter().filter_map(entry).collect())
}

/// Whether and when the connector isolated it.
pub(crate) fn isolation(looks: &mut Looks<'_, '_>, id: &str) -> Result<Vec<Entry>, Error> {
    looks.count();
    let undo = match isolation::find(looks.call, id) {
        Ok(Found::Record(undo)) => undo,
        Ok(Found::Nothing) => return Ok(Vec::new()),
        Ok(Found::Untrusted) => {
            looks.miss(
                "Isolation: the engine keeps a record that the configuration's signing_key has not signed",
            );
            return Ok(Vec::new());
        }
        Err(error) if ends_it(&error) => return Err(error),
        Err(_) => {
            looks.miss("Isolation: the engine does not tell its volumes");
            return Ok(Vec::new());
        }
    };
    let record = undo.shown();
    let mut what = format!("The connector isolated it (method {}).", text(record, "method"));
    for (field, word) in [("case_id", "Case"), ("reason", "Reason")] {
        if let Some(said) = record[field].as_str().filter(|said| !said.is_empty()) {
            what = format!("{what} {word}: {said}.");
        }
    }
    let entry = |moment| Entry::new(moment, "isolation", "isolated", &what, "isolation record at", undo.at());
    Ok(Moment::read(undo.at()).map(entry).into_iter().collect())
}

/// What Swarm says of the task and of its service.
pub(crate) fn swarm(looks: &mut Looks<'_, '_>, container: &Value) -> Result<Vec<Entry>, Error> {
    let labels = &container["Config"]["Labels"];
    let mut entries = Vec::new();
    let mut add = |time: &Value, field: &str, kind, what: String| {
        if let Some(moment) = time.as_str().and_then(Moment::read) {
            entries.push(Entry::new(moment, "swarm", kind, &what, field, time.as_str().unwrap_or_default()));
        }
    };
    if let Some(id) = labels["com.docker.swarm.task.id"].as_str() {
        let task = looks.may_get("The Swarm task", "/tasks/{id}", id)?;
        add(&task["CreatedAt"], "task CreatedAt", "task", format!("Swarm created task {}.", short(id)));
        let state = text(&task["Status"], "State");
        let error = text(&task["Status"], "Err");
        let error = if error.is_empty() { String::new() } else { format!(" Error: {error}") };
        add(
            &task["Status"]["Timestamp"],
            "task Status.Timestamp",
            "task",
            format!("The task became {state}.{error}"),
        );
    }
    if let Some(id) = labels["com.docker.swarm.service.id"].as_str() {
        let service = looks.may_get("The Swarm service", "/services/{id}", id)?;
        let name = plain(text(&service["Spec"], "Name"), 100);
        add(&service["CreatedAt"], "service CreatedAt", "service", format!("Service {name} was created."));
        if service["UpdatedAt"] != service["CreatedAt"] {
            add(
                &service["UpdatedAt"],
                "service UpdatedAt",
                "service",
                format!("Service {name} was last changed."),
            );
        }
    }
    Ok(entries)
}

/// When its processes started, from how long they have run: the host's ps tells its own zone's time and does not say which.
pub(crate) fn processes(
    looks: &mut Looks<'_, '_>,
    container: &Value,
    now: i64,
    is_podman: bool,
) -> Result<Vec<Entry>, Error> {
    if container["State"]["Running"] != true || container["State"]["Status"] == "restarting" {
        return Ok(Vec::new());
    }
    // Podman takes names of its own; after a dash it would run the container's own ps.
    let columns = if is_podman { "pid,etime,args" } else { "-eo pid,etimes,args" };
    let path = Path::fill("/containers/{id}/top", |_| Segment::name(text(container, "Id")))?;
    let listed = looks.may("Processes", Request::get(path).query("ps_args", columns))?;
    let mut entries = Vec::new();
    for process in items(&listed["Processes"]) {
        let column = |at: usize| process[at].as_str().unwrap_or_default().trim();
        let Some(elapsed) = elapsed(column(1)) else { continue };
        let seconds = now / 1_000_000_000 - elapsed;
        let command = process.as_array().map_or("", |_| column(2));
        let what = format!("Process {} started: {command}", column(0));
        if let Some(moment) = Moment::seconds(seconds) {
            let value = format!("{elapsed} s ago");
            entries.push(Entry::new(
                moment,
                "processes",
                "process",
                &what,
                "GET /containers/{id}/top",
                &value,
            ));
        }
    }
    Ok(entries)
}

/// Seconds from `3600`, or from Go's notation of a duration, such as `1h2m3.5s`.
fn elapsed(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let (mut total, mut number) = (0.0, String::new());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '0'..='9' | '.' => number.push(c),
            'h' | 'm' | 's' => {
                let unit = match (c, rest.peek()) {
                    ('h', _) => 3600.0,
                    ('m', Some('s')) => {
                        rest.next();
                        0.001
                    }
                    ('m', _) => 60.0,
                    _ => 1.0,
                };
                total += number.parse::<f64>().ok()? * unit;
                number.clear();
            }
            _ => return None,
        }
    }
    #[allow(clippy::cast_possible_truncation, reason = "seconds that a process has run")]
    let whole = total as i64;
    (number.is_empty() && !text.is_empty()).then_some(whole)
}

/// When changed files were last modified. The list of changes has no times, so each is asked for.
pub(crate) fn files(looks: &mut Looks<'_, '_>, container: &Value) -> Result<Vec<Entry>, Error> {
    let id = text(container, "Id");
    let listed = looks.may_get("Changed files", "/containers/{id}/changes", id)?;
    let mut changed: Vec<(&str, i64)> = items(&listed)
        .filter(|change| change["Kind"] != 2)
        .filter_map(|change| Some((change["Path"].as_str()?, change["Kind"].as_i64()?)))
        .collect();
    // A folder is listed for what lies in it.
    changed.sort_unstable();
    let paths: Vec<&str> = changed.iter().map(|(path, _)| *path).collect();
    let is_folder = |path: &str| {
        paths.iter().any(|other| other.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
    };
    let files: Vec<(&str, i64)> = changed
        .iter()
        .copied()
        .filter(|(path, _)| !is_folder(path) && !is_made_by_the_engine(container, path))
        .collect();
    if files.len() > MOST_FILES {
        looks.miss(&format!("Changed files: {} of {} were asked for their times", MOST_FILES, files.len()));
    }
    let mut entries = Vec::new();
    for (path, kind) in files.into_iter().take(MOST_FILES) {
        if let Some(bound) = looks.bound() {
            looks.miss(&format!("Changed files: {bound}"));
            break;
        }
        looks.count();
        let at = Path::fill("/containers/{id}/archive", |_| Segment::name(id))?;
        let request = Request::new(Method::HEAD, at).query("path", path).deadline(looks.remaining());
        let Ok(answer) = looks.call.send(request) else {
            looks.miss("Changed files: some did not tell their times");
            continue;
        };
        let header = answer.headers.get("x-docker-container-path-stat").and_then(|stat| stat.to_str().ok());
        let Some(stat) = header.and_then(stat) else { continue };
        let time = text(&stat, "mtime");
        let how = if kind == 1 { "added" } else { "changed" };
        let what = format!("File {path} was {how} ({} bytes, {}).", stat["size"], text(&stat, "mode_text"));
        if let Some(moment) = Moment::read(time) {
            let entry = Entry::new(moment, "files", "file", &what, "archive stat mtime", time);
            entries.push(entry.technique((kind == 1).then_some(attack::INGRESS_TOOL_TRANSFER)));
        }
    }
    Ok(entries)
}

/// Whether the engine itself puts a file there: what is mounted, and its init.
pub(crate) fn is_made_by_the_engine(container: &Value, path: &str) -> bool {
    path == "/sbin/docker-init" || items(&container["Mounts"]).any(|mount| mount["Destination"] == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_process_has_run() {
        for (text, seconds) in
            [("0", 0), ("3600", 3600), ("1h2m3.5s", 3723), ("2m", 120), ("450ms", 0), ("12.3s", 12)]
        {
            assert_eq!(elapsed(text), Some(seconds), "{text}");
        }
        for none in ["", "-", "01:02", "5x"] {
            assert_eq!(elapsed(none), None, "{none}");
        }
    }
}
