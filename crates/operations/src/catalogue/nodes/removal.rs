//! What the removal of a node would do.

use std::time::Instant;

use serde_json::json;

use super::moves::on_node;
use crate::{
    Error, Output, Schema,
    catalogue::dry_run::{DRY_RUN_RESULT, said},
    declare::result::{Case, case},
    run::call::Call,
};

pub(super) const REMOVAL: &[Case] = &[case(
    "dry_run",
    "true",
    Schema::All(&[DRY_RUN_RESULT, Schema::Fields(&["hostname", "state", "role", "tasks"])]),
)];

/// Of `DELETE /nodes/{id}`.
pub(super) fn dry_run(call: &Call<'_>) -> Result<Output, Error> {
    let node = call.look("/nodes/{id}")?;
    let tasks = on_node(call, node["ID"].as_str().unwrap_or_default(), Instant::now() + call.time_limit())?;
    let mut obstacles = Vec::new();
    if node["Spec"]["Role"] == "manager" {
        obstacles.push("it is a manager: make it a worker first".to_owned());
    }
    if node["Status"]["State"] != "down" && !call.arguments.is_on("force") {
        obstacles.push("it is not down, and force is off".to_owned());
    }
    let found = json!({
        "hostname": node["Description"]["Hostname"],
        "state": node["Status"]["State"],
        "role": node["Spec"]["Role"],
        "tasks": tasks.len(),
    });
    Ok(said(call, "node {id}", &obstacles, found))
}
