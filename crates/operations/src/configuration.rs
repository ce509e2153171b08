//! The configuration: what its fields mean for the engine.

mod fields;
mod host;
mod ssh;
mod tls;

use std::time::Duration;

use engine::{Address, ApiVersion, Settings, SignIn};
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::{
    Error, Kind, Services,
    catalogue::images::registry::Registries,
    declare::arguments::Arguments,
    run::{guard::Policy, redact::Secrets, validate::read},
};

use self::fields::DECLARED;
pub use self::fields::{FIELDS, Field};

/// A checked configuration.
#[derive(Debug)]
pub struct Configuration {
    settings: Settings,
    registries: Registries,
    policy: Policy,
    warnings: Vec<String>,
    max_result_size: Option<usize>,
    secrets: Secrets,
}

impl Configuration {
    /// Reads a configuration's fields; unknown ones are bookkeeping of FortiSOAR's. One error names every fault.
    pub fn read(given: &Map<String, Value>, services: &dyn Services) -> Result<Self, Error> {
        let mut faults = Vec::new();
        let fields = read(DECLARED, given, &mut faults);
        let configuration = Self::of(&fields, services, &mut faults);
        match configuration {
            Some(configuration) if faults.is_empty() => Ok(configuration),
            _ => Err(Error::faults(Kind::InvalidConfiguration, &faults).hiding(&Secrets::of(&fields))),
        }
    }

    /// How to reach the engine.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What an administrator should know: verification is off, HTTP is plain.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    /// The most bytes of a result in a playbook's data.
    pub(crate) fn max_result_size(&self) -> Option<usize> {
        self.max_result_size
    }

    /// What this configuration may do.
    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What no error may repeat.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The credentials at registries.
    pub(crate) fn registries(&self) -> &Registries {
        &self.registries
    }

    fn of(fields: &Arguments, services: &dyn Services, faults: &mut Vec<String>) -> Option<Self> {
        let protocol = fields.text("protocol")?;
        let address = address(protocol, fields, faults)?;
        let mut warnings = Vec::new();
        let tls = (protocol == "https").then(|| tls::read(fields, services, faults));
        warnings.extend(tls.iter().flat_map(engine::Tls::unused));
        if tls.as_ref().is_some_and(|tls| !tls.verify) {
            warnings
                .push("verify_ssl is off: whoever stands between can read and change everything.".to_owned());
        }
        if protocol == "http" {
            warnings.push("protocol is HTTP: everything is sent in plain text, and whoever reaches the engine is root there.".into());
        }
        let api_version = match fields.text("api_version") {
            None => None,
            Some(auto) if auto.trim().eq_ignore_ascii_case("auto") => None,
            Some(version) => version
                .parse::<ApiVersion>()
                .map_err(|_| faults.push(format!("api_version must be Auto or like v1.41, not {version:?}")))
                .ok(),
        };
        let seconds =
            |name: &str| Duration::from_secs(fields.integer(name).unwrap_or_default().min(MOST_SECONDS));
        let count = |name: &str| u32::try_from(fields.integer(name).unwrap_or_default()).unwrap_or(u32::MAX);
        for name in ["timeout", "connect_timeout", "max_connections"] {
            if fields.integer(name) == Some(0) {
                faults.push(format!("{name} must be at least 1"));
            }
        }
        let settings = Settings {
            tls,
            ssh: ssh::read(&address, fields, services, faults),
            proxy: tls::proxy(&address, protocol, fields, faults),
            sign_in: sign_in(fields, protocol, &mut warnings, faults),
            base_path: base_path(fields.text("base_path"), faults),
            api_version,
            timeout: seconds("timeout"),
            connect_timeout: seconds("connect_timeout"),
            retry_attempts: count("retry_attempts"),
            retry_delay: seconds("retry_delay"),
            rate_limit: count("rate_limit"),
            max_connections: usize::try_from(count("max_connections")).unwrap_or(usize::MAX),
            ..Settings::new(address)
        };
        let kibibytes = fields.integer("max_result_size").and_then(|size| usize::try_from(size).ok());
        let max_result_size = kibibytes.filter(|size| *size > 0).map(|size| size.saturating_mul(1024));
        let policy = Policy::read(fields, faults);
        let registries = Registries::read(fields, &mut warnings);
        let secrets = Secrets::of(fields).and_text(settings.sign_in.as_ref().map(SignIn::secret));
        let secrets = registries.secrets().fold(secrets, |secrets, secret| secrets.and_text(Some(secret)));
        Some(Self { settings, registries, policy, warnings, max_result_size, secrets })
    }
}

/// No wait is longer than a day: what is beyond is a slip.
const MOST_SECONDS: u64 = 86_400;

fn address(protocol: &str, fields: &Arguments, faults: &mut Vec<String>) -> Option<Address> {
    let server = fields.text("server_address")?.trim();
    if protocol == "unix" {
        let path = server.strip_prefix("unix://").unwrap_or(server);
        if !path.starts_with('/') {
            // What stands before an @ may hold a password.
            let shown = if server.contains('@') { String::new() } else { format!(", not {server:?}") };
            faults.push(format!(
                "server_address must be the absolute path of a socket, as protocol is UNIX{shown}"
            ));
        }
        return Some(Address::Unix(path.into()));
    }
    let host = host::read(server, true).unwrap_or_else(|why| {
        faults.push(format!("server_address {why}"));
        host::guess(server)
    });
    let host = host.to_owned();
    let default = match protocol {
        "https" => 2376,
        "ssh" => 22,
        _ => 2375_u16,
    };
    let port = fields.get("port").map_or(Some(default.into()), Value::as_u64);
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

/// The header that signs in, unless that is by certificate, by the socket's permissions, or not at all.
fn sign_in(
    fields: &Arguments,
    protocol: &str,
    warnings: &mut Vec<String>,
    faults: &mut Vec<String>,
) -> Option<SignIn> {
    let how = fields
        .text("authentication_type")
        .filter(|how| protocol.starts_with("http") && ["basic", "token", "header"].contains(how))?;
    if protocol == "http" {
        warnings.push("The sign-in goes over plain HTTP: whoever listens on the way has it.".into());
    }
    let mut needed = |name: &str| {
        let value = fields.text(name);
        if value.is_none() {
            faults.push(format!("{name} is missing, which this authentication_type needs"));
        }
        value
    };
    let secret = |text: &str| SecretString::from(text.to_owned());
    let made = match how {
        "basic" => {
            let (username, password) = (needed("username"), needed("password"));
            SignIn::basic(username?, &secret(password?))
        }
        "token" => SignIn::bearer(&secret(needed("access_token")?)),
        _ => SignIn::header(fields.text("header_name")?, &secret(needed("access_token")?)),
    };
    made.map_err(|error| faults.push(error.message().to_owned())).ok()
}

/// A path of plain segments, without a slash at its end.
fn base_path(given: Option<&str>, faults: &mut Vec<String>) -> String {
    let trimmed = given.unwrap_or_default().trim().trim_matches('/');
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

/// The contents of a file field: PEM text as it is, a file of FortiSOAR, or a path.
pub(crate) fn pem(file: &str, services: &dyn Services) -> Result<Vec<u8>, String> {
    /// No path of a file is longer on a line of its own. What is may be a key without its first line: it is not repeated.
    const LONGEST_PATH: usize = 255;
    let file = file.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    // A template may write each dash for HTML.
    if file.contains("-----BEGIN") || file.contains("&#45;BEGIN") || file.contains("&#x2D;BEGIN") {
        return Ok(file.as_bytes().to_vec());
    }
    if file.starts_with("/api/3/") {
        return services.read(file).map_err(|error| format!("cannot be read from FortiSOAR: {error}"));
    }
    if !file.starts_with('/') || file.contains('\n') || file.len() > LONGEST_PATH {
        return Err(
            "is neither PEM text (-----BEGIN ...), nor a file of FortiSOAR, nor an absolute path".into()
        );
    }
    std::fs::read(file).map_err(|error| format!("{file:?} cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::NoServices;

    fn configuration(given: Value) -> Result<Configuration, Error> {
        Configuration::read(given.as_object().unwrap(), &NoServices)
    }

    #[test]
    fn a_socket_needs_its_path_only() {
        let read = configuration(
            json!({"protocol": "UNIX", "server_address": "/run/docker.sock", "config_id": "x"}),
        )
        .unwrap();
        assert_eq!(read.settings().address.to_string(), "unix:///run/docker.sock");
        assert!(read.settings().tls.is_none() && read.warnings().is_empty());
        assert_eq!(read.timeout(), Duration::from_secs(60));
    }

    #[test]
    fn names_every_fault() {
        let error = configuration(json!({
            "server_address": "https://engine", "port": "99999", "cert_path": "/nowhere", "timeout": "soon", "api_version": "new",
        }))
        .unwrap_err()
        .to_string();
        for part in [
            "timeout must be",
            "host name or IP address alone",
            "set protocol to HTTPS",
            "port must be from 1",
            "api_version must be",
            "cert_path \"/nowhere\" cannot be read",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        let error = configuration(json!({
            "server_address": "engine:2376", "tls_server_name": "https://engine", "authentication_type": "None",
        }));
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("put 2376 into port") && error.contains("tls_server_name must be a host"),
            "{error}"
        );
        let error = configuration(json!({"server_address": "engine", "cert_path": "/nowhere"}))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("cert_path \"/nowhere\" cannot be read") && error.contains("key_path is missing"),
            "{error}"
        );
    }

    #[test]
    fn plain_http_needs_no_certificate_and_is_warned_of() {
        let read = configuration(
            json!({"protocol": "HTTP", "server_address": "engine", "port": "", "cert_path": "/nowhere"}),
        )
        .unwrap();
        assert_eq!(read.settings().address.to_string(), "tcp://engine:2375");
        assert!(read.warnings()[0].contains("plain text"));
    }

    #[test]
    fn ssh_needs_a_user_a_key_and_the_servers_key() {
        let given = json!({"protocol": "SSH", "server_address": "engine", "port": "2222"});
        let error = configuration(given).unwrap_err().to_string();
        for name in ["ssh_username", "ssh_key", "ssh_host_key"] {
            assert!(error.contains(&format!("{name} is missing")), "{error}");
        }
        let key = include_str!("../../../tests/data/keys/ed25519-key.pem");
        let given = json!({
            "protocol": "SSH", "server_address": "engine", "ssh_username": "fortisoar", "ssh_key": key,
            "ssh_host_key": "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
        });
        let read = configuration(given.clone()).unwrap();
        assert_eq!(read.settings().address.to_string(), "ssh://fortisoar@engine:22");
        let key_line = key.lines().nth(1).unwrap();
        assert!(read.settings().ssh.is_some() && !format!("{read:?}").contains(key_line));
        for (name, value, why) in [
            ("ssh_socket", "docker.sock", "ssh_socket must be"),
            ("ssh_socket", "/run/a\nb", "ssh_socket must be"),
            ("ssh_username", "a b", "ssh_username must be"),
            ("ssh_host_key", "elsewhere ssh-ed25519 AAAA", "ssh_host_key: "),
        ] {
            let mut wrong = given.clone();
            wrong[name] = value.into();
            let error = configuration(wrong).unwrap_err().to_string();
            assert!(error.contains(why), "{name}: {error}");
        }
    }

    #[test]
    fn a_proxy_is_for_tls_and_its_password_is_not_shown() {
        let with = |protocol: &str, proxy: &str| {
            configuration(json!({
                "protocol": protocol, "server_address": "engine", "authentication_type": "None", "proxy": proxy,
            }))
        };
        let read = with("HTTPS", "http://u:s3cret@proxy:3128").unwrap();
        assert_eq!(read.settings().proxy.as_ref().unwrap().to_string(), "proxy http://proxy:3128");
        assert!(!format!("{read:?}").contains("s3cret"));
        assert!(with("HTTPS", "None").unwrap().settings().proxy.is_none());
        assert!(with("HTTP", "http://proxy").unwrap().settings().proxy.is_none());
        let error = with("HTTPS", "socks5://u:s3cret@proxy").unwrap_err().to_string();
        assert!(
            error.contains("proxy is not the URL of an HTTP proxy") && !error.contains("s3cret"),
            "{error}"
        );
    }

    #[test]
    fn each_sign_in_asks_for_what_it_needs() {
        let fault = |how: &str| {
            configuration(json!({"server_address": "engine", "authentication_type": how}))
                .unwrap_err()
                .to_string()
        };
        assert!(
            fault("Basic").contains("username is missing") && fault("Basic").contains("password is missing")
        );
        assert!(
            fault("Token").contains("access_token is missing")
                && fault("Header").contains("access_token is missing")
        );
        let read = configuration(json!({
            "protocol": "HTTP", "server_address": "engine", "authentication_type": "Token", "access_token": "s3cret",
            "base_path": "/api/endpoints/1/docker/",
        }));
        let read = read.unwrap();
        assert_eq!(read.settings().base_path, "/api/endpoints/1/docker");
        assert!(read.warnings().iter().any(|warning| warning.contains("plain HTTP")));
        assert!(!format!("{read:?}").contains("s3cret"));
        let error =
            configuration(json!({"protocol": "HTTP", "server_address": "engine", "base_path": "/a/../b?c"}))
                .unwrap_err();
        assert!(error.to_string().contains("base_path must be"), "{error}");
    }

    #[test]
    fn the_api_version_field_suggests_what_can_be_spoken() {
        let field = FIELDS.iter().find(|field| field.param.name == "api_version").unwrap();
        let range = format!("from v{} to v{}", ApiVersion::OLDEST, ApiVersion::NEWEST);
        assert!(field.param.about.contains(&range), "{}", field.param.about);
    }

    #[test]
    fn fields_are_shown_for_titles_that_exist() {
        for field in FIELDS {
            let Some((parent, titles)) = field.shown_for else { continue };
            let parent = FIELDS.iter().find(|field| field.param.name == parent).unwrap();
            let crate::ValueKind::Choice(choices) = parent.param.kind else {
                panic!("{} is no choice", parent.param.name)
            };
            assert!(
                titles.iter().all(|title| choices.iter().any(|(known, _)| known == title)),
                "{}",
                field.param.name
            );
        }
    }
}
