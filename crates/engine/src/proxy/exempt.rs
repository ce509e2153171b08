//! `NO_PROXY`: which engines are reached without the proxy of the environment.
//!
//! There is no standard. What counts here is what Docker's own client (Go's `httpproxy`) or curl understands; where the two
//! differ, the wider reading, since an engine that is named here is meant to be reached directly.

use std::net::IpAddr;

use ipnet::IpNet;

/// Whether a list names this host and port. Its items stand between commas or spaces, in any case:
///
/// - `*`: every host
/// - an address, also in brackets, or a network: `192.0.2.1`, `::1`, `[::1]`, `192.0.2.0/24`, `2001:db8::/32`
/// - `example.com` and `.example.com`: this name and all below it; `*.example.com`: only those below
/// - each of these but a network with a port, then for that port only: `example.com:2376`, `[::1]:2376`
///
/// What is none of these names no host.
pub(super) fn is_exempt(list: &str, host: &str, port: u16) -> bool {
    let host = without_dot(host).to_ascii_lowercase();
    let address = host.parse::<IpAddr>().ok();
    list.split(|c: char| c == ',' || c.is_whitespace())
        .filter(|item| !item.is_empty())
        .any(|item| names(&item.to_ascii_lowercase(), &host, address, port))
}

fn names(item: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if item == "*" {
        return true;
    }
    if let Ok(network) = item.replace(['[', ']'], "").parse::<IpNet>() {
        return address
            .is_some_and(|address| [address, address.to_canonical()].iter().any(|it| network.contains(it)));
    }
    let Some((name, only_port)) = split_port(item) else { return false };
    if only_port.is_some_and(|only| only != port) {
        return false;
    }
    if let Ok(named) = name.parse::<IpAddr>() {
        return address.is_some_and(|address| address.to_canonical() == named.to_canonical());
    }
    let (is_below_only, name) = match name.strip_prefix("*.") {
        Some(name) => (true, name),
        None => (false, name.strip_prefix('.').unwrap_or(name)),
    };
    let name = without_dot(name);
    // The end of an address is no domain.
    if name.is_empty() || address.is_some() {
        return false;
    }
    match host.strip_suffix(name) {
        Some("") => !is_below_only,
        Some(below) => below.ends_with('.'),
        None => false,
    }
}

/// A name or an address, without brackets, and its port. None where what follows the colon is no port.
fn split_port(item: &str) -> Option<(&str, Option<u16>)> {
    if item.parse::<IpAddr>().is_ok() {
        return Some((item, None));
    }
    let (name, port) = match item.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => item.find(':').map_or((item, ""), |colon| item.split_at(colon)),
    };
    match port {
        "" => Some((name, None)),
        port => Some((name, Some(port.strip_prefix(':')?.parse().ok()?))),
    }
}

/// A name may end with the dot of the root.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::is_exempt;

    #[test]
    fn understands_what_curl_and_docker_do() {
        // The list; a host and port; whether it is exempt; and where curl 8 or Go 1.24 says otherwise, which and why.
        for (list, host, port, exempt) in [
            ("*", "engine.example", 2376, true),
            ("*", "192.0.2.1", 2376, true),
            ("*", "2001:db8::1", 2376, true),
            (" * ", "192.0.2.1", 2376, true),
            ("a,*", "192.0.2.1", 2376, true), // curl: only where it stands alone
            ("a, *", "engine.example", 2376, true),
            ("", "engine.example", 2376, false),
            (",", "engine.example", 2376, false),
            ("engine.example", "engine.example", 2376, true),
            ("ENGINE.example", "engine.EXAMPLE", 2376, true),
            ("engine.example.", "engine.example", 2376, true), // Go: no
            ("engine.example", "engine.example.", 2376, true), // Go: no
            ("example", "engine.example", 2376, true),
            ("ample", "engine.example", 2376, false),
            (".example", "engine.example", 2376, true),
            (".example", "example", 2376, true),           // Go: only below
            ("*.example", "engine.example", 2376, true),   // curl: no
            ("*.example", "a.engine.example", 2376, true), // curl: no
            ("*.example", "example", 2376, false),
            ("*engine.example", "engine.example", 2376, false),
            ("engine.*", "engine.example", 2376, false),
            ("other", "engine.example", 2376, false),
            ("a b engine.example", "engine.example", 2376, true), // Go: only commas
            ("a,\tengine.example\n", "engine.example", 2376, true),
            ("engine.example:2376", "engine.example", 2376, true), // curl: no ports
            ("engine.example:2375", "engine.example", 2376, false),
            ("*.example:2376", "engine.example", 2376, true), // curl: no
            (".example:1", "engine.example", 2376, false),
            ("engine.example:", "engine.example", 2376, false),
            ("engine.example:http", "engine.example", 2376, false),
            ("https://engine.example", "engine.example", 2376, false),
            ("192.0.2.1", "192.0.2.1", 2376, true),
            ("192.0.2.1:2376", "192.0.2.1", 2376, true), // curl: no ports
            ("192.0.2.1:1", "192.0.2.1", 2376, false),
            ("192.0.2.0/24", "192.0.2.1", 2376, true),
            ("192.0.2.77/24", "192.0.2.1", 2376, true),
            ("192.0.2.0/24", "192.0.3.1", 2376, false),
            ("0.0.0.0/0", "192.0.2.1", 2376, true),
            ("192.0.2.0/33", "192.0.2.1", 2376, false),
            ("192.0.2.0/24", "engine.example", 2376, false),
            ("2.1", "192.0.2.1", 2376, false),
            ("192.0.2", "192.0.2.1", 2376, false),
            ("2001:db8::1", "2001:db8::1", 2376, true),
            ("2001:DB8:0::1", "2001:db8::1", 2376, true),
            ("[2001:db8::1]", "2001:db8::1", 2376, true), // Go: no
            ("[2001:db8::1]:2376", "2001:db8::1", 2376, true), // curl: no ports
            ("[2001:db8::1]:1", "2001:db8::1", 2376, false),
            ("2001:db8::/32", "2001:db8::1", 2376, true),
            ("2001:db9::/32", "2001:db8::1", 2376, false),
            ("::ffff:192.0.2.1", "192.0.2.1", 2376, true), // curl: no
            ("192.0.2.1", "::ffff:192.0.2.1", 2376, true), // curl: no
            ("192.0.2.0/24", "::ffff:192.0.2.1", 2376, true), // curl: no
            ("::ffff:0:0/96", "::ffff:192.0.2.1", 2376, true),
            ("[2001:db8::1", "2001:db8::1", 2376, false),
            ("]", "engine.example", 2376, false),
        ] {
            assert_eq!(is_exempt(list, host, port), exempt, "{list:?} and {host}:{port}");
        }
    }
}
