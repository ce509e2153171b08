//! The skeletons of results that are not the engine's own answer: what the functions of operations make.
//!
//! Whoever adds an operation with a function adds its row here. A test asks for it.

use serde_json::{Map, Value, json};

use crate::schema::endpoint;

/// An operation's name, and a skeleton.
type Row = (&'static str, fn() -> Value);

/// A result that is another where a parameter is set so.
pub(crate) struct Alternative {
    operation: &'static str,
    /// The parameter's name.
    pub(crate) param: &'static str,
    /// The option that is chosen; `true` of a flag.
    pub(crate) option: &'static str,
    /// What the result is then.
    pub(crate) skeleton: fn() -> Value,
}

impl Alternative {
    const fn new(
        operation: &'static str,
        param: &'static str,
        option: &'static str,
        skeleton: fn() -> Value,
    ) -> Self {
        Self { operation, param, option, skeleton }
    }
}

/// Results that are made of the engine's answers.
const MADE: &[Row] = &[
    ("ping", ping),
    ("system_events", events),
    ("stop_container", contained),
    ("kill_container", contained),
    ("restart_container", settled),
    ("pause_container", settled),
    ("unpause_container", settled),
    ("create_container", || endpoint("POST /containers/create")),
    ("container_wait", || {
        joined(&[endpoint("POST /containers/{id}/wait"), json!({"timed_out": "", "state": ""})])
    }),
    ("wait_for_state", || {
        joined(&[settled(), json!({"health": "", "exit_code": "", "health_output": "", "timed_out": ""})])
    }),
    ("container_stats", || joined(&[endpoint("GET /containers/{id}/stats"), computed()])),
    ("prune_containers", || endpoint("POST /containers/prune")),
    ("prune_images", || endpoint("POST /images/prune")),
    ("prune_networks", || endpoint("POST /networks/prune")),
    ("prune_volumes", || endpoint("POST /volumes/prune")),
    ("prune_build_cache", || endpoint("POST /build/prune")),
    ("run_container", || joined(&[ended(), json!({"out_of_memory": "", "warnings": [""]}), captured()])),
    ("exec_container", || joined(&[ended(), json!({"exec_id": "", "running": ""}), captured()])),
    ("container_logs", captured),
    ("container_attach", captured),
    ("stat_path", stat),
    ("container_export", attachment),
    ("copy_from_container", || joined(&[attachment(), json!({"stat": stat()})])),
    ("copy_to_container", || joined(&[done(), json!({"size": "", "sha256": ""})])),
    ("tag_image", || joined(&[done(), json!({"name": ""})])),
    ("save_images", || joined(&[attachment(), json!({"images": [""]})])),
    ("load_images", load),
    ("search_images", || endpoint("GET /images/search")),
    ("inspect_distribution", || endpoint("GET /distribution/{name}/json")),
    ("check_registry_credentials", || json!({"result": "", "registry": "", "username": "", "outcome": ""})),
    ("pull_image", || joined(&[json!({"image": "", "id": "", "digest": ""}), moved()])),
    ("push_image", || joined(&[json!({"image": "", "digest": ""}), moved()])),
    ("build_image", build),
    ("create_network", || endpoint("POST /networks/create")),
    ("connect_network", done),
    ("disconnect_network", done),
    ("list_volumes", || endpoint("GET /volumes")),
    ("pick_container", picked),
    ("pick_image", picked),
    ("pick_network", picked),
    ("pick_volume", picked),
    ("call_api", || json!({"status_code": "", "content_type": "", "body": {}, "timed_out": ""})),
];

/// Results that are others where a parameter is set so.
const WHERE: &[Alternative] = &[
    Alternative::new("exec_container", "Detach", "true", || joined(&[done(), json!({"exec_id": ""})])),
    Alternative::new("container_logs", "timestamps", "true", || {
        joined(&[captured(), json!({"lines": [{"stream": "", "time": "", "text": ""}]})])
    }),
    Alternative::new(
        "copy_from_container",
        "output",
        "Text",
        || json!({"size": "", "content": "", "stat": stat()}),
    ),
    Alternative::new("pull_image", "all_tags", "true", || {
        joined(&[json!({"image": "", "tags": [""]}), moved()])
    }),
    Alternative::new("push_image", "all_tags", "true", || {
        joined(&[json!({"image": "", "tags": [{"tag": "", "digest": ""}]}), moved()])
    }),
    Alternative::new("call_api", "output", "Attachment", || {
        joined(&[attachment(), json!({"status_code": "", "content_type": ""})])
    }),
    Alternative::new("prune_containers", "dry_run", "true", || pruned("POST /containers/prune")),
    Alternative::new("prune_images", "dry_run", "true", || pruned("POST /images/prune")),
    Alternative::new("prune_networks", "dry_run", "true", || pruned("POST /networks/prune")),
    Alternative::new("prune_volumes", "dry_run", "true", || pruned("POST /volumes/prune")),
    Alternative::new("prune_build_cache", "dry_run", "true", || pruned("POST /build/prune")),
    Alternative::new("remove_container", "dry_run", "true", || {
        joined(&[preview(), json!({"name": "", "state": "", "image": "", "volumes": [""]})])
    }),
    Alternative::new("remove_image", "dry_run", "true", || {
        joined(&[preview(), json!({"image_id": "", "tags": [""], "size": "", "containers": [""]})])
    }),
    Alternative::new("remove_network", "dry_run", "true", || {
        joined(&[preview(), json!({"name": "", "driver": "", "containers": [""]})])
    }),
    Alternative::new("remove_volume", "dry_run", "true", || {
        joined(&[preview(), json!({"driver": "", "mountpoint": "", "containers": [""]})])
    }),
];

/// What an operation's function makes.
pub(crate) fn made(operation: &str) -> Option<Value> {
    MADE.iter().find(|(name, _)| *name == operation).map(|(_, skeleton)| skeleton())
}

/// The other results that an operation may have.
pub(crate) fn alternatives(operation: &str) -> impl Iterator<Item = &'static Alternative> {
    WHERE.iter().filter(move |alternative| alternative.operation == operation)
}

/// What a form offers.
fn picked() -> Value {
    json!([{"title": "", "value": ""}])
}

/// What says that something was done, and to what.
pub(crate) fn done() -> Value {
    json!({"result": "", "id": "", "outcome": ""})
}

fn joined(parts: &[Value]) -> Value {
    let fields = parts.iter().filter_map(Value::as_object).flatten();
    fields.map(|(name, field)| (name.clone(), field.clone())).collect::<Map<_, _>>().into()
}

fn ping() -> Value {
    json!({
        "status_code": "",
        "response": "",
        "headers": {
            "api-version": "",
            "docker-experimental": "",
            "ostype": "",
            "builder-version": "",
            "swarm": "",
            "server": "",
        },
    })
}

fn events() -> Value {
    json!({
        "count": "",
        "events": [endpoint("GET /events")],
        "since": "",
        "until": "",
        "next_since": "",
        "truncated": "",
        "timed_out": "",
        "may_be_incomplete": "",
        "incomplete_reason": "",
    })
}

/// A change with the state that it has led to.
fn settled() -> Value {
    joined(&[done(), json!({"state": ""})])
}

/// A container that was stopped, and whether it stays so.
fn contained() -> Value {
    let lasts = json!({"exit_code": "", "restart_policy": "", "note": "", "former_restart_policy": ""});
    joined(&[settled(), lasts])
}

/// What a removal would do.
fn preview() -> Value {
    joined(&[done(), json!({"dry_run": "", "possible": "", "obstacles": [""]})])
}

/// What a prune would do, told as what it has done.
fn pruned(request: &str) -> Value {
    joined(&[endpoint(request), json!({"result": "", "count": "", "dry_run": ""})])
}

/// How a command ended.
fn ended() -> Value {
    json!({"result": "", "id": "", "exit_code": ""})
}

/// The output of a process.
fn captured() -> Value {
    json!({
        "stdout": "",
        "stderr": "",
        "output": "",
        "lines": [{"stream": "", "text": ""}],
        "truncated": "",
        "timed_out": "",
    })
}

/// FortiSOAR's record of a file, with what is known of its contents.
fn attachment() -> Value {
    json!({
        "@id": "",
        "@type": "",
        "uuid": "",
        "name": "",
        "description": "",
        "createDate": "",
        "file": {
            "@id": "",
            "@type": "",
            "uuid": "",
            "filename": "",
            "size": "",
            "mimeType": "",
            "uploadDate": "",
        },
        "size": "",
        "sha256": "",
    })
}

/// What is at a path in a container.
fn stat() -> Value {
    json!({
        "name": "",
        "size": "",
        "mode": "",
        "mtime": "",
        "linkTarget": "",
        "permissions": "",
        "mode_text": "",
        "is_directory": "",
        "is_link": "",
    })
}

/// What is said of an image that was moved.
fn moved() -> Value {
    json!({"result": "", "outcome": "", "log": [""], "truncated": ""})
}

fn load() -> Value {
    let loaded = json!({"result": "", "images": [""], "ids": [""], "outcome": ""});
    joined(&[loaded, json!({"size": "", "sha256": "", "truncated": "", "log": [""]})])
}

fn build() -> Value {
    json!({
        "result": "",
        "id": "",
        "names": [""],
        "outcome": "",
        "log": [""],
        "truncated": "",
        "status_code": "",
        "context": {"size": "", "sha256": ""},
        "build_output": [{"stream": "", "aux": {"ID": ""}}],
    })
}

/// What `docker stats` shows.
fn computed() -> Value {
    let computed = json!({
        "cpu_percent": "",
        "cpu_percent_reason": "",
        "memory_usage": "",
        "memory_limit": "",
        "memory_percent": "",
        "network_rx_bytes": "",
        "network_tx_bytes": "",
        "block_read_bytes": "",
        "block_write_bytes": "",
        "pids": "",
    });
    let sample = joined(&[computed.clone(), json!({"read": ""})]);
    json!({"computed": computed, "samples": [sample], "timed_out": ""})
}

#[cfg(test)]
mod tests {
    use operations::{Shape, ValueKind};

    use super::*;
    use crate::kind::choices;

    #[test]
    fn rows_are_for_operations_whose_functions_make_results() {
        for (name, _) in MADE {
            let operation = operations::find(name).unwrap_or_else(|| panic!("{name} is no operation"));
            assert!(matches!(operation.shape, Shape::Run(_)), "{name} has no function");
            assert_eq!(operation.name, *name, "a row is for the name that is shown");
        }
    }

    #[test]
    fn alternatives_are_for_options_that_exist() {
        for Alternative { operation: name, param, option, .. } in WHERE {
            let operation = operations::find(name).unwrap_or_else(|| panic!("{name} is no operation"));
            let param = operation.param(param).unwrap_or_else(|| panic!("{name}.{param} is no parameter"));
            let is_option = match choices(param.kind) {
                Some(choices) => choices.iter().any(|(title, _)| title == option),
                None => param.kind == ValueKind::Flag && *option == "true",
            };
            assert!(is_option, "{name}.{}: {option} is no option", param.name);
        }
    }

    #[test]
    fn a_dry_run_has_its_own_result() {
        for operation in operations::operations().filter(|operation| operation.param("dry_run").is_some()) {
            let has_row = alternatives(operation.name).any(|alternative| alternative.param == "dry_run");
            assert!(has_row, "{}: what a dry run gives needs a row", operation.name);
        }
    }

    #[test]
    fn the_parts_of_a_result_are_in_order() {
        let names: Vec<String> =
            made("exec_container").unwrap().as_object().unwrap().keys().cloned().collect();
        assert_eq!(names[..5], ["result", "id", "exit_code", "exec_id", "running"]);
        assert_eq!(names.last().unwrap(), "timed_out");
    }

    #[test]
    fn an_event_is_the_engines() {
        assert_eq!(made("system_events").unwrap()["events"][0]["Actor"]["ID"], "");
    }
}
