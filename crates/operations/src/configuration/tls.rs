//! The fields of TLS, and of the proxy that it goes through.

use engine::{Address, Identity, Pin, Proxy, Subject, Tls};
use secrecy::SecretString;

use super::{
    fields::{
        AUTHENTICATION_TYPE, CA_CERT_PATH, CERT_PATH, CERTIFICATE_PIN, KEY_PASSPHRASE, KEY_PATH, PROXY,
        TLS_SERVER_NAME, VERIFY_SSL,
    },
    file, host_name, told,
};
use crate::{Param, Services, configuration::wording::wording, declare::arguments::Arguments};

/// Whom to trust, and who we are.
pub(super) fn read(fields: &Arguments, services: &dyn Services, faults: &mut Vec<String>) -> Tls {
    let mut contents = |field: Param, subject: Subject| {
        let read = file::contents(fields.text(field)?, services);
        read.map_err(|why| faults.push(format!("{} {why}", wording().subject(subject)))).ok()
    };
    let ca = contents(CA_CERT_PATH, Subject::Ca);
    let signs_in = fields.text(AUTHENTICATION_TYPE) == Some("certificate");
    let pair = match signs_in {
        true => (contents(CERT_PATH, Subject::ClientCertificate), contents(KEY_PATH, Subject::ClientKey)),
        false => (None, None),
    };
    let passphrase = fields.text(KEY_PASSPHRASE).map(|text| SecretString::from(text.to_owned()));
    let identity = pair.0.zip(pair.1).map(|(certificate, key)| Identity {
        certificate,
        key: key.into(),
        passphrase: passphrase.clone(),
    });
    let server_name = fields.text(TLS_SERVER_NAME).map(|name| {
        let read = host_name::read(name, false).map_err(|why| faults.push(format!("tls_server_name {why}")));
        read.unwrap_or_default().to_owned()
    });
    let mut pins = Vec::new();
    for pin in fields.texts(CERTIFICATE_PIN) {
        match pin.parse::<Pin>() {
            Ok(pin) => pins.push(pin),
            Err(error) => faults.push(told(&error)),
        }
    }
    Tls { ca, pins, identity, server_name, verify: fields.flag(VERIFY_SSL).unwrap_or(true) }
}

/// The proxy that leads to the engine: the field's, or the environment's at this moment. Only TLS goes through one.
pub(super) fn proxy(
    address: &Address,
    protocol: &str,
    fields: &Arguments,
    faults: &mut Vec<String>,
) -> Option<Proxy> {
    let Address::Tcp { host, port } = address else { return None };
    if protocol != "https" {
        return None;
    }
    let proxy = match fields.text(PROXY).map(str::trim) {
        Some(none) if none.eq_ignore_ascii_case("none") => return None,
        Some(url) => Proxy::read(&SecretString::from(url.to_owned())).map(Some),
        None => Proxy::of_environment(host, *port),
    };
    proxy.map_err(|error| faults.push(told(&error))).ok()?
}
