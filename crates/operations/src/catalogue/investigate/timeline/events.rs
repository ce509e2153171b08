//! What the engine's events say of a container, in words. The engine keeps its last 256 events of all kinds.

use std::collections::BTreeMap;

use serde_json::Value;

use super::entry::{Entry, Moment, utc};
use crate::{
    catalogue::{
        investigate::attack::{self, Technique},
        system::events::clock::Point,
    },
    run::objects::{items, text},
};

const SOURCE: &str = "events";

/// The container that events are looked through for.
pub(crate) struct Wanted<'w> {
    pub(crate) id: &'w str,
    /// `GET /containers/{id}/json`; null where the container is gone.
    pub(crate) container: &'w Value,
}

/// The ids of all containers that events say had this name, or whose id begins so: the latest last.
pub(crate) fn ids_of(named: &str, events: &[Value]) -> Vec<String> {
    let named = named.trim_start_matches('/');
    let is_id = named.len() >= 4 && named.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut ids: Vec<String> = Vec::new();
    for event in events.iter().filter(|event| event["Type"] == "container") {
        let (id, attributes) = (text(&event["Actor"], "ID"), &event["Actor"]["Attributes"]);
        let fits = attributes["name"] == named
            || text(attributes, "oldName").trim_start_matches('/') == named
            || is_id && id.starts_with(named);
        if fits && !id.is_empty() {
            ids.retain(|known| known != id);
            ids.push(id.to_owned());
        }
    }
    ids
}

/// The name and the image that events give a container.
pub(crate) fn described(id: &str, events: &[Value]) -> (String, String) {
    let of_it =
        events.iter().rev().filter(|event| event["Type"] == "container" && event["Actor"]["ID"] == id);
    let mut attributes = of_it.map(|event| &event["Actor"]["Attributes"]);
    attributes.next().map_or_else(Default::default, |attributes| {
        (text(attributes, "name").to_owned(), text(attributes, "image").to_owned())
    })
}

/// The entries that events make.
pub(crate) fn entries(wanted: &Wanted<'_>, events: &[Value]) -> Vec<Entry> {
    let commands = commands(wanted, events);
    let health = health_check(wanted.container);
    let is_check = |event: &Value| {
        let exec = text(&event["Actor"]["Attributes"], "execID");
        let command = commands.get(exec).copied().unwrap_or_default();
        event["Actor"]["ID"] == wanted.id && !command.is_empty() && health.as_deref() == Some(command)
    };
    let mut entries = Vec::new();
    let mut checks: Vec<i64> = Vec::new();
    for event in events.iter().filter(|event| concerns(wanted, event)) {
        let Some(at) = Point::of_event(event).map(Point::nanoseconds) else { continue };
        if is_check(event) {
            checks.push(at);
        } else {
            entries.push(told(event, Moment::nanoseconds(at), &commands));
        }
    }
    if let (Some(first), Some(last)) = (checks.first(), checks.last()) {
        let command = health.unwrap_or_default();
        let what =
            format!("Its health check ran until {}: {} events of it are left out.", utc(*last), checks.len());
        let moment = Moment::nanoseconds(*first);
        entries.push(Entry::new(moment, SOURCE, "health_check", &what, "Config.Healthcheck.Test", &command));
    }
    entries
}

/// The commands that somebody ran in a container by the API, in order; those of its health check are none of them.
pub(crate) fn exec_commands(id: &str, container: &Value, events: &[Value]) -> Vec<String> {
    let health = health_check(container);
    let of = |event: &Value| {
        // Its health check may be the command, where it has one.
        if action(event) == "exec" && event["Actor"]["ID"] == id && health.is_none() {
            return Some("(Podman does not tell which)".to_owned());
        }
        let (action, command) = action(event).split_once(':')?;
        let command = command.trim();
        let is_one =
            action == "exec_create" && event["Actor"]["ID"] == id && health.as_deref() != Some(command);
        is_one.then(|| command.to_owned())
    };
    events.iter().filter_map(of).collect()
}

/// The command of the container's health check, as events write it.
fn health_check(container: &Value) -> Option<String> {
    let config = &container["Config"];
    let test: Vec<&str> = items(&config["Healthcheck"]["Test"]).filter_map(Value::as_str).collect();
    match test.split_first()? {
        (&"CMD", words) => Some(words.join(" ")),
        (&"CMD-SHELL", words) => {
            let shell: Vec<&str> = items(&config["Shell"]).filter_map(Value::as_str).collect();
            let shell = if shell.is_empty() { "/bin/sh -c".to_owned() } else { shell.join(" ") };
            Some(format!("{shell} {}", words.join(" ")))
        }
        _ => None,
    }
}

/// The command of each exec, by its id: only the first event of one tells it.
fn commands<'e>(wanted: &Wanted<'_>, events: &'e [Value]) -> BTreeMap<&'e str, &'e str> {
    let of = |event: &'e Value| {
        let (action, command) = action(event).split_once(':')?;
        let exec = text(&event["Actor"]["Attributes"], "execID");
        (action.starts_with("exec_") && event["Actor"]["ID"] == wanted.id).then(|| (exec, command.trim()))
    };
    events.iter().filter_map(of).collect()
}

/// What was done. Old clients' `status` says the same.
fn action(event: &Value) -> &str {
    event["Action"].as_str().unwrap_or_else(|| text(event, "status"))
}

fn concerns(wanted: &Wanted<'_>, event: &Value) -> bool {
    let (id, attributes) = (text(&event["Actor"], "ID"), &event["Actor"]["Attributes"]);
    let container = wanted.container;
    let is_named = |named: &Value| !id.is_empty() && (*named == id || *named == attributes["name"]);
    match text(event, "Type") {
        "container" => id == wanted.id,
        "network" => {
            let mut places = container["NetworkSettings"]["Networks"].as_object().into_iter().flatten();
            attributes["container"] == wanted.id
                || matches!(action(event), "create" | "destroy" | "remove")
                    && places.any(|(_, place)| place["NetworkID"] == id)
        }
        "volume" => {
            attributes["container"] == wanted.id
                || matches!(action(event), "create" | "destroy" | "remove")
                    && items(&container["Mounts"]).any(|mount| mount["Name"] == id)
        }
        "image" => is_named(&container["Config"]["Image"]) || is_named(&container["Image"]),
        "daemon" => true,
        _ => false,
    }
}

/// An event in words.
fn told(event: &Value, moment: Moment, commands: &BTreeMap<&str, &str>) -> Entry {
    let of = text(event, "Type");
    let attributes = &event["Actor"]["Attributes"];
    let (verb, rest) =
        action(event).split_once(':').map_or((action(event), ""), |(verb, rest)| (verb, rest.trim()));
    let name = |field: &str| match text(attributes, field) {
        "" => text(&event["Actor"], "ID"),
        name => name,
    };
    let exec = || match commands.get(text(attributes, "execID")) {
        Some(command) => format!("command {command:?}"),
        None => "a command".to_owned(),
    };
    let code = || match text(attributes, "exitCode") {
        "" => "ended".to_owned(),
        code => format!("ended with exit code {code}"),
    };
    let (kind, what, technique): (&'static str, String, Option<Technique>) = match (of, verb) {
        ("container", "create") => (
            "created",
            format!("Somebody created the container from image {}.", text(attributes, "image")),
            Some(attack::DEPLOY_CONTAINER),
        ),
        ("container", "start" | "init") => ("started", "The container started.".into(), None),
        ("container", "die" | "died") => {
            let code = attributes["exitCode"].as_str().or(attributes["containerExitCode"].as_str());
            let code = code.map_or(String::new(), |code| format!(" with exit code {code}"));
            ("ended", format!("Its main process ended{code}."), None)
        }
        ("container", "stop") => ("stopped", "The container was stopped.".into(), None),
        ("container", "kill") => {
            ("signal", format!("Signal {} was sent to it.", text(attributes, "signal")), None)
        }
        ("container", "restart") => ("restarted", "The container was restarted.".into(), None),
        ("container", "pause") => ("paused", "The container was paused.".into(), None),
        ("container", "unpause") => ("unpaused", "The container was unpaused.".into(), None),
        ("container", "oom") => ("out_of_memory", "A process ran out of memory and was killed.".into(), None),
        ("container", "rename") => {
            let from = text(attributes, "oldName").trim_start_matches('/');
            ("renamed", format!("It was renamed from {from} to {}.", text(attributes, "name")), None)
        }
        ("container", "update") => ("updated", "Its limits or its restart policy were changed.".into(), None),
        ("container", "destroy" | "remove") => ("removed", "The container was removed.".into(), None),
        ("container", "attach") => (
            "attached",
            "Somebody attached to its main process.".into(),
            Some(attack::CONTAINER_ADMINISTRATION_COMMAND),
        ),
        ("container", "exec_create") => (
            "exec",
            format!("Somebody prepared {} to run in it.", exec()),
            Some(attack::CONTAINER_ADMINISTRATION_COMMAND),
        ),
        ("container", "exec_start" | "exec") => (
            "exec",
            format!("{} started in it.", capitalized(&exec())),
            Some(attack::CONTAINER_ADMINISTRATION_COMMAND),
        ),
        ("container", "exec_die" | "exec_died") => {
            ("exec", format!("{} {}.", capitalized(&exec()), code()), None)
        }
        ("container", "health_status") => {
            ("health", format!("Its health became {}.", or(rest, text(attributes, "health_status"))), None)
        }
        ("container", "commit") => (
            "committed",
            "Somebody made an image of its file system.".into(),
            Some(attack::IMPLANT_INTERNAL_IMAGE),
        ),
        ("container", "export") => ("read", "Somebody exported its file system.".into(), None),
        ("container", "archive-path") => ("read", "Somebody copied files out of it.".into(), None),
        ("container", "extract-to-dir") => {
            ("written", "Somebody copied files into it.".into(), Some(attack::INGRESS_TOOL_TRANSFER))
        }
        ("container", "top") => ("read", "Somebody listed its processes.".into(), None),
        ("network", "connect") => ("network", format!("It was connected to network {}.", name("name")), None),
        ("network", "disconnect") => {
            ("network", format!("It was disconnected from network {}.", name("name")), None)
        }
        ("network", "create") => ("network", format!("Network {} was created.", name("name")), None),
        ("network", verb) => ("network", format!("Network {}: {verb}.", name("name")), None),
        ("volume", "mount") => {
            let how = if attributes["read/write"] == "false" { " to read" } else { "" };
            ("volume", format!("Volume {} was mounted{how}.", name("name")), None)
        }
        ("volume", "unmount") => ("volume", format!("Volume {} was unmounted.", name("name")), None),
        // The engine also writes this where the volume is there already.
        ("volume", "create") => {
            ("volume", format!("The engine was asked to create volume {}.", name("name")), None)
        }
        ("volume", verb) => ("volume", format!("Volume {}: {verb}.", name("name")), None),
        ("image", verb) => ("image", format!("Image {}: {verb}.", name("name")), None),
        ("daemon", verb) => ("engine", format!("The engine itself: {verb}."), None),
        (_, verb) => ("other", format!("The engine notes: {verb}."), None),
    };
    let field = format!("GET /events: {of}");
    Entry::new(moment, SOURCE, kind, &what, &field, action(event)).technique(technique)
}

fn or<'t>(one: &'t str, other: &'t str) -> &'t str {
    if one.is_empty() { other } else { one }
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(at: i64, action: &str, exec: &str) -> Value {
        json!({"Type": "container", "Action": action, "timeNano": at,
            "Actor": {"ID": "c1", "Attributes": {"name": "web", "execID": exec, "exitCode": "0"}}})
    }

    #[test]
    fn health_checks_are_one_entry_and_other_commands_their_own() {
        let container = json!({"Config": {"Healthcheck": {"Test": ["CMD", "true"]}}});
        let events = [
            event(1, "exec_create: true", "a"),
            event(2, "exec_start: true", "a"),
            event(3, "exec_die", "a"),
            event(4, "exec_create: sh -c id", "b"),
            event(5, "exec_die", "b"),
            event(6, "exec_die", "forgotten"),
        ];
        let made = entries(&Wanted { id: "c1", container: &container }, &events);
        let told: Vec<&str> = made.iter().map(|entry| entry.what.as_str()).collect();
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told[0].contains("\"sh -c id\" to run"), "{told:?}");
        assert_eq!(told[1], "Command \"sh -c id\" ended with exit code 0.");
        assert_eq!(told[2], "A command ended with exit code 0.");
        assert!(told[3].contains("3 events"), "{told:?}");
    }

    #[test]
    fn the_latest_of_a_name_counts() {
        let other = |id: &str, name: &str| json!({"Type": "container", "Actor": {"ID": id, "Attributes": {"name": name}}});
        let events =
            [other("abcd1", "web"), other("abcd2", "web"), other("abcd1", "web"), other("ffff", "db")];
        assert_eq!(ids_of("/web", &events), ["abcd2", "abcd1"]);
        assert_eq!(ids_of("abcd2", &events), ["abcd2"]);
        assert_eq!(ids_of("ab", &events), Vec::<String>::new());
    }
}
