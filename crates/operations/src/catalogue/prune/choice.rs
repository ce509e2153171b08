//! What a prune takes and what it spares: the same for a dry run and for the prune itself.

use std::collections::HashSet;

use engine::{Path, Request, Segment};
use serde_json::{Map, Value, json};

use super::filters::Choice;
use crate::{
    Error,
    catalogue::dry_run::is_predefined,
    run::{
        call::Call,
        guard::{look, needs, rules::Rules},
        objects::{as_inspected, id, items, name},
    },
};

/// All containers, also those that do not run.
pub(super) fn all_containers() -> Request {
    Request::get(Path::fixed("/containers/json")).query("all", "true")
}

/// Containers that rules can be held against. An answer that is not the engine's would protect none of them.
pub(super) fn listed(call: &Call<'_>, request: Request) -> Result<Value, Error> {
    // The list may take the engine as long as the prune itself.
    let limit = call.time_limit();
    look::listed(call, request.silence(limit).deadline(limit)).map(Value::Array)
}

/// Those that may go, and those that a rule protects, for the result.
pub(super) fn divide<'a>(
    call: &Call<'_>,
    containers: Vec<&'a Value>,
) -> Result<(Vec<&'a Value>, Vec<Value>), Error> {
    let rules = Rules::of(call);
    let (mut going, mut spared) = (Vec::new(), Vec::new());
    for container in containers {
        match rules.protecting(&as_inspected(container))? {
            None => going.push(container),
            Some(rule) => {
                let rule = rule.to_string();
                spared.push(json!({"name": name(container), "id": id(container), "rule": rule}));
            }
        }
    }
    Ok((going, spared))
}

/// The same for networks: a rule reaches those that a protected container is in, also while it does not run.
pub(super) fn divide_networks<'a>(
    call: &Call<'_>,
    networks: Vec<&'a Value>,
) -> Result<(Vec<&'a Value>, Vec<Value>), Error> {
    if !call.configuration.policy().protects() || networks.is_empty() {
        return Ok((networks, Vec::new()));
    }
    let protected = needs::protected(call)?;
    let (mut going, mut spared) = (Vec::new(), Vec::new());
    for network in networks {
        match protected.iter().find(|container| container.is_in(network)) {
            None => going.push(network),
            Some(container) => {
                let rule = format!("container {} in it is protected by {}", container.name(), container.rule);
                spared.push(json!({"name": name(network), "id": id(network), "rule": rule}));
            }
        }
    }
    Ok((going, spared))
}

/// The containers of a list that a prune with these filters takes.
pub(super) fn chosen_containers<'a>(
    call: &Call<'_>,
    choice: &Choice<'_>,
    found: &'a Value,
) -> Result<Vec<&'a Value>, Error> {
    let stopped = items(found).filter(|container| is_pruned(container));
    chosen(call, choice, stopped, "/containers/{id}/json")
}

/// The networks of a list that a prune with these filters takes. Networks tell their containers only one by one, and
/// containers their networks at once.
pub(super) fn chosen_networks<'a>(
    call: &Call<'_>,
    choice: &mut Choice<'_>,
    found: &'a Value,
) -> Result<Vec<&'a Value>, Error> {
    let running = list(call, Request::get(Path::fixed("/containers/json")))?;
    let places = items(&running).filter_map(|container| container["NetworkSettings"]["Networks"].as_object());
    let used: HashSet<&str> =
        places.flat_map(Map::values).filter_map(|place| place["NetworkID"].as_str()).collect();
    let unused = items(found).filter(|network| {
        !is_predefined(network["Name"].as_str().unwrap_or_default())
            && network["Ingress"] != true
            && network["ConfigOnly"] != true
            && !used.contains(id(network))
    });
    let chosen = chosen(call, choice, unused, "/networks/{id}")?;
    if chosen.iter().any(|network| network["Scope"] == "swarm") {
        choice
            .notes
            .push("A network that services of other nodes use stays, which this node cannot see.".into());
    }
    Ok(chosen)
}

/// Those that the filters let go. A list tells the age in whole seconds: where that is not enough, `inspected` tells.
pub(super) fn chosen<'a>(
    call: &Call<'_>,
    choice: &Choice<'_>,
    found: impl Iterator<Item = &'a Value>,
    inspected: &str,
) -> Result<Vec<&'a Value>, Error> {
    let mut chosen = Vec::new();
    for thing in found.filter(|thing| choice.lets_go(&thing["Labels"])) {
        let goes = match choice.is_old(&thing["Created"]) {
            Some(goes) => goes,
            None => {
                let path = Path::fill(inspected, |_| Segment::name(id(thing)))?;
                let whole = call.send(Request::get(path))?.json()?;
                choice.is_old(&whole["Created"]).unwrap_or_default()
            }
        };
        if goes {
            chosen.push(thing);
        }
    }
    Ok(chosen)
}

/// Asks for a list, which may take the engine as long as the prune itself.
pub(super) fn list(call: &Call<'_>, request: Request) -> Result<Value, Error> {
    let limit = call.time_limit();
    Ok(call.send(request.silence(limit).deadline(limit))?.json()?)
}

/// Whether a container of a list is one that a prune takes, unless filters spare it. The engine's own filter for that would
/// have to name states which others refuse: Podman knows none that is dead.
pub(super) fn is_pruned(container: &Value) -> bool {
    matches!(container["State"].as_str(), Some("created" | "exited" | "dead" | "stopped"))
}
