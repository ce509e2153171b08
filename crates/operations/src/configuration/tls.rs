//! The fields of TLS, and of the proxy that it goes through.

use engine::{Address, Identity, Pin, Proxy, Tls};
use secrecy::SecretString;
use serde_json::Value;

use super::{host, pem};
use crate::{Services, declare::arguments::Arguments};

/// Whom to trust, and who we are.
pub(super) fn read(fields: &Arguments, services: &dyn Services, faults: &mut Vec<String>) -> Tls {
    let mut contents = |name: &str| match fields.text(name).map(|file| pem(file, services)) {
        None => None,
        Some(Ok(contents)) => Some(contents),
        Some(Err(why)) => {
            faults.push(format!("{name} {why}"));
            None
        }
    };
    let ca = contents("ca_cert_path");
    let signs_in = fields.text("authentication_type") == Some("certificate");
    let pair = if signs_in { (contents("cert_path"), contents("key_path")) } else { (None, None) };
    for (name, missing) in [("cert_path", pair.0.is_none()), ("key_path", pair.1.is_none())] {
        if signs_in && missing && fields.text(name).is_none() {
            faults.push(format!("{name} is missing, which authentication_type Certificate needs"));
        }
    }
    let passphrase = fields.text("key_passphrase").map(|text| SecretString::from(text.to_owned()));
    let identity = pair.0.zip(pair.1).map(|(certificate, key)| Identity {
        certificate,
        key: key.into(),
        passphrase: passphrase.clone(),
    });
    let server_name = fields.text("tls_server_name").map(|name| {
        let read = host::read(name, false).map_err(|why| faults.push(format!("tls_server_name {why}")));
        read.unwrap_or_default().to_owned()
    });
    let mut pins = Vec::new();
    for pin in fields
        .get("certificate_pin")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        match pin.parse::<Pin>() {
            Ok(pin) => pins.push(pin),
            Err(error) => faults.push(format!("certificate_pin: {}", error.message())),
        }
    }
    Tls { ca, pins, identity, server_name, verify: fields.flag("verify_ssl").unwrap_or(true) }
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
    let proxy = match fields.text("proxy").map(str::trim) {
        Some(none) if none.eq_ignore_ascii_case("none") => return None,
        Some(url) => Proxy::read(&SecretString::from(url.to_owned())).map(Some),
        None => Proxy::of_environment(host, *port),
    };
    proxy.map_err(|error| faults.push(error.to_string().trim_end_matches('.').to_owned())).ok()?
}
