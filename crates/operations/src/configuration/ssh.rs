//! The fields of a configuration by SSH.

use engine::{Address, DEFAULT_SOCKET, HostKeys, Ssh};
use secrecy::SecretString;

use super::pem;
use crate::{Services, declare::arguments::Arguments};

/// A unix socket's address holds no more bytes than this, and a final zero.
const LONGEST_SOCKET: usize = 107;

/// Who signs in where, and the socket there.
pub(super) fn address(host: String, port: u16, fields: &Arguments, faults: &mut Vec<String>) -> Address {
    let user = needed(fields, "ssh_username", faults).unwrap_or_default().trim();
    if user.starts_with('-')
        || user.contains(|c: char| c.is_whitespace() || c.is_control() || "/:".contains(c))
    {
        faults.push(format!("ssh_username must be a user's name alone, not {user:?}"));
    }
    let socket = fields.text("ssh_socket").unwrap_or(DEFAULT_SOCKET).trim();
    let socket = socket.strip_prefix("unix://").unwrap_or(socket);
    if !socket.starts_with('/') || socket.len() > LONGEST_SOCKET || socket.contains(char::is_control) {
        faults.push(format!("ssh_socket must be the absolute path of a socket, not {socket:?}"));
    }
    Address::Ssh { user: user.to_owned(), host, port, socket: socket.to_owned() }
}

/// The key that signs in, and the server's own.
pub(super) fn read(
    address: &Address,
    fields: &Arguments,
    services: &dyn Services,
    faults: &mut Vec<String>,
) -> Option<Ssh> {
    let Address::Ssh { host, port, .. } = address else { return None };
    let key = needed(fields, "ssh_key", faults)
        .and_then(|file| pem(file, services).map_err(|why| faults.push(format!("ssh_key {why}"))).ok());
    let host_keys = host_keys(fields, host, *port, faults);
    let passphrase = fields.text("ssh_passphrase").map(|text| SecretString::from(text.to_owned()));
    Some(Ssh { key: key?.into(), passphrase, host_keys: host_keys? })
}

fn host_keys(fields: &Arguments, host: &str, port: u16, faults: &mut Vec<String>) -> Option<HostKeys> {
    let read = HostKeys::read(needed(fields, "ssh_host_key", faults)?, host, port);
    read.map_err(|error| faults.push(error.to_string().trim_end_matches('.').to_owned())).ok()
}

fn needed<'a>(fields: &'a Arguments, name: &str, faults: &mut Vec<String>) -> Option<&'a str> {
    let value = fields.text(name);
    if value.is_none() {
        faults.push(format!("{name} is missing, which protocol SSH needs"));
    }
    value
}
