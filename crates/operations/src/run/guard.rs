//! Refuses what the configuration does not allow: an operation, or a change to what is protected.
//!
//! Checked for every operation before its requests are sent. What is not known to be allowed is refused.

pub(crate) mod look;

use engine::{Path, Request};
use serde_json::Value;

use self::look::{container_of, is_absence, listed};
use crate::{
    Effect, Error, Operation,
    declare::{
        arguments::Named,
        target::{Reach, Target},
    },
    run::{
        call::Call,
        objects::{as_inspected, own_name},
        policy::{Policy, blocked},
    },
};

/// Refuses a call that the configuration does not allow. A call that may go on acts on the containers that were checked:
/// their full ids take the place of the names that it was given, which others could give away in between.
pub(crate) fn permit(operation: &Operation, call: &mut Call<'_>, is_dry_run: bool) -> Result<(), Error> {
    let policy = call.configuration.policy();
    let Reach { effect, targets } = match is_dry_run {
        true => Reach { effect: Effect::Read, targets: Vec::new() },
        false => operation.reach(&mut call.arguments),
    };
    check_operation(policy, operation, effect)?;
    if effect == Effect::Read {
        return Ok(());
    }
    for target in targets {
        match target {
            Target::Unclear(form) if policy.restricts() => {
                return Err(blocked(format!(
                    "The connector cannot tell what the call would change, and this configuration restricts changes: {form}. \
                     Nothing was done. An administrator can lift the restriction."
                )));
            }
            Target::Unclear(_) => {}
            _ if !policy.protects() => {}
            Target::Container(named) => {
                let id = checked(call, policy, &named.text)?;
                aim(call, named, id)?;
            }
            Target::Member(named) => match checked(call, policy, &named.text) {
                Ok(id) => aim(call, named, id)?,
                Err(error) if is_absence(&error) => {}
                Err(error) => return Err(error),
            },
            Target::Exec(exec) => {
                let container = container_of(call, &exec)?;
                checked(call, policy, &container)?;
            }
            Target::StoppedContainers => check_stopped(call, policy)?,
            Target::Network(_) | Target::Place(_) | Target::Volume(_) | Target::Image(_) => {}
        }
    }
    Ok(())
}

/// Whether the operation may run at all.
fn check_operation(policy: &Policy, operation: &Operation, effect: Effect) -> Result<(), Error> {
    policy.check_level(effect)?;
    let allowed = policy.allowed_operations();
    // What lists a form's choices may run where what it is picked for may.
    let picks = |name: &String| {
        let params = crate::find(name).map_or(&[][..], |operation| operation.params);
        params.iter().any(|param| param.picked_from == Some(operation.name))
    };
    let is_named =
        |name: &String| name == operation.name || operation.also.contains(&name.as_str()) || picks(name);
    if allowed.is_empty() || allowed.iter().any(is_named) {
        return Ok(());
    }
    Err(blocked(format!(
        "allowed_operations does not name {}. An administrator may add it in the configuration.",
        operation.name
    )))
}

/// From here on a full id stands in the place of the name, in every request of this call.
fn aim(call: &mut Call<'_>, named: Named, id: String) -> Result<(), Error> {
    let text = named.text.clone();
    if call.arguments.aim(named, id) {
        return Ok(());
    }
    Err(Error::new(
        crate::Kind::Internal,
        format!(
            "The parameters do not hold {text:?} where the connector has looked it up. Nothing was done."
        ),
    ))
}

/// Looks at a container, and gives its full id if nothing protects it.
fn checked(call: &Call<'_>, policy: &Policy, named: &str) -> Result<String, Error> {
    let (id, container) = look::container(call, named, policy.reads_labels())?;
    refuse_protected(policy, named, &container)?;
    Ok(id)
}

fn check_stopped(call: &Call<'_>, policy: &Policy) -> Result<(), Error> {
    for container in listed(call, Request::get(Path::fixed("/containers/json")).query("all", "true"))? {
        if matches!(container["State"].as_str(), Some("running" | "paused" | "restarting")) {
            continue;
        }
        refuse_protected(policy, own_name(&container), &as_inspected(&container))
            .map_err(|error| error.and("prune_containers removes the others and spares it."))?;
    }
    Ok(())
}

fn refuse_protected(policy: &Policy, id: &str, container: &Value) -> Result<(), Error> {
    match policy.protecting_rule(container) {
        None => Ok(()),
        Some(rule) => Err(blocked(format!(
            "Container {} is protected by {rule}. Nothing was done. An administrator may lift the protection.",
            id.trim_start_matches('/')
        ))),
    }
}
