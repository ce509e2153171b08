//! The page's sections, but for what is unusual and what to do: what a container is, since when, what it may do, what it talks to,
//! and what it has changed. Short sentences, each with the field that says it.

use serde_json::Value;

use super::{
    gathered::Gathered,
    page::{Section, Sentence},
    unusual::{self, Telling},
};
use crate::{
    catalogue::{
        compose::{PROJECT, SERVICE, STACK},
        investigate::{
            attack::{self, technique},
            plain::{plain, short},
            posture::secret_looking::names_a_secret,
            related::{SWARM_SERVICE, SWARM_SERVICE_NAME, related, ties::Control},
        },
    },
    run::objects::{items, text},
};

/// No more of a kind are named in a sentence.
const MOST_NAMED: usize = 5;
/// And no more changed files in the section.
const MOST_FILES: usize = 8;
/// And no more failed checks.
const MOST_FINDINGS: usize = 8;

/// What it is.
pub(crate) fn what(found: &Gathered) -> Section {
    let (container, config) = (found.container(), &found.container()["Config"]);
    let name = text(container, "Name").trim_start_matches('/');
    let image = text(config, "Image");
    let mut told = vec![
        Sentence::new(
            &format!("Container {name} ({}) runs image {image}.", short(text(container, "Id"))),
            "Config.Image",
            image,
        )
        .and("Id", text(container, "Id")),
    ];
    let words: Vec<&str> = std::iter::once(text(container, "Path"))
        .chain(items(&container["Args"]).filter_map(Value::as_str))
        .collect();
    let command = found.masked.command(&words.join(" "));
    told.push(Sentence::new(
        &format!("Its main process is: {}", plain(&command, 200)),
        "Path, Args",
        &command,
    ));
    let labels = &config["Labels"];
    let label = |name: &str| Some(text(labels, name)).filter(|value| !value.is_empty());
    if let Some(project) = label(PROJECT) {
        let service = label(SERVICE).map_or(String::new(), |service| format!(", service {service}"));
        told.push(Sentence::new(
            &format!("It is part of Compose project {project}{service}."),
            &format!("label {PROJECT}"),
            project,
        ));
    }
    if let Some(service) = label(SWARM_SERVICE) {
        let name = label(SWARM_SERVICE_NAME).unwrap_or(service);
        told.push(
            Sentence::new(
                &format!("It is a task of Swarm service {name}: Swarm replaces it if it ends."),
                &format!("label {SWARM_SERVICE}"),
                service,
            )
            .and(&format!("label {SWARM_SERVICE_NAME}"), name),
        );
    }
    if let Some(stack) = label(STACK) {
        told.push(Sentence::new(&format!("It is part of stack {stack}."), &format!("label {STACK}"), stack));
    }
    let digests: Vec<&str> = items(&found.image["RepoDigests"]).filter_map(Value::as_str).collect();
    // Podman makes a digest for each image, wherever it came from.
    match digests.first().filter(|_| !found.is_podman) {
        None if found.is_podman => {}
        Some(digest) => told.push(Sentence::new(
            "Its image came from a registry, or was sent to one.",
            "image RepoDigests",
            digest,
        )),
        None if found.image.is_object() => told.push(
            Sentence::new(
                "Its image has no registry's digest: it was built, imported or loaded on this host.",
                "image RepoDigests",
                "",
            )
            .technique(attack::BUILD_IMAGE_ON_HOST),
        ),
        None => {}
    }
    Section { key: "what", title: "What it is", sentences: told }
}

/// Since when, and how it fares.
pub(crate) fn since(found: &Gathered) -> Section {
    let (container, state) = (found.container(), &found.container()["State"]);
    let created = text(container, "Created");
    let ago = |time: &str| ago(time, found.now).map_or_else(|| time.to_owned(), |ago| format!("{ago} ago"));
    let mut told = vec![Sentence::new(
        &format!("It was created at {} ({}).", shown(created), ago(created)),
        "Created",
        created,
    )];
    let (status, started) = (text(state, "Status"), text(state, "StartedAt"));
    let ended = text(state, "FinishedAt");
    told.push(match status {
        "running" => Sentence::new(
            &format!("It has run since {} ({}).", shown(started), ago(started)),
            "State.StartedAt",
            started,
        ),
        "paused" => Sentence::new(
            &format!("It is paused: its processes stand still. It was started {}.", ago(started)),
            "State.Status",
            status,
        ),
        "created" => Sentence::new("It has never run.", "State.Status", status),
        "restarting" => Sentence::new(
            "It ends again and again, and the engine starts it again each time.",
            "State.Status",
            status,
        ),
        _ => Sentence::new(
            &format!("It does not run. It ended {} with exit code {}.", ago(ended), state["ExitCode"]),
            "State.FinishedAt",
            ended,
        )
        .and("State.ExitCode", &state["ExitCode"].to_string()),
    });
    // Podman keeps an error of an earlier start.
    if let Some(error) = state["Error"].as_str().filter(|error| !error.is_empty() && status != "running") {
        told.push(Sentence::new(&format!("The engine says: {error}"), "State.Error", error));
    }
    if let Some(restarts) = container["RestartCount"].as_u64().filter(|restarts| *restarts > 0) {
        told.push(Sentence::new(
            &format!("The engine has started it again {restarts} times."),
            "RestartCount",
            &restarts.to_string(),
        ));
    }
    if let Some(health) = state["Health"]["Status"].as_str().filter(|health| !matches!(*health, "" | "none"))
    {
        told.push(Sentence::new(&format!("Its health check says {health}."), "State.Health.Status", health));
    }
    if let Some(undo) = &found.isolation {
        let record = undo.shown();
        let case = record["case_id"].as_str().filter(|case| !case.is_empty());
        let case = case.map_or(String::new(), |case| format!(", for case {case}"));
        told.push(Sentence::new(
            &format!("isolate_container isolated it {}{case}.", ago(undo.at())),
            "isolation record at",
            undo.at(),
        ));
    }
    Section { key: "since", title: "Since when", sentences: told }
}

/// What it may do: rights, settings and secrets.
pub(crate) fn rights(found: &Gathered) -> Section {
    let container = found.container();
    let (config, host) = (&container["Config"], &container["HostConfig"]);
    let mut told = Vec::new();
    let verdict = text(&found.posture, "escape");
    let why = text(&found.posture, "why");
    let by = text(&found.posture, "by");
    let field = "audit_posture containers.escape";
    match verdict {
        "certain" => told.push(
            Sentence::new(&format!("Anyone in it can take over the host. {why}"), field, verdict)
                .and("audit_posture containers.by", by)
                .technique(attack::ESCAPE_TO_HOST),
        ),
        "likely" => told.push(
            Sentence::new(&format!("Anyone in it can probably take over the host. {why}"), field, verdict)
                .and("audit_posture containers.by", by)
                .technique(attack::ESCAPE_TO_HOST),
        ),
        "" => {}
        _ => {
            told.push(Sentence::new(why, field, verdict));
        }
    }
    let user = text(config, "User");
    let is_root = matches!(user.split(':').next(), None | Some("" | "0" | "root"));
    told.push(match is_root {
        true => Sentence::new("Its main process is started as root.", "Config.User", user),
        false => Sentence::new(&format!("Its main process is started as user {user}."), "Config.User", user),
    });
    let failed = found.findings_of("critical").chain(found.findings_of("high"));
    let is_privileged = container["HostConfig"]["Privileged"] == true;
    // A privileged container has every capability.
    let failed =
        failed.filter(|finding| !(is_privileged && text(finding, "title").contains("has the capability")));
    for finding in failed.take(MOST_FINDINGS) {
        let title = text(finding, "title");
        let sentence = Sentence::new(
            &format!("A check failed ({}): {title}.", text(finding, "severity")),
            text(finding, "field"),
            text(finding, "value"),
        )
        .and("audit_posture check", text(finding, "check"));
        let known = text(finding, "attack").split(", ").find_map(technique);
        told.push(known.map_or(sentence.clone(), |technique| sentence.technique(technique)));
    }
    for mount in items(&container["Mounts"]).filter(|mount| mount["Type"] == "bind").take(MOST_NAMED) {
        let how = if mount["RW"] == true { "can change" } else { "can read" };
        let source = text(mount, "Source");
        told.push(Sentence::new(
            &format!("It {how} the host's {source}, as {}.", text(mount, "Destination")),
            "Mounts.Source",
            source,
        ));
    }
    let volumes: Vec<&str> = items(&container["Mounts"])
        .filter(|mount| mount["Type"] == "volume")
        .map(|mount| text(mount, "Name"))
        .collect();
    if !volumes.is_empty() {
        let what = format!("It keeps data in {}.", named("volume", &volumes));
        told.push(Sentence::new(&what, "Mounts.Name", &volumes.join(", ")));
    }
    let names: Vec<&str> = items(&config["Env"])
        .filter_map(Value::as_str)
        .map(|entry| entry.split('=').next().unwrap_or_default())
        .collect();
    let secret: Vec<&str> = names.iter().copied().filter(|name| names_a_secret(name)).collect();
    if !secret.is_empty() {
        let what =
            format!("Its environment seems to hold secrets: {}. Their values are not shown.", some(&secret));
        told.push(
            Sentence::new(&what, "Config.Env", &secret.join(", ")).technique(attack::UNSECURED_CREDENTIALS),
        );
    }
    let policy = text(&host["RestartPolicy"], "Name");
    if !matches!(policy, "" | "no") {
        told.push(
            Sentence::new(
                &format!("The engine starts it again if it ends (restart policy {policy})."),
                "HostConfig.RestartPolicy.Name",
                policy,
            )
            .technique(attack::CONTAINER_SERVICE),
        );
    }
    if host["AutoRemove"] == true {
        told.push(Sentence::new(
            "The engine removes it, and what it has changed, as soon as it ends.",
            "HostConfig.AutoRemove",
            "true",
        ));
    }
    Section { key: "rights", title: "What it may do", sentences: told }
}

/// What it talks to: networks, ports, and what it shares.
pub(crate) fn talks(found: &Gathered) -> Section {
    let (survey, container) = (&found.survey, found.container());
    let mode = text(&container["HostConfig"], "NetworkMode");
    let mut told = Vec::new();
    let places = survey.places(&survey.subject);
    match mode.split_once(':') {
        _ if mode == "host" => told.push(Sentence::new(
            "It uses the host's own network: it reaches all that the host reaches.",
            "HostConfig.NetworkMode",
            mode,
        )),
        Some(("container", other)) => {
            let other = survey.named(other).map_or(other, |seen| seen.name.as_str());
            told.push(Sentence::new(
                &format!("It uses the network of container {other}."),
                "HostConfig.NetworkMode",
                mode,
            ));
        }
        _ if places.is_empty() => {
            told.push(Sentence::new("It is in no network.", "NetworkSettings.Networks", "{}"));
        }
        _ => {}
    }
    let related = related(survey);
    for place in places.iter().take(MOST_NAMED) {
        let network = survey.network(&place.network);
        let name = network.map_or(place.network.as_str(), |network| network.name.as_str());
        let address = match place.addresses.join(", ") {
            addresses if addresses.is_empty() => "without an address now".to_owned(),
            addresses => format!("as {addresses}"),
        };
        let peers: Vec<&str> = survey
            .others
            .iter()
            .filter(|other| survey.places(other).iter().any(|at| at.network == place.network))
            .map(|other| other.name.as_str())
            .collect();
        let with = match peers.as_slice() {
            [] => "alone".to_owned(),
            peers => format!("with {}", named("container", peers)),
        };
        let inner = network.filter(|network| network.is_internal);
        let outside = if inner.is_some() { " The network has no way to the outside." } else { "" };
        told.push(
            Sentence::new(
                &format!("It is in network {name}, {address}, {with}.{outside}"),
                "NetworkSettings.Networks",
                name,
            )
            .and("network containers", &peers.join(", ")),
        );
    }
    // The same port of the host's other family of addresses says nothing new.
    let ports = &survey.subject.ports;
    let is_twin = |port: &str| {
        port.strip_prefix("[::]:")
            .is_some_and(|rest| ports.iter().any(|other| *other == format!("0.0.0.0:{rest}")))
    };
    for port in ports.iter().filter(|port| !is_twin(port)).take(MOST_NAMED) {
        let is_local = port.starts_with("127.") || port.starts_with("[::1]");
        let to = if is_local { "to the host itself" } else { "to the host's networks" };
        let sentence = Sentence::new(
            &format!("The host publishes it {to}: {port}."),
            "HostConfig.PortBindings, Ports",
            port,
        );
        told.push(if is_local { sentence } else { sentence.technique(attack::EXTERNAL_REMOTE_SERVICES) });
    }
    if survey.subject.ports.is_empty() && mode != "host" {
        told.push(Sentence::new("It publishes no port on the host.", "HostConfig.PortBindings", "{}"));
    }
    let of = |wanted: Control| {
        let containers = related.iter().filter(|thing| thing.kind == "container");
        let matching =
            containers.filter(|thing| thing.control() == wanted || thing.control() == Control::Both);
        matching.map(|thing| thing.name.as_str()).collect::<Vec<_>>()
    };
    let (over, under) = (of(Control::Controls), of(Control::ControlledBy));
    if !over.is_empty() {
        let what = format!("It can control or alter {}.", named("container", &over));
        told.push(Sentence::new(&what, "find_related control", &over.join(", ")));
    }
    if !under.is_empty() {
        let what = format!("It can be controlled or altered by {}.", named("container", &under));
        told.push(Sentence::new(&what, "find_related control", &under.join(", ")));
    }
    Section { key: "talks_to", title: "What it talks to", sentences: told }
}

/// What it has changed.
pub(crate) fn changed(found: &Gathered) -> Section {
    let changes = &found.changes;
    let count = |wanted: i64| changes.iter().filter(|(_, kind)| *kind == wanted).count();
    let (altered, added, deleted) = (count(0), count(1), count(2));
    let mut told = vec![match changes.len() {
        0 => Sentence::new("No file differs from its image, as far as the engine sees.", "changes", "0"),
        all => Sentence::new(
            &format!("{} from its image: {added} added, {altered} changed, {deleted} deleted.", differ(all)),
            "changes",
            &all.to_string(),
        ),
    }];
    let mut telling: Vec<(Telling, &str, i64)> = changes
        .iter()
        .filter_map(|(path, kind)| Some((unusual::change(path, *kind)?, path.as_str(), *kind)))
        .collect();
    telling.sort_by_key(|(telling, _, _)| telling.rank);
    let more = telling.len().saturating_sub(MOST_FILES);
    for (telling, path, kind) in telling.into_iter().take(MOST_FILES) {
        let how = match kind {
            0 => "was changed",
            1 => "was added",
            _ => "was deleted",
        };
        let what = match telling.what {
            what if what.starts_with("was ") => format!("File {path} {what}."),
            what => format!("File {path} {how}: it {what}."),
        };
        let sentence = Sentence::new(&what, "changes", path);
        told.push(match telling.technique {
            Some(technique) => sentence.technique(technique),
            None => sentence,
        });
    }
    if more > 0 {
        let what = format!("{more} more such files: container_changes lists them.");
        told.push(Sentence::new(&what, "changes", &more.to_string()));
    }
    Section { key: "changed", title: "What it has changed", sentences: told }
}

fn differ(count: usize) -> String {
    if count == 1 { "1 file differs".into() } else { format!("{count} files differ") }
}

/// `container db`, or `3 containers: a, b, c`.
pub(super) fn named(what: &str, names: &[&str]) -> String {
    match names {
        [name] => format!("{what} {name}"),
        names => format!("{} {what}s: {}", names.len(), some(names)),
    }
}

/// The first of many names.
fn some(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(MOST_NAMED).map(|name| plain(name, 60)).collect();
    let more = names.len().saturating_sub(MOST_NAMED);
    let shown = shown.join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// How long ago a time was, in words.
pub(super) fn ago(time: &str, now: i64) -> Option<String> {
    let time: jiff::Timestamp = time.parse().ok()?;
    let seconds = (i128::from(now) - time.as_nanosecond()) / 1_000_000_000;
    let unit = |count: i128, unit: &str| match count {
        1 => format!("1 {unit}"),
        count => format!("{count} {unit}s"),
    };
    Some(match seconds.max(0) {
        seconds @ 0..=119 => unit(seconds, "second"),
        seconds @ 120..=7199 => unit(seconds / 60, "minute"),
        seconds @ 7200..=172_799 => unit(seconds / 3600, "hour"),
        seconds => unit(seconds / 86_400, "day"),
    })
}

/// A time to the second.
fn shown(time: &str) -> String {
    let parsed: Option<jiff::Timestamp> = time.parse().ok();
    parsed.map_or_else(|| time.to_owned(), |time| format!("{time:.0}").replace('T', " ").replace('Z', " UTC"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_names_in_words() {
        let now = 1_700_000_000_000_000_000;
        for (seconds, words) in
            [(1, "1 second"), (180, "3 minutes"), (86_400, "24 hours"), (864_000, "10 days")]
        {
            let time = jiff::Timestamp::from_second(1_700_000_000 - seconds).unwrap().to_string();
            assert_eq!(ago(&time, now).as_deref(), Some(words));
        }
        assert_eq!(shown("2026-11-27T09:36:18.222479447Z"), "2026-11-27 09:36:18 UTC");
        assert_eq!(named("container", &["a"]), "container a");
        assert_eq!(named("container", &["a", "b"]), "2 containers: a, b");
        assert_eq!(some(&["a", "b", "c", "d", "e", "f"]), "a, b, c, d, e and 1 more");
    }
}
