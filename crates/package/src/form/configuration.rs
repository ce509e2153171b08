//! What the configuration's form shows: its tests.

use std::collections::HashSet;

use operations::{Configuration, NoServices};
use regex_lite::Regex;
use serde_json::{Map, Value, json};

fn fields() -> Value {
    crate::form::fields(Configuration::fields())
}

/// What a form holds before anybody touches it, for this protocol.
fn begins(protocol: &str) -> Map<String, Value> {
    fn collect(fields: &Value, protocol: &str, into: &mut Map<String, Value>) {
        for field in fields.as_array().unwrap() {
            let value = if field["name"] == "protocol" { protocol.into() } else { field["value"].clone() };
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
    assert_eq!(reached, Configuration::fields().iter().map(|field| field.name.to_owned()).collect());
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
        ("server_address", "HTTP", &["engine", "10.0.0.1", "[::1]", "https://engine", "engine/x", "a b"][..]),
        ("server_address", "UNIX", &["/run/docker.sock", "unix:///run/docker.sock"]),
        ("port", "HTTP", &["1", "2376", "65535", "0", "65536", "x", "-1"]),
        ("base_path", "HTTP", &["/api/endpoints/1/docker", "docker/", "/a?b", "/a b"]),
        ("timeout", "HTTP", &["1", "60", "0", "-1", "soon", "1.5"]),
        ("max_connections", "HTTP", &["1", "64", "0", "many"]),
        ("rate_limit", "HTTP", &["0", "600", "-1", "many"]),
        ("retry_attempts", "HTTP", &["0", "3", "-1"]),
        ("api_version", "HTTP", &["Auto", "auto", "v1.41", "1.54", "new", "v1", "1.41.2"]),
    ] {
        let field = Configuration::fields().iter().find(|field| field.name == name).unwrap();
        let pattern = Regex::new(field.pattern.unwrap().regex).unwrap();
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
