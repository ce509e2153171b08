//! `page.json`: what the local host's page needs of each operation beyond `info.json`, which FortiSOAR shows. FortiSOAR never
//! reads it.

use operations::{AccessLevel, Effect, Group, Operation, Place};
use serde_json::{Map, Value, json};

/// What Docker's command line, a shell and a responder call an operation, where its title says something else.
const WORDS: &[(&str, &[&str])] = &[
    ("list_containers", &["ps", "ls", "docker ps"]),
    ("list_processes", &["top", "ps", "pstree"]),
    ("container_stats", &["docker stats", "cpu", "memory", "htop", "top"]),
    ("exec_container", &["shell", "sh", "bash", "run command", "terminal"]),
    ("run_container", &["docker run", "shell"]),
    ("remove_container", &["rm", "delete"]),
    ("remove_image", &["rmi", "delete image"]),
    ("remove_network", &["rm", "delete"]),
    ("remove_volume", &["rm", "delete"]),
    ("kill_container", &["kill", "signal", "sigkill"]),
    ("stop_container", &["halt", "shutdown"]),
    ("pause_container", &["freeze", "suspend"]),
    ("unpause_container", &["resume", "thaw"]),
    ("isolate_container", &["quarantine", "contain", "cut off"]),
    ("release_container", &["unquarantine", "undo isolation"]),
    ("list_isolated", &["quarantined"]),
    ("collect_evidence", &["forensics", "snapshot", "acquire"]),
    ("container_logs", &["tail", "cat log", "docker logs"]),
    ("container_changes", &["diff", "docker diff"]),
    ("copy_from_container", &["cp", "download", "get file"]),
    ("copy_to_container", &["cp", "upload", "put file"]),
    ("inspect_container", &["details", "show"]),
    ("system_df", &["df", "disk", "du", "space"]),
    ("system_events", &["watch", "monitor", "docker events"]),
    ("prune_containers", &["clean", "cleanup"]),
    ("prune_images", &["clean", "cleanup"]),
    ("prune_volumes", &["clean", "cleanup"]),
    ("prune_networks", &["clean", "cleanup"]),
    ("prune_build_cache", &["clean", "cleanup"]),
    ("pull_image", &["download image", "import", "docker pull"]),
    ("build_image", &["dockerfile", "docker build"]),
    ("image_history", &["layers"]),
    ("list_images", &["docker images"]),
    ("list_projects", &["compose", "docker compose ls"]),
    ("get_info", &["uname", "docker info"]),
    ("disconnect_network", &["unplug", "cut off"]),
];
/// Fields that few calls set, on whatever form they are.
const RARE: &[&str] = &[
    "fields",
    "max_items",
    "redact",
    "override_protection",
    "override_isolation",
    "disable_restart",
    "max_size",
];
/// Fields that belong to one of several ways to do an operation, which its form keeps apart: `(operation, ways)`.
const WAYS: &[(&str, &[Way])] = &[(
    "pull_image",
    &[
        ("Pull from a registry", &["fromSrc", "repo", "message", "changes", "attachment"]),
        ("Import a file system", &["fromImage", "all_tags", "registry_username", "registry_password"]),
    ],
)];
/// A way's title, and the fields that are not of it.
type Way = (&'static str, &'static [&'static str]);

/// The whole file.
pub(crate) fn page() -> Value {
    let operations: Map<String, Value> = operations::groups()
        .flat_map(|group| {
            group.shown().map(move |operation| (operation.name.to_owned(), entry(group, operation)))
        })
        .collect();
    json!({
        "operations": operations,
        "access": {
            "field": "access_level",
            "only": "allowed_operations",
            "allows": AccessLevel::ALL.iter().copied().map(allowed).collect::<Map<_, _>>(),
        },
    })
}

fn allowed(level: AccessLevel) -> (String, Value) {
    let allowed = Effect::ALL.iter().filter(|effect| level.allows(**effect));
    (level.title().to_owned(), allowed.map(|effect| Value::from(effect.as_str())).collect())
}

fn entry(group: &Group, operation: &Operation) -> Value {
    let rare = operation
        .params
        .iter()
        .filter(|param| !param.required && (RARE.contains(&param.name) || param.place == Place::Merged))
        .map(|param| Value::from(param.name));
    let mut entry = Map::from_iter([
        ("group".to_owned(), group.title.into()),
        ("view".to_owned(), operation.view().as_str().into()),
        ("effect".to_owned(), operation.effect.as_str().into()),
        ("rare".to_owned(), rare.collect()),
    ]);
    let files: Vec<Value> =
        operation.params.iter().filter(|param| param.names_a_file).map(|param| param.name.into()).collect();
    if !files.is_empty() {
        entry.insert("files".to_owned(), files.into());
    }
    let words = WORDS.iter().filter(|(name, _)| *name == operation.name).flat_map(|(_, words)| *words);
    let words: Vec<Value> = words.map(|word| Value::from(*word)).collect();
    if !words.is_empty() {
        entry.insert("words".to_owned(), words.into());
    }
    if let Some((_, ways)) = WAYS.iter().find(|(name, _)| *name == operation.name) {
        let way = |(title, without): &Way| json!({"title": title, "without": without});
        entry.insert("ways".to_owned(), ways.iter().map(way).collect());
    }
    if let Some(table) = operation.table {
        entry.insert("table".to_owned(), json!({"rows": table.rows, "columns": table.columns}));
    }
    if operation.is_offline() {
        entry.insert("offline".to_owned(), true.into());
    }
    entry.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_that_people_see_is_in_it() {
        let page = page();
        for operation in operations::shown() {
            let entry = &page["operations"][operation.name];
            assert_eq!(entry["effect"], operation.effect.as_str(), "{}", operation.name);
            assert!(entry["group"].is_string() && entry["view"].is_string(), "{}", operation.name);
        }
        assert_eq!(page["access"]["allows"]["Respond"], json!(["read", "contain"]));
        assert_eq!(page["access"]["allows"]["Read Only"], json!(["read"]));
    }

    #[test]
    fn names_in_its_tables_are_names_of_the_catalogue() {
        for (name, words) in WORDS {
            assert!(operations::find(name).is_some_and(|operation| operation.visible), "{name}");
            assert!(!words.is_empty(), "{name}");
        }
        for (name, ways) in WAYS {
            let operation = operations::find(name).unwrap();
            for field in ways.iter().flat_map(|(_, fields)| *fields) {
                assert!(operation.param(field).is_some(), "{name}.{field}");
            }
        }
        let has = |name: &&&str| operations::operations().any(|operation| operation.param(name).is_some());
        assert_eq!(RARE.iter().filter(|name| !has(name)).count(), 0);
    }
}
