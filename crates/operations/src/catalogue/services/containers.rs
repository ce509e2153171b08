//! Which container of a service runs on which node.

use engine::{Path, Request};
use serde_json::{Value, json};

use super::{
    SERVICE,
    tasks_of::{is_over, name, state, tasks},
};
use crate::{
    Error, Operation, Output, Schema, View,
    declare::param::flag,
    run::{
        call::Call,
        objects::items,
        trim::{FIELDS, MAX_ITEMS, trim},
    },
};

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::get("list_service_containers", "/services/{id}")
    .title("List Containers of Service")
    .about("Lists the containers of a service with their nodes. To act on a container, call the engine of its node. is_here says whether it is on this engine.")
    .params(&[
        SERVICE,
        flag("all").title("All").about("Also list containers of tasks that have ended.").local(),
        FIELDS,
        MAX_ITEMS,
    ])
    .columns(&["task", "node", "container", "container_id", "state", "is_here", "error"])
    .gives(Schema::List(&Schema::Fields(&[
        "task",
        "task_id",
        "node",
        "node_id",
        "node_address",
        "is_here",
        "container",
        "container_id",
        "image",
        "state",
        "desired_state",
        "since",
        "exit_code",
        "error",
    ])))
    .shows(View::Tasks)
    .run(list)];

fn list(call: &Call<'_>) -> Result<Output, Error> {
    let service = call.look("/services/{id}")?;
    let service_name = service["Spec"]["Name"].as_str().unwrap_or_default();
    let mut tasks = tasks(call, service["ID"].as_str().unwrap_or_default(), &[])?;
    if !call.arguments.is_on("all") {
        tasks.retain(|task| !is_over(state(task)));
    }
    tasks.sort_by_key(|task| (task["Slot"].as_u64(), std::cmp::Reverse(task["CreatedAt"].to_string())));
    let nodes = call.send(Request::get(Path::fixed("/nodes")))?.json()?;
    let here = call.look("/info")?["Swarm"]["NodeID"].clone();
    let rows = tasks.iter().map(|task| {
        let status = &task["Status"];
        let node = items(&nodes).find(|node| node["ID"] == task["NodeID"]).unwrap_or(&Value::Null);
        let name = name(service_name, task);
        let id = task["ID"].as_str().unwrap_or_default();
        let container = &status["ContainerStatus"]["ContainerID"];
        let has_container = container.as_str().is_some_and(|id| !id.is_empty());
        json!({
            "task": name,
            "task_id": id,
            "node": node["Description"]["Hostname"],
            "node_id": task["NodeID"],
            "node_address": node["Status"]["Addr"],
            "is_here": task["NodeID"].is_string() && task["NodeID"] == here,
            "container": if has_container { Value::from(format!("{name}.{id}")) } else { Value::Null },
            "container_id": if has_container { container.clone() } else { Value::Null },
            "image": task["Spec"]["ContainerSpec"]["Image"],
            "state": state(task),
            "desired_state": task["DesiredState"],
            "since": status["Timestamp"],
            "exit_code": status["ContainerStatus"]["ExitCode"],
            "error": status["Err"],
        })
    });
    let mut rows: Value = rows.collect();
    trim(&mut rows, &call.arguments);
    Ok(rows.into())
}
