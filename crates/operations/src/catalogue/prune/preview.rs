//! What a prune would take, computed from lists with the filters that it would send.

use std::collections::HashSet;

use engine::{ApiVersion, Path, Request, Segment};
use serde_json::{Map, Value, json};

use super::{
    array,
    filters::{Choice, Filters, Pruned, is_podman},
    id, is_pruned, list, spare,
};
use crate::{Error, Output, catalogue::preview::is_predefined, run::call::Call};

/// From this version on, disk usage can be asked for by type.
const USAGE_BY_TYPE: ApiVersion = ApiVersion::new(1, 42);
/// From this version on, disk usage lists objects elsewhere, and only when asked.
const VERBOSE_USAGE: ApiVersion = ApiVersion::new(1, 52);

pub(super) fn containers(call: &Call<'_>) -> Result<Output, Error> {
    let filters = Filters::read(call, Pruned::Containers)?;
    let choice = filters.at_present(call);
    let found = spare::look(call, spare::all_containers().query("size", "true"))?;
    let chosen = chosen_containers(call, &choice, &found)?;
    let (going, spared) = spare::divide(call, chosen);
    let freed: u64 = going.iter().filter_map(|container| container["SizeRw"].as_u64()).sum();
    let ids: Vec<&Value> = going.iter().map(|container| &container["Id"]).collect();
    let mut fields = json!({"ContainersDeleted": ids, "SpaceReclaimed": freed});
    if !spared.is_empty() {
        fields["spared"] = spared.into();
    }
    Ok(foreseen("containers", going.len(), fields, choice.notes))
}

/// The containers of a list that a prune with these filters takes.
pub(super) fn chosen_containers<'a>(
    call: &Call<'_>,
    choice: &Choice<'_>,
    found: &'a Value,
) -> Result<Vec<&'a Value>, Error> {
    let stopped = array(found).filter(|container| is_pruned(container));
    chosen(call, choice, stopped, "/containers/{id}/json")
}

pub(super) fn networks(call: &Call<'_>) -> Result<Output, Error> {
    let filters = Filters::read(call, Pruned::Networks)?;
    let mut choice = filters.at_present(call);
    let found = list(call, Request::get(Path::fixed("/networks")))?;
    let (going, spared) = spare::divide_networks(call, chosen_networks(call, &mut choice, &found)?)?;
    let names: Vec<&Value> = going.iter().map(|network| &network["Name"]).collect();
    let mut fields = json!({"NetworksDeleted": names});
    if !spared.is_empty() {
        fields["spared"] = spared.into();
    }
    Ok(foreseen("networks", going.len(), fields, choice.notes))
}

/// The networks of a list that a prune with these filters takes. Networks tell their containers only one by one, and
/// containers their networks at once.
pub(super) fn chosen_networks<'a>(
    call: &Call<'_>,
    choice: &mut Choice<'_>,
    found: &'a Value,
) -> Result<Vec<&'a Value>, Error> {
    let running = list(call, Request::get(Path::fixed("/containers/json")))?;
    let places = array(&running).filter_map(|container| container["NetworkSettings"]["Networks"].as_object());
    let used: HashSet<&str> =
        places.flat_map(Map::values).filter_map(|place| place["NetworkID"].as_str()).collect();
    let unused = array(found).filter(|network| {
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

/// Only those of the engine's own driver, and without options: the others it leaves alone.
pub(super) fn volumes(call: &Call<'_>) -> Result<Output, Error> {
    let filters = Filters::read(call, Pruned::Volumes)?;
    let choice = filters.at_present(call);
    let found =
        list(call, Request::get(Path::fixed("/volumes")).query("filters", r#"{"dangling":["true"]}"#))?;
    let named_too = filters.named_volumes || is_podman(call);
    let own = array(&found["Volumes"]).filter(|volume| {
        volume["Driver"].as_str().is_none_or(|it| it == "local")
            && volume["Options"].as_object().is_none_or(Map::is_empty)
            && (named_too || is_anonymous(volume))
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
    Ok(array(&usage[old]).chain(array(&usage[new]["Items"])).cloned().collect())
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
