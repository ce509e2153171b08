//! The configuration: what its fields mean for the engine.

mod address;
pub(crate) mod fields;
mod file;
mod host_name;
mod sign_in;
mod ssh;
mod tls;
pub(crate) mod wording;

use std::time::Duration;

use engine::{ApiVersion, Settings, SignIn};
use serde_json::{Map, Value};

use crate::{
    Check, Error, Finding, Kind, Param, Services,
    catalogue::images::registry::Registries,
    declare::arguments::Arguments,
    run::{policy::Policy, secrets::Secrets, signing::Signer, validate},
};

use self::fields::{
    API_VERSION, AUTHENTICATION_TYPE, CONNECT_TIMEOUT, MAX_CONNECTIONS, MAX_RESULT_SIZE, PROTOCOL,
    RATE_LIMIT, RETRY_ATTEMPTS, RETRY_DELAY, SIGNING_KEY, TIMEOUT,
};
use self::wording::wording;

/// A checked configuration.
#[derive(Debug)]
pub struct Configuration {
    settings: Settings,
    registries: Registries,
    policy: Policy,
    signer: Option<Signer>,
    warnings: Vec<Finding>,
    max_result_size: Option<usize>,
    secrets: Secrets,
}

impl Configuration {
    /// Reads a configuration's fields; unknown ones are bookkeeping of FortiSOAR's. One error names every fault.
    pub fn read(given: &Map<String, Value>, services: &dyn Services) -> Result<Self, Error> {
        let mut faults = Vec::new();
        let mut fields = validate::read(fields::ALL, given, &mut faults);
        // A certificate is shown in TLS alone: elsewhere none is needed.
        if fields.text(PROTOCOL) != Some("https") && fields.text(AUTHENTICATION_TYPE) == Some("certificate") {
            fields.set(AUTHENTICATION_TYPE, "none".into());
        }
        faults.extend(validate::missing(fields::ALL, given, &fields));
        let configuration = Self::of(&fields, services, &mut faults);
        match configuration {
            Some(configuration) if faults.is_empty() => Ok(configuration),
            _ => Err(Error::faults(Kind::InvalidConfiguration, &faults)
                .hiding(&Secrets::given(fields::ALL, given))),
        }
    }

    /// The fields of every configuration, in the order in which a form shows them.
    pub const fn fields() -> &'static [Param] {
        fields::ALL
    }

    /// How to reach the engine.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What an administrator should know: verification is off, HTTP is plain.
    pub(crate) fn warnings(&self) -> &[Finding] {
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

    /// What signs, where a key for that is configured.
    pub(crate) fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
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
        let protocol = fields.text(PROTOCOL)?;
        let address = address::read(protocol, fields, faults)?;
        let mut warnings = Vec::new();
        let tls = (protocol == "https").then(|| tls::read(fields, services, faults));
        let unused = tls.iter().flat_map(engine::Tls::unused);
        warnings.extend(unused.map(|(of, why)| {
            Finding::warning(Check::Verification, format!("{}: {why}.", wording().subject(of)), "")
        }));
        if tls.as_ref().is_some_and(|tls| !tls.verify) {
            warnings.push(Finding::warning(
                Check::Verification,
                "verify_ssl is off: anyone on the network path can read and change everything.",
                "Turn verify_ssl on. For a certificate of your own CA, set ca_cert_path or certificate_pin.",
            ));
        }
        if protocol == "http" {
            warnings.push(Finding::warning(
                Check::Encryption,
                "protocol is HTTP: everything is sent in plain text, and anyone who reaches the engine is root on its host.",
                "Set up the engine with TLS and client certificates (protocol HTTPS), or use SSH.",
            ));
        }
        let api_version = api_version(fields, faults);
        let seconds =
            |field: Param| Duration::from_secs(fields.integer(field).unwrap_or_default().min(MOST_SECONDS));
        let count =
            |field: Param| u32::try_from(fields.integer(field).unwrap_or_default()).unwrap_or(u32::MAX);
        let settings = Settings {
            tls,
            ssh: ssh::read(&address, fields, services, faults),
            proxy: tls::proxy(&address, protocol, fields, faults),
            sign_in: sign_in::read(fields, protocol, &mut warnings, faults),
            headers: sign_in::headers(fields, faults),
            base_path: address::base_path(fields, faults),
            api_version,
            timeout: seconds(TIMEOUT),
            connect_timeout: seconds(CONNECT_TIMEOUT),
            retry_attempts: count(RETRY_ATTEMPTS),
            retry_delay: seconds(RETRY_DELAY),
            rate_limit: count(RATE_LIMIT),
            max_connections: usize::try_from(count(MAX_CONNECTIONS)).unwrap_or(usize::MAX),
            ..Settings::new(address)
        };
        let kibibytes = fields.integer(MAX_RESULT_SIZE).and_then(|size| usize::try_from(size).ok());
        let max_result_size = kibibytes.filter(|size| *size > 0).map(|size| size.saturating_mul(1024));
        let policy = Policy::read(fields, faults);
        let signer = signer(fields, services, faults);
        let registries = Registries::read(fields, &mut warnings);
        let headers = settings.sign_in.iter().chain(&settings.headers).map(SignIn::secret);
        let further = headers.chain(registries.secrets());
        let secrets = further.fold(Secrets::of(fields), |secrets, secret| secrets.and_text(Some(secret)));
        Some(Self { settings, registries, policy, signer, warnings, max_result_size, secrets })
    }
}

/// A fault that the engine crate found, without its full stop: it stands in a list.
fn told(error: &engine::Error) -> String {
    error.worded(wording()).trim_end_matches('.').to_owned()
}

/// The key that signs, checked at once: an investigation is a bad moment to learn that it cannot be read.
fn signer(fields: &Arguments, services: &dyn Services, faults: &mut Vec<String>) -> Option<Signer> {
    let given = fields.text(SIGNING_KEY)?;
    let read = file::contents(given, services).and_then(|file| Signer::read(&file));
    read.map_err(|why| faults.push(format!("{} {why}", SIGNING_KEY.name))).ok()
}

/// No wait is longer than a day: what is beyond is a slip.
const MOST_SECONDS: u64 = 86_400;

/// The version to speak, where it is not left to each connection.
fn api_version(fields: &Arguments, faults: &mut Vec<String>) -> Option<ApiVersion> {
    let given = fields.text(API_VERSION).filter(|given| !given.trim().eq_ignore_ascii_case("auto"))?;
    let read = given.parse::<ApiVersion>();
    read.map_err(|_| faults.push(format!("api_version must be Auto or like v1.41, not {given:?}"))).ok()
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
        assert!(read.warnings()[0].text().contains("plain text"));
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
            ("ssh_host_key", "elsewhere ssh-ed25519 AAAA", "ssh_host_key has "),
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
    fn a_signing_key_is_read_with_the_configuration_and_not_shown() {
        let with = |key: &str| {
            configuration(
                json!({"protocol": "UNIX", "server_address": "/run/docker.sock", "signing_key": key}),
            )
        };
        let key = include_str!("../../../tests/data/keys/ed25519-key.pem");
        let read = with(key).unwrap();
        assert!(read.signer().is_some() && !format!("{read:?}").contains(key.lines().nth(1).unwrap()));
        assert!(with("").unwrap().signer().is_none());
        for (given, why) in [
            (include_str!("../../../tests/data/keys/ec-key.pem"), "signing_key is no Ed25519 key"),
            ("/nowhere", "signing_key \"/nowhere\" cannot be read"),
            ("MC4CAQAwBQ", "signing_key is neither PEM text"),
        ] {
            let error = with(given).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
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
        assert!(read.warnings().iter().any(|warning| warning.what.contains("plain HTTP")));
        assert!(!format!("{read:?}").contains("s3cret"));
        let error =
            configuration(json!({"protocol": "HTTP", "server_address": "engine", "base_path": "/a/../b?c"}))
                .unwrap_err();
        assert!(error.to_string().contains("base_path must be"), "{error}");
    }

    #[test]
    fn the_api_version_field_suggests_what_can_be_spoken() {
        let range = format!("from v{} to v{}", ApiVersion::OLDEST, ApiVersion::NEWEST);
        assert!(API_VERSION.about.contains(&range), "{}", API_VERSION.about);
    }

    #[test]
    fn fields_are_declared_as_parameters_are() {
        crate::declare::param::rules::assert_obeyed("configuration", Configuration::fields());
    }
}
