//! The fields of a configuration by SSH.

use engine::{Address, DEFAULT_SOCKET, HostKeys, Ssh, Subject};
use secrecy::SecretString;

use super::{
    fields::{SSH_HOST_KEY, SSH_KEY, SSH_PASSPHRASE, SSH_SOCKET, SSH_USERNAME},
    file, told,
};
use crate::{Services, configuration::wording::wording, declare::arguments::Arguments};

/// A unix socket's address holds no more bytes than this, and a final zero.
const LONGEST_SOCKET: usize = 107;

/// Who signs in where, and the socket there.
pub(super) fn address(host: String, port: u16, fields: &Arguments, faults: &mut Vec<String>) -> Address {
    let user = fields.text(SSH_USERNAME).unwrap_or_default().trim();
    if user.starts_with('-')
        || user.contains(|c: char| c.is_whitespace() || c.is_control() || "/:".contains(c))
    {
        let named = wording().subject(Subject::SshUser);
        faults.push(format!("{named} must be a user's name alone, not {user:?}"));
    }
    let socket = fields.text(SSH_SOCKET).unwrap_or(DEFAULT_SOCKET).trim();
    let socket = socket.strip_prefix("unix://").unwrap_or(socket);
    if !socket.starts_with('/') || socket.len() > LONGEST_SOCKET || socket.contains(char::is_control) {
        let named = wording().subject(Subject::SshSocket);
        faults.push(format!("{named} must be the absolute path of a socket, not {socket:?}"));
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
    let key = fields.text(SSH_KEY).and_then(|given| {
        let fault = |why| format!("{} {why}", wording().subject(Subject::SshKey));
        file::contents(given, services).map_err(|why| faults.push(fault(why))).ok()
    });
    let host_keys = host_keys(fields, host, *port, faults);
    let passphrase = fields.text(SSH_PASSPHRASE).map(|text| SecretString::from(text.to_owned()));
    Some(Ssh { key: key?.into(), passphrase, host_keys: host_keys? })
}

fn host_keys(fields: &Arguments, host: &str, port: u16, faults: &mut Vec<String>) -> Option<HostKeys> {
    let read = HostKeys::read(fields.text(SSH_HOST_KEY)?, host, port);
    read.map_err(|error| faults.push(told(&error))).ok()
}
