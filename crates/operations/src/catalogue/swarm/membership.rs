//! How an engine comes into a swarm and out of it.

use engine::SwarmState;
use serde_json::{Value, json};

use crate::{
    Error, Output, Schema,
    catalogue::dry_run::{DRY_RUN_RESULT, containers, would},
    declare::result::{Case, case},
    run::call::Call,
};

/// The node's place in its swarm.
pub(super) const PLACE: Schema = Schema::Fields(&["state", "is_manager"]);

/// What leaving would end.
pub(super) const LEAVING: &[Case] = &[case(
    "dry_run",
    "true",
    Schema::All(&[DRY_RUN_RESULT, Schema::Fields(&["state", "is_manager", "managers", "tasks"])]),
)];

/// `POST /swarm/init`, which answers with the node's id.
pub(super) fn init(call: &Call<'_>) -> Result<Output, Error> {
    let id = call.send(call.request()?)?.json()?;
    Ok(with_id(call, "Made a swarm with this engine as its manager", id).into())
}

/// `POST /swarm/join`, and what has become of it.
pub(super) fn join(call: &Call<'_>) -> Result<Output, Error> {
    if let Err(error) = call.send(call.request()?) {
        return Err(match error.said() {
            Some(said) if said.contains("invalid join token") => error.advise(
                "The join token is wrong, or was rotated: rotate_join_tokens gives new ones at a manager, and inspect_swarm shows the present ones with show_join_tokens",
            ),
            _ => error,
        });
    }
    let swarm = call
        .look("/info")
        .map_err(|error| error.and("The engine had accepted to join before that."))?["Swarm"]
        .take();
    let mut result = with_id(call, "Joined the swarm", swarm["NodeID"].clone());
    result.insert("state".into(), swarm["LocalNodeState"].clone());
    result.insert("is_manager".into(), (swarm["ControlAvailable"] == true).into());
    Ok(result.into())
}

/// `POST /swarm/leave`.
pub(super) fn leave(call: &Call<'_>) -> Result<Output, Error> {
    match call.send(call.request()?) {
        Ok(_) => Ok(call.done("Left the swarm", false)),
        Err(error) if error.swarm_state() == Some(SwarmState::InNoSwarm) => {
            Ok(call.done("The engine was in no swarm", true))
        }
        Err(error) => Err(error),
    }
}

/// Of `POST /swarm/leave`.
pub(super) fn would_leave(call: &Call<'_>) -> Result<Output, Error> {
    let swarm = call.look("/info")?["Swarm"].take();
    let is_manager = swarm["ControlAvailable"] == true;
    let mut obstacles = Vec::new();
    if swarm["LocalNodeState"] == "inactive" {
        obstacles.push("the engine is in no swarm".to_owned());
    }
    let is_held = is_manager || swarm["LocalNodeState"] == "locked";
    if is_held && !call.arguments.is_on("force") {
        obstacles.push("it is a manager, and force is off".to_owned());
    }
    let tasks = containers(call, &json!({"label": ["com.docker.swarm.task.id"]}))?;
    let found = json!({
        "state": swarm["LocalNodeState"],
        "is_manager": is_manager,
        "managers": swarm["Managers"],
        "tasks": tasks.iter().filter(|container| container["State"] == "running").count(),
    });
    Ok(would(call, "leave the swarm", &obstacles, found))
}

/// `POST /swarm/unlock`.
pub(super) fn unlock(call: &Call<'_>) -> Result<Output, Error> {
    match call.send(call.request()?) {
        Ok(_) => Ok(call.done("Unlocked the manager", false)),
        Err(error) if error.status() == Some(409) => Ok(call.done("The manager was not locked", true)),
        Err(error) if error.said().is_some_and(|said| said.contains("invalid key")) => Err(error
            .advise("The unlock key is wrong, or was rotated: get_unlock_key gives it at another manager")),
        Err(error) => Err(error),
    }
}

fn with_id(call: &Call<'_>, sentence: &str, id: Value) -> serde_json::Map<String, Value> {
    let mut result = call.outcome_fields(sentence, false);
    result.insert("id".into(), id);
    result
}
