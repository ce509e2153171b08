//! Fields that hold a host alone. What belongs into another field is refused with that field's name, before anything is sent:
//! as a name, it would only fail to be resolved.

use engine::{Written, is_host, is_v6};

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
    if host.len() < given.len() && is_v6(host) || is_host(given) {
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
    let host = Written::of(given).host;
    if is_host(host) { host } else { "unreadable" }
}

/// What to do with each part that is not the host.
fn advice(given: &str) -> Vec<String> {
    let Written { scheme, user, host, port, path } = Written::of(given);
    if given.starts_with('/') {
        return vec!["a socket's path needs protocol UNIX".to_owned()];
    }
    let mut advice = Vec::new();
    if let Some(scheme) = scheme {
        let known = PROTOCOLS.iter().find(|(known, _)| scheme.eq_ignore_ascii_case(known));
        advice.push(known.map_or("the field protocol says how it is reached", |(_, what)| what).to_owned());
    }
    if user.is_some() {
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
