//! What a containing operation says of its target before and after: derived from its effect and what it touches.

use serde_json::{Value, json};

use crate::{
    Effect, Operation, Schema,
    declare::{
        result::TEXTS,
        target::{NAMESPACE, Touch},
    },
    run::objects::text,
};

/// The target whose state a containing operation shows, by the parameter that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A container.
    Container(&'static str),
    /// A service of a swarm.
    Service(&'static str),
    /// A node of a swarm.
    Node(&'static str),
    /// A plugin.
    Plugin(&'static str),
}

/// A container's state in a result.
pub(crate) const CONTAINER_STATE: Schema = Schema::All(&[
    Schema::Fields(&["status", "running", "paused", "restart_policy", "network_mode"]),
    Schema::Field("networks", &TEXTS),
]);
/// A service's.
pub(crate) const SERVICE_STATE: Schema = Schema::Fields(&["mode", "replicas"]);
const NODE_STATE: Schema = Schema::Fields(&["role", "availability", "state"]);
const PLUGIN_STATE: Schema = Schema::Fields(&["enabled"]);

/// Two states, and why one of them is not known.
const fn both(state: &'static Schema) -> [Schema; 3] {
    [Schema::Field("before", state), Schema::Field("after", state), Schema::Fields(&["unseen"])]
}
const CONTAINERS: &[Schema] = &both(&CONTAINER_STATE);
const SERVICES: &[Schema] = &both(&SERVICE_STATE);
const NODES: &[Schema] = &both(&NODE_STATE);
const PLUGINS: &[Schema] = &both(&PLUGIN_STATE);

/// What an operation shows the state of. None where it contains nothing, or its function gives a `before` of its own.
pub(crate) fn of(operation: &Operation) -> Option<Subject> {
    let gives_its_own = operation.gives.is_some_and(|schema| has(&schema, "before"));
    if operation.effect != Effect::Contain || gives_its_own {
        return None;
    }
    operation.touches.iter().find_map(|touch| match *touch {
        Touch::Container(param) | Touch::Member(param) => Some(Subject::Container(param)),
        Touch::Service(param) => Some(Subject::Service(param)),
        Touch::Node(param) => Some(Subject::Node(param)),
        Touch::Plugin(param) => Some(Subject::Plugin(param)),
        _ => None,
    })
}

impl Subject {
    /// The fields that the result has of it.
    pub const fn schema(self) -> Schema {
        Schema::All(match self {
            Self::Container(_) => CONTAINERS,
            Self::Service(_) => SERVICES,
            Self::Node(_) => NODES,
            Self::Plugin(_) => PLUGINS,
        })
    }

    /// The path of a look at it.
    pub(crate) fn path(self) -> String {
        match self {
            Self::Container(param) => format!("/containers/{{{param}}}/json"),
            Self::Service(param) => format!("/services/{{{param}}}"),
            Self::Node(param) => format!("/nodes/{{{param}}}"),
            Self::Plugin(param) => format!("/plugins/{{{param}}}/json"),
        }
    }

    /// What a look has shown, in a few fields.
    pub(crate) fn state(self, found: &Value) -> Value {
        match self {
            Self::Container(_) => {
                let networks = found["NetworkSettings"]["Networks"].as_object().into_iter().flatten();
                container(found, networks.map(|(name, _)| name.as_str()).collect())
            }
            Self::Service(_) => {
                let mode = found["Spec"]["Mode"].as_object().and_then(|mode| mode.iter().next());
                json!({
                    "mode": mode.map(|(name, _)| name),
                    "replicas": mode.and_then(|(_, mode)| mode.get("Replicas").or(mode.get("TotalCompletions"))),
                })
            }
            Self::Node(_) => json!({
                "role": found["Spec"]["Role"],
                "availability": found["Spec"]["Availability"],
                "state": found["Status"]["State"],
            }),
            Self::Plugin(_) => json!({"enabled": found["Enabled"]}),
        }
    }
}

/// A container's state, of its inspection and the names of its networks.
pub(crate) fn container(found: &Value, networks: Vec<&str>) -> Value {
    let (state, host) = (&found["State"], &found["HostConfig"]);
    let mode = text(host, "NetworkMode");
    // A container that uses another's network has none of its own, whatever an engine lists.
    let is_anothers = mode == "host" || mode.starts_with(NAMESPACE);
    json!({
        "status": state["Status"],
        "running": state["Running"],
        "paused": state["Paused"],
        "restart_policy": policy(found),
        "network_mode": mode,
        "networks": if is_anothers { Vec::new() } else { networks },
    })
}

/// The name of a container's restart policy; `no` where it has none.
pub(crate) fn policy(found: &Value) -> &str {
    match text(&found["HostConfig"]["RestartPolicy"], "Name") {
        "" => "no",
        name => name,
    }
}

/// Whether results of this form have this field.
fn has(schema: &Schema, name: &str) -> bool {
    match schema {
        Schema::Fields(names) => names.contains(&name),
        Schema::Field(field, _) => *field == name,
        Schema::All(parts) => parts.iter().any(|part| has(part, name)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalogue::operations, find};

    #[test]
    fn whatever_contains_one_target_shows_its_state() {
        let subject = |name| of(find(name).unwrap());
        for name in ["stop_container", "kill_container", "pause_container"] {
            assert_eq!(subject(name), Some(Subject::Container("id")));
        }
        assert_eq!(subject("disconnect_network"), Some(Subject::Container("Container")));
        assert_eq!(subject("drain_node"), Some(Subject::Node("id")));
        assert_eq!(subject("isolate_container"), None, "it gives its own");
        assert_eq!(subject("restart_container"), None, "it contains nothing");
        let silent =
            operations().filter(|operation| operation.effect == Effect::Contain && operation.visible);
        let silent =
            silent.filter(|operation| of(operation).is_none() && !has(&operation.gives.unwrap(), "before"));
        let mut silent: Vec<&str> = silent.map(|operation| operation.name).collect();
        silent.sort_unstable();
        // A project's containers each have theirs; evidence has state_before; activating ends a containment.
        assert_eq!(silent, ["activate_node", "collect_evidence", "stop_project"]);
    }
}
