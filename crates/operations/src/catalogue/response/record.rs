//! Writes down what a container is before it is isolated, or paused for its evidence.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::suspect::{Place, Suspect};
use crate::run::{
    call::Call,
    isolation::{FOR_EVIDENCE, Undo},
};

/// The record of a container that is about to be isolated. `engine` is its engine's `/info`. `held` is the record of a container
/// that is paused for its evidence only: it ran before.
pub(crate) fn record(
    call: &Call<'_>,
    suspect: &Suspect,
    engine: &Value,
    method: &str,
    held: Option<&Undo>,
) -> Undo {
    let mut fields = fields(call, suspect, engine, method);
    for field in ["status", "paused"] {
        if let Some(before) = held.map(|held| &held.shown()[field]) {
            fields[field] = before.clone();
        }
    }
    Undo::new(call, fields)
}

/// The record of a container that is about to be paused for its evidence: by whom, and until when at the latest.
pub(crate) fn of_evidence(
    call: &Call<'_>,
    suspect: &Suspect,
    engine: &Value,
    holder: &Value,
    until: Timestamp,
) -> Undo {
    let mut fields = fields(call, suspect, engine, FOR_EVIDENCE);
    fields["held_by"] = holder.clone();
    fields["held_until"] = until.to_string().into();
    Undo::new(call, fields)
}

fn fields(call: &Call<'_>, suspect: &Suspect, engine: &Value, method: &str) -> Value {
    let container = &suspect.container;
    let policy = &container["HostConfig"]["RestartPolicy"];
    let given = |name| call.arguments.if_declared(name).cloned().unwrap_or_default();
    json!({
        "form": null,
        "at": Timestamp::now().to_string(),
        "method": method,
        "case_id": given("case_id"),
        "reason": given("reason"),
        "operator": given("operator"),
        "engine": engine["ID"],
        "container": suspect.id(),
        "name": suspect.name(),
        "status": suspect.status(),
        "paused": suspect.is_paused(),
        "started_at": container["State"]["StartedAt"],
        "network_mode": suspect.mode(),
        "restart_policy": {"Name": suspect.policy(), "MaximumRetryCount": policy["MaximumRetryCount"]},
        "auto_remove": suspect.is_removed_when_it_ends(),
        "service": suspect.service(),
        "node": container["Config"]["Labels"]["com.docker.swarm.node.id"],
        "ports": container["NetworkSettings"]["Ports"],
        "networks": suspect.places.iter().map(|place| place_in(place, container)).collect::<Vec<_>>(),
    })
}

fn place_in(place: &Place, container: &Value) -> Value {
    let mut observed = Map::new();
    for field in ["IPAddress", "GlobalIPv6Address", "MacAddress"] {
        if let Some(value) = place.settings[field].as_str().filter(|value| !value.is_empty()) {
            observed.insert(field.into(), value.into());
        }
    }
    json!({
        "id": place.network["Id"],
        "name": place.network["Name"],
        "driver": place.network["Driver"],
        "internal": place.network["Internal"],
        "endpoint": place.chosen(container),
        "observed": observed,
    })
}
