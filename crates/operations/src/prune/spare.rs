//! A prune that spares what is protected: the others are removed one by one, each by its full id.
//!
//! Where nothing is protected, it is the engine's own prune.

use std::time::Instant;

use engine::{ErrorKind, Method, Path, Request, Segment};
use serde_json::{Value, json};

use super::{
    array,
    filters::{Filters, Pruned},
    id, is_pruned, list,
    preview::chosen_containers,
    send,
};
use crate::{Error, Kind, Output, call::Call, guard};

/// `POST /containers/prune`.
pub(super) fn prune_containers(call: &Call<'_>) -> Result<Output, Error> {
    let filters = Filters::read(call, Pruned::Containers)?;
    let found = list(call, stopped())?;
    let (_, spared) = divide(call, array(&found).filter(|container| is_pruned(container)).collect());
    if spared.is_empty() {
        return send(call, call.request()?);
    }
    let choice = filters.at_present(call);
    let found = list(call, stopped().query("size", "true"))?;
    let (going, spared) = divide(call, chosen_containers(call, &choice, &found)?);
    let (mut deleted, mut kept, mut freed) = (Vec::new(), Vec::new(), 0);
    let until = Instant::now() + call.time_limit();
    for container in &going {
        match remove(call, id(container), until) {
            Ok(()) => {
                deleted.push(id(container));
                freed += container["SizeRw"].as_u64().unwrap_or_default();
            }
            // It runs again, or was removed meanwhile; a prune of the engine leaves such ones too.
            Err(error) if is_of_its_own(&error) => {
                kept.push(json!({"name": name(container), "id": id(container), "why": error.message()}));
            }
            Err(error) => {
                return Err(error.and(&format!(
                    "Of {} containers, {} were removed before: {}.",
                    going.len(),
                    deleted.len(),
                    if deleted.is_empty() { "none".to_owned() } else { deleted.join(", ") }
                )));
            }
        }
    }
    let mut result = json!({"ContainersDeleted": deleted, "SpaceReclaimed": freed, "spared": spared});
    if !kept.is_empty() {
        result["kept"] = kept.into();
    }
    Ok(result.into())
}

/// All containers, also those that do not run.
pub(super) fn stopped() -> Request {
    Request::get(Path::fixed("/containers/json")).query("all", "true")
}

/// Those that may go, and those that a rule protects, for the result.
pub(super) fn divide<'a>(call: &Call<'_>, containers: Vec<&'a Value>) -> (Vec<&'a Value>, Vec<Value>) {
    let (mut going, mut spared) = (Vec::new(), Vec::new());
    for container in containers {
        match call.configuration.policy().protecting_rule(&guard::as_inspected(container)) {
            None => going.push(container),
            Some(rule) => {
                spared.push(json!({"name": name(container), "id": id(container), "rule": rule}));
            }
        }
    }
    (going, spared)
}

/// Removes a container that does not run, and nothing else: neither by force nor with its volumes.
fn remove(call: &Call<'_>, id: &str, until: Instant) -> Result<(), Error> {
    let left = until.saturating_duration_since(Instant::now());
    let path = Path::fill("/containers/{id}", |_| Segment::name(id))?;
    call.send(Request::new(Method::DELETE, path).silence(left).deadline(left)).map(drop)
}

/// Whether an error is about this container alone.
fn is_of_its_own(error: &Error) -> bool {
    matches!(
        error.kind(),
        Kind::Engine(
            ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::BadRequest | ErrorKind::EngineError
        )
    )
}

fn name(container: &Value) -> &str {
    guard::own_name(container)
}
