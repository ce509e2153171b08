//! What a prune would take, computed from lists with the filters that it would send.

use engine::{ApiVersion, Path, Request};
use serde_json::{Map, Value, json};

use super::{
    choice::{
        all_containers, chosen, chosen_containers, chosen_networks, divide, divide_networks, list, listed,
    },
    filters::{Filters, Pruned},
};
use crate::{
    Error, Output,
    run::{call::Call, isolation, objects::items},
};

/// From this version on, disk usage can be asked for by type.
const USAGE_BY_TYPE: ApiVersion = ApiVersion::new(1, 42);
/// From this version on, disk usage lists objects elsewhere, and only when asked.
const VERBOSE_USAGE: ApiVersion = ApiVersion::new(1, 52);

pub(super) fn containers(call: &Call<'_>) -> Result<Output, Error> {
    let filters = Filters::read(call, Pruned::Containers)?;
    let choice = filters.at_present(call);
    let found = listed(call, all_containers().query("size", "true"))?;
    let chosen = chosen_containers(call, &choice, &found)?;
    let (going, spared) = divide(call, chosen)?;
    let freed: u64 = going.iter().filter_map(|container| container["SizeRw"].as_u64()).sum();
    let ids: Vec<&Value> = going.iter().map(|container| &container["Id"]).collect();
    let mut fields = json!({"ContainersDeleted": ids, "SpaceReclaimed": freed});
    if !spared.is_empty() {
        fields["spared"] = spared.into();
    }
    Ok(foreseen("containers", going.len(), fields, choice.notes))
}

pub(super) fn networks(call: &Call<'_>) -> Result<Output, Error> {
    let filters = Filters::read(call, Pruned::Networks)?;
    let mut choice = filters.at_present(call);
    let found = list(call, Request::get(Path::fixed("/networks")))?;
    let (going, spared) = divide_networks(call, chosen_networks(call, &mut choice, &found)?)?;
    let names: Vec<&Value> = going.iter().map(|network| &network["Name"]).collect();
    let mut fields = json!({"NetworksDeleted": names});
    if !spared.is_empty() {
        fields["spared"] = spared.into();
    }
    Ok(foreseen("networks", going.len(), fields, choice.notes))
}

/// Only those of the engine's own driver, and without options: the others it leaves alone.
pub(super) fn volumes(call: &Call<'_>) -> Result<Output, Error> {
    let filters = Filters::read(call, Pruned::Volumes)?;
    let choice = filters.at_present(call);
    let found =
        list(call, Request::get(Path::fixed("/volumes")).query("filters", r#"{"dangling":["true"]}"#))?;
    let named_too = filters.named_volumes || call.is_podman();
    let own = items(&found["Volumes"]).filter(|volume| {
        volume["Driver"].as_str().is_none_or(|it| it == "local")
            && volume["Options"].as_object().is_none_or(Map::is_empty)
            && (named_too || is_anonymous(volume))
            && volume["Labels"].get(isolation::LABEL).is_none()
    });
    let chosen = chosen(call, &choice, own, "")?;
    let names: Vec<&Value> = chosen.iter().map(|volume| &volume["Name"]).collect();
    let usage = if names.is_empty() { Vec::new() } else { usage(call, "volume", "Volumes", "VolumeUsage")? };
    let freed: u64 = usage
        .iter()
        .filter(|volume| names.contains(&&volume["Name"]))
        .filter_map(|volume| volume["UsageData"]["Size"].as_u64())
        .sum();
    let fields = json!({"VolumesDeleted": names, "SpaceReclaimed": freed});
    Ok(foreseen("volumes", names.len(), fields, choice.notes))
}

/// What the engine keeps of it by size, age or a filter is its own decision, so this is what may go at most.
pub(super) fn build_cache(call: &Call<'_>) -> Result<Output, Error> {
    Filters::read(call, Pruned::BuildCache)?;
    let usage = usage(call, "build-cache", "BuildCache", "BuildCacheUsage")?;
    let all = call.arguments.is_on("all");
    let unused = |entry: &&Value| entry["InUse"] != true && (all || entry["Shared"] != true);
    let chosen: Vec<&Value> = usage.iter().filter(unused).collect();
    let freed: u64 = chosen.iter().filter_map(|entry| entry["Size"].as_u64()).sum();
    let ids: Vec<&Value> = chosen.iter().map(|entry| &entry["ID"]).collect();
    Ok(foreseen(
        "entries of the build cache, at most",
        ids.len(),
        json!({"CachesDeleted": ids, "SpaceReclaimed": freed}),
        vec![
            "Filters and what is to be kept are not counted here: the builder decides, and may remove less."
                .into(),
        ],
    ))
}

/// Objects of one type with what they use: under their old name, or as items of the new one.
pub(super) fn usage(call: &Call<'_>, kind: &str, old: &str, new: &str) -> Result<Vec<Value>, Error> {
    let mut request = Request::get(Path::fixed("/system/df"));
    let version = call.engine.api_version()?;
    if version >= USAGE_BY_TYPE {
        request = request.query("type", kind);
    }
    if version >= VERBOSE_USAGE {
        request = request.query("verbose", "true");
    }
    let usage = list(call, request)?;
    Ok(items(&usage[old]).chain(items(&usage[new]["Items"])).cloned().collect())
}

/// The result of a dry run: as the real one's, and said to be none.
pub(super) fn foreseen(what: &str, count: usize, mut fields: Value, notes: Vec<String>) -> Output {
    fields["result"] = format!("Would remove {count} {what}").into();
    fields["count"] = count.into();
    fields["dry_run"] = true.into();
    fields["notes"] = notes.into();
    fields.into()
}

/// Whether the engine made a volume's name up: since 23.0 it says so in a label, and goes by that alone.
fn is_anonymous(volume: &Value) -> bool {
    volume["Labels"].get("com.docker.volume.anonymous").is_some()
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
}
