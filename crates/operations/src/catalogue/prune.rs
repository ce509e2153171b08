//! Prunes: what nothing uses is taken away. With `dry_run` they only list what would go, with the same filters.

mod choice;
mod dry_run;
mod filters;
mod images;
mod spare;
mod until;

use engine::{ApiVersion, Request};
use serde_json::json;

use self::filters::{Filters, Pruned};
use crate::{
    Effect, Error, Kind, Operation, Output, Param, Schema,
    declare::{
        arguments::Arguments,
        operation::always,
        param::{DRY_RUN, OVERRIDE_ISOLATION, PRUNE_FILTERS, flag, integer, signed},
        result::{TEXTS, case},
        target::{Touch, Unused},
    },
    run::{call::Call, guard, isolation, provenance::ONLY_CASE},
};

/// From this version on, what a prune of the build cache keeps is called reserved space.
const RESERVED_SPACE: ApiVersion = ApiVersion::new(1, 48);

const REQUIRE_FILTER: Param = flag("require_filter")
    .title("Require Filter")
    .about("Refuse the call if the filters are empty. Use this if an expression produces them.")
    .local();
const LIMIT: Param = integer("timeout")
    .title("Time Limit (seconds)")
    .about("The call fails after this time, and the engine may continue. If empty, the configuration's timeout applies.")
    .local();
const PARAMS: &[Param] = &[PRUNE_FILTERS, ONLY_CASE, DRY_RUN, LIMIT, REQUIRE_FILTER];
/// Of what may take an isolated container, or its networks.
const OF_WHAT_A_RELEASE_NEEDS: &[Param] =
    &[PRUNE_FILTERS, ONLY_CASE, DRY_RUN, LIMIT, REQUIRE_FILTER, OVERRIDE_ISOLATION];

/// What a dry run adds.
const FORESEEN: Schema =
    Schema::All(&[Schema::Fields(&["result", "count", "dry_run"]), Schema::Field("notes", &TEXTS)]);
/// What a protection has spared, by the rule that did.
const SPARED: Schema = Schema::Field("spared", &Schema::List(&Schema::Fields(&["name", "id", "rule"])));
/// What was to go and did not.
const KEPT: Schema = Schema::Field("kept", &Schema::List(&Schema::Fields(&["name", "id", "why"])));

/// Of the containers.
pub(crate) static CONTAINERS: &[Operation] = &[Operation::post("prune_containers", "/containers/prune")
    .title("Prune Containers")
    .about("Removes all containers that are not running, except protected ones.")
    .effect(Effect::Destroy)
    .params(OF_WHAT_A_RELEASE_NEEDS)
    .upsets_isolation(always)
    .gives(Schema::All(&[Schema::Answer("POST /containers/prune"), SPARED, KEPT]))
    .gives_for(&[case(
        "dry_run",
        "true",
        Schema::All(&[Schema::Answer("POST /containers/prune"), FORESEEN, SPARED]),
    )])
    .dry_run(dry_run::containers)
    .touches(&[Touch::Unused(Unused::Containers)])
    .run(spare::prune_containers)];

/// Of the images, and of what builds leave behind.
pub(crate) static IMAGES: &[Operation] = &[
    Operation::post("prune_images", "/images/prune")
        .title("Prune Images")
        .about("Removes all images without a name (dangling). With the filter dangling=false, removes all images that no container uses.")
        .effect(Effect::Destroy)
        .params(PARAMS)
        .gives(Schema::Answer("POST /images/prune"))
        .gives_for(&[case("dry_run", "true", Schema::All(&[Schema::Answer("POST /images/prune"), FORESEEN]))])
        .dry_run(images::dry_run)
        .touches(&[Touch::Unused(Unused::Other)])
        .run(prune_images),
    Operation::post("prune_build_cache", "/build/prune")
        .title("Prune Build Cache")
        .about("Removes build cache that no build and no image uses.")
        .effect(Effect::Destroy)
        .params(&[
            flag("all").title("All").about("Remove all unused build cache, not only dangling cache."),
            signed("keep_storage")
                .title("Keep Storage (bytes)")
                .about("The minimum size to keep, on any engine. Newer engines call it reserved space.")
                .local(),
            signed("reserved_space")
                .title("Reserved Space (bytes)")
                .about("The minimum size of the build cache to keep.")
                .wire("reserved-space")
                .since(1, 48),
            signed("max_used_space")
                .title("Most Used Space (bytes)")
                .about("The maximum size of the build cache to keep.")
                .wire("max-used-space")
                .since(1, 48),
            signed("min_free_space")
                .title("Least Free Space (bytes)")
                .about("The free disk space that should be left afterwards.")
                .wire("min-free-space")
                .since(1, 48),
            PRUNE_FILTERS,
            DRY_RUN,
            LIMIT,
            REQUIRE_FILTER,
        ])
        .gives(Schema::Answer("POST /build/prune"))
        .gives_for(&[case("dry_run", "true", Schema::All(&[Schema::Answer("POST /build/prune"), FORESEEN]))])
        .dry_run(dry_run::build_cache)
        .touches(&[Touch::Nothing])
        .validated_by(one_bound)
        .run(prune_build_cache),
];

/// Of the networks.
pub(crate) static NETWORKS: &[Operation] = &[Operation::post("prune_networks", "/networks/prune")
    .title("Prune Networks")
    .about("Removes all networks that no container uses.")
    .effect(Effect::Destroy)
    .params(OF_WHAT_A_RELEASE_NEEDS)
    .upsets_isolation(always)
    .gives(Schema::All(&[Schema::Answer("POST /networks/prune"), SPARED, KEPT]))
    .gives_for(&[case(
        "dry_run",
        "true",
        Schema::All(&[Schema::Answer("POST /networks/prune"), FORESEEN, SPARED]),
    )])
    .dry_run(dry_run::networks)
    .touches(&[Touch::Unused(Unused::Networks)])
    .run(spare::prune_networks)];

/// Of the volumes.
pub(crate) static VOLUMES: &[Operation] = &[Operation::post("prune_volumes", "/volumes/prune")
    .title("Prune Volumes")
    .about("Removes volumes that no container uses. Since API 1.42, removes named volumes only with the filter all=true.")
    .effect(Effect::Destroy)
    .params(PARAMS)
    .gives(Schema::Answer("POST /volumes/prune"))
    .gives_for(&[case("dry_run", "true", Schema::All(&[Schema::Answer("POST /volumes/prune"), FORESEEN]))])
    .dry_run(dry_run::volumes)
    .touches(&[Touch::Unused(Unused::Other)])
    .run(prune_volumes)];

fn prune_images(call: &Call<'_>) -> Result<Output, Error> {
    prune(call, Pruned::Images)
}

/// The records of isolated containers are volumes that no container uses. They are spared by their label.
fn prune_volumes(call: &Call<'_>) -> Result<Output, Error> {
    Filters::read(call, Pruned::Volumes)?;
    if guard::isolated::records(call)?.is_empty() {
        return send(call, call.request()?);
    }
    let mut filters = call.arguments.get("filters").cloned().unwrap_or_else(|| json!({}));
    if filters.get("label!").is_some() {
        return Err(Error::new(
            Kind::Isolated,
            "Containers are isolated, and their records are volumes, which the filter label! would let go: an engine takes no \
             second one beside yours. Nothing was done. Release the containers first (list_isolated shows them), or leave out label!.",
        ));
    }
    filters["label!"] = json!([isolation::LABEL]);
    send(call, call.request_with("filters", filters)?)
}

/// The engine's own prune, once its filters are known to mean what they say.
fn prune(call: &Call<'_>, pruned: Pruned) -> Result<Output, Error> {
    Filters::read(call, pruned)?;
    send(call, call.request()?)
}

fn one_bound(arguments: &Arguments) -> Result<(), Error> {
    match ["keep_storage", "reserved_space"].iter().all(|name| arguments.get(name).is_some()) {
        true => Err(Error::fault("keep_storage and reserved_space mean the same: give only one")),
        false => Ok(()),
    }
}

fn prune_build_cache(call: &Call<'_>) -> Result<Output, Error> {
    Filters::read(call, Pruned::BuildCache)?;
    let Some(keep) = call.arguments.get("keep_storage") else { return send(call, call.request()?) };
    // An engine takes no notice of the name that it does not know, and would keep nothing.
    let name = if call.engine.api_version()? < RESERVED_SPACE { "keep-storage" } else { "reserved-space" };
    send(call, call.request()?.query(name, &keep.to_string()))
}

fn send(call: &Call<'_>, request: Request) -> Result<Output, Error> {
    let limit = call.time_limit();
    Ok(Output::Raw(call.send(request.silence(limit).deadline(limit))?.body))
}
