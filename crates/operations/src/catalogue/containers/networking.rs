//! How a new container takes part in its networks: the fields that are for one of them, and what contradicts itself.
//!
//! Engines join what `NetworkingConfig` names and nothing else; `NetworkMode` counts only where that is empty. Before API
//! 1.44 a new container joins one network, and its hardware address is one of the container, for the network that
//! `NetworkMode` names.

use engine::ApiVersion;
use serde_json::{Value, json};

use crate::{
    Error, Kind, Param,
    catalogue::containers::host_config::HOST_CONFIG,
    declare::{
        arguments::Arguments,
        param::{list, text},
    },
    run::request::{leaf, merge},
};

/// From this version on, a new container may join several networks, with a hardware address in each.
const SEVERAL_NETWORKS: ApiVersion = ApiVersion::new(1, 44);
/// The engine's name for the network that a container joins if none is named.
const DEFAULT_NETWORK: &str = "default";

/// Fields of the endpoint that the container has in its network.
pub(crate) const ENDPOINT: &[Param] = &[
    list("network_aliases")
        .title("Network Aliases")
        .about("Additional names of the container in its network.")
        .wire("Aliases")
        .local(),
    text("ip_address")
        .title("IP Address")
        .about("The container's IPv4 address in its network.")
        .wire("IPAMConfig.IPv4Address")
        .local(),
    text("ipv6_address")
        .title("IPv6 Address")
        .about("The container's IPv6 address in its network.")
        .wire("IPAMConfig.IPv6Address")
        .local(),
    text(MAC_ADDRESS)
        .title("MAC Address")
        .about("The container's MAC address in its network, such as 92:d0:c6:0a:29:33.")
        .local(),
];
const MAC_ADDRESS: &str = "MacAddress";

/// Gives the container its endpoint in the one network that the fields are for. The version is asked for only where it
/// matters.
pub(crate) fn join(
    body: &mut Value,
    arguments: &Arguments,
    version: impl Fn() -> Result<ApiVersion, Error>,
) -> Result<(), Error> {
    let networks = Networks::of(body, arguments);
    let given: Vec<(&Param, &Value)> =
        ENDPOINT.iter().filter_map(|param| Some((param, arguments.get(param.name)?))).collect();
    let mut faults = networks.contradictions(arguments);
    let target = if given.is_empty() {
        None
    } else {
        networks.target(&given).map_err(|fault| faults.push(fault)).ok()
    };
    let mut joined = networks.named.clone();
    joined.extend(target.clone().filter(|target| !joined.contains(target)));
    let has_address = given.iter().any(|(param, _)| param.name == MAC_ADDRESS);
    let older = if joined.len() > 1 || has_address {
        Some(version()?).filter(|version| *version < SEVERAL_NETWORKS)
    } else {
        None
    };
    if let Some(version) = older {
        if joined.len() > 1 {
            faults.push(format!(
                "NetworkingConfig names several networks, and the engine speaks API {version}: before {SEVERAL_NETWORKS} a new \
                 container joins one. Name one here, and add the others with connect_network"
            ));
        } else if has_address
            && networks.mode.is_none()
            && let [network] = &networks.named[..]
        {
            faults.push(format!(
                "MacAddress is for the network that NetworkMode names, before API {SEVERAL_NETWORKS}, and the engine speaks \
                 {version}: set NetworkMode to {network}"
            ));
        }
    }
    if !faults.is_empty() {
        return Err(Error::faults(Kind::InvalidParameters, &faults));
    }
    let Some(target) = target else { return Ok(()) };
    let mut endpoint = json!({});
    for (param, value) in given {
        let of_container = param.name == MAC_ADDRESS && older.is_some();
        merge(if of_container { body } else { &mut endpoint }, leaf(param, value))?;
    }
    match endpoint == json!({}) {
        true => Ok(()),
        false => merge(body, json!({"NetworkingConfig": {"EndpointsConfig": {target: endpoint}}})),
    }
}

/// The networks that a container is to join.
struct Networks {
    /// `NetworkMode`, where it names something else than the engine's default.
    mode: Option<String>,
    /// Those that `NetworkingConfig` names.
    named: Vec<String>,
}

impl Networks {
    fn of(body: &Value, arguments: &Arguments) -> Self {
        let named: Vec<String> = body["NetworkingConfig"]["EndpointsConfig"]
            .as_object()
            .map(|endpoints| endpoints.keys().cloned().collect())
            .unwrap_or_default();
        let mode =
            body[HOST_CONFIG]["NetworkMode"].as_str().filter(|mode| !["", DEFAULT_NETWORK].contains(mode));
        // A HostConfig that was inspected says bridge where none was named.
        let is_said = arguments.get("NetworkMode").is_some();
        let mode = mode.filter(|mode| is_said || named.is_empty() || *mode != "bridge").map(str::to_owned);
        Self { mode, named }
    }

    /// Whether the container has no network of its own.
    fn is_lent(&self) -> bool {
        let is_lent =
            |mode: &String| matches!(mode.as_str(), "host" | "none") || mode.starts_with("container:");
        self.mode.as_ref().is_some_and(is_lent)
    }

    /// What one field says and another takes back.
    fn contradictions(&self, arguments: &Arguments) -> Vec<String> {
        let Some(mode) = &self.mode else { return Vec::new() };
        let mut faults = Vec::new();
        if self.is_lent() && arguments.get("ports").is_some() {
            faults.push(format!(
                "ports are not published where NetworkMode is {mode}: leave ports empty, or choose another network"
            ));
        }
        // One may go by its name and the other by its id.
        let is_id = |name: &String| name.len() >= 12 && name.chars().all(|c| c.is_ascii_hexdigit());
        let known = self.named.is_empty() || self.named.contains(mode);
        if !known && !is_id(mode) && !self.named.iter().any(is_id) {
            faults.push(format!(
                "NetworkMode is {mode}, and NetworkingConfig names {} only, which the engine would join instead: name {mode} there \
                 too, or leave NetworkMode empty",
                self.named.join(", ")
            ));
        }
        faults
    }

    /// The network that the fields of an endpoint are for.
    fn target(&self, given: &[(&Param, &Value)]) -> Result<String, String> {
        let fields: Vec<&str> = given.iter().map(|(param, _)| param.name).collect();
        let fields = fields.join(", ");
        match (&self.mode, &self.named[..]) {
            (Some(mode), _) if self.is_lent() => Err(format!(
                "{fields} cannot be set where NetworkMode is {mode}: the container has no network of its own"
            )),
            (Some(mode), named) if named.is_empty() || named.contains(mode) => Ok(mode.clone()),
            (Some(mode), _) => {
                Err(format!("{fields} cannot be set where NetworkingConfig does not name {mode}"))
            }
            (None, [network]) => Ok(network.clone()),
            // Names and IP addresses are for networks of the user's own.
            (None, []) if fields == MAC_ADDRESS => Ok(DEFAULT_NETWORK.into()),
            (None, []) => {
                Err(format!("{fields} cannot be set without NetworkMode: the network that they are for"))
            }
            (None, _) => Err(format!(
                "{fields} cannot be set where NetworkingConfig names several networks: say with NetworkMode which of them they are \
                 for, or write them there"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalogue::find,
        run::{request::body, validate::validated},
    };

    const ADDRESS: &str = "92:d0:c6:0a:29:33";

    /// The body for an engine of API 1.`minor`.
    fn made(minor: u16, mut given: Value) -> Result<Value, String> {
        given["image"] = "app".into();
        let arguments = validated(find("create_container").unwrap(), given.as_object().unwrap()).unwrap();
        let mut body = body(&arguments).unwrap();
        join(&mut body, &arguments, || Ok(ApiVersion::new(1, minor))).map_err(|error| error.to_string())?;
        Ok(body)
    }

    fn endpoints(names: &[&str]) -> Value {
        json!({"EndpointsConfig": names.iter().map(|name| ((*name).to_owned(), json!({}))).collect::<serde_json::Map<_, _>>()})
    }

    #[test]
    fn f38_a_field_is_for_the_one_network_that_is_named() {
        for (given, network) in [
            (json!({"MacAddress": ADDRESS, "NetworkingConfig": endpoints(&["n1"])}), "n1"),
            (
                json!({"MacAddress": ADDRESS, "NetworkMode": "n1", "NetworkingConfig": endpoints(&["n1", "n2"])}),
                "n1",
            ),
            (json!({"MacAddress": ADDRESS, "NetworkMode": "n1"}), "n1"),
            (
                json!({"MacAddress": ADDRESS, "NetworkMode": "default", "NetworkingConfig": endpoints(&["n1"])}),
                "n1",
            ),
            (
                json!({"MacAddress": ADDRESS, "HostConfig": {"NetworkMode": "bridge"}, "NetworkingConfig": endpoints(&["n1"])}),
                "n1",
            ),
            (json!({"MacAddress": ADDRESS}), "default"),
        ] {
            let expected =
                given["NetworkingConfig"]["EndpointsConfig"].as_object().map_or(1, serde_json::Map::len);
            let body = made(44, given.clone()).unwrap();
            let joined = &body["NetworkingConfig"]["EndpointsConfig"];
            assert_eq!(joined[network]["MacAddress"], ADDRESS, "{given}");
            assert_eq!(joined.as_object().unwrap().len(), expected, "{given}");
        }
        let aliased =
            made(41, json!({"network_aliases": "db", "NetworkingConfig": endpoints(&["n1"])})).unwrap();
        assert_eq!(aliased["NetworkingConfig"], json!({"EndpointsConfig": {"n1": {"Aliases": ["db"]}}}));
        assert_eq!(
            made(41, json!({"MacAddress": ADDRESS, "NetworkMode": "n1"})).unwrap()["MacAddress"],
            ADDRESS
        );
    }

    #[test]
    fn f38_what_would_do_more_or_less_than_it_says_is_refused() {
        for (minor, given, why) in [
            (
                44,
                json!({"MacAddress": ADDRESS, "NetworkingConfig": endpoints(&["n1", "n2"])}),
                "several networks",
            ),
            (44, json!({"MacAddress": ADDRESS, "NetworkMode": "host"}), "no network of its own"),
            (44, json!({"ip_address": "10.1.0.5"}), "NetworkMode"),
            (44, json!({"NetworkMode": "n2", "NetworkingConfig": endpoints(&["n1"])}), "names n1 only"),
            (
                44,
                json!({"NetworkMode": "bridge", "MacAddress": ADDRESS, "NetworkingConfig": endpoints(&["n1"])}),
                "names n1 only",
            ),
            (44, json!({"NetworkMode": "host", "ports": "80:80"}), "ports are not published"),
            (44, json!({"NetworkMode": "container:web", "ports": "80:80"}), "ports are not published"),
            (43, json!({"NetworkingConfig": endpoints(&["n1", "n2"])}), "connect_network"),
            (
                43,
                json!({"MacAddress": ADDRESS, "NetworkingConfig": endpoints(&["n1"])}),
                "set NetworkMode to n1",
            ),
        ] {
            let error = made(minor, given.clone()).unwrap_err();
            assert!(error.contains(why) && error.contains("Nothing was sent"), "{given}: {error}");
        }
        made(44, json!({"NetworkingConfig": endpoints(&["n1", "n2"])})).unwrap();
        made(41, json!({"NetworkMode": "n2", "NetworkingConfig": endpoints(&["0123456789ab"])})).unwrap();
    }
}
