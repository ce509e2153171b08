//! What two containers share: volumes and folders, networks, links, an origin, an image, and the ports of their host.

use super::ties::{Control, LONG, Risk, Tie};
use crate::{
    catalogue::{
        compose::{PROJECT, SERVICE, STACK},
        investigate::{
            attack,
            plain::plain,
            survey::{Mount, Network, Place, Seen, Survey},
        },
        response::suspect::leads_to_an_engine,
    },
    declare::target::NAMESPACE,
};

/// The labels that a task's container has of its service.
pub(crate) const SWARM_SERVICE: &str = "com.docker.swarm.service.id";
pub(crate) const SWARM_SERVICE_NAME: &str = "com.docker.swarm.service.name";
pub(super) fn mounts(one: &Seen, other: &Seen, ties: &mut Vec<Tie>) {
    let mut told: Vec<String> = Vec::new();
    for (mine, theirs) in
        one.mounts.iter().flat_map(|mine| other.mounts.iter().map(move |theirs| (mine, theirs)))
    {
        let Some((kind, through, how)) = common(mine, theirs) else { continue };
        if told.contains(&through) {
            continue;
        }
        let (first, second) = (plain(&one.name, LONG), plain(&other.name, LONG));
        let (what, risk, control) = match (mine.can_write, theirs.can_write) {
            (true, true) => ("both write it".to_owned(), Risk::High, Control::Both),
            (true, false) => (format!("{second} reads what {first} writes"), Risk::High, Control::Controls),
            (false, true) => {
                (format!("{first} reads what {second} writes"), Risk::Medium, Control::ControlledBy)
            }
            (false, false) => ("neither can write it".to_owned(), Risk::Info, Control::None),
        };
        let what = format!("{first} and {second} {how}: {what}.");
        let mut tie = Tie::new(kind, &through, risk, what).control(control);
        tie.access = [access(mine), access(theirs)];
        ties.push(tie);
        told.push(through);
    }
}

const fn access(mount: &Mount) -> &'static str {
    if mount.can_write { "read and write" } else { "read" }
}

/// What two mounts have in common: the kind, the thing, and how to say it.
fn common(mine: &Mount, theirs: &Mount) -> Option<(&'static str, String, String)> {
    if let Some(volume) = mine.volume.as_ref().filter(|volume| theirs.volume.as_ref() == Some(volume)) {
        return Some(("volume", volume.clone(), format!("share volume {}", plain(volume, LONG))));
    }
    let pairs = mine.paths.iter().flat_map(|mine| theirs.paths.iter().map(move |theirs| (mine, theirs)));
    for (mine, theirs) in pairs {
        // Two that hold the engine's socket are told to control it.
        if leads_to_an_engine(mine) && mine == theirs {
            continue;
        }
        if is_within(mine, theirs) || is_within(theirs, mine) {
            let (inner, outer) = if is_within(mine, theirs) { (mine, theirs) } else { (theirs, mine) };
            let how = match inner == outer {
                true => format!("share the host's {}", plain(inner, LONG)),
                false => {
                    format!("share the host's {}, which is within {}", plain(inner, LONG), plain(outer, LONG))
                }
            };
            return Some(("host_folder", inner.clone(), how));
        }
    }
    None
}

/// Whether a path is another one, or lies in it.
fn is_within(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    path.trim_end_matches('/')
        .strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub(super) fn volumes_from(one: &Seen, other: &Seen, ties: &mut Vec<Tie>) {
    for (taker, giver) in [(one, other), (other, one)] {
        let named = taker.volumes_from.iter().map(|from| from.split(':').next().unwrap_or_default());
        for from in named.filter(|from| giver.is_named(from)) {
            let what = format!(
                "{} has the volumes of {} (volumes-from).",
                plain(&taker.name, LONG),
                plain(&giver.name, LONG)
            );
            ties.push(Tie::new("volumes_from", from, Risk::Medium, what));
        }
    }
}

pub(super) fn networks(survey: &Survey, one: &Seen, other: &Seen, ties: &mut Vec<Tie>) {
    let addresses = |place: &Place| place.addresses.join(", ");
    let joins = |seen: &Seen| seen.network_mode.starts_with(NAMESPACE);
    // Who joins another one's network is tied to that one by it.
    if ties.iter().any(|tie| tie.kind == "namespace" && tie.through == "network")
        && (joins(one) || joins(other))
    {
        return;
    }
    for mine in survey.places(one) {
        for theirs in survey.places(other).iter().filter(|theirs| theirs.network == mine.network) {
            let network = survey.network(&mine.network);
            let name = network.map_or(mine.network.as_str(), |network| &network.name);
            let connects = network.is_none_or(|network| network.connects);
            let known = |place: &Place| match place.addresses.is_empty() {
                true => "no address now".to_owned(),
                false => addresses(place),
            };
            let pair = format!(
                "{} ({}) and {} ({}) are in network {}",
                plain(&one.name, LONG),
                known(mine),
                plain(&other.name, LONG),
                known(theirs),
                plain(name, LONG)
            );
            let (risk, what) = match (connects, network.is_some_and(Network::is_default_bridge)) {
                (false, _) => {
                    (Risk::Low, format!("{pair}, which does not let its containers reach each other."))
                }
                (true, true) => (Risk::Medium, format!("{pair}: each can reach every port of the other.")),
                (true, false) => (
                    Risk::Medium,
                    format!("{pair}: each can reach every port of the other, also by its name."),
                ),
            };
            let mut tie = Tie::new("network", name, risk, what);
            tie.key.clone_from(&mine.network);
            tie.addresses = [addresses(mine), addresses(theirs)];
            ties.push(if connects { tie.technique(attack::NETWORK_SERVICE_DISCOVERY) } else { tie });
        }
    }
}

pub(super) fn links(one: &Seen, other: &Seen, ties: &mut Vec<Tie>) {
    for (from, to) in [(one, other), (other, one)] {
        for link in &from.links {
            let (target, alias) = link.split_once(':').unwrap_or((link, ""));
            if !to.is_named(target) {
                continue;
            }
            let alias = alias.rsplit('/').next().unwrap_or_default();
            let what = format!(
                "{} is linked to {} as {}, and has its environment.",
                plain(&from.name, LONG),
                plain(&to.name, LONG),
                plain(alias, LONG)
            );
            ties.push(Tie::new("link", alias, Risk::Medium, what));
        }
    }
}

/// What was started together.
pub(super) fn origins(one: &Seen, other: &Seen, ties: &mut Vec<Tie>) {
    let same = |label: &str| {
        Some(one.label(label)).filter(|value| !value.is_empty() && other.label(label) == *value)
    };
    if let Some(project) = same(PROJECT) {
        let service = same(SERVICE).map(|service| format!(", service {}", plain(service, LONG)));
        let what =
            format!("Both are of Compose project {}{}.", plain(project, LONG), service.unwrap_or_default());
        ties.push(Tie::new("compose_project", project, Risk::Low, what));
    }
    if let Some(service) = same(SWARM_SERVICE) {
        let name = Some(one.label(SWARM_SERVICE_NAME)).filter(|name| !name.is_empty()).unwrap_or(service);
        let what = format!(
            "Both are tasks of Swarm service {}: they have the same specification.",
            plain(name, LONG)
        );
        let mut tie = Tie::new("swarm_service", name, Risk::Low, what).technique(attack::CONTAINER_SERVICE);
        service.clone_into(&mut tie.key);
        ties.push(tie);
    }
    if let Some(stack) = same(STACK) {
        let what = format!("Both are of stack {}.", plain(stack, LONG));
        ties.push(Tie::new("stack", stack, Risk::Low, what));
    }
}

pub(super) fn images(survey: &Survey, one: &Seen, other: &Seen, ties: &mut Vec<Tie>) {
    if one.image_id.is_empty() || other.image_id.is_empty() {
        return;
    }
    if one.image_id == other.image_id {
        let what = format!("Both run image {}: what is wrong with it, both have.", plain(&one.image, LONG));
        let mut tie = Tie::new("image", &one.image, Risk::Low, what);
        tie.key.clone_from(&one.image_id);
        ties.push(tie.technique(attack::IMPLANT_INTERNAL_IMAGE));
        return;
    }
    let layers = |seen: &Seen| survey.layers.get(&seen.image_id).map(Vec::as_slice).unwrap_or_default();
    let (mine, theirs) = (layers(one), layers(other));
    let shared = mine.iter().zip(theirs).take_while(|(mine, theirs)| mine == theirs).count();
    let Some(last) = shared.checked_sub(1).and_then(|last| mine.get(last)) else { return };
    let (built, base) = match (shared == mine.len(), shared == theirs.len()) {
        (true, false) => (other, one),
        (false, true) => (one, other),
        _ => {
            let what = format!(
                "Their images ({} and {}) share {shared} of {} and {} layers.",
                plain(&one.image, LONG),
                plain(&other.image, LONG),
                mine.len(),
                theirs.len()
            );
            ties.push(layered(last, Risk::Info, what));
            return;
        }
    };
    let what = format!("Image {} is built on image {}.", plain(&built.image, LONG), plain(&base.image, LONG));
    ties.push(layered(last, Risk::Low, what).technique(attack::IMPLANT_INTERNAL_IMAGE));
}

fn layered(last: &str, risk: Risk, what: String) -> Tie {
    Tie::new("layers", last, risk, what)
}

/// A way around through the host: who is in a network reaches what the host publishes.
pub(super) fn published(survey: &Survey, one: &Seen, other: &Seen, ties: &mut Vec<Tie>) {
    let is_outside = |seen: &Seen| {
        seen.network_mode == "host"
            || survey
                .places(seen)
                .iter()
                .any(|place| survey.network(&place.network).is_none_or(|network| !network.is_internal))
    };
    for (from, to) in [(one, other), (other, one)] {
        let open: Vec<&String> = to.ports.iter().filter(|port| !port.starts_with("127.")).collect();
        if let Some(port) = open.first().filter(|_| is_outside(from)) {
            let what = format!(
                "{} can reach {} through the host's port: {}.",
                plain(&from.name, LONG),
                plain(&to.name, LONG),
                plain(port, LONG)
            );
            ties.push(Tie::new("published_port", port, Risk::Info, what));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_folder_is_within_another_by_its_parts() {
        for (path, folder, within) in [
            ("/srv", "/srv", true),
            ("/srv/", "/srv", true),
            ("/srv/a", "/srv", true),
            ("/srv/a", "/", true),
            ("/", "/srv", false),
            ("/srvx", "/srv", false),
            ("/srv", "/srv/a", false),
        ] {
            assert_eq!(is_within(path, folder), within, "{path} in {folder}");
        }
    }
}
