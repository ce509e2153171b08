//! A container as containment finds it: its state, its place in each network, and the ways out that no network is.

use engine::{Path, Request, Segment};
use serde_json::{Map, Value, json};

use crate::{
    Error, Kind,
    declare::{states, target::NAMESPACE},
    run::{
        call::Call,
        objects::{items, text},
    },
};

/// The label that a task's container has of its service.
const SERVICE: &str = "com.docker.swarm.service.id";

/// A container, and every network that it is in.
pub(crate) struct Suspect {
    /// `GET /containers/{id}/json`.
    pub(crate) container: Value,
    pub(crate) places: Vec<Place>,
}

/// A container's place in a network.
pub(crate) struct Place {
    /// `GET /networks/{id}`; only the id and the name where the network is gone.
    pub(crate) network: Value,
    /// `EndpointSettings`, as inspecting the container shows them. Null where it shows none: an engine of version 20.10 shows
    /// only one of two networks with the same name.
    pub(crate) settings: Value,
    /// Whether the network itself lists the container, which it does while the container's interface is there.
    pub(crate) is_live: bool,
}

/// A way out of a container, or into it, that disconnecting it from its networks leaves open.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) why: String,
    /// Whether it is reason enough to keep the container frozen.
    pub(crate) is_wide: bool,
}

impl Suspect {
    /// Looks at a container, by its id or name, and asks every network of the engine for it.
    pub(crate) fn look(call: &Call<'_>, named: &str) -> Result<Self, Error> {
        let container = inspect(call, named)?;
        let settings = container["NetworkSettings"]["Networks"].as_object();
        let mut shown: Vec<(&String, &Value)> = settings.into_iter().flatten().collect();
        let mut places = Vec::new();
        let listed: Value = call.send(Request::get(Path::fixed("/networks")))?.json()?;
        for network in items(&listed).filter(|network| !is_hollow(network)) {
            let path = Path::fill("/networks/{id}", |_| Segment::name(text(network, "Id")))?;
            let network: Value = match call.send(Request::get(path)) {
                Ok(answer) => answer.json()?,
                // It was removed in between.
                Err(error) if error.status() == Some(404) => continue,
                Err(error) => return Err(error),
            };
            let is_live = network["Containers"].get(text(&container, "Id")).is_some();
            let at = shown.iter().position(|(name, place)| is_place_in(name, place, &network));
            if let Some((_, place)) = at.map(|at| shown.remove(at)) {
                places.push(Place { network, settings: place.clone(), is_live });
            } else if is_live {
                places.push(Place { network, settings: Value::Null, is_live });
            }
        }
        // The container remembers networks that are gone.
        // Podman shows a network named bridge, which it does not have, for a container in none.
        let is_hollow = |name: &str, place: &Value| {
            matches!(name, "none" | "host") || name == "bridge" && place["NetworkID"] == "bridge"
        };
        for (name, place) in shown.into_iter().filter(|(name, place)| !is_hollow(name, place)) {
            // By its name the engine still takes the container out of it.
            let network = json!({"Id": name, "Name": name});
            places.push(Place { network, settings: place.clone(), is_live: false });
        }
        Ok(Self { container, places })
    }

    pub(crate) fn id(&self) -> &str {
        text(&self.container, "Id")
    }

    pub(crate) fn name(&self) -> &str {
        text(&self.container, "Name").trim_start_matches('/')
    }

    /// Docker's word: created, running, paused, restarting, removing, exited or dead.
    pub(crate) fn status(&self) -> &str {
        text(&self.container["State"], "Status")
    }

    /// Whether it has processes, also when they are paused.
    pub(crate) fn is_running(&self) -> bool {
        self.has_processes() && !self.is_in_a_loop()
    }

    /// Whether its processes run, and are not paused.
    pub(crate) fn is_active(&self) -> bool {
        self.is_running() && !self.is_paused()
    }

    fn has_processes(&self) -> bool {
        self.container["State"]["Running"] == true
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.container["State"]["Paused"] == true
    }

    /// Whether the engine starts it again and again. It is then between two runs in most looks.
    pub(crate) fn is_in_a_loop(&self) -> bool {
        self.status() == "restarting"
    }

    /// The restart policy's name; `no` where it has none.
    pub(crate) fn policy(&self) -> &str {
        states::policy(&self.container)
    }

    pub(crate) fn is_removed_when_it_ends(&self) -> bool {
        self.container["HostConfig"]["AutoRemove"] == true
    }

    /// The id of the service that it is a task of.
    pub(crate) fn service(&self) -> Option<&str> {
        self.container["Config"]["Labels"][SERVICE].as_str()
    }

    pub(crate) fn has_a_health_check(&self) -> bool {
        let mut test = items(&self.container["Config"]["Healthcheck"]["Test"]);
        test.next().is_some_and(|first| *first != "NONE")
    }

    /// Whether it has a network of its own, which can be cut.
    pub(crate) fn has_a_network(&self) -> bool {
        !matches!(self.mode().split(':').next(), Some("host" | "container"))
    }

    /// Whether nothing can reach it over a network, by all three facts that show it: it has a network of its own, no network
    /// lists it, and it shows no live place in one.
    pub(crate) fn is_cut(&self) -> bool {
        self.has_a_network() && self.open_places().next().is_none()
    }

    /// The places that it has in networks: an interface while it runs; otherwise the configuration that makes one at its start.
    pub(crate) fn open_places(&self) -> impl Iterator<Item = &Place> {
        let is_open = |place: &&Place| {
            let is_made = place.is_live || !text(&place.settings, "EndpointID").is_empty();
            is_made || !self.has_processes() && !place.settings.is_null()
        };
        self.places.iter().filter(is_open)
    }

    /// Its place in this network, if it has one.
    pub(crate) fn open_place(&self, network: &str) -> Option<&Place> {
        self.open_places().find(|place| place.network["Id"] == network)
    }

    /// Its state in the form of a result.
    pub(crate) fn summary(&self) -> Value {
        let networks = self.open_places().map(|place| text(&place.network, "Name"));
        states::container(&self.container, networks.collect())
    }

    pub(crate) fn mode(&self) -> &str {
        text(&self.container["HostConfig"], "NetworkMode")
    }

    /// Every way out that stays open when its networks are cut.
    pub(crate) fn ways(&self) -> Vec<Way> {
        let wide = |name, why: String| Way { name, why, is_wide: true };
        let host = &self.container["HostConfig"];
        let mut ways = Vec::new();
        for (field, name) in NAMESPACES {
            let mode = text(host, field);
            if mode == "host" {
                ways.push(wide("host namespace", format!("It uses the host's own {name}.")));
            } else if let Some(other) = mode.strip_prefix(NAMESPACE) {
                ways.push(wide("shared namespace", format!("It uses the {name} of container {other}.")));
            }
        }
        if host["Privileged"] == true {
            ways.push(wide(
                "privileged",
                "It is privileged: it can reach the host's devices and kernel.".into(),
            ));
        }
        for capability in items(&host["CapAdd"]).filter_map(Value::as_str) {
            let name = capability.to_ascii_uppercase();
            let name = name.strip_prefix("CAP_").unwrap_or(&name);
            if WIDE_CAPABILITIES.contains(&name) {
                ways.push(wide("capability", format!("It has the capability {name}.")));
            }
        }
        for mount in items(&self.container["Mounts"]).filter(|mount| mount["Type"] == "bind") {
            let source = text(mount, "Source");
            if leads_to_an_engine(source) {
                let why = format!("{source} of the host is mounted, and an engine can be controlled by it.");
                ways.push(wide("engine socket", why));
            } else if mount["RW"] == true {
                let why = format!("It can write to the host's {source}.");
                ways.push(Way { name: "host folder", why, is_wide: is_the_hosts_own(source) });
            }
        }
        ways
    }

    /// The containers among these that use a namespace of this one: they are cut with it, and not frozen.
    pub(crate) fn sharers(&self, listed: &[Value]) -> Vec<Value> {
        let named = [self.id(), self.name()].map(|name| format!("{NAMESPACE}{name}"));
        let uses = |container: &Value| -> Vec<&'static str> {
            let is_this = |field| named.iter().any(|name| container["HostConfig"][field] == name.as_str());
            NAMESPACES.iter().filter(|(field, _)| is_this(*field)).map(|(_, name)| *name).collect()
        };
        let sharing = listed.iter().map(|container| (container, uses(container)));
        let sharing =
            sharing.filter(|(container, uses)| !uses.is_empty() && text(container, "Id") != self.id());
        sharing
            .map(|(container, uses)| {
                let name = text(container, "Name").trim_start_matches('/');
                json!({"id": container["Id"], "name": name, "shares": uses})
            })
            .collect()
    }
}

impl Place {
    /// What of the settings was chosen, and brings the container back to the same place: never what the engine adds by itself
    /// (addresses that were given out, names), nor the network's id, which the engine would follow in place of the path.
    pub(crate) fn chosen(&self, container: &Value) -> Value {
        let mut chosen = Map::new();
        let is_given = |value: &Value| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
            Value::Number(number) => number.as_i64() != Some(0),
            Value::Bool(_) => true,
        };
        for field in ["IPAMConfig", "Links", "DriverOpts", "GwPriority"] {
            let value = &self.settings[field];
            if is_given(value) {
                chosen.insert(field.into(), value.clone());
            }
        }
        // Below API 1.45 the engine shows its own alias, the short id, among those that were chosen.
        let short = text(container, "Id").get(..12).unwrap_or_default();
        let aliases: Vec<&Value> =
            items(&self.settings["Aliases"]).filter(|alias| **alias != short).collect();
        if !aliases.is_empty() && !is_default_bridge(&self.network) {
            chosen.insert("Aliases".into(), json!(aliases));
        }
        // Only an address that was configured: a generated one would become fixed.
        let configured = text(&container["Config"], "MacAddress");
        if !configured.is_empty() && self.settings["MacAddress"] == configured {
            chosen.insert("MacAddress".into(), configured.into());
        }
        chosen.into()
    }
}

/// `GET /containers/{id}/json`.
pub(crate) fn inspect(call: &Call<'_>, id: &str) -> Result<Value, Error> {
    let path = Path::fill("/containers/{id}/json", |_| Segment::name(id))?;
    let container: Value = call.send(Request::get(path))?.json()?;
    match container["Id"].is_string() && container["State"].is_object() {
        true => Ok(container),
        false => Err(Error::new(
            Kind::Failed,
            "The answer is no container's: it has no Id and State. Something between the connector and the engine changes answers.",
        )),
    }
}

/// Every container of the engine, each as inspecting it shows it.
pub(crate) fn everyone(call: &Call<'_>) -> Result<Vec<Value>, Error> {
    let listed: Value =
        call.send(Request::get(Path::fixed("/containers/json")).query("all", "true"))?.json()?;
    let mut all = Vec::new();
    for container in items(&listed) {
        match inspect(call, text(container, "Id")) {
            Ok(container) => all.push(container),
            Err(error) if error.status() == Some(404) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

pub(crate) fn is_default_bridge(network: &Value) -> bool {
    network["Options"]["com.docker.network.bridge.default_bridge"] == "true" || network["Name"] == "bridge"
}

/// The networks `none` and `host`, which are no networks.
fn is_hollow(network: &Value) -> bool {
    matches!(text(network, "Driver"), "null" | "host")
}

/// Whether a place is one in this network. A container that has not run since it was connected knows the network's name only.
fn is_place_in(name: &str, place: &Value, network: &Value) -> bool {
    match text(place, "NetworkID") {
        "" => network["Name"] == name || network["Id"] == name,
        id => network["Id"] == id,
    }
}

/// The fields of `HostConfig` by which a container uses the host's namespaces, or another container's.
const NAMESPACES: [(&str, &str); 3] =
    [("NetworkMode", "network"), ("PidMode", "processes"), ("IpcMode", "shared memory")];

/// Capabilities that lead out of a container.
const WIDE_CAPABILITIES: &[&str] =
    &["ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "SYS_BOOT", "DAC_READ_SEARCH", "BPF"];

/// Whether a file or folder of the host is an engine's socket, or holds one.
pub(crate) fn leads_to_an_engine(source: &str) -> bool {
    let names = ["docker.sock", "podman.sock", "containerd.sock", "crio.sock", "dockershim.sock"];
    let folder = source.trim_end_matches('/');
    names.iter().any(|name| folder.ends_with(name))
        || ["", "/run", "/var", "/var/run", "/run/podman", "/run/docker", "/run/containerd"].contains(&folder)
}

/// Whether a folder of the host decides what the host does.
fn is_the_hosts_own(source: &str) -> bool {
    let top = source.trim_start_matches('/').split('/').next().unwrap_or_default();
    ["etc", "root", "proc", "sys", "dev", "boot", "usr", "lib", "lib64", "bin", "sbin"].contains(&top)
        || source.starts_with("/var/lib/docker")
        || source.starts_with("/var/spool/cron")
}
