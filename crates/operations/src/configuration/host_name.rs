//! Fields that hold a host alone. What belongs into another field is refused with that field's name, before anything is sent:
//! as a name, it would only fail to be resolved.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest name, and the longest label of one (RFC 1035, 2.3.4).
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// Schemes that say which protocol is meant, and the fields' words for it.
const PROTOCOLS: &[(&str, &str)] = &[
    ("https", "set protocol to HTTPS"),
    ("http", "set protocol to HTTP"),
    ("tcp", "set protocol to HTTPS, or to HTTP for an engine without TLS"),
    ("ssh", "set protocol to SSH"),
    ("unix", "set protocol to UNIX, and give the socket's path"),
    ("npipe", "Windows' named pipes cannot be reached from here"),
    ("fd", "give the address where the engine listens"),
];

/// The host in what was given, without brackets; or what to do instead, as the end of a sentence. `is_address` tells the engine's
/// own address, which other fields complete, from any other name.
pub(super) fn read(given: &str, is_address: bool) -> Result<&str, String> {
    let given = given.trim();
    let host = given.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(given);
    if host.len() < given.len() && is_v6(host) || is_v6(given) || is_name(given) {
        return Ok(host);
    }
    // What stands before an @ may hold a password.
    let shown = if given.contains('@') { String::new() } else { format!(", not {given:?}") };
    let mut parts = vec![format!("must be a host name or IP address alone{shown}")];
    if is_address {
        parts.extend(advice(given));
    }
    Err(parts.join("; "))
}

/// The host that is probably meant where [`read`] refuses, so that the other fields can be checked as well.
pub(super) fn guess(given: &str) -> &str {
    let host = Parts::of(given.trim()).host;
    if is_v6(host) || is_name(host) { host } else { "unreadable" }
}

/// What was given, taken apart as a URL is.
struct Parts<'a> {
    scheme: Option<&'a str>,
    has_user: bool,
    host: &'a str,
    port: Option<&'a str>,
    path: &'a str,
}

impl<'a> Parts<'a> {
    fn of(given: &'a str) -> Self {
        let (scheme, rest) =
            given.split_once("://").map_or((None, given), |(scheme, rest)| (Some(scheme), rest));
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let at = authority.rfind('@');
        let host = at.map_or(authority, |at| &authority[at + 1..]);
        let (host, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None if is_v6(host) => (host, None),
            None => host.rsplit_once(':').map_or((host, None), |(host, port)| (host, Some(port))),
        };
        Self { scheme, has_user: at.is_some(), host, port, path }
    }
}

/// What to do with each part that is not the host.
fn advice(given: &str) -> Vec<String> {
    let Parts { scheme, has_user, host, port, path } = Parts::of(given);
    if given.starts_with('/') {
        return vec!["a socket's path needs protocol UNIX".to_owned()];
    }
    let mut advice = Vec::new();
    if let Some(scheme) = scheme {
        let known = PROTOCOLS.iter().find(|(known, _)| scheme.eq_ignore_ascii_case(known));
        advice.push(known.map_or("the field protocol says how it is reached", |(_, what)| what).to_owned());
    }
    if has_user {
        advice.push(
            "a user belongs into username and password (authentication_type Basic), or for SSH into ssh_username"
                .to_owned(),
        );
    }
    match port {
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) && !port.is_empty() => {
            advice.push(format!("put {port} into port"));
        }
        Some(_) => advice.push("a port belongs into port".to_owned()),
        None => {}
    }
    if !path.trim_matches('/').is_empty() && !scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("unix"))
    {
        advice.push("a path belongs into base_path".to_owned());
    }
    if !host.is_ascii() {
        advice.push("write an international name in its ASCII form (xn--...)".to_owned());
    }
    advice
}

/// An IPv6 address, also one with a zone (`fe80::1%eth0`).
fn is_v6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    address.parse::<Ipv6Addr>().is_ok()
        && zone.is_none_or(|zone| {
            !zone.is_empty()
                && zone.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        })
}

/// A name of DNS or of a hosts file, or an IPv4 address. Underscores are in names that container networks give.
fn is_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // Four numbers are an address or nothing: 192.0.2.256 would be asked of DNS.
    let is_numeric = name.split('.').count() == 4 && name.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    name.len() <= LONGEST_NAME
        && name.split('.').all(is_label)
        && (!is_numeric || text.parse::<Ipv4Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn takes_hosts() {
        for (given, host) in [
            ("engine", "engine"),
            (" engine.example.com ", "engine.example.com"),
            ("engine.example.com.", "engine.example.com."),
            ("docker_engine", "docker_engine"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("192.0.2.1", "192.0.2.1"),
            ("0", "0"),
            ("::1", "::1"),
            ("[::1]", "::1"),
            ("fe80::1%eth0", "fe80::1%eth0"),
            ("[2001:db8::1]", "2001:db8::1"),
        ] {
            assert_eq!(read(given, true), Ok(host), "{given}");
        }
    }

    #[test]
    fn says_which_field_takes_what_is_too_much() {
        let port = &["put 2376 into port"][..];
        for (given, parts) in [
            ("engine.example:2376", port),
            (" engine.example:2376 ", port),
            ("192.0.2.1:2376", port),
            ("[::1]:2376", port),
            ("tcp://engine:2376", &["set protocol to HTTPS, or to HTTP", "put 2376 into port"]),
            ("TCP://engine:2376/", &["set protocol to HTTPS, or to HTTP", "put 2376 into port"]),
            ("https://engine/api/endpoints/1/docker", &["set protocol to HTTPS", "base_path"]),
            ("http://[::1]:2375", &["set protocol to HTTP", "put 2375 into port"]),
            ("ssh://me@engine", &["set protocol to SSH", "ssh_username"]),
            ("unix:///var/run/docker.sock", &["set protocol to UNIX"]),
            ("/var/run/docker.sock", &["protocol UNIX"]),
            ("ftp://engine", &["protocol says"]),
            ("engine:port", &["a port belongs into port"]),
            ("engine:", &["a port belongs into port"]),
            ("engine/", &[]),
            ("engine/docker", &["base_path"]),
            ("engine?x", &["base_path"]),
            ("bücher.example", &["ASCII form"]),
            ("engine example", &[]),
            ("a,b", &[]),
            ("\"engine\"", &[]),
            ("[engine]", &[]),
            ("[::1", &[]),
            ("::1]", &[]),
            ("[192.0.2.1]", &[]),
            ("192.0.2.256", &[]),
            ("engine..example", &[]),
            (".engine", &[]),
            ("-engine", &[]),
            ("engine\n.example", &[]),
            ("fe80::1%", &[]),
            ("*", &[]),
        ] {
            let why = read(given, true).unwrap_err();
            assert!(why.starts_with("must be a host name or IP address alone"), "{given}: {why}");
            assert!(parts.iter().all(|part| why.contains(part)), "{given}: {why}");
        }
        assert!(read(&"a".repeat(64), true).is_err() && read(&"a.".repeat(128), true).is_err());
    }

    #[test]
    fn guesses_the_host() {
        for (given, host) in [
            ("https://user:s3cret@engine:2376/x", "engine"),
            ("[::1]:2376", "::1"),
            ("engine:2376", "engine"),
            ("a b", "unreadable"),
        ] {
            assert_eq!(super::guess(given), host, "{given}");
        }
    }

    #[test]
    fn repeats_no_password() {
        for given in
            ["https://user:s3cret@engine:2376/x", "user:s3cret@engine", "s3cret@", "https://s3cret:@"]
        {
            let why = read(given, true).unwrap_err();
            assert!(!why.contains("s3cret") && why.contains("username"), "{given}: {why}");
        }
    }

    proptest::proptest! {
        #[test]
        fn reads_anything(given in ".{0,40}") {
            let _or_not = read(&given, true);
            let _or_not = read(&given, false);
        }
    }
}
