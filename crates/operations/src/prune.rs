//! Prunes: what nothing uses is taken away. With `dry_run` they only list what would go, with the same filters.

mod images;

use std::collections::HashSet;

use engine::{ApiVersion, Path, Request};
use serde_json::{Map, Value, json};

use crate::{
    Effect, Error, Kind, Operation, Output, Param, Schema, ValueKind,
    call::Call,
    param::{DRY_RUN, FILTERS, flag, integer, signed},
    preview::is_predefined,
    result::case,
    values::normalise,
};

/// From this version on, a prune of volumes leaves named ones alone unless asked.
const NAMED_VOLUMES_STAY: ApiVersion = ApiVersion::new(1, 42);

/// From this version on, what a prune of the build cache keeps is called reserved space.
const RESERVED_SPACE: ApiVersion = ApiVersion::new(1, 48);
/// From this version on, disk usage lists objects elsewhere, and only when asked.
const VERBOSE_USAGE: ApiVersion = ApiVersion::new(1, 52);

const LIMIT: Param = integer("timeout")
    .title("Time Limit (seconds)")
    .about("The call fails after this long, and the engine may go on; the configuration's time-out if empty.")
    .local();
const PARAMS: &[Param] = &[FILTERS, DRY_RUN, LIMIT];

/// The filters that the engine knows for each; it refuses any other.
const OF_CONTAINERS: &[&str] = &["until", "label", "label!"];
const OF_NETWORKS: &[&str] = OF_CONTAINERS;
const OF_VOLUMES: &[&str] = &["label", "label!", "all"];
const OF_BUILD_CACHE: &[&str] =
    &["until", "id", "parent", "type", "description", "inuse", "shared", "private"];

/// What a dry run adds.
const FORESEEN: Schema = Schema::Fields(&["result", "count", "dry_run"]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::post("prune_containers", "/containers/prune")
        .title("Prune Containers")
        .about("Removes all containers that do not run.")
        .effect(Effect::Destroy)
        .params(PARAMS)
        .gives(Schema::Answer("POST /containers/prune"))
        .gives_for(&[case("dry_run", "true", Schema::All(&[Schema::Answer("POST /containers/prune"), FORESEEN]))])
        .preview(containers)
        .run(prune),
    Operation::post("prune_images", "/images/prune")
        .title("Prune Images")
        .about("Removes images without a name, or with the filter dangling=false all that no container uses.")
        .effect(Effect::Destroy)
        .params(PARAMS)
        .gives(Schema::Answer("POST /images/prune"))
        .gives_for(&[case("dry_run", "true", Schema::All(&[Schema::Answer("POST /images/prune"), FORESEEN]))])
        .preview(images::preview)
        .run(prune),
    Operation::post("prune_networks", "/networks/prune")
        .title("Prune Networks")
        .about("Removes all networks that no container is in.")
        .effect(Effect::Destroy)
        .params(PARAMS)
        .gives(Schema::Answer("POST /networks/prune"))
        .gives_for(&[case("dry_run", "true", Schema::All(&[Schema::Answer("POST /networks/prune"), FORESEEN]))])
        .preview(networks)
        .run(prune),
    Operation::post("prune_volumes", "/volumes/prune")
        .title("Prune Volumes")
        .about("Removes volumes that no container uses; since API 1.42 named ones only with the filter all=true.")
        .effect(Effect::Destroy)
        .params(PARAMS)
        .gives(Schema::Answer("POST /volumes/prune"))
        .gives_for(&[case("dry_run", "true", Schema::All(&[Schema::Answer("POST /volumes/prune"), FORESEEN]))])
        .preview(volumes)
        .run(prune),
    Operation::post("prune_build_cache", "/build/prune")
        .title("Prune Build Cache")
        .about("Removes what builds have left behind and nothing uses.")
        .effect(Effect::Destroy)
        .params(&[
            flag("all").title("All").about("Also what is not dangling."),
            signed("keep_storage")
                .title("Keep Storage (bytes)")
                .about("How much to keep at least, on any engine: newer ones call it reserved space.")
                .local(),
            signed("reserved_space")
                .title("Reserved Space (bytes)")
                .about("How much to keep at least.")
                .wire("reserved-space")
                .since(1, 48),
            signed("max_used_space")
                .title("Most Used Space (bytes)")
                .about("How much may stay at most.")
                .wire("max-used-space")
                .since(1, 48),
            signed("min_free_space")
                .title("Least Free Space (bytes)")
                .about("How much of the disk must be free afterwards.")
                .wire("min-free-space")
                .since(1, 48),
            FILTERS,
            DRY_RUN,
            LIMIT,
        ])
        .gives(Schema::Answer("POST /build/prune"))
        .gives_for(&[case("dry_run", "true", Schema::All(&[Schema::Answer("POST /build/prune"), FORESEEN]))])
        .preview(build_cache)
        .run(prune_build_cache),
];

fn prune(call: &Call<'_>) -> Result<Output, Error> {
    send(call, call.request()?)
}

fn prune_build_cache(call: &Call<'_>) -> Result<Output, Error> {
    let Some(keep) = call.arguments.get("keep_storage") else { return prune(call) };
    if call.arguments.get("reserved_space").is_some() {
        return Err(fault("keep_storage and reserved_space are two names for one thing: give one".into()));
    }
    // An engine takes no notice of the name that it does not know, and would keep nothing.
    let name = if call.engine.api_version()? < RESERVED_SPACE { "keep-storage" } else { "reserved-space" };
    send(call, call.request()?.query(name, &keep.to_string()))
}

fn send(call: &Call<'_>, request: Request) -> Result<Output, Error> {
    let limit = call.time_limit();
    Ok(Output::Raw(call.send(request.silence(limit).deadline(limit))?.body))
}

fn containers(call: &Call<'_>) -> Result<Output, Error> {
    check_filters(call, OF_CONTAINERS)?;
    let request = Request::get(Path::fixed("/containers/json")).query("all", "true").query("size", "true");
    let limit = call.time_limit();
    let found = list(call, request.silence(limit).deadline(limit))?;
    let chosen = chosen(call, array(&found).filter(|container| is_pruned(container)), "Created");
    let freed: u64 = chosen.iter().filter_map(|container| container["SizeRw"].as_u64()).sum();
    let ids: Vec<&Value> = chosen.iter().map(|container| &container["Id"]).collect();
    Ok(preview("containers", ids.len(), json!({"ContainersDeleted": ids, "SpaceReclaimed": freed})))
}

/// Networks tell their containers only one by one, and containers their networks at once.
fn networks(call: &Call<'_>) -> Result<Output, Error> {
    check_filters(call, OF_NETWORKS)?;
    let found = list(call, Request::get(Path::fixed("/networks")))?;
    let running = list(call, Request::get(Path::fixed("/containers/json")))?;
    let places = array(&running).filter_map(|container| container["NetworkSettings"]["Networks"].as_object());
    let used: HashSet<&str> =
        places.flat_map(Map::values).filter_map(|place| place["NetworkID"].as_str()).collect();
    let unused = array(&found).filter(|network| {
        !is_predefined(network["Name"].as_str().unwrap_or_default())
            && network["Ingress"] != true
            && !used.contains(id(network))
    });
    let chosen = chosen(call, unused, "Created");
    let names: Vec<&Value> = chosen.iter().map(|network| &network["Name"]).collect();
    Ok(preview("networks", names.len(), json!({"NetworksDeleted": names})))
}

/// Only those of the engine's own driver; the others it leaves alone.
fn volumes(call: &Call<'_>) -> Result<Output, Error> {
    check_filters(call, OF_VOLUMES)?;
    let found =
        list(call, Request::get(Path::fixed("/volumes")).query("filters", r#"{"dangling":["true"]}"#))?;
    let named_too = call.engine.api_version()? < NAMED_VOLUMES_STAY
        || filter(call, "all").any(|value| value == "true" || value == "1");
    let own =
        array(&found["Volumes"]).filter(|volume| volume["Driver"].as_str().is_none_or(|it| it == "local"));
    let chosen = chosen(call, own.filter(|volume| named_too || is_anonymous(volume)), "CreatedAt");
    let names: Vec<&Value> = chosen.iter().map(|volume| &volume["Name"]).collect();
    let usage = if names.is_empty() { Vec::new() } else { usage(call, "volume", "Volumes", "VolumeUsage")? };
    let freed: u64 = usage
        .iter()
        .filter(|volume| names.contains(&&volume["Name"]))
        .filter_map(|volume| volume["UsageData"]["Size"].as_u64())
        .sum();
    Ok(preview("volumes", names.len(), json!({"VolumesDeleted": names, "SpaceReclaimed": freed})))
}

/// Whether a container of a list is one that a prune takes, unless filters spare it. The engine's own filter for that would
/// have to name states which others refuse: Podman knows none that is dead.
pub(crate) fn is_pruned(container: &Value) -> bool {
    matches!(container["State"].as_str(), Some("created" | "exited" | "dead" | "stopped"))
}

/// What the engine keeps of it by size, age or a filter is its own decision, so this is what may go at most.
fn build_cache(call: &Call<'_>) -> Result<Output, Error> {
    check_filters(call, OF_BUILD_CACHE)?;
    let usage = usage(call, "build-cache", "BuildCache", "BuildCacheUsage")?;
    let all = call.arguments.is_on("all");
    let unused = |entry: &&Value| entry["InUse"] != true && (all || entry["Shared"] != true);
    let chosen: Vec<&Value> = usage.iter().filter(unused).collect();
    let freed: u64 = chosen.iter().filter_map(|entry| entry["Size"].as_u64()).sum();
    let ids: Vec<&Value> = chosen.iter().map(|entry| &entry["ID"]).collect();
    Ok(preview(
        "entries of the build cache, at most",
        ids.len(),
        json!({"CachesDeleted": ids, "SpaceReclaimed": freed}),
    ))
}

/// Objects of one type with what they use: under their old name, or as items of the new one.
fn usage(call: &Call<'_>, kind: &str, old: &str, new: &str) -> Result<Vec<Value>, Error> {
    let mut request = Request::get(Path::fixed("/system/df"));
    let version = call.engine.api_version()?;
    if version >= NAMED_VOLUMES_STAY {
        request = request.query("type", kind);
    }
    if version >= VERBOSE_USAGE {
        request = request.query("verbose", "true");
    }
    let limit = call.time_limit();
    let usage = call.send(request.silence(limit).deadline(limit))?.json()?;
    Ok(array(&usage[old]).chain(array(&usage[new]["Items"])).cloned().collect())
}

/// A filter that the engine does not know makes it refuse a prune, and so a dry run too.
fn check_filters(call: &Call<'_>, known: &[&str]) -> Result<(), Error> {
    let given = call.arguments.get("filters").and_then(Value::as_object);
    match given.and_then(|given| given.keys().find(|name| !known.contains(&name.as_str()))) {
        None => Ok(()),
        Some(name) => Err(fault(format!("filters may hold {}, and not {name:?}", known.join(", ")))),
    }
}

fn fault(fault: String) -> Error {
    Error::faults(Kind::InvalidParameters, &[fault])
}

/// The result of a dry run: as the real one's, and said to be none.
fn preview(what: &str, count: usize, mut fields: Value) -> Output {
    fields["result"] = format!("Would remove {count} {what}").into();
    fields["count"] = count.into();
    fields["dry_run"] = true.into();
    fields.into()
}

fn list(call: &Call<'_>, request: Request) -> Result<Value, Error> {
    Ok(call.send(request)?.json()?)
}

/// Those that the filters `label`, `label!` and `until` let go, which the lists themselves do not all know.
fn chosen<'a>(call: &Call<'_>, found: impl Iterator<Item = &'a Value>, created: &str) -> Vec<&'a Value> {
    let values = |name| filter(call, name).collect::<Vec<_>>();
    let (with, without, until) = (values("label"), values("label!"), values("until"));
    let is_chosen = |thing: &&Value| {
        is_labelled(&thing["Labels"], &with, &without)
            && until.iter().all(|until| seconds(&thing[created]) < seconds(&(*until).into()))
    };
    found.filter(is_chosen).collect()
}

/// As the engine reads both filters: all of the one must be there, and not all of the other. So with several `label!`,
/// only what has every one of them stays.
fn is_labelled(labels: &Value, with: &[&str], without: &[&str]) -> bool {
    let has = |label: &&str| match label.split_once('=') {
        Some((name, value)) => labels[name] == value,
        None => labels.get(label).is_some(),
    };
    with.iter().all(has) && (without.is_empty() || !without.iter().all(has))
}

/// The values of a filter.
fn filter<'a>(call: &'a Call<'_>, name: &str) -> impl Iterator<Item = &'a str> {
    call.arguments
        .get("filters")
        .map_or(&Value::Null, |filters| &filters[name])
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// A time in any form, in seconds since 1970; what is none is long ago.
fn seconds(time: &Value) -> f64 {
    // Go writes a zone after the offset in some answers: `2024-01-02 03:04:05 +0000 UTC`.
    let normal = normalise(ValueKind::Time, time).ok().flatten();
    normal.and_then(|time| time.as_str()?.parse().ok()).unwrap_or_default()
}

/// Whether the engine made a volume's name up: since 23.0 it says so in a label, and goes by that alone.
fn is_anonymous(volume: &Value) -> bool {
    volume["Labels"].get("com.docker.volume.anonymous").is_some()
}

fn id(object: &Value) -> &str {
    object["Id"].as_str().unwrap_or_default()
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_volumes_without_a_name() {
        assert!(!is_anonymous(&json!({"Name": "0".repeat(64), "Labels": null})));
        assert!(is_anonymous(&json!({"Name": "x", "Labels": {"com.docker.volume.anonymous": ""}})));
        assert!(!is_anonymous(&json!({"Name": "data", "Labels": null})));
    }

    /// What an engine did with four containers, labelled a, b, both and not at all.
    #[test]
    fn reads_labels_as_the_engine_does() {
        let things = [json!({"a": "1"}), json!({"b": "1"}), json!({"a": "1", "b": "1"}), Value::Null];
        let goes = |with: &[&str], without: &[&str]| {
            things.each_ref().map(|labels| is_labelled(labels, with, without))
        };
        assert_eq!(goes(&[], &[]), [true, true, true, true]);
        assert_eq!(goes(&["a"], &[]), [true, false, true, false]);
        assert_eq!(goes(&["a=1", "b=1"], &[]), [false, false, true, false]);
        assert_eq!(goes(&["a=2"], &[]), [false, false, false, false]);
        assert_eq!(goes(&[], &["a=1"]), [false, true, false, true]);
        assert_eq!(goes(&[], &["a=1", "b=1"]), [true, true, false, true]);
    }

    #[test]
    fn compares_times_in_every_form() {
        assert!(seconds(&json!(1_700_000_000)) < seconds(&json!("2024-01-01T00:00:00Z")));
        assert!(seconds(&json!("10m")) > seconds(&json!("2h")));
        assert!(seconds(&json!("nonsense")) < 1.0);
    }
}
