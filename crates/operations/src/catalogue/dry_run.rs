//! Dry runs of removals: what would be removed, and what stands in the way.

use std::collections::HashSet;

use engine::{Path, Request};
use serde_json::{Value, json};

use crate::{
    Error, Output, Schema,
    declare::result::{DONE, TEXTS},
    run::{call::Call, objects::items},
    values::reference::Reference,
};

/// What a removal would do.
pub(crate) const DRY_RUN_RESULT: Schema =
    Schema::All(&[DONE, Schema::Fields(&["dry_run", "possible"]), Schema::Field("obstacles", &TEXTS)]);

/// Of `DELETE /containers/{id}`.
pub(crate) fn container(call: &Call<'_>) -> Result<Output, Error> {
    let found = call.look("/containers/{id}/json")?;
    let state = &found["State"];
    let mut obstacles = Vec::new();
    if state["Running"] == true && !call.arguments.is_on("force") {
        obstacles.push(format!("it is {}, and force is off", state["Status"].as_str().unwrap_or("running")));
    }
    let volumes: Vec<&str> = match call.arguments.is_on("v") {
        true => items(&found["Mounts"]).filter_map(|mount| anonymous_volume(mount)).collect(),
        false => Vec::new(),
    };
    Ok(said(
        call,
        "container {id}",
        &obstacles,
        json!({
            "name": name(&found["Name"]),
            "state": state["Status"],
            "image": found["Config"]["Image"],
            "volumes": volumes,
        }),
    ))
}

/// Of `DELETE /networks/{id}`.
pub(crate) fn network(call: &Call<'_>) -> Result<Output, Error> {
    let found = call.look("/networks/{id}")?;
    let members: Vec<&str> = found["Containers"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(id, member)| member["Name"].as_str().unwrap_or(id))
        .collect();
    let mut obstacles = Vec::new();
    if is_predefined(found["Name"].as_str().unwrap_or_default()) {
        obstacles.push("the engine made it and keeps it".to_owned());
    }
    if !members.is_empty() {
        obstacles.push(format!("in it are {}", members.join(", ")));
    }
    Ok(said(
        call,
        "network {id}",
        &obstacles,
        json!({"name": found["Name"], "driver": found["Driver"], "containers": members}),
    ))
}

/// Of `DELETE /volumes/{name}`. Force does not help against a container.
pub(crate) fn volume(call: &Call<'_>) -> Result<Output, Error> {
    let found = call.look("/volumes/{name}")?;
    let users = containers(call, &json!({"volume": [found["Name"]]}))?;
    let users: Vec<&str> = users.iter().map(|container| name(&container["Names"][0])).collect();
    let obstacles: Vec<String> =
        users.first().map(|_| format!("it is used by {}", users.join(", "))).into_iter().collect();
    Ok(said(
        call,
        "volume {name}",
        &obstacles,
        json!({"driver": found["Driver"], "mountpoint": found["Mountpoint"], "containers": users}),
    ))
}

/// Of `DELETE /plugins/{name}`.
pub(crate) fn plugin(call: &Call<'_>) -> Result<Output, Error> {
    let found = call.look("/plugins/{name}/json")?;
    let filters = json!({"driver": [found["Name"]]}).to_string();
    let volumes = Request::get(Path::fixed("/volumes")).query("filters", &filters);
    let volumes = call.send(volumes)?.json()?;
    let volumes: Vec<&str> =
        items(&volumes["Volumes"]).filter_map(|volume| volume["Name"].as_str()).collect();
    let mut obstacles = Vec::new();
    if !call.arguments.is_on("force") {
        if found["Enabled"] == true {
            obstacles.push("it is enabled, and force is off".to_owned());
        }
        if !volumes.is_empty() {
            obstacles.push(format!("volumes use it ({}), and force is off", volumes.join(", ")));
        }
    }
    let found = json!({"plugin": found["Name"], "enabled": found["Enabled"], "volumes": volumes});
    Ok(said(call, "plugin {name}", &obstacles, found))
}

/// Of `DELETE /images/{name}`: of several names only the one goes, unless the image is named by its id.
pub(crate) fn image(call: &Call<'_>) -> Result<Output, Error> {
    let found = call.look("/images/{name}/json")?;
    let given = call.arguments.text("name").unwrap_or_default();
    let id = found["Id"].as_str().unwrap_or_default();
    let by_id = id.starts_with(given) || id.strip_prefix("sha256:").is_some_and(|id| id.starts_with(given));
    let tags: Vec<&str> = items(&found["RepoTags"]).filter_map(Value::as_str).collect();
    let repositories: HashSet<&str> =
        tags.iter().filter_map(|tag| Some(Reference::read(tag).ok()?.name)).collect();
    let force = call.arguments.is_on("force");
    let stays = !by_id && tags.len() > 1;
    let mut obstacles = Vec::new();
    if by_id && repositories.len() > 1 && !force {
        obstacles.push(format!("it has names in {} repositories, and force is off", repositories.len()));
    }
    let users = containers(call, &json!({"ancestor": [id]}))?;
    let users: Vec<&Value> = users.iter().filter(|container| container["ImageID"] == id).collect();
    for user in users.iter().filter(|_| !stays) {
        let container = name(&user["Names"][0]);
        match user["State"].as_str() {
            Some("running" | "paused" | "restarting") => {
                obstacles.push(format!("container {container} runs from it"));
            }
            _ if force => {}
            _ => obstacles.push(format!("container {container} was made from it, and force is off")),
        }
    }
    Ok(said(
        call,
        if stays { "the name {name} of an image that has others" } else { "image {name}" },
        &obstacles,
        json!({
            "image_id": id,
            "tags": tags,
            "size": found["Size"],
            "containers": users.iter().map(|user| name(&user["Names"][0])).collect::<Vec<_>>(),
        }),
    ))
}

/// Of `DELETE /services/{id}`.
pub(crate) fn service(call: &Call<'_>) -> Result<Output, Error> {
    let found = call.look("/services/{id}")?;
    let filters = json!({"service": [found["ID"]], "desired-state": ["running"]}).to_string();
    let tasks = call.send(Request::get(Path::fixed("/tasks")).query("filters", &filters))?.json()?;
    let spec = &found["Spec"];
    Ok(said(
        call,
        "service {id}",
        &[],
        json!({
            "name": spec["Name"],
            "image": spec["TaskTemplate"]["ContainerSpec"]["Image"],
            "tasks": items(&tasks).count(),
        }),
    ))
}

/// Whether the engine makes this network by itself, and never lets go of it.
pub(crate) fn is_predefined(network: &str) -> bool {
    matches!(network, "bridge" | "host" | "none")
}

/// The result: a sentence, as a removal has it, with what was found.
pub(crate) fn said(call: &Call<'_>, what: &str, obstacles: &[String], found: Value) -> Output {
    would(call, &format!("remove {what}"), obstacles, found)
}

/// The same of what is no removal: `rotate secret {id}`.
pub(crate) fn would(call: &Call<'_>, what: &str, obstacles: &[String], found: Value) -> Output {
    let sentence = match obstacles {
        [] => format!("Would {what}"),
        _ => format!("Could not {what}: {}", obstacles.join("; ")),
    };
    let mut result = call.outcome_fields(&sentence, false);
    result.insert("outcome".into(), "preview".into());
    result.insert("dry_run".into(), true.into());
    result.insert("possible".into(), obstacles.is_empty().into());
    result.insert("obstacles".into(), obstacles.into());
    if let Value::Object(found) = found {
        result.extend(found);
    }
    result.into()
}

/// All containers, also those that do not run, that match.
pub(crate) fn containers(call: &Call<'_>, filters: &Value) -> Result<Vec<Value>, Error> {
    let request = Request::get(Path::fixed("/containers/json"))
        .query("all", "true")
        .query("filters", &filters.to_string());
    Ok(items(&call.send(request)?.json()?).cloned().collect())
}

/// A container's name as people write it.
fn name(value: &Value) -> &str {
    value.as_str().unwrap_or_default().trim_start_matches('/')
}

/// The volume of a mount, if the engine made its name up: 64 hexadecimal digits. Inspect has no other sign of it.
fn anonymous_volume(mount: &Value) -> Option<&str> {
    const DIGITS: usize = 64;
    let name = mount["Name"].as_str().filter(|_| mount["Type"] == "volume")?;
    (name.len() == DIGITS && name.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(name)
}
