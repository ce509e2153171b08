//! The fields that say where the engine is.

use engine::{Address, HTTP_PORT, HTTPS_PORT, SSH_PORT, Subject};
use serde_json::Value;

use super::{
    fields::{BASE_PATH, PORT, SERVER_ADDRESS},
    host_name, ssh,
};
use crate::{configuration::wording::wording, declare::arguments::Arguments};

/// Where the engine is.
pub(super) fn read(protocol: &str, fields: &Arguments, faults: &mut Vec<String>) -> Option<Address> {
    let server = fields.text(SERVER_ADDRESS)?.trim();
    if protocol == "unix" {
        let path = server.strip_prefix("unix://").unwrap_or(server);
        if !path.starts_with('/') {
            // What stands before an @ may hold a password.
            let shown = if server.contains('@') { String::new() } else { format!(", not {server:?}") };
            faults.push(format!(
                "{} must be the absolute path of a socket, as protocol is UNIX{shown}",
                wording().subject(Subject::Address)
            ));
        }
        return Some(Address::Unix(path.into()));
    }
    let host = host_name::read(server, true).unwrap_or_else(|why| {
        faults.push(format!("{} {why}", wording().subject(Subject::Address)));
        host_name::guess(server)
    });
    let host = host.to_owned();
    let default = match protocol {
        "https" => HTTPS_PORT,
        "ssh" => SSH_PORT,
        _ => HTTP_PORT,
    };
    let port = fields.get(PORT).map_or(Some(default.into()), Value::as_u64);
    let port = port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0).unwrap_or_else(|| {
        faults.push("port must be from 1 to 65535".into());
        default
    });
    Some(if protocol == "ssh" {
        ssh::address(host, port, fields, faults)
    } else {
        Address::Tcp { host, port }
    })
}

/// A path of plain segments, without a slash at its end.
pub(super) fn base_path(fields: &Arguments, faults: &mut Vec<String>) -> String {
    let trimmed = fields.text(BASE_PATH).unwrap_or_default().trim().trim_matches('/');
    let plain = |segment: &str| {
        let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        !segment.is_empty() && segment != "." && segment != ".." && segment.chars().all(unreserved)
    };
    if trimmed.is_empty() {
        return String::new();
    }
    if !trimmed.split('/').all(plain) {
        faults.push(format!("base_path must be a path such as /api/endpoints/1/docker, not {trimmed:?}"));
    }
    format!("/{trimmed}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_ports_are_the_engine_crates() {
        let ports = [("HTTPS", HTTPS_PORT), ("HTTP", HTTP_PORT), ("SSH", SSH_PORT)];
        let ports = ports.map(|(protocol, port)| (protocol, port.to_string()));
        let shown = PORT.form_defaults.iter().map(|(protocol, port)| (*protocol, (*port).to_owned()));
        assert_eq!(shown.collect::<Vec<_>>(), ports);
    }
}
