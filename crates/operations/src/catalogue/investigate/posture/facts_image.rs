//! The documents of images and networks: an inspection with what is computed from it.

use serde_json::{Value, json};

use super::{asked::Asked, facts::user, secret_looking::in_step};
use crate::run::objects::{items, own_name, text};

/// Before this, a time is no time: reproducible builds write 1970, 1980 or none.
const CREDIBLE: i64 = 1_000_000_000;
const DAY: i64 = 24 * 60 * 60;

/// The document of an image.
pub(super) fn image(image: &Value, asked: &Asked, now: i64) -> Value {
    let id = text(image, "Id");
    let mut document = image.clone();
    let tags: Vec<&str> =
        items(&image["RepoTags"]).filter_map(Value::as_str).filter(|tag| *tag != "<none>:<none>").collect();
    let users: Vec<&Value> =
        items(&asked.listed).filter(|container| text(container, "ImageID") == id).collect();
    let used_by: Vec<String> = users
        .iter()
        .map(|container| format!("{} ({})", own_name(container), text(container, "Image")))
        .collect();
    let by_tag = |container: &&&Value| {
        let name = text(container, "Image");
        !name.contains("@sha256:") && !name.starts_with("sha256:") && !is_id(name)
    };
    let used_by_tag: Vec<String> = users
        .iter()
        .filter(by_tag)
        .map(|container| format!("{} ({})", own_name(container), text(container, "Image")))
        .collect();
    let without_tag: Vec<&str> = users
        .iter()
        .filter(by_tag)
        .map(|container| text(container, "Image"))
        .filter(|name| tag(name).is_none())
        .collect();
    let history = asked.histories.get(id).map(history);
    let is_here_only = items(&image["RepoDigests"]).next().is_none();
    let created = text(image, "Created").parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second);
    let age = created.filter(|created| *created > CREDIBLE).map(|created| (now - created).max(0) / DAY);
    document["facts"] = json!({
        "runs_as": [{"name": user(text(&image["Config"], "User")), "field": "Config.User", "value": image["Config"]["User"]}],
        "tags": tags.iter().filter_map(|name| tag(name)).collect::<Vec<_>>(),
        "used_without_tag": without_tag,
        "used_by": used_by,
        "used_by_tag": used_by_tag,
        "age_days": age,
        "api_minor": asked.api_minor(),
        "history": history,
        "built_here": if is_here_only { built_here(image, asked.histories.get(id)) } else { Vec::new() },
    });
    document["refused"] = asked.refusals();
    document
}

/// The document of a network.
pub(super) fn network(network: &Value, asked: &Asked) -> Value {
    let mut document = network.clone();
    let same = items(&asked.networks).filter(|other| other["Name"] == network["Name"]).count();
    document["facts"] = json!({"same_name": same});
    document["refused"] = asked.refusals();
    document
}

/// The tag of a name; none, where it has none or a digest in its place.
fn tag(name: &str) -> Option<&str> {
    let name = name.split('@').next().unwrap_or_default();
    let last = name.rsplit('/').next().unwrap_or_default();
    last.split_once(':').map(|(_, tag)| tag)
}

fn is_id(name: &str) -> bool {
    name.len() >= 12 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What each build step does that a check asks about; never its text.
fn history(history: &Value) -> Vec<Value> {
    let steps: Vec<&Value> = items(history).collect();
    let count = steps.len();
    let told = steps.iter().enumerate().map(|(at, step)| {
        let by = text(step, "CreatedBy");
        json!({
            "has_secret": in_step(by),
            "adds_remote": adds_remote(by),
            "updates_alone": updates_alone(by),
            "pipes_to_shell": pipes_to_shell(by),
            "field": format!("history[{at}].CreatedBy"),
            "value": format!("step {} of {count} (its text is not shown)", count - at),
        })
    });
    told.collect()
}

fn built_here(image: &Value, history: Option<&Value>) -> Vec<Value> {
    let history: Vec<&Value> = history.into_iter().flat_map(items).collect();
    let told =
        |why: &str, field: &str, value: &str| vec![json!({"why": why, "field": field, "value": value})];
    let last = history.first().map_or("", |step| text(step, "CreatedBy"));
    let comment = history.first().map_or("", |step| text(step, "Comment"));
    let is_build = history.iter().any(|step| {
        text(step, "CreatedBy").contains("#(nop)") || text(step, "Comment").starts_with("buildkit")
    });
    if comment.starts_with("Imported from") {
        return told("imported", "history[0].Comment", "Imported");
    }
    if !text(image, "Parent").is_empty() {
        return told("parent", "Parent", text(image, "Parent"));
    }
    match (is_build, last.is_empty()) {
        (true, _) => told("built", "RepoDigests", "none, and its history is that of a build"),
        (false, false) => {
            told("committed", "RepoDigests", "none, and its last step is a container's command")
        }
        (false, true) => Vec::new(),
    }
}

fn adds_remote(step: &str) -> bool {
    let instruction = step.rsplit_once("#(nop)").map_or(step, |(_, instruction)| instruction).trim();
    let Some(sources) = instruction.strip_prefix("ADD ") else { return false };
    ["http://", "https://", "git@", "ftp://"].iter().any(|scheme| sources.contains(scheme))
}

fn updates_alone(step: &str) -> bool {
    const UPDATES: [&str; 6] =
        ["apt-get update", "apt update", "apk update", "yum update", "yum makecache", "dnf makecache"];
    const GOES_ON: [&str; 4] = [" install", " add ", " upgrade", "localinstall"];
    UPDATES.iter().any(|update| step.contains(update)) && !GOES_ON.iter().any(|word| step.contains(word))
}

fn pipes_to_shell(step: &str) -> bool {
    let mut parts = step.split('|').map(str::trim);
    let mut downloads = false;
    parts.any(|part| {
        let mut words = part.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or_default());
        let runs = words.clone().find(|word| !matches!(*word, "sudo" | "env" | "-E"));
        let is_shell = matches!(
            runs,
            Some("sh" | "bash" | "ash" | "dash" | "zsh" | "python" | "python3" | "perl" | "node")
        );
        let is_found = downloads && is_shell;
        downloads = words.any(|word| word == "curl" || word == "wget");
        is_found
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_those_of_names() {
        for (name, expected) in [
            ("nginx", None),
            ("nginx:1.2", Some("1.2")),
            ("reg:5000/nginx", None),
            ("reg:5000/nginx:latest", Some("latest")),
            ("nginx@sha256:aa", None),
        ] {
            assert_eq!(tag(name), expected, "{name}");
        }
    }

    #[test]
    fn steps_are_read() {
        assert!(pipes_to_shell("RUN /bin/sh -c curl -fsSL https://e.org/x | sh"));
        assert!(pipes_to_shell("/bin/sh -c wget -O- http://e.org | sudo -E bash -"));
        assert!(!pipes_to_shell("/bin/sh -c curl -o x https://e.org && echo a | tr a b"));
        assert!(!pipes_to_shell("/bin/sh -c echo | sh"));
        assert!(updates_alone("/bin/sh -c apt-get update"));
        assert!(!updates_alone("/bin/sh -c apt-get update && apt-get install -y curl"));
        assert!(
            adds_remote("/bin/sh -c #(nop) ADD https://e.org/x /x")
                && adds_remote("ADD https://e.org/x /x # buildkit")
        );
        assert!(!adds_remote("/bin/sh -c #(nop) ADD file:abc in / "));
    }
}
