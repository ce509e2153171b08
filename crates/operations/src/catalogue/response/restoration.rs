//! What can be restored of an isolated container, and what cannot: found out before anything is changed, and compared afterwards.

use std::net::IpAddr;

use engine::{Path, Request, Segment};
use serde_json::{Value, json};

use super::{
    release::given,
    suspect::{Place, Suspect, everyone},
};
use crate::{
    Error,
    run::{
        call::Call,
        isolation::Undo,
        objects::{items, text},
    },
};

/// What is to be done to release a container, and what cannot be had.
pub(super) struct Restoration {
    /// The networks to connect it to: their ids, names and `EndpointConfig`.
    pub(super) connect: Vec<Value>,
    pub(super) restored: Vec<String>,
    pub(super) differs: Vec<Value>,
    pub(super) warnings: Vec<String>,
}

impl Restoration {
    /// Holds the record against the engine: what is there already, what can be brought back, and what cannot.
    pub(super) fn of(call: &Call<'_>, suspect: &Suspect, undo: &Undo) -> Result<Self, Error> {
        let others: Vec<Value> =
            everyone(call)?.into_iter().filter(|other| text(other, "Id") != suspect.id()).collect();
        let mut plan =
            Self { connect: Vec::new(), restored: Vec::new(), differs: Vec::new(), warnings: Vec::new() };
        let taken_port = port_conflict(suspect, &others);
        for place in undo.networks() {
            let (network_id, name) = (text(place, "id"), text(place, "name"));
            if suspect.open_place(network_id).is_some() {
                continue;
            }
            let path = Path::fill("/networks/{id}", |_| Segment::name(network_id))?;
            let network: Value = match call.send(Request::get(path)) {
                Ok(answer) => answer.json()?,
                Err(error) if error.status() == Some(404) => {
                    plan.conflict(&format!("network {name}"), network_id.into(), Value::Null, "The network is gone. One that is made again has another id: connect the container to it with connect_network.");
                    continue;
                }
                Err(error) => return Err(error),
            };
            if let Some((address, owner)) = address_conflict(place, &network, &others) {
                plan.conflict(
                    &format!("network {name}"),
                    address.into(),
                    Value::Null,
                    &format!("Its address is taken by {owner}. Free the address, and call again."),
                );
                continue;
            }
            if let Some((port, owner)) = taken_port.as_ref().filter(|_| text(place, "driver") == "bridge") {
                plan.conflict(&format!("network {name}"), port.as_str().into(), Value::Null, &format!("The host port is taken by {owner}. Free the port, and call again: to connect the network before would leave an interface that cannot be taken off."));
                continue;
            }
            plan.connect.push(place.clone());
        }
        if undo.was_running() && !suspect.is_running() {
            plan.differ(
                "state",
                undo.shown()["status"].clone(),
                suspect.status().into(),
                "It has ended since. start_container starts it, with the networks that it has now.",
            );
        }
        if suspect.container["State"]["StartedAt"] != undo.shown()["started_at"] && suspect.is_running() {
            plan.warnings
                .push("It was started again since it was isolated: what was in its memory is lost.".into());
        }
        if given(call).is_none() && !undo.is_signed() {
            let names: Vec<&str> = undo.networks().map(|place| text(place, "name")).collect();
            plan.warnings.push(format!("The record on the engine is not signed: anyone who can call the engine can have written it. It names the networks {}.", names.join(", ")));
        }
        if suspect.service().is_some() {
            plan.warnings.push("It is a task of a service, whose name does not lead to it any more. A new task has everything: force_update_service.".into());
        }
        Ok(plan)
    }

    pub(super) fn differ(&mut self, what: &str, was: Value, is: Value, why: &str) {
        self.differs.push(json!({"what": what, "was": was, "is": is, "why": why, "conflict": false}));
    }

    pub(super) fn conflict(&mut self, what: &str, was: Value, is: Value, why: &str) {
        self.differs.push(json!({"what": what, "was": was, "is": is, "why": why, "conflict": true}));
    }

    pub(super) fn has_conflicts(&self) -> bool {
        self.differs.iter().any(|differs| differs["conflict"] == true)
    }
}

/// Says where a restored place is not the same as before.
pub(super) fn compare(was: &Value, is: &Place, plan: &mut Restoration) {
    let name = text(was, "name");
    for (field, what) in
        [("IPAddress", "IPv4 address"), ("GlobalIPv6Address", "IPv6 address"), ("MacAddress", "MAC address")]
    {
        let (former, present) = (&was["observed"][field], text(&is.settings, field));
        let is_other = former.as_str().is_some_and(|former| former != present);
        // A container that does not run has no address yet.
        if !is_other || present.is_empty() {
            continue;
        }
        let why = match field {
            "MacAddress" => {
                "This engine creates a new one at each connect. From API 1.54 on, it accepts one."
            }
            _ => "The engine had given the address out, and has now given another.",
        };
        plan.differ(&format!("{what} in {name}"), former.clone(), present.into(), why);
    }
}

/// Says which published ports are not the same as before.
pub(super) fn compare_ports(now: &Suspect, undo: &Undo, plan: &mut Restoration) {
    if !now.is_running() || plan.has_conflicts() {
        return;
    }
    let ports = undo.shown()["ports"].as_object();
    for (port, hosts) in ports.into_iter().flatten().filter(|(_, hosts)| hosts.is_array()) {
        let numbers = |hosts: &Value| {
            let mut numbers: Vec<String> =
                items(hosts).map(|host| text(host, "HostPort").to_owned()).collect();
            numbers.sort();
            numbers.dedup();
            numbers.join(", ")
        };
        let (was, is) = (numbers(hosts), numbers(&now.container["NetworkSettings"]["Ports"][port.as_str()]));
        let is_fixed = items(&now.container["HostConfig"]["PortBindings"][port.as_str()])
            .all(|host| !matches!(text(host, "HostPort"), "" | "0"));
        if was == is {
            continue;
        }
        let what = format!("host port of {port}");
        match is_fixed {
            true => plan.conflict(
                &what,
                was.into(),
                is.into(),
                "The engine did not publish it again. A restart of the container does.",
            ),
            false => plan.differ(
                &what,
                was.into(),
                is.into(),
                "The engine had chosen the port, and has now chosen another.",
            ),
        }
    }
}

/// An address of the place that another container has, or comes back to when it starts; and that container's name.
fn address_conflict(place: &Value, network: &Value, others: &[Value]) -> Option<(String, String)> {
    let chosen = &place["endpoint"]["IPAMConfig"];
    for (field, live) in [("IPv4Address", "IPv4Address"), ("IPv6Address", "IPv6Address")] {
        let address = text(chosen, field);
        if address.is_empty() {
            continue;
        }
        let members = network["Containers"].as_object().into_iter().flatten();
        for (_, member) in members {
            if text(member, live).split('/').next() == Some(address) {
                return Some((address.to_owned(), text(member, "Name").to_owned()));
            }
        }
        for other in others {
            let places = other["NetworkSettings"]["Networks"].as_object().into_iter().flatten();
            let mut places = places.filter(|(name, there)| {
                there["NetworkID"] == network["Id"] || network["Name"] == name.as_str()
            });
            if places.any(|(_, there)| text(&there["IPAMConfig"], field) == address) {
                return Some((address.to_owned(), text(other, "Name").trim_start_matches('/').to_owned()));
            }
        }
    }
    None
}

/// A host port that the container publishes, and that another running container has; and that container's name.
fn port_conflict(suspect: &Suspect, others: &[Value]) -> Option<(String, String)> {
    let bindings = suspect.container["HostConfig"]["PortBindings"].as_object();
    let still_has = &suspect.container["NetworkSettings"]["Ports"];
    for (port, hosts) in bindings.into_iter().flatten() {
        if still_has[port.as_str()].is_array() {
            continue;
        }
        let protocol = protocol_of(port);
        for wanted in items(hosts).filter(|host| !matches!(text(host, "HostPort"), "" | "0")) {
            for other in others {
                let published = other["NetworkSettings"]["Ports"].as_object().into_iter().flatten();
                let mut published = published.filter(|(name, _)| protocol_of(name) == protocol);
                if published.any(|(_, hosts)| items(hosts).any(|host| is_taken_by(wanted, host))) {
                    let owner = text(other, "Name").trim_start_matches('/').to_owned();
                    return Some((format!("{}/{protocol}", text(wanted, "HostPort")), owner));
                }
            }
        }
    }
    None
}

fn protocol_of(port: &str) -> &str {
    port.split('/').nth(1).unwrap_or("tcp")
}

/// Whether two bindings want the same port of the same address. One without an address takes all, of both families.
fn is_taken_by(wanted: &Value, host: &Value) -> bool {
    let address = |binding| text(binding, "HostIp").parse::<IpAddr>().ok();
    let overlap = match (address(wanted), address(host)) {
        (Some(one), Some(other)) => {
            let is_all = one.is_unspecified() || other.is_unspecified();
            one == other || is_all && one.is_ipv4() == other.is_ipv4()
        }
        _ => true,
    };
    overlap && wanted["HostPort"] == host["HostPort"]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_taken_at_its_address() {
        for (wanted, has, is_taken) in [
            ("", "0.0.0.0", true),
            ("0.0.0.0", "", true),
            ("127.0.0.1", "0.0.0.0", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("127.0.0.1", "::", false),
            ("::", "::1", true),
        ] {
            let at = |address: &str, port: &str| json!({"HostIp": address, "HostPort": port});
            assert_eq!(is_taken_by(&at(wanted, "80"), &at(has, "80")), is_taken, "{wanted} {has}");
            assert!(!is_taken_by(&at(wanted, "80"), &at(has, "81")));
        }
    }
}
