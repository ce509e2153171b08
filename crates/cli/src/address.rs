//! From `DOCKER_HOST` and its like to the connector's configuration.

use operations::{Error, Kind};
use serde_json::{Map, Value};

use crate::commands::Connection;

/// The configuration that a connection stands for.
pub(crate) fn configuration(connection: &Connection<'_>) -> Result<Map<String, Value>, Error> {
    let fault = |text: String| Error::new(Kind::InvalidConfiguration, text);
    let (scheme, rest) = connection.host.split_once("://").ok_or_else(|| {
        fault(format!(
            "DOCKER_HOST is {:?}; it looks like unix:///var/run/docker.sock or tcp://host:2376.",
            connection.host
        ))
    })?;
    let mut fields = Map::new();
    let mut set = |name: &str, value: &str| {
        fields.insert(name.to_owned(), value.into());
    };
    set("authentication_type", "None");
    match scheme {
        "unix" => {
            set("protocol", "UNIX");
            set("server_address", rest);
        }
        "tcp" | "http" | "https" => {
            let tls = scheme == "https" || connection.tls_verify;
            let (host, port) = split_port(rest.trim_end_matches('/'));
            set("protocol", if tls { "HTTPS" } else { "HTTP" });
            set("server_address", host);
            set("port", port);
            if let Some(folder) = connection.cert_path.filter(|_| tls) {
                let folder = std::path::absolute(folder)
                    .map_err(|error| fault(format!("DOCKER_CERT_PATH: {error}.")))?;
                let folder = folder.display();
                set("ca_cert_path", &format!("{folder}/ca.pem"));
                set("authentication_type", "Certificate");
                set("cert_path", &format!("{folder}/cert.pem"));
                set("key_path", &format!("{folder}/key.pem"));
            }
        }
        other => {
            return Err(fault(format!(
                "DOCKER_HOST begins with {other:?}; unix, tcp, http and https are known."
            )));
        }
    }
    // A terminal takes a result of any size, and a person who types needs no limit.
    set("max_result_size", "0");
    set("rate_limit", "0");
    set("api_version", connection.api_version.unwrap_or_default());
    set("timeout", connection.timeout.unwrap_or_default());
    Ok(fields)
}

/// `host:port`, `host`, or `[v6]:port`.
fn split_port(authority: &str) -> (&str, &str) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(host: &str, tls_verify: bool, cert_path: Option<&str>) -> Map<String, Value> {
        configuration(&Connection { host, tls_verify, cert_path, api_version: None, timeout: None }).unwrap()
    }

    #[test]
    fn reads_docker_host() {
        let unix = fields("unix:///run/d.sock", false, None);
        assert_eq!(
            (unix["protocol"].as_str(), unix["server_address"].as_str()),
            (Some("UNIX"), Some("/run/d.sock"))
        );
        let tls = fields("tcp://[::1]:2376", true, Some("/certs"));
        assert_eq!(
            (tls["protocol"].as_str(), tls["server_address"].as_str(), tls["port"].as_str()),
            (Some("HTTPS"), Some("[::1]"), Some("2376"))
        );
        assert_eq!(tls["cert_path"], "/certs/cert.pem");
        assert_eq!(fields("tcp://engine", false, Some("/certs"))["protocol"], "HTTP");
    }
}
