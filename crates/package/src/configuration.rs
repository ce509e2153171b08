//! The configuration's form: which field appears for which choice, and what helps to fill it in.

use operations::{FIELDS, Param};
use serde_json::{Map, Value, json};

use crate::form::{self, Choice, Entry};

/// What a form can say beyond the declaration.
struct Hint {
    name: &'static str,
    placeholder: &'static str,
    /// What a value looks like, and what is said of one that does not.
    validation: Option<(&'static str, &'static str)>,
    /// Nothing works without it where it is shown.
    needed: bool,
    /// What it begins with where it is shown for this choice.
    defaults: &'static [(&'static str, &'static str)],
}

impl Hint {
    const fn of(name: &'static str, placeholder: &'static str) -> Self {
        Self { name, placeholder, validation: None, needed: false, defaults: &[] }
    }

    const fn from_zero(name: &'static str, placeholder: &'static str) -> Self {
        let validation = Some((r"^[0-9]{1,9}$", "A whole number; 0 is none."));
        Self { validation, ..Self::of(name, placeholder) }
    }

    const fn from_one(name: &'static str, placeholder: &'static str) -> Self {
        Self {
            validation: Some((r"^[1-9][0-9]{0,8}$", "A whole number from 1.")),
            ..Self::of(name, placeholder)
        }
    }

    const fn needed(name: &'static str, placeholder: &'static str) -> Self {
        Self { needed: true, ..Self::of(name, placeholder) }
    }
}

const HINTS: &[Hint] = &[
    Hint {
        validation: Some((
            r"^((unix://)?/\S+|[^\s/@?#]+)$",
            "A host name or IP address alone, without https:// and port; or the absolute path of a socket.",
        )),
        defaults: &[("UNIX", "/var/run/docker.sock")],
        ..Hint::of("server_address", "engine.example.com")
    },
    Hint {
        validation: Some((
            r"^([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$",
            "A whole number from 1 to 65535.",
        )),
        defaults: &[("HTTPS", "2376"), ("HTTP", "2375"), ("SSH", "22")],
        ..Hint::of("port", "2376")
    },
    Hint {
        validation: Some((
            r"^/?[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*/?$",
            "A path such as /api/endpoints/1/docker.",
        )),
        ..Hint::of("base_path", "/api/endpoints/1/docker")
    },
    // A certificate proves nothing where there is no TLS.
    Hint { defaults: &[("HTTP", "None")], ..Hint::of("authentication_type", "") },
    Hint::needed("username", "fortisoar"),
    Hint::needed("password", ""),
    Hint::needed("access_token", ""),
    Hint::needed("header_name", "X-API-Key"),
    Hint::needed("cert_path", "cert.pem"),
    Hint::needed("key_path", "key.pem"),
    Hint::of("ca_cert_path", "ca.pem"),
    Hint::of("tls_server_name", "engine.example.com"),
    Hint::of("proxy", "http://proxy.example.com:3128"),
    Hint::needed("ssh_username", "fortisoar"),
    Hint::needed("ssh_key", "id_ed25519"),
    Hint::needed("ssh_host_key", "ssh-ed25519 AAAAC3Nz..., or SHA256:..."),
    Hint {
        validation: Some((r"^/\S*$", "The absolute path of a socket.")),
        ..Hint::of("ssh_socket", "/var/run/docker.sock")
    },
    Hint {
        validation: Some((
            r"^([Aa][Uu][Tt][Oo]|v?[1-9][0-9]?\.[0-9]{1,3})$",
            "Auto, or a version from v1.40 to v1.56, such as v1.41.",
        )),
        ..Hint::of("api_version", "Auto")
    },
    Hint::of("registry_server", "registry.example.com:5000"),
    Hint::from_one("timeout", "60"),
    Hint::from_one("connect_timeout", "10"),
    Hint::from_one("max_connections", "64"),
    Hint::from_zero("retry_attempts", "3"),
    Hint::from_zero("retry_delay", "1"),
    Hint::from_zero("rate_limit", "600"),
    Hint::from_zero("max_result_size", "1024"),
    Hint::of("allowed_operations", "list_containers, stop_container"),
    Hint::of("protected_containers", "web, label=tier=db"),
    Hint::of("certificate_pin", "sha256/r/mIkG3eEpVdm+u/ko/cwxzOMo1bk4TyHIlByibiA5E="),
];

/// The fields of the form.
pub(crate) fn fields() -> Value {
    let entries: Vec<Entry<'_>> = FIELDS.iter().map(|field| (&field.param, field.shown_for)).collect();
    form::nested(&entries, None, &shown)
}

fn shown(param: &Param, choice: Choice<'_>) -> Map<String, Value> {
    let mut made = form::field(param);
    let Some(hint) = HINTS.iter().find(|hint| hint.name == param.name) else { return made };
    if !hint.placeholder.is_empty() {
        made.insert("placeholder".into(), hint.placeholder.into());
    }
    if hint.needed {
        made.insert("required".into(), true.into());
    }
    if let Some((pattern, message)) = hint.validation {
        made.insert("validation".into(), json!({"pattern": pattern, "patternError": message}));
    }
    let begins = hint.defaults.iter().find(|(title, _)| choice.is_some_and(|(_, chosen)| chosen == *title));
    if let Some((_, default)) = begins {
        made.insert("value".into(), form::default(&param.default(default)));
    }
    made
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use operations::{Configuration, NoServices};
    use regex_lite::Regex;

    use super::*;

    /// What a form holds before anybody touches it, for this protocol.
    fn begins(protocol: &str) -> Map<String, Value> {
        fn collect(fields: &Value, protocol: &str, into: &mut Map<String, Value>) {
            for field in fields.as_array().unwrap() {
                let value =
                    if field["name"] == "protocol" { protocol.into() } else { field["value"].clone() };
                collect(
                    field["onchange"].get(value.as_str().unwrap_or_default()).unwrap_or(&json!([])),
                    protocol,
                    into,
                );
                into.insert(field["name"].as_str().unwrap().into(), value);
            }
        }
        let mut values = Map::new();
        collect(&fields(), protocol, &mut values);
        values
    }

    #[test]
    fn every_field_is_reached() {
        fn names(fields: &Value, into: &mut HashSet<String>) {
            for field in fields.as_array().unwrap() {
                into.insert(field["name"].as_str().unwrap().to_owned());
                for further in field["onchange"].as_object().into_iter().flat_map(Map::values) {
                    names(further, into);
                }
            }
        }
        let mut reached = HashSet::new();
        names(&fields(), &mut reached);
        assert_eq!(reached, FIELDS.iter().map(|field| field.param.name.to_owned()).collect());
    }

    #[test]
    fn each_protocol_shows_what_it_needs() {
        let (https, http, unix, ssh) = (begins("HTTPS"), begins("HTTP"), begins("UNIX"), begins("SSH"));
        assert_eq!((&https["port"], &http["port"], &ssh["port"]), (&json!(2376), &json!(2375), &json!(22)));
        assert!(https.contains_key("proxy") && !http.contains_key("proxy"));
        assert!(ssh.contains_key("ssh_key") && !ssh.contains_key("authentication_type"));
        assert!(!https.contains_key("ssh_key") && !unix.contains_key("ssh_key"));
        assert!(https.contains_key("cert_path") && https.contains_key("verify_ssl"));
        assert!(!http.contains_key("cert_path") && !http.contains_key("ca_cert_path"));
        assert!(!unix.contains_key("port") && !unix.contains_key("authentication_type"));
    }

    #[test]
    fn what_a_form_begins_with_needs_only_an_address() {
        for (protocol, address) in [("HTTP", "engine"), ("UNIX", "/run/docker.sock")] {
            let mut values = begins(protocol);
            values.insert("server_address".into(), address.into());
            Configuration::read(&values, &NoServices).unwrap();
        }
        let mut values = begins("HTTPS");
        values.insert("server_address".into(), "engine".into());
        let error = Configuration::read(&values, &NoServices).unwrap_err().to_string();
        assert!(error.contains("cert_path is missing") && error.contains("key_path is missing"), "{error}");
        assert!(!error.contains("port") && !error.contains("timeout"), "{error}");
    }

    /// The pattern refuses what the connector refuses, and takes what it takes.
    #[test]
    fn patterns_agree_with_the_connector() {
        for (name, protocol, values) in [
            (
                "server_address",
                "HTTP",
                &["engine", "10.0.0.1", "[::1]", "https://engine", "engine/x", "a b"][..],
            ),
            ("server_address", "UNIX", &["/run/docker.sock", "unix:///run/docker.sock"]),
            ("port", "HTTP", &["1", "2376", "65535", "0", "65536", "x", "-1"]),
            ("base_path", "HTTP", &["/api/endpoints/1/docker", "docker/", "/a?b", "/a b"]),
            ("timeout", "HTTP", &["1", "60", "0", "-1", "soon", "1.5"]),
            ("max_connections", "HTTP", &["1", "64", "0", "many"]),
            ("rate_limit", "HTTP", &["0", "600", "-1", "many"]),
            ("retry_attempts", "HTTP", &["0", "3", "-1"]),
            ("api_version", "HTTP", &["Auto", "auto", "v1.41", "1.54", "new", "v1", "1.41.2"]),
        ] {
            let hint = HINTS.iter().find(|hint| hint.name == name).unwrap();
            let pattern = Regex::new(hint.validation.unwrap().0).unwrap();
            for value in values {
                let mut given = Map::from_iter([
                    ("protocol".to_owned(), json!(protocol)),
                    ("server_address".to_owned(), json!("engine")),
                ]);
                given.insert(name.into(), json!(value));
                if name != "server_address" || protocol != "UNIX" {
                    given.insert("authentication_type".into(), json!("None"));
                }
                let taken = Configuration::read(&given, &NoServices).is_ok();
                assert_eq!(pattern.is_match(value), taken, "{name}: {value:?}");
            }
        }
    }

    #[test]
    fn hints_are_for_fields_that_exist() {
        for hint in HINTS {
            let field = FIELDS.iter().find(|field| field.param.name == hint.name);
            let field = field.unwrap_or_else(|| panic!("{} is no field", hint.name));
            let Some((_, titles)) = field.shown_for else {
                assert!(hint.defaults.is_empty(), "{} is always shown", hint.name);
                continue;
            };
            assert!(hint.defaults.iter().all(|(title, _)| titles.contains(title)), "{}", hint.name);
        }
    }
}
