//! A prune that spares what is protected: the others are removed one by one, each by its full id.
//!
//! Where nothing is protected, it is the engine's own prune.

use std::time::Instant;

use engine::{ErrorKind, Method, Path, Request, Segment};
use serde_json::{Value, json};

use super::{
    choice::{
        all_containers, chosen_containers, chosen_networks, divide, divide_networks, is_pruned, list, listed,
    },
    filters::{Filters, Pruned},
    send,
};
use crate::{
    Error, Kind, Output,
    run::{
        call::Call,
        objects::{id, items, name},
    },
};

/// `POST /containers/prune`.
pub(super) fn prune_containers(call: &Call<'_>) -> Result<Output, Error> {
    let filters = Filters::read(call, Pruned::Containers)?;
    if !call.configuration.policy().protects() {
        return send(call, call.request()?);
    }
    let found = listed(call, all_containers())?;
    let (_, spared) = divide(call, items(&found).filter(|container| is_pruned(container)).collect())?;
    if spared.is_empty() {
        return send(call, call.request()?);
    }
    let choice = filters.at_present(call);
    let found = listed(call, all_containers().query("size", "true"))?;
    let (going, spared) = divide(call, chosen_containers(call, &choice, &found)?)?;
    let (deleted, kept) = one_by_one(call, "/containers/{id}", &going)?;
    let freed: u64 = deleted.iter().filter_map(|container| container["SizeRw"].as_u64()).sum();
    let deleted: Vec<&str> = deleted.into_iter().map(id).collect();
    Ok(result(json!({"ContainersDeleted": deleted, "SpaceReclaimed": freed}), spared, kept))
}

/// `POST /networks/prune`. A network that a protected container comes back to when it starts is spared with it.
pub(super) fn prune_networks(call: &Call<'_>) -> Result<Output, Error> {
    let filters = Filters::read(call, Pruned::Networks)?;
    if !call.configuration.policy().protects() {
        return send(call, call.request()?);
    }
    let mut choice = filters.at_present(call);
    let found = list(call, Request::get(Path::fixed("/networks")))?;
    let (going, spared) = divide_networks(call, chosen_networks(call, &mut choice, &found)?)?;
    if spared.is_empty() {
        return send(call, call.request()?);
    }
    let (deleted, kept) = one_by_one(call, "/networks/{id}", &going)?;
    let deleted: Vec<&Value> = deleted.into_iter().map(|network| &network["Name"]).collect();
    Ok(result(json!({"NetworksDeleted": deleted}), spared, kept))
}

/// Removes each by its full id, neither by force nor with anything else. Gives those that were removed, and those that
/// were not: what runs again or is in use, as a prune of the engine leaves it too, or what is gone already.
fn one_by_one<'a>(
    call: &Call<'_>,
    template: &str,
    going: &[&'a Value],
) -> Result<(Vec<&'a Value>, Vec<Value>), Error> {
    let until = Instant::now() + call.time_limit();
    let (mut deleted, mut kept) = (Vec::new(), Vec::new());
    for thing in going {
        let left = until.saturating_duration_since(Instant::now());
        let path = Path::fill(template, |_| Segment::name(id(thing)))?;
        match call.send(Request::new(Method::DELETE, path).silence(left).deadline(left)) {
            Ok(_) => deleted.push(*thing),
            Err(error) if is_of_its_own(&error) => {
                kept.push(json!({"name": name(thing), "id": id(thing), "why": error.hiding(&call.secrets()).message()}));
            }
            Err(error) => {
                let before: Vec<&str> = deleted.iter().map(|thing| id(thing)).collect();
                return Err(error.and(&match before.as_slice() {
                    [] => format!("None of {} was removed before.", going.len()),
                    _ => format!("Of {}, these were removed before: {}.", going.len(), before.join(", ")),
                }));
            }
        }
    }
    Ok((deleted, kept))
}

/// Whether an error is about this one thing alone.
fn is_of_its_own(error: &Error) -> bool {
    matches!(
        error.kind(),
        Kind::Engine(
            ErrorKind::NotFound
                | ErrorKind::Conflict
                | ErrorKind::Forbidden
                | ErrorKind::BadRequest
                | ErrorKind::EngineError
        )
    )
}

fn result(mut fields: Value, spared: Vec<Value>, kept: Vec<Value>) -> Output {
    fields["spared"] = spared.into();
    if !kept.is_empty() {
        fields["kept"] = kept.into();
    }
    fields.into()
}
