//! Says what to do where the state of the swarm does not let a call through.

use std::time::Duration;

use engine::{ErrorKind, Path, Request, SwarmState};
use serde_json::Value;

use crate::{
    Error, Kind,
    run::{call::Call, objects::items},
};

/// The look that tells a worker from a node without a swarm takes no longer.
const LOOK: Duration = Duration::from_secs(5);
/// Further managers are not named.
const MOST_MANAGERS: usize = 7;

/// The error, with what to do about it in this program.
pub(crate) fn explained(call: &Call<'_>, error: Error) -> Error {
    match error.swarm_state() {
        Some(SwarmState::NotManager) => error.advise(&managers(call)),
        Some(SwarmState::InSwarm) => {
            error.advise("leave_swarm lets the node leave its swarm, if it is to be in another one")
        }
        Some(SwarmState::Locked) => {
            error.advise("unlock_swarm unlocks this manager; get_unlock_key gives the key, at another manager")
        }
        Some(SwarmState::ManagerLeaves) => error.advise(
            "Make the node a worker first (update_node with the role worker), so that the other managers still agree; or set force",
        ),
        _ if is_of_swarm(call.endpoint.path) && error.status() == Some(404) && error.said().is_none() => error
            .advise("What answers knows nothing of Swarm: Podman has none, and a proxy may hide it")
            .of_kind(Kind::Engine(ErrorKind::Unsupported)),
        _ => error,
    }
}

/// Whether an endpoint is one that only an engine with Swarm has. Docker's own 404s are JSON.
fn is_of_swarm(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    matches!(first, "swarm" | "nodes" | "services" | "tasks" | "configs")
}

/// Where to turn instead: `GET /info` says whether the node is a worker, and of which managers.
fn managers(call: &Call<'_>) -> String {
    let request = Request::get(Path::fixed("/info"));
    let bound = LOOK.min(call.configuration.timeout());
    let info = call.send(request.silence(bound).deadline(bound)).and_then(|answer| Ok(answer.json()?));
    let swarm = info.as_ref().map_or(&Value::Null, |info| &info["Swarm"]);
    let addresses = items(&swarm["RemoteManagers"]).filter_map(|manager| manager["Addr"].as_str());
    let addresses: Vec<&str> = addresses.filter(|text| is_an_address(text)).take(MOST_MANAGERS).collect();
    match (swarm["LocalNodeState"].as_str(), addresses.as_slice()) {
        (Some("active"), []) => {
            "The node is a worker: use a configuration whose server is a manager of the swarm".into()
        }
        (Some("active"), addresses) => format!(
            "The node is a worker: use a configuration whose server is a manager. The managers' addresses within the swarm are {}",
            addresses.join(", ")
        ),
        (Some("inactive"), _) => "The node is in no swarm: init_swarm makes one, join_swarm joins one".into(),
        (Some("locked"), _) => "The manager is locked: unlock_swarm unlocks it".into(),
        (Some("pending"), _) => "The node is about to join its swarm: call again".into(),
        _ => "Use a configuration whose server is a manager of the swarm".into(),
    }
}

/// Whether a text is an address, and nothing else that could stand in an answer.
fn is_an_address(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:[]%-".contains(&byte))
}
