//! Ports of a service: `8080:80/udp`, or `mode=host,published=8080,target=80,protocol=tcp` (`docker service create --publish`).

use serde_json::{Value, json};

use super::{
    comma_items,
    fields::{are_fields, fields},
    items, parsed, ports,
};
use crate::values::digits;

/// The API's `EndpointSpec.Ports`.
pub(super) fn service_ports(value: &Value) -> Result<Value, String> {
    let parsed = parsed(value)?;
    let is_long = parsed.as_str().is_some_and(are_fields);
    let listed = if is_long { items(parsed) } else { comma_items(parsed) };
    let mut all = Vec::new();
    for item in listed {
        match item {
            Value::Object(port) => all.push(port.into()),
            Value::String(line) if are_fields(&line) => all.push(port(&line)?),
            item => short(&digits(&item).map_err(|_| expected(""))?, &mut all)?,
        }
    }
    Ok(all.into())
}

/// `[published:]target[/protocol]`, also with ranges.
fn short(text: &str, all: &mut Vec<Value>) -> Result<(), String> {
    let Value::Object(bindings) = ports::bindings(&text.into())? else { return Ok(()) };
    for (port, hosts) in bindings {
        let (target, protocol) = port.split_once('/').unwrap_or((&port, "tcp"));
        for host in items(hosts) {
            if host["HostIp"].as_str().is_some_and(|ip| !ip.is_empty()) {
                return Err(expected(", without an address: a service publishes its ports at every node"));
            }
            let mut published = json!({"Protocol": protocol, "TargetPort": number(target)?});
            match host["HostPort"].as_str() {
                None | Some("") => {}
                Some(port) => published["PublishedPort"] = number(port)?,
            }
            all.push(published);
        }
    }
    Ok(())
}

fn port(line: &str) -> Result<Value, String> {
    let mut port = json!({"Protocol": "tcp"});
    for (name, value) in fields(line)? {
        let value = value.ok_or_else(|| expected(&format!(", and {name} needs a value")))?;
        match name.as_str() {
            "mode" if matches!(value.as_str(), "ingress" | "host") => port["PublishMode"] = value.into(),
            "mode" => return Err(expected(", whose mode is ingress or host")),
            "protocol" => port["Protocol"] = value.to_ascii_lowercase().into(),
            "published" => port["PublishedPort"] = number(&value)?,
            "target" => port["TargetPort"] = number(&value)?,
            other => return Err(expected(&format!(", and {other:?} is no field of one"))),
        }
    }
    match port["TargetPort"].as_u64() {
        Some(_) => Ok(port),
        None => Err(expected(", each with a target")),
    }
}

fn number(text: &str) -> Result<Value, String> {
    text.parse::<u16>().map(Value::from).map_err(|_| expected(&format!(", and {text:?} is no port")))
}

fn expected(why: &str) -> String {
    format!("ports, such as 8080:80/tcp or mode=host,published=8080,target=80, or a JSON list{why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms() {
        for (written, read) in [
            (json!("8080:80"), json!([{"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 8080}])),
            (json!("53/udp"), json!([{"Protocol": "udp", "TargetPort": 53}])),
            (json!(80), json!([{"Protocol": "tcp", "TargetPort": 80}])),
            (
                json!("mode=host,published=8080,target=80,protocol=udp\n81"),
                json!([
                    {"Protocol": "udp", "PublishMode": "host", "PublishedPort": 8080, "TargetPort": 80},
                    {"Protocol": "tcp", "TargetPort": 81},
                ]),
            ),
        ] {
            assert_eq!(service_ports(&written), Ok(read), "{written}");
        }
        assert_eq!(service_ports(&json!("7000-7001:80-81")).unwrap().as_array().unwrap().len(), 2);
        for wrong in ["127.0.0.1:80:80", "x", "target=0x50", "published=80", "target=80,mode=vip"] {
            assert!(service_ports(&json!(wrong)).is_err(), "{wrong}");
        }
    }
}
