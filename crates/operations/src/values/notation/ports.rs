//! Ports: `[[ip:]port:]port[/protocol]`, each port a number or a range (`docker run --publish` and `--expose`).

use std::{net::IpAddr, ops::RangeInclusive};

use serde_json::{Map, Value, json};

use super::{comma_items, parsed};
use crate::values::digits;

const PROTOCOLS: [&str; 3] = ["tcp", "udp", "sctp"];

/// The API's `PortBindings`: for each of the container's ports, where on the host it is published.
pub(super) fn bindings(value: &Value) -> Result<Value, String> {
    let mut bindings = Bindings::default();
    match parsed(value)? {
        Value::Object(ports) => {
            for (port, hosts) in ports {
                bindings.add_object(&port, hosts)?;
            }
        }
        value => {
            for item in comma_items(value) {
                bindings.add_text(&digits(&item).map_err(|_| expected("it is a list of texts"))?)?;
            }
        }
    }
    Ok(Value::Object(bindings.0))
}

/// The API's `ExposedPorts`: the container's ports, each with an empty object.
pub(super) fn exposed(value: &Value) -> Result<Value, String> {
    let names = match parsed(value)? {
        Value::Object(ports) => ports.into_iter().map(|(port, _)| Value::from(port)).collect(),
        value => comma_items(value),
    };
    let mut exposed = Map::new();
    for name in &names {
        let (ports, protocol) = container_ports(&digits(name).map_err(|_| exposable("a text"))?)
            .map_err(|why| exposable(&why))?;
        exposed.extend(ports.map(|port| (format!("{port}/{protocol}"), json!({}))));
    }
    Ok(exposed.into())
}

/// `PortBindings` in the making.
#[derive(Default)]
struct Bindings(Map<String, Value>);

impl Bindings {
    /// Adds `[[ip:]port:]port[/protocol]`.
    fn add_text(&mut self, text: &str) -> Result<(), String> {
        let mut parts = text.rsplitn(3, ':');
        let container = parts.next().unwrap_or_default();
        let host = parts.next().unwrap_or_default();
        let ip = address(parts.next().unwrap_or_default()).map_err(|why| expected(&why))?;
        let (container, protocol) = container_ports(container).map_err(|why| expected(&why))?;
        if host.is_empty() {
            container.for_each(|port| self.add(port, &protocol, &ip, String::new()));
            return Ok(());
        }
        let hosts = ports(host, 0).map_err(|why| expected(&why))?;
        if container.len() == hosts.len() {
            container.zip(hosts).for_each(|(port, host)| self.add(port, &protocol, &ip, host.to_string()));
        } else if container.len() == 1 {
            // The engine takes a free one of the range.
            self.add(*container.start(), &protocol, &ip, host.to_owned());
        } else {
            return Err(expected(&format!("{text:?} has ranges of different lengths")));
        }
        Ok(())
    }

    /// Adds the API's own form, `"80/tcp": [{"HostIp": ..., "HostPort": ...}]`, or `"80/tcp": 8080`.
    fn add_object(&mut self, port: &str, hosts: Value) -> Result<(), String> {
        let (ports, protocol) = container_ports(port).map_err(|why| expected(&why))?;
        let name = format!("{}/{protocol}", ports.start());
        if ports.len() != 1 {
            return Err(expected(&format!("{port:?} is not one port")));
        }
        let hosts = match hosts {
            Value::Null => Vec::new(),
            Value::Array(hosts) => hosts,
            host => vec![host],
        };
        self.0.entry(&name).or_insert_with(|| json!([]));
        for host in hosts {
            match host {
                Value::Object(mut host) => {
                    if let Some(number) = host.get("HostPort").filter(|port| port.is_number()) {
                        host["HostPort"] =
                            digits(number).map_err(|_| expected(&format!("of {name}")))?.into();
                    }
                    self.push(&name, host.into());
                }
                host => {
                    let host = digits(&host).map_err(|_| expected(&format!("of {name}")))?;
                    self.add_text(&format!("{host}:{name}"))?;
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, port: u16, protocol: &str, ip: &str, host: String) {
        self.push(&format!("{port}/{protocol}"), json!({"HostIp": ip, "HostPort": host}));
    }

    fn push(&mut self, name: &str, binding: Value) {
        if let Value::Array(bindings) = self.0.entry(name).or_insert_with(|| json!([]))
            && !bindings.contains(&binding)
        {
            bindings.push(binding);
        }
    }
}

/// Ports of a container, with their protocol: `80`, `80/udp`, `7000-7002/tcp`.
fn container_ports(text: &str) -> Result<(RangeInclusive<u16>, String), String> {
    let (range, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.trim().to_ascii_lowercase();
    if !PROTOCOLS.contains(&protocol.as_str()) {
        return Err(format!("{protocol:?} is no protocol: tcp, udp or sctp"));
    }
    Ok((ports(range, 1)?, protocol))
}

fn ports(text: &str, least: u16) -> Result<RangeInclusive<u16>, String> {
    let port = |text: &str| text.trim().parse().ok().filter(|port| *port >= least);
    let (first, end) = text.split_once('-').unwrap_or((text, text));
    match (port(first), port(end)) {
        (Some(first), Some(end)) if first <= end => Ok(first..=end),
        _ => Err(format!("{text:?} is no port from {least} to 65535, nor a range of them")),
    }
}

/// An address of the host, IPv6 in brackets or not; or empty.
fn address(text: &str) -> Result<String, String> {
    let bare = text.trim();
    let bare = bare.strip_prefix('[').and_then(|bare| bare.strip_suffix(']')).unwrap_or(bare);
    match bare.is_empty() || bare.parse::<IpAddr>().is_ok() {
        true => Ok(bare.to_owned()),
        false => Err(format!("{bare:?} is no IP address")),
    }
}

fn expected(why: &str) -> String {
    format!("ports such as 8080:80/tcp or 127.0.0.1:5353:53/udp ({why})")
}

fn exposable(why: &str) -> String {
    format!("ports such as 80/tcp or 7000-7002/udp ({why})")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bound(written: Value) -> Value {
        bindings(&written).unwrap()
    }

    #[test]
    fn reads_what_docker_run_takes() {
        for (written, sent) in [
            ("8080:80", json!({"80/tcp": [{"HostIp": "", "HostPort": "8080"}]})),
            ("127.0.0.1:5353:53/udp", json!({"53/udp": [{"HostIp": "127.0.0.1", "HostPort": "5353"}]})),
            ("[::1]:8080:80", json!({"80/tcp": [{"HostIp": "::1", "HostPort": "8080"}]})),
            ("127.0.0.1::80", json!({"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]})),
            ("80", json!({"80/tcp": [{"HostIp": "", "HostPort": ""}]})),
            ("8000-8010:80", json!({"80/tcp": [{"HostIp": "", "HostPort": "8000-8010"}]})),
            (
                "8000-8001:80-81/TCP",
                json!({"80/tcp": [{"HostIp": "", "HostPort": "8000"}], "81/tcp": [{"HostIp": "", "HostPort": "8001"}]}),
            ),
        ] {
            assert_eq!(bound(json!(written)), sent, "{written}");
        }
    }

    #[test]
    fn reads_lists_lines_and_json() {
        let sent = json!({"80/tcp": [{"HostIp": "", "HostPort": "8080"}], "53/udp": [{"HostIp": "", "HostPort": "53"}]});
        for written in [
            json!("8080:80, 53:53/udp"),
            json!("8080:80\n53:53/udp\n"),
            json!(["8080:80", "53:53/udp"]),
            json!("[\"8080:80\", \"53:53/udp\"]"),
            json!({"80": 8080, "53/udp": "53"}),
            json!({"80/tcp": [{"HostIp": "", "HostPort": 8080}], "53/udp": {"HostIp": "", "HostPort": "53"}}),
            sent.clone(),
            json!(sent.to_string()),
        ] {
            assert_eq!(bound(written.clone()), sent, "{written}");
        }
        assert_eq!(
            bound(json!("8080:80,8081:80")),
            json!({"80/tcp": [{"HostIp": "", "HostPort": "8080"}, {"HostIp": "", "HostPort": "8081"}]})
        );
        assert_eq!(bound(json!({"80/tcp": null})), json!({"80/tcp": []}));
    }

    #[test]
    fn reads_exposed_ports() {
        let sent = json!({"80/tcp": {}, "53/udp": {}, "54/udp": {}});
        for written in
            [json!("80,53-54/udp"), json!([80, "53-54/udp"]), json!({"80": {}, "53/udp": {}, "54/udp": {}})]
        {
            assert_eq!(exposed(&written).unwrap(), sent, "{written}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (written, why) in [
            ("8080:99999", "no port"),
            ("8080:0", "from 1"),
            ("80/icmp", "no protocol"),
            ("host:8080:80", "no IP address"),
            ("81-80", "no port"),
            ("8000-8002:80-81", "different lengths"),
        ] {
            let fault = bindings(&json!(written)).unwrap_err();
            assert!(fault.starts_with("ports such as") && fault.contains(why), "{written}: {fault}");
        }
        assert!(bindings(&json!([[80]])).is_err() && exposed(&json!("80:80")).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in "[0-9a-z:./,\\[\\]{}\" -]{0,40}") {
            let _either = (bindings(&json!(text)), exposed(&json!(text)));
        }

        #[test]
        fn binds_every_port_of_a_range_once(first in 1_u16..60_000, host in 0_u16..60_000, more in 0_u16..50) {
            let text = format!("{host}-{}:{first}-{}", host + more, first + more);
            let bound = bound(json!(text));
            prop_assert_eq!(bound.as_object().unwrap().len(), usize::from(more) + 1);
            for offset in 0..=more {
                prop_assert_eq!(&bound[format!("{}/tcp", first + offset)][0]["HostPort"], &json!((host + offset).to_string()));
            }
        }
    }
}
