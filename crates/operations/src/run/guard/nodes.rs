//! Nodes of a swarm: what would be ended or left alone on them.

use std::collections::BTreeSet;

use serde_json::json;

use super::{as_task, look, needs, overrides, rules::Rules};
use crate::{
    Error,
    run::{call::Call, policy::blocked},
};

/// Checks what runs on a node, and gives its id. The engine that is called knows the containers of its own node only; of another
/// one it knows the services.
pub(super) fn check(call: &Call<'_>, named: &str) -> Result<String, Error> {
    let id = look::node(call, named)?;
    let tasks = look::of_swarm(call, "/tasks", &json!({"node": [id], "desired-state": ["running"]}))?;
    let services: BTreeSet<&str> = tasks.iter().filter_map(|task| task["ServiceID"].as_str()).collect();
    let what = format!("node {named}");
    refuse_containers(call, &what, Some(&id))?;
    for service in services.into_iter().filter(|id| !id.is_empty()) {
        let (_, service) = look::service(call, service)?;
        refuse_service(call, &what, &service)?;
    }
    Ok(id)
}

/// Checks what the engine's own node runs; where it is a manager, every service, since a swarm can end with its manager.
pub(super) fn check_own(call: &Call<'_>) -> Result<(), Error> {
    const WHAT: &str = "the node of this engine";
    refuse_containers(call, WHAT, None)?;
    let swarm = look::swarm(call)?;
    if swarm["LocalNodeState"] == "active" && swarm["ControlAvailable"] != false {
        for service in look::of_swarm(call, "/services", &json!({}))? {
            refuse_service(call, WHAT, &service)?;
        }
    }
    Ok(())
}

fn refuse_containers(call: &Call<'_>, what: &str, node: Option<&str>) -> Result<(), Error> {
    let protected = needs::protected(call)?;
    match protected.iter().find(|container| container.is_task_on(node)) {
        Some(container) if overrides(call) => {
            call.overridden.replace(Some(container.rule.clone()));
            Ok(())
        }
        _ => needs::refuse(what, &protected, |container| container.is_task_on(node)),
    }
}

fn refuse_service(call: &Call<'_>, what: &str, service: &serde_json::Value) -> Result<(), Error> {
    let rules = Rules::of(call);
    let Some(rule) = rules.protecting(&as_task(service))? else { return Ok(()) };
    if overrides(call) {
        call.overridden.replace(Some(rule.to_string()));
        return Ok(());
    }
    let name = service["Spec"]["Name"].as_str().unwrap_or_default();
    Err(blocked(format!(
        "Service {name} needs {what}, and is protected by {rule}. Nothing was done. An administrator can lift the protection."
    )))
}
