//! Changing a service: `POST /services/{id}/update`.
//!
//! An update replaces the whole specification. So the present one is read, changed where the call says so, and sent back
//! whole, at an API version that keeps all of it.

use serde_json::Value;

use super::{
    SERVICE,
    change::Change,
    create::{CONTAINER_SPEC, warnings},
    names, pairs,
    pin::{Pinned, RESOLVE_IMAGE},
    replicas,
    spec::{self, AS_THE_API_HAS_IT, COMMON, IMAGE, RARE, REPLICAS},
};
use crate::{
    Error, Operation, Output, Param, Schema,
    catalogue::images::registry::{SIGN_IN, SignIn},
    declare::{
        arguments::Arguments,
        operation::always,
        param::{OVERRIDE_ISOLATION, TIME_LIMIT, choice, integer, joined},
        result::{DONE, TEXTS},
        target::Touch,
    },
    run::{call::Call, guard::joins, request, swarm_update::Updated},
    values::body::overlay,
};

const SOURCES: &[(&str, &str)] = &[("Specification", "spec"), ("Previous Specification", "previous-spec")];

const REGISTRY_AUTH_FROM: Param = choice("registryAuthFrom", SOURCES)
    .title("Registry Sign-In From")
    .about("Where the nodes take their registry credentials from if the call has none: the service's current or previous settings.")
    .local();

/// For an update that goes by the version that a playbook has read.
const VERSION: Param = integer("version")
    .title("Version")
    .about("Change the service only if it still has this version: Version.Index of Inspect Service. If empty, the current version is changed.")
    .local();

const LIMIT: Param = TIME_LIMIT.about(
    "How long to try again if others change the service at the same time. If empty, the configuration's timeout applies.",
);

const FIRST: &[Param] = &[SERVICE, IMAGE, REPLICAS];

/// What an update has led to.
const UPDATED: Schema = Schema::All(&[DONE, Schema::Field("Warnings", &TEXTS), Schema::Fields(&["image"])]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::post("update_service", "/services/{id}/update")
        .title("Update Service")
        .about("Changes settings of a service. Empty fields do not change. A list or map replaces the current one; the fields that add and remove change single entries. The swarm then replaces tasks where necessary.")
        .touches(&[Touch::Service("id")])
        .params(&joined::<
            {
                FIRST.len()
                    + pairs::PARAMS.len()
                    + COMMON.len()
                    + RARE.len()
                    + AS_THE_API_HAS_IT.len()
                    + SIGN_IN.len()
                    + 5
            },
        >(&[
            FIRST,
            pairs::PARAMS,
            COMMON,
            RARE,
            AS_THE_API_HAS_IT,
            &SIGN_IN,
            &[RESOLVE_IMAGE, REGISTRY_AUTH_FROM, VERSION, LIMIT, OVERRIDE_ISOLATION],
        ]))
        .upsets_isolation(always)
        .gives(UPDATED)
        .validated_by(validate)
        .run(update),
    Operation::post("scale_service", "/services/{id}/update")
        .title("Scale Service")
        .about("Sets the number of tasks of a replicated service. A service that Stop Service stopped runs again.")
        .touches(&[Touch::Service("id")])
        .params(&[SERVICE, REPLICAS.required(), LIMIT, OVERRIDE_ISOLATION])
        .upsets_isolation(always)
        .gives(UPDATED)
        .run(scale),
    Operation::post("rollback_service", "/services/{id}/update")
        .title("Roll Back Service")
        .about("Rolls a service back to the settings before its last update. To wait until its tasks have them, use Wait for Service.")
        .touches(&[Touch::Service("id")])
        .params(&[SERVICE, REGISTRY_AUTH_FROM, LIMIT, OVERRIDE_ISOLATION])
        .upsets_isolation(always)
        .gives(UPDATED)
        .run(rollback),
    Operation::post("force_update_service", "/services/{id}/update")
        .title("Force Update of Service")
        .about("Replaces all tasks of a service with new ones, without changing a setting.")
        .touches(&[Touch::Service("id")])
        .params(&[SERVICE, LIMIT, OVERRIDE_ISOLATION])
        .upsets_isolation(always)
        .gives(UPDATED)
        .run(force),
];

fn validate(arguments: &Arguments) -> Result<(), Error> {
    let is_bare = request::is_empty(&request::body(arguments)?) && arguments.get(REPLICAS).is_none();
    match is_bare && !pairs::are_given(arguments) && !refreshes(arguments) {
        true => Err(Error::fault("no setting is given: give at least one")),
        false => Ok(()),
    }
}

/// Whether the call gives new credentials for the registry.
fn refreshes(arguments: &Arguments) -> bool {
    SIGN_IN.iter().any(|param| arguments.get(param).is_some())
}

fn update(call: &Call<'_>) -> Result<Output, Error> {
    let mut arguments = call.arguments.clone();
    let replicas = arguments.integer(REPLICAS);
    let refreshes = refreshes(&arguments);
    pairs::fit(&mut arguments)?;
    names::resolve_pairs(call, &mut arguments)?;
    let mut fields = request::body(&arguments)?;
    names::resolve(call, &mut fields)?;
    let sign_in = match arguments.text("image") {
        Some(image) => Some(SignIn::for_image(call, image)?),
        None => None,
    };
    let mut change = with_sign_in_from(call)?;
    change.pinned = Pinned::of(call, sign_in.as_ref())?;
    change.insists = refreshes;
    change.version = arguments.integer(VERSION);
    let updated = change.make(|service, spec| {
        overlay(call.endpoint.path, spec, fields.clone());
        keep_networks(spec);
        spec::complete(spec);
        if let Some(pinned) = &change.pinned {
            pinned.put(spec);
        }
        if let Some(replicas) = replicas {
            replicas::scale(spec, replicas)?;
        }
        pairs::apply(spec, &arguments);
        let mounts = |spec: &Value| spec.pointer("/TaskTemplate/ContainerSpec/Mounts").cloned();
        if mounts(&service["Spec"]) != mounts(spec) {
            joins::check(call, spec, CONTAINER_SPEC)?;
        }
        Ok(())
    })?;
    Ok(result(
        call,
        "Updated service {id}",
        "Service {id} was already up to date",
        &updated,
        change.pinned.as_ref(),
    ))
}

/// A service from long ago has its networks elsewhere, where they count only as long as its tasks have none.
fn keep_networks(spec: &mut Value) {
    let has_own = spec["TaskTemplate"]["Networks"].as_array().is_some_and(|list| !list.is_empty());
    let former = spec["Networks"].as_array().cloned().filter(|list| !has_own && !list.is_empty());
    if let (Some(former), Some(fields)) = (former, spec.as_object_mut()) {
        fields.remove("Networks");
        spec["TaskTemplate"]["Networks"] = former.into();
    }
}

fn scale(call: &Call<'_>) -> Result<Output, Error> {
    let replicas = call.arguments.integer(REPLICAS).unwrap_or_default();
    let updated = Change::of(call)?.make(|_, spec| replicas::scale(spec, replicas))?;
    let done = format!("Scaled service {{id}} to {replicas}");
    Ok(result(call, &done, &format!("Service {{id}} already had {replicas} replicas"), &updated, None))
}

/// The engine takes the former specification by itself, and the present one goes along to be checked.
fn rollback(call: &Call<'_>) -> Result<Output, Error> {
    let mut change = with_sign_in_from(call)?;
    change.insists = true;
    change.query.push(("rollback", "previous".into()));
    let updated = change.make(|_, _| Ok(()))?;
    let former = Updated { spec: updated.before.get("PreviousSpec").cloned(), ..updated };
    Ok(result(call, "Began to roll back service {id}", "", &former, None))
}

fn force(call: &Call<'_>) -> Result<Output, Error> {
    let updated = Change::of(call)?.make(|_, spec| {
        let count = spec["TaskTemplate"]["ForceUpdate"].as_u64().unwrap_or_default();
        spec["TaskTemplate"]["ForceUpdate"] = (count + 1).into();
        Ok(())
    })?;
    Ok(result(call, "Began to replace the tasks of service {id}", "", &updated, None))
}

/// A change whose nodes sign in as the call says, or as the service's settings do.
fn with_sign_in_from<'c, 'a>(call: &'c Call<'a>) -> Result<Change<'c, 'a>, Error> {
    let mut change = Change::of(call)?;
    if let Some(source) = call.arguments.text(REGISTRY_AUTH_FROM) {
        change.query.push((REGISTRY_AUTH_FROM.name, source.to_owned()));
    }
    Ok(change)
}

fn result(call: &Call<'_>, done: &str, already: &str, updated: &Updated, pinned: Option<&Pinned>) -> Output {
    let is_already = updated.spec.is_none();
    let mut fields = call.outcome_fields(if is_already { already } else { done }, is_already);
    let spec = updated.spec.as_ref().unwrap_or(&updated.before["Spec"]);
    fields.insert("Warnings".into(), warnings(&updated.answer, pinned).into());
    fields.insert("image".into(), spec["TaskTemplate"]["ContainerSpec"]["Image"].clone());
    fields.into()
}
