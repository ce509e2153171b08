//! Refuses what the configuration does not allow: an operation, or a change to what is protected.
//!
//! Checked for every operation before its requests are sent. What is not known to be allowed is refused. Where no container is
//! protected, nothing is looked at.

pub(crate) mod isolated;
pub(crate) mod joins;
pub(crate) mod look;
pub(crate) mod needs;
mod nodes;
pub(crate) mod rules;

use engine::{Path, Request};
use serde_json::Value;

use self::rules::Rules;
use crate::{
    Effect, Error, Kind, Operation,
    declare::{
        arguments::Named,
        target::{Reach, Target},
    },
    run::{
        call::Call,
        objects::{as_inspected, items, own_name},
        policy::{Policy, blocked},
    },
};

/// What a call does and touches, where the configuration allows the operation at all. Asks nothing of the engine.
pub(crate) fn reach(operation: &Operation, call: &mut Call<'_>, is_dry_run: bool) -> Result<Reach, Error> {
    let reach = match is_dry_run {
        true => Reach { effect: Effect::Read, targets: Vec::new() },
        false => operation.reach(&mut call.arguments),
    };
    check_operation(call.configuration.policy(), operation, reach.effect)?;
    Ok(reach)
}

/// Refuses a call that would change what is protected or isolated. A call that may go on acts on what was checked: full ids take the
/// place of the names that it was given, which others could give away in between.
pub(crate) fn permit(operation: &Operation, call: &mut Call<'_>, reach: Reach) -> Result<(), Error> {
    let policy = call.configuration.policy();
    let Reach { effect, targets } = reach;
    if effect == Effect::Read {
        return Ok(());
    }
    if overrides(call) && !policy.can_override() {
        return Err(blocked(
            "override_protection needs access level Full. An administrator can raise access_level in the configuration.".into(),
        ));
    }
    let refused = targets.iter().find_map(|target| match target {
        Target::Unclear(form) if policy.restricts() => Some(unclear(form)),
        _ => None,
    });
    if let Some(refused) = refused {
        return Err(refused);
    }
    isolated::check(operation, call, &targets)?;
    for target in targets {
        match target {
            Target::Unclear(_) => {}
            _ if !policy.protects() => {}
            target => check_target(call, target)?,
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
        "allowed_operations does not name {}. An administrator can add it in the configuration.",
        operation.name
    )))
}

/// Refuses a change to these services (each by its id and name), which the operation has found by itself, before the first of
/// them is changed.
pub(crate) fn permit_services<'n>(
    call: &Call<'_>,
    mut found: impl Iterator<Item = (&'n str, &'n str)>,
) -> Result<(), Error> {
    match call.configuration.policy().protects() {
        true => found.try_for_each(|(id, name)| checked_service(call, id, name).map(drop)),
        false => Ok(()),
    }
}

/// The same of containers.
pub(crate) fn permit_containers<'n>(
    call: &Call<'_>,
    mut found: impl Iterator<Item = (&'n str, &'n str)>,
) -> Result<(), Error> {
    match call.configuration.policy().protects() {
        true => found.try_for_each(|(id, name)| checked(call, id, name).map(drop)),
        false => Ok(()),
    }
}

fn check_target(call: &mut Call<'_>, target: Target) -> Result<(), Error> {
    match target {
        Target::Container(named) => {
            let id = checked(call, &named.text, &named.text)?;
            aim(call, named, id)
        }
        Target::Member(named) => match checked(call, &named.text, &named.text) {
            Ok(id) => aim(call, named, id),
            Err(error) if look::is_absence(&error) => Ok(()),
            Err(error) => Err(error),
        },
        Target::Exec(exec) => {
            let container = look::container_of(call, &exec)?;
            checked(call, &container, &container).map(drop)
        }
        Target::Network(named) => {
            let (id, network) = look::network(call, &named.text)?;
            let what = format!("network {}", named.text);
            needs::refuse(&what, &needs::protected(call)?, |container| container.is_in(&network))?;
            aim(call, named, id)
        }
        Target::Place(named) => {
            let (id, _) = look::network(call, &named.text)?;
            aim(call, named, id)
        }
        Target::Volume(named) => {
            let name = match look::volume(call, &named.text) {
                Ok(name) => name,
                Err(error) if look::is_absent_volume(&error) => return Ok(()),
                Err(error) => return Err(error),
            };
            let what = format!("volume {name}");
            needs::refuse(&what, &needs::protected(call)?, |container| container.mounts(&name))?;
            aim(call, named, name)
        }
        Target::Image(named) => check_image(call, named),
        Target::Plugin(named) => {
            let (id, name) = look::plugin(call, &named.text)?;
            let networks = look::networks_of(call, &name)?;
            let uses = |container: &needs::Protected| {
                container.is_driven_by(&name) || networks.iter().any(|network| container.is_in(network))
            };
            needs::refuse(&format!("plugin {name}"), &needs::protected(call)?, uses)?;
            aim(call, named, id)
        }
        Target::Service(named) => {
            let id = checked_service(call, &named.text, &named.text)?;
            aim(call, named, id)
        }
        Target::Node(named) => {
            let id = nodes::check(call, &named.text)?;
            aim(call, named, id)
        }
        Target::OwnNode => nodes::check_own(call),
        Target::Joins(within) => match call.arguments.get("body").cloned() {
            Some(mut body) if body.is_object() => {
                joins::check(call, &mut body, within)?;
                call.arguments.set("body", body);
                Ok(())
            }
            _ => Err(unclear("the body must be a JSON object")),
        },
        Target::Resumed(_) | Target::UnusedVolumes => Ok(()),
        Target::StoppedContainers => check_stopped(call),
        Target::UnusedNetworks => {
            let what = "a network that nothing uses while it is stopped, which prune_networks spares";
            needs::refuse(what, &needs::protected(call)?, needs::Protected::leaves_a_network_unused)
        }
        Target::Unclear(form) => Err(unclear(form)),
    }
}

/// From here on a full id stands in the place of the name, in every request of this call.
fn aim(call: &mut Call<'_>, named: Named, id: String) -> Result<(), Error> {
    let text = named.text.clone();
    if call.arguments.aim(named, id) {
        return Ok(());
    }
    let message = format!(
        "The parameters do not hold {text:?} where the connector has looked it up. Nothing was done."
    );
    Err(Error::new(Kind::Internal, message))
}

/// Looks at a container, and gives its full id if nothing protects it, or the call sets that aside. `shown` is what people call it.
fn checked(call: &Call<'_>, named: &str, shown: &str) -> Result<String, Error> {
    let (id, container) = look::container(call, named)?;
    let rules = Rules::of(call);
    match overrides(call) {
        true => {
            if let Some(rule) = rules.protecting(&container)? {
                call.overridden.replace(Some(rule.to_string()));
            }
        }
        false => rules.refuse(&container, shown)?,
    }
    Ok(id)
}

/// Looks at a service, and gives its id if neither it nor a task of it is protected, or the call sets that aside.
fn checked_service(call: &Call<'_>, named: &str, shown: &str) -> Result<String, Error> {
    let (id, service) = look::service(call, named)?;
    let rules = Rules::of(call);
    let protected = needs::protected(call)?;
    if overrides(call) {
        let own = rules.protecting(&as_task(&service))?.map(ToString::to_string);
        let of_a_task =
            || protected.iter().find(|container| container.is_task_of(&id)).map(|task| task.rule.clone());
        if let Some(rule) = own.or_else(of_a_task) {
            call.overridden.replace(Some(rule));
        }
        return Ok(id);
    }
    rules.refuse(&as_task(&service), shown)?;
    needs::refuse(&format!("service {shown}"), &protected, |container| container.is_task_of(&id))?;
    Ok(id)
}

/// Whether the call sets a protection aside. Only operations that contain have this parameter.
fn overrides(call: &Call<'_>) -> bool {
    call.arguments.if_declared("override_protection").is_some_and(|flag| *flag == true)
}

/// An image that is removed by force. If it has one name, its id means the same, and no other image can have that. If it has
/// more, only the name goes, for which the engine needs no force.
fn check_image(call: &mut Call<'_>, named: Named) -> Result<(), Error> {
    let (id, image) = look::image(call, &named.text)?;
    let what = format!("image {}", named.text);
    needs::refuse(&what, &needs::protected(call)?, |container| container.runs_from(&id))?;
    let plain = id.trim_start_matches("sha256:");
    let is_by_id = plain.starts_with(named.text.trim_start_matches("sha256:"));
    if is_by_id || items(&image["RepoTags"]).count() < 2 {
        return aim(call, named, id);
    }
    call.arguments.unset_force();
    Ok(())
}

/// A service, in the form of an inspection of one of its tasks' containers.
fn as_task(service: &Value) -> Value {
    let labels = &service["Spec"]["TaskTemplate"]["ContainerSpec"]["Labels"];
    serde_json::json!({"Name": service["Spec"]["Name"], "Config": {"Labels": labels}})
}

fn check_stopped(call: &Call<'_>) -> Result<(), Error> {
    let rules = Rules::of(call);
    for container in look::listed(call, Request::get(Path::fixed("/containers/json")).query("all", "true"))? {
        if matches!(container["State"].as_str(), Some("running" | "paused" | "restarting")) {
            continue;
        }
        rules
            .refuse(&as_inspected(&container), own_name(&container))
            .map_err(|error| error.and("prune_containers removes the others and spares it."))?;
    }
    Ok(())
}

fn unclear(form: &str) -> Error {
    blocked(format!(
        "The connector cannot tell what the call would change, and this configuration restricts changes, as for protected \
         containers: {form}. Nothing was done. An administrator can lift the restriction."
    ))
}
