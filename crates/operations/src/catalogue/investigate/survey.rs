//! All containers of an engine, as an investigation sees them beside each other: one list, then one inspection each, networks,
//! volumes and images. List before inspect: what the list alone tells stays, where no more may be asked.

use std::collections::BTreeMap;

use engine::{Path, Request};
use serde_json::Value;

use super::{looks::Looks, plain::short};
use crate::{
    Error,
    catalogue::response::suspect::{Suspect, Way, inspect},
    declare::target::NAMESPACE,
    run::objects::{items, own_name, text},
};

/// A call inspects no more containers.
const MOST_CONTAINERS: usize = 500;
/// And no more images.
const MOST_IMAGES: usize = 100;
/// And no more networks.
const MOST_NETWORKS: usize = 50;
/// Requests of a survey at most: these, and the lists.
pub(crate) const MOST_REQUESTS: usize = MOST_CONTAINERS + MOST_IMAGES + MOST_NETWORKS + 10;

/// What an engine has.
pub(crate) struct Survey {
    /// The container that is asked about.
    pub(crate) subject: Seen,
    /// Every other one, in the order of the list.
    pub(crate) others: Vec<Seen>,
    pub(crate) networks: Vec<Network>,
    /// Its inspection.
    pub(crate) container: Value,
    /// `GET /info`; null where that is refused.
    pub(crate) info: Value,
    /// The layers of images, by the image's id.
    pub(crate) layers: BTreeMap<String, Vec<String>>,
}

/// A container.
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) image: String,
    pub(crate) image_id: String,
    pub(crate) labels: Value,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) places: Vec<Place>,
    /// What publishes it on the host, such as `0.0.0.0:8080->80/tcp`.
    pub(crate) ports: Vec<String>,
    pub(crate) network_mode: String,
    pub(crate) pid_mode: String,
    pub(crate) ipc_mode: String,
    /// Containers that it is linked to, and those whose volumes it has.
    pub(crate) links: Vec<String>,
    pub(crate) volumes_from: Vec<String>,
    /// What leads out of it.
    pub(crate) ways_out: Vec<Way>,
}

/// Something that is mounted.
pub(crate) struct Mount {
    /// A volume's name, where it is one.
    pub(crate) volume: Option<String>,
    /// Where it is on the host: the source, and what a volume's options hide.
    pub(crate) paths: Vec<String>,
    pub(crate) can_write: bool,
}

/// A place in a network.
pub(crate) struct Place {
    pub(crate) network: String,
    pub(crate) addresses: Vec<String>,
    pub(crate) gateway: String,
}

/// A network.
pub(crate) struct Network {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) driver: String,
    pub(crate) is_internal: bool,
    /// Whether its containers reach each other.
    pub(crate) connects: bool,
}

impl Survey {
    /// Looks at everything, from the container of this name or id.
    pub(crate) fn of(looks: &mut Looks<'_, '_>, named: &str) -> Result<Self, Error> {
        let subject = inspect(looks.call, named)?;
        looks.count();
        let listed = looks.must(Request::get(Path::fixed("/containers/json")).query("all", "true"))?;
        let info = looks.may("The engine's own facts", Request::get(Path::fixed("/info")))?;
        let network_list = looks.may("Networks", Request::get(Path::fixed("/networks")))?;
        let volumes = looks.may("Volumes", Request::get(Path::fixed("/volumes")))?;
        let devices = devices(&volumes);
        let id = text(&subject, "Id").to_owned();
        let networks: Vec<Network> = items(&network_list).map(Network::of).collect();

        let mut others = Vec::new();
        // Those that run tell more: they come first where not all can be inspected.
        let mut order: Vec<(usize, &Value)> =
            items(&listed).enumerate().filter(|(_, container)| text(container, "Id") != id).collect();
        order.sort_by_key(|(at, container)| (text(container, "State") != "running", *at));
        if order.len() > MOST_CONTAINERS {
            looks.miss("Containers that were only listed: no more than 500 are inspected");
        }
        let ids: Vec<&str> =
            order.iter().take(MOST_CONTAINERS).map(|(_, container)| text(container, "Id")).collect();
        let what = "Containers that were only listed";
        let mut inspections = looks.may_get_each(what, "/containers/{id}/json", &ids)?.into_iter();
        for (at, container) in order {
            let inspected = inspections.next().unwrap_or_default();
            others.push((at, Seen::of(container, &inspected, &devices, &networks)));
        }
        others.sort_by_key(|(at, _)| *at);
        let is_it = |container: &&Value| text(container, "Id") == id;
        let own = items(&listed).find(is_it).cloned().unwrap_or_default();
        let mut survey = Self {
            subject: Seen::of(&own, &subject, &devices, &networks),
            container: subject,
            others: others.into_iter().map(|(_, seen)| seen).collect(),
            networks,
            info,
            layers: BTreeMap::new(),
        };
        survey.look_into_networks(looks)?;
        survey.look_into_images(looks)?;
        Ok(survey)
    }

    /// Asks networks themselves, where a container's inspection may hide one: an engine of version 20.10 shows only one of two
    /// networks with the same name.
    fn look_into_networks(&mut self, looks: &mut Looks<'_, '_>) -> Result<(), Error> {
        let mut twins: Vec<String> = Vec::new();
        for network in &self.networks {
            if self.networks.iter().filter(|other| other.name == network.name).count() > 1 {
                twins.push(network.id.clone());
            }
        }
        for network in twins.into_iter().take(MOST_NETWORKS) {
            let found = looks.may_get("Networks", "/networks/{id}", &network)?;
            for (container, endpoint) in found["Containers"].as_object().into_iter().flatten() {
                let all = std::iter::once(&mut self.subject).chain(&mut self.others);
                for seen in all.filter(|seen| seen.id == *container) {
                    if !seen.places.iter().any(|place| place.network == network) {
                        let address = |name| text(endpoint, name).split('/').next().unwrap_or_default();
                        let addresses = [address("IPv4Address"), address("IPv6Address")];
                        seen.places.push(Place {
                            network: network.clone(),
                            addresses: addresses
                                .into_iter()
                                .filter(|a| !a.is_empty())
                                .map(str::to_owned)
                                .collect(),
                            gateway: String::new(),
                        });
                    }
                }
            }
        }
        Ok(())
    }

    fn look_into_images(&mut self, looks: &mut Looks<'_, '_>) -> Result<(), Error> {
        let mut images: Vec<&str> = vec![&self.subject.image_id];
        for seen in &self.others {
            if !images.contains(&seen.image_id.as_str()) {
                images.push(&seen.image_id);
            }
        }
        if images.len() > MOST_IMAGES {
            looks.miss("Layers of images: no more than 100 are read");
        }
        let images: Vec<&str> = images.into_iter().filter(|id| !id.is_empty()).take(MOST_IMAGES).collect();
        let found = looks.may_get_each("Layers of images", "/images/{id}/json", &images)?;
        let of_image = |image: &Value| -> Vec<String> {
            items(&image["RootFS"]["Layers"]).filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let layers =
            images.iter().zip(&found).map(|(id, image)| ((*id).to_owned(), of_image(image))).collect();
        self.layers = layers;
        Ok(())
    }

    /// A container by the name or id that another one's configuration has of it.
    pub(crate) fn named(&self, named: &str) -> Option<&Seen> {
        std::iter::once(&self.subject).chain(&self.others).find(|seen| seen.is_named(named))
    }

    pub(crate) fn network(&self, id: &str) -> Option<&Network> {
        self.networks.iter().find(|network| network.id == id)
    }

    /// The places in networks that a container has, or uses with the one whose network it joins.
    pub(crate) fn places<'s>(&'s self, seen: &'s Seen) -> &'s [Place] {
        let joined = seen.network_mode.strip_prefix(NAMESPACE).and_then(|named| self.named(named));
        joined.map_or(seen.places.as_slice(), |joined| joined.places.as_slice())
    }
}

impl Seen {
    /// From an item of the list, and the inspection where there is one.
    fn of(listed: &Value, inspected: &Value, devices: &BTreeMap<&str, &str>, networks: &[Network]) -> Self {
        let is_inspected = inspected.is_object();
        let source = if is_inspected { inspected } else { listed };
        let host = &source["HostConfig"];
        let name = match text(inspected, "Name") {
            "" => own_name(listed),
            name => name.trim_start_matches('/'),
        };
        let id = text(source, "Id");
        let mounts = items(&source["Mounts"]).map(|mount| Mount::of(mount, devices)).collect();
        let places = source["NetworkSettings"]["Networks"].as_object().into_iter().flatten();
        let places = places.filter(|(name, _)| !matches!(name.as_str(), "none" | "host"));
        let texts = |list: &Value| -> Vec<String> {
            items(list).filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let ways_out = match is_inspected {
            true => Suspect { container: inspected.clone(), places: Vec::new() }.ways(),
            false => Vec::new(),
        };
        Self {
            id: id.to_owned(),
            name: if name.is_empty() { short(id).to_owned() } else { name.to_owned() },
            status: match is_inspected {
                true => text(&inspected["State"], "Status"),
                false => text(listed, "State"),
            }
            .to_owned(),
            image: match is_inspected {
                true => text(&inspected["Config"], "Image"),
                false => text(listed, "Image"),
            }
            .to_owned(),
            image_id: if is_inspected { text(inspected, "Image") } else { text(listed, "ImageID") }
                .to_owned(),
            labels: if is_inspected {
                inspected["Config"]["Labels"].clone()
            } else {
                listed["Labels"].clone()
            },
            mounts,
            places: places.map(|(name, place)| Place::of(name, place, networks)).collect(),
            ports: ports(listed, inspected),
            network_mode: text(host, "NetworkMode").to_owned(),
            pid_mode: text(host, "PidMode").to_owned(),
            ipc_mode: text(host, "IpcMode").to_owned(),
            links: texts(&host["Links"]),
            volumes_from: texts(&host["VolumesFrom"]),
            ways_out,
        }
    }

    /// Whether a text of another container's configuration names this one.
    pub(crate) fn is_named(&self, named: &str) -> bool {
        let named = named.trim_start_matches('/');
        named == self.name || named == self.id || named.len() >= 12 && self.id.starts_with(named)
    }

    pub(crate) fn label(&self, name: &str) -> &str {
        text(&self.labels, name)
    }
}

impl Mount {
    fn of(mount: &Value, devices: &BTreeMap<&str, &str>) -> Self {
        // Podman says volume and bind as Docker does.
        let volume = (mount["Type"] == "volume").then(|| text(mount, "Name").to_owned());
        let hidden = volume.as_deref().and_then(|name| devices.get(name).copied());
        let paths = [Some(text(mount, "Source")), hidden];
        Self {
            volume: volume.filter(|name| !name.is_empty()),
            paths: paths
                .into_iter()
                .flatten()
                .filter(|path| path.starts_with('/'))
                .map(str::to_owned)
                .collect(),
            can_write: mount["RW"] == true,
        }
    }
}

impl Place {
    fn of(name: &str, place: &Value, networks: &[Network]) -> Self {
        // A container that has not run since it was connected knows the network's name only.
        let by_name =
            || networks.iter().find(|network| network.name == name).map(|network| network.id.clone());
        let network =
            Some(text(place, "NetworkID")).filter(|id| networks.iter().any(|network| network.id == *id));
        let addresses = ["IPAddress", "GlobalIPv6Address"].map(|field| text(place, field));
        Self {
            network: network.map(str::to_owned).or_else(by_name).unwrap_or_else(|| name.to_owned()),
            addresses: addresses.into_iter().filter(|a| !a.is_empty()).map(str::to_owned).collect(),
            gateway: text(place, "Gateway").to_owned(),
        }
    }
}

impl Network {
    pub(crate) fn is_default_bridge(&self) -> bool {
        self.name == "bridge"
    }

    fn of(listed: &Value) -> Self {
        let options = &listed["Options"];
        Self {
            id: text(listed, "Id").to_owned(),
            name: text(listed, "Name").to_owned(),
            driver: text(listed, "Driver").to_owned(),
            is_internal: listed["Internal"] == true,
            connects: text(options, "com.docker.network.bridge.enable_icc") != "false",
        }
    }
}

/// Folders of the host that a volume's options name, by the volume's name: such a volume is a bind in disguise.
fn devices(volumes: &Value) -> BTreeMap<&str, &str> {
    let hidden = |volume: &&Value| {
        let options = &volume["Options"];
        text(options, "o").split(',').any(|option| matches!(option.trim(), "bind" | "rbind"))
    };
    items(&volumes["Volumes"])
        .filter(hidden)
        .map(|volume| (text(volume, "Name"), text(&volume["Options"], "device")))
        .collect()
}

/// What of the host leads to a container. The list has the ports of those that run, `PortBindings` those of all.
fn ports(listed: &Value, inspected: &Value) -> Vec<String> {
    let mut ports = Vec::new();
    let mut add = |port: String| {
        if !ports.contains(&port) {
            ports.push(port);
        }
    };
    for port in items(&listed["Ports"]).filter(|port| port["PublicPort"].is_u64()) {
        let address = text(port, "IP");
        add(format!(
            "{}:{}->{}/{}",
            bracketed(address),
            port["PublicPort"],
            port["PrivatePort"],
            text(port, "Type")
        ));
    }
    if ports_are_missing(listed) {
        for (inner, bindings) in inspected["HostConfig"]["PortBindings"].as_object().into_iter().flatten() {
            for binding in items(bindings) {
                let port = Some(text(binding, "HostPort")).filter(|port| !port.is_empty()).unwrap_or("(any)");
                let address = Some(text(binding, "HostIp")).filter(|address| !address.is_empty());
                add(format!("{}:{port}->{inner}", bracketed(address.unwrap_or("0.0.0.0"))));
            }
        }
    }
    ports
}

fn ports_are_missing(listed: &Value) -> bool {
    !items(&listed["Ports"]).any(|port| port["PublicPort"].is_u64())
}

fn bracketed(address: &str) -> String {
    if address.contains(':') { format!("[{address}]") } else { address.to_owned() }
}
