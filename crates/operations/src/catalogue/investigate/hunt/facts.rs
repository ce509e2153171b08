//! Whether what an engine tells of a container matches an indicator, and by which fact.

use std::net::IpAddr;

use serde_json::Value;

use super::indicator::{Indicator, Kind};
use crate::run::{objects::items, secrets::MASK};

/// What of a container matches: the field, and its value as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) field: String,
    pub(super) value: Value,
}

fn fact(field: impl Into<String>, value: impl Into<Value>) -> Fact {
    Fact { field: field.into(), value: value.into() }
}

/// What the list of containers tells of one.
pub(super) fn of_listed(indicator: &Indicator, listed: &Value) -> Vec<Fact> {
    match indicator.kind {
        Kind::Name => {
            let names =
                items(&listed["Names"]).filter_map(Value::as_str).map(|name| name.trim_start_matches('/'));
            names.filter(|name| is_text(indicator, name)).map(|name| fact("Names", name)).collect()
        }
        Kind::Image => {
            let image = listed["Image"].as_str().unwrap_or_default();
            is_image(indicator, image).then(|| fact("Image", image)).into_iter().collect()
        }
        Kind::ImageDigest => {
            let named = ["ImageID", "Image"].into_iter().find_map(|field| {
                let value = listed[field].as_str()?;
                has_digest(value, &indicator.value).then(|| fact(field, value))
            });
            named.into_iter().collect()
        }
        Kind::Label => labels(indicator, &listed["Labels"]),
        Kind::Process => {
            let command = listed["Command"].as_str().unwrap_or_default();
            let matches =
                indicator.sought.as_ref().is_some_and(|sought| sought.occurs_in(command.as_bytes()));
            matches.then(|| fact("Command", shortened(command))).into_iter().collect()
        }
        Kind::Port => ports(indicator, listed),
        Kind::Address => addresses(indicator, listed),
        Kind::Mount => mounts(indicator, listed),
        _ => Vec::new(),
    }
}

/// What an inspection tells beside the list.
pub(super) fn of_inspected(indicator: &Indicator, container: &Value) -> Vec<Fact> {
    match indicator.kind {
        Kind::Environment => {
            let texts = items(&container["Config"]["Env"]).filter_map(Value::as_str);
            texts.filter_map(|text| environment(&indicator.value, text)).collect()
        }
        Kind::StartedAfter => {
            let started = container["State"]["StartedAt"].as_str().unwrap_or_default();
            is_after(started, &indicator.value)
                .then(|| fact("State.StartedAt", started))
                .into_iter()
                .collect()
        }
        Kind::Port if container["State"]["Running"] != true => bindings(indicator, container),
        Kind::Address => configured(indicator, container),
        _ => Vec::new(),
    }
}

/// Which of the processes match: `titles` and rows as `top` gives them.
pub(super) fn of_processes(indicator: &Indicator, top: &Value) -> Vec<Fact> {
    let titles: Vec<&str> = items(&top["Titles"]).filter_map(Value::as_str).collect();
    let is_command = |title: &&str| ["CMD", "COMMAND", "ARGS"].contains(&title.to_ascii_uppercase().as_str());
    let column = titles.iter().position(is_command);
    let pid = titles.iter().position(|title| title.eq_ignore_ascii_case("pid"));
    let mut facts = Vec::new();
    for row in items(&top["Processes"]) {
        let cells: Vec<&str> = items(row).filter_map(Value::as_str).collect();
        let Some(command) = column.and_then(|column| cells.get(column)).or(cells.last()) else { continue };
        if indicator.sought.as_ref().is_some_and(|sought| sought.occurs_in(command.as_bytes())) {
            let of = pid.and_then(|pid| cells.get(pid)).map_or(String::new(), |pid| format!(" {pid}"));
            facts.push(fact(format!("process{of}"), shortened(command)));
        }
    }
    facts
}

/// Which of the changed files match.
pub(super) fn of_changes(indicator: &Indicator, changes: &Value) -> Vec<(Fact, u64)> {
    let files =
        items(changes).filter_map(|change| Some((change["Path"].as_str()?, change["Kind"].as_u64()?)));
    files
        .filter(|(path, _)| match &indicator.sought {
            Some(sought) => {
                sought.occurs_in(path.as_bytes())
                    || path.rsplit('/').next().is_some_and(|name| sought.occurs_in(name.as_bytes()))
            }
            None if indicator.value.starts_with('/') => is_below(path, &indicator.value),
            None => path.contains(&indicator.value),
        })
        .map(|(path, kind)| {
            let what = match kind {
                1 => "added",
                2 => "deleted",
                _ => "modified",
            };
            (fact(what, path), kind)
        })
        .collect()
}

/// Which of an image's digests is the one.
pub(super) fn of_image(indicator: &Indicator, image: &Value) -> Option<Fact> {
    let is = |text: &&str| has_digest(text, &indicator.value);
    if indicator.kind == Kind::Layer {
        let mut layers = items(&image["RootFS"]["Layers"]).filter_map(Value::as_str);
        return layers.find(is).map(|layer| fact("RootFS.Layers", layer));
    }
    let own = [("Id", &image["Id"]), ("Descriptor.digest", &image["Descriptor"]["digest"])];
    let own = own.into_iter().filter_map(|(field, value)| Some((field, value.as_str()?)));
    let digests =
        items(&image["RepoDigests"]).filter_map(Value::as_str).map(|digest| ("RepoDigests", digest));
    own.chain(digests).find(|(_, value)| is(value)).map(|(field, value)| fact(field, value))
}

/// What an event tells: its field and value, and whether a command was run.
pub(super) fn of_event(indicator: &Indicator, event: &Value) -> Option<(Fact, bool)> {
    let (kind, action) = (event["Type"].as_str()?, event["Action"].as_str()?);
    let attribute = |name: &str| event["Actor"]["Attributes"][name].as_str().unwrap_or_default();
    let plain =
        |field: &str, value: &str| Some((fact(format!("event {kind} {action}: {field}"), value), false));
    match indicator.kind {
        Kind::Process => {
            let command = action.strip_prefix("exec_create:")?.trim();
            let matches = indicator.sought.as_ref()?.occurs_in(command.as_bytes());
            matches.then(|| (fact("event container exec_create", shortened(command)), true))
        }
        Kind::Name if kind == "container" && is_text(indicator, attribute("name")) => {
            plain("name", attribute("name"))
        }
        Kind::Image if kind == "container" && is_image(indicator, attribute("image")) => {
            plain("image", attribute("image"))
        }
        Kind::ImageDigest => {
            let id = event["Actor"]["ID"].as_str().unwrap_or_default();
            let named = [("id", id), ("image", attribute("image")), ("name", attribute("name"))];
            let is_of_image = |field: &str| kind == "image" || field == "image";
            let (field, value) = named.into_iter().find(|(field, value)| {
                is_of_image(field) && value.contains("sha256:") && has_digest(value, &indicator.value)
            })?;
            plain(field, value)
        }
        _ => None,
    }
}

/// Whether a text has this digest: it is the digest, or ends with it (`name@sha256:...`).
pub(super) fn has_digest(text: &str, digits: &str) -> bool {
    let last = text.rsplit('@').next().unwrap_or(text);
    let own = last.strip_prefix("sha256:").unwrap_or(last);
    own.len() == 64 && own.starts_with(digits)
}

fn is_text(indicator: &Indicator, text: &str) -> bool {
    match &indicator.sought {
        Some(sought) => sought.occurs_in(text.as_bytes()),
        None => text == indicator.value,
    }
}

/// An image's name: whole, or without its tag.
fn is_image(indicator: &Indicator, image: &str) -> bool {
    if is_text(indicator, image) {
        return true;
    }
    let rest = image.strip_prefix(indicator.value.as_str());
    indicator.sought.is_none() && rest.is_some_and(|rest| rest.starts_with([':', '@']))
}

fn labels(indicator: &Indicator, labels: &Value) -> Vec<Fact> {
    let (name, wanted) = match indicator.value.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (indicator.value.as_str(), None),
    };
    let value = labels.get(name).and_then(Value::as_str);
    let value = value.filter(|value| wanted.is_none_or(|wanted| wanted == *value));
    value.map(|value| fact(format!("Labels.{name}"), shortened(value))).into_iter().collect()
}

/// A variable matches by its name, by `NAME=value`, or by a text anywhere in it. Only what was asked for is shown of it.
fn environment(wanted: &str, text: &str) -> Option<Fact> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let field = || format!("Config.Env.{}", shortened(name));
    if wanted == text {
        return Some(fact(field(), text));
    }
    if wanted == name {
        return Some(fact(field(), format!("{name}={MASK}")));
    }
    // A name and a value that are not these are another variable.
    let is_another = wanted.split_once('=').is_some_and(|(other, _)| other == name);
    (!is_another && value.contains(wanted)).then(|| fact(field(), format!("{name}={MASK} (holds {wanted})")))
}

fn ports(indicator: &Indicator, listed: &Value) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    for port in items(&listed["Ports"]) {
        let protocol = port["Type"].as_str().unwrap_or("tcp");
        for field in ["PrivatePort", "PublicPort"] {
            let Some(number) = port[field].as_u64().filter(|number| *number > 0) else { continue };
            let found = fact(format!("Ports.{field}"), format!("{number}/{protocol}"));
            if is_port(&indicator.value, number, protocol) && !facts.contains(&found) {
                facts.push(found);
            }
        }
    }
    facts
}

fn bindings(indicator: &Indicator, container: &Value) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (own, bound) in container["HostConfig"]["PortBindings"].as_object().into_iter().flatten() {
        let (number, protocol) = own.split_once('/').unwrap_or((own, "tcp"));
        let hosts = items(bound).filter_map(|one| one["HostPort"].as_str());
        for text in std::iter::once(number).chain(hosts) {
            if text.parse().is_ok_and(|number| is_port(&indicator.value, number, protocol)) {
                facts.push(fact("HostConfig.PortBindings", format!("{own} as {text}")));
            }
        }
    }
    facts
}

fn is_port(wanted: &str, number: u64, protocol: &str) -> bool {
    let (port, of) = wanted.split_once('/').unwrap_or((wanted, protocol));
    port.parse() == Ok(number) && of == protocol
}

fn addresses(indicator: &Indicator, listed: &Value) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    for (name, network) in listed["NetworkSettings"]["Networks"].as_object().into_iter().flatten() {
        let configured = &network["IPAMConfig"];
        let own = [
            ("IPAddress", &network["IPAddress"]),
            ("GlobalIPv6Address", &network["GlobalIPv6Address"]),
            ("IPAMConfig.IPv4Address", &configured["IPv4Address"]),
            ("IPAMConfig.IPv6Address", &configured["IPv6Address"]),
        ];
        for (field, value) in own {
            let value = value.as_str().unwrap_or_default();
            let is_told = facts.iter().any(|fact| fact.value == value);
            if !is_told && is_address(&indicator.value, value) {
                facts.push(fact(format!("NetworkSettings.Networks.{name}.{field}"), value));
            }
        }
    }
    facts
}

/// An address, or a host's name, in what a container was set up with.
fn configured(indicator: &Indicator, container: &Value) -> Vec<Fact> {
    let wanted = &indicator.value;
    let mut facts = Vec::new();
    for (field, list) in [
        ("HostConfig.ExtraHosts", &container["HostConfig"]["ExtraHosts"]),
        ("HostConfig.Dns", &container["HostConfig"]["Dns"]),
        ("Config.Entrypoint", &container["Config"]["Entrypoint"]),
        ("Config.Cmd", &container["Config"]["Cmd"]),
    ] {
        let texts = items(list).filter_map(Value::as_str);
        facts.extend(
            texts.filter(|text| holds_address(text, wanted)).map(|text| fact(field, shortened(text))),
        );
    }
    for variable in items(&container["Config"]["Env"]).filter_map(Value::as_str) {
        if holds_address(variable, wanted) {
            let name = variable.split('=').next().unwrap_or_default();
            facts.push(fact(
                format!("Config.Env.{}", shortened(name)),
                format!("{name}={MASK} (holds {wanted})"),
            ));
        }
    }
    facts
}

/// Whether an address or a host's name stands in a text, and not within another. A network is looked for among the addresses.
fn holds_address(text: &str, wanted: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    let lower = text.to_ascii_lowercase();
    if wanted.contains(':') || (!wanted.contains('/') && wanted.parse::<IpAddr>().is_err()) {
        // A name, or IPv6: `a.evil.test` is of `evil.test`.
        return lower.match_indices(wanted).any(|(at, found)| {
            let before = lower[..at].chars().next_back();
            let after = lower[at + found.len()..].chars().next();
            before.is_none_or(|c| c == '.' || !is_part(c)) && after.is_none_or(|c| !is_part(c))
        });
    }
    lower.split(|c| !is_part(c)).any(|word| is_address(wanted, word.trim_end_matches('.')))
}

/// Whether an address is the one, or in the network, that is wanted.
fn is_address(wanted: &str, text: &str) -> bool {
    let Ok(own) = text.parse::<IpAddr>() else { return false };
    let (base, bits) = wanted.split_once('/').unwrap_or((wanted, ""));
    let Ok(base) = base.parse::<IpAddr>() else { return false };
    let digits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    let ((one, most), (other, others)) = (digits(base), digits(own));
    let bits = if bits.is_empty() { most } else { bits.parse().unwrap_or(most) };
    let mask = if bits == 0 { 0 } else { u128::MAX << (128 - bits.min(128)) };
    most == others && one & mask == other & mask
}

fn mounts(indicator: &Indicator, listed: &Value) -> Vec<Fact> {
    let wanted = indicator.value.as_str();
    let mut facts = Vec::new();
    for mount in items(&listed["Mounts"]) {
        let text = |field: &str| mount[field].as_str().unwrap_or_default();
        let (source, destination) = (text("Source"), text("Destination"));
        let shown = |field: &str| fact(format!("Mounts.{field}"), format!("{source} on {destination}"));
        if !text("Name").is_empty() && is_text(indicator, text("Name")) {
            facts.push(fact("Mounts.Name", format!("{} on {destination}", text("Name"))));
        } else if let Some(sought) = &indicator.sought {
            if [source, destination].iter().any(|text| sought.occurs_in(text.as_bytes())) {
                facts.push(shown("Source"));
            }
        } else if wanted.starts_with('/')
            && !source.is_empty()
            && (is_below(source, wanted) || is_below(wanted, source))
        {
            facts.push(shown("Source"));
        } else if wanted.starts_with('/') && is_below(destination, wanted) {
            facts.push(shown("Destination"));
        }
    }
    facts
}

/// Whether a path is another, or below it. Nothing but the root is below the root: all would be.
fn is_below(path: &str, folder: &str) -> bool {
    let (path, folder) = (path.trim_end_matches('/'), folder.trim_end_matches('/'));
    if folder.is_empty() {
        return path.is_empty();
    }
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_after(started: &str, wanted: &str) -> bool {
    let started = started.parse::<jiff::Timestamp>().ok();
    let (seconds, fraction) = wanted.split_once('.').unwrap_or((wanted, "0"));
    let nanoseconds = format!("{fraction:0<9}").parse().unwrap_or_default();
    let wanted = seconds.parse().ok().and_then(|seconds| jiff::Timestamp::new(seconds, nanoseconds).ok());
    started.zip(wanted).is_some_and(|(started, wanted)| started > wanted)
}

/// No more of a text than a result should hold.
pub(super) fn shortened(text: &str) -> String {
    const MOST: usize = 1000;
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue::investigate::hunt::indicator::read;

    fn one(given: Value) -> Indicator {
        read(&given).unwrap().remove(0)
    }

    fn listed(indicator: Value, container: Value) -> Vec<Value> {
        of_listed(&one(indicator), &container).into_iter().map(|fact| fact.value).collect()
    }

    #[test]
    fn digests_match_in_every_form_and_only_as_digests() {
        let (a, b) = ("ab".repeat(32), "cd".repeat(32));
        for wanted in [a.clone(), a.to_uppercase(), format!("sha256:{a}"), a[..12].to_owned()] {
            let container = json!({"ImageID": format!("sha256:{a}"), "Image": "web"});
            assert_eq!(listed(json!({"image_digest": wanted}), container).len(), 1, "{wanted}");
            let image =
                json!({"Id": format!("sha256:{b}"), "RepoDigests": [format!("r:5000/web@sha256:{a}")]});
            assert_eq!(of_image(&one(json!({"image_digest": wanted})), &image).unwrap().field, "RepoDigests");
        }
        assert_eq!(listed(json!({"image_digest": b}), json!({"ImageID": format!("sha256:{a}")})).len(), 0);
        assert_eq!(
            listed(json!({"image_digest": &a[..12]}), json!({"Image": &a[..12], "ImageID": ""})).len(),
            0
        );
    }

    #[test]
    fn secrets_of_an_environment_are_not_shown() {
        let shown = |wanted: &str, text: &str| environment(wanted, text).map(|fact| fact.value);
        assert_eq!(shown("TOKEN", "TOKEN=s3cret"), Some("TOKEN=[redacted]".into()));
        assert_eq!(shown("TOKEN=s3cret", "TOKEN=s3cret"), Some("TOKEN=s3cret".into()));
        assert_eq!(
            shown("evil.test", "URL=http://u:s3cret@evil.test/"),
            Some("URL=[redacted] (holds evil.test)".into())
        );
        assert_eq!(shown("TOKEN=other", "TOKEN=s3cret"), None);
        assert_eq!(shown("TOKE", "TOKEN=s3cret"), None);
    }

    #[test]
    fn addresses_are_compared_as_addresses() {
        for (wanted, text, expected) in [
            ("198.51.100.7", "198.51.100.7", true),
            ("198.51.100.7", "198.51.100.77", false),
            ("198.51.100.0/24", "198.51.100.77", true),
            ("198.51.100.0/24", "198.51.101.7", false),
            ("0.0.0.0/0", "198.51.101.7", true),
            ("::/0", "198.51.101.7", false),
            ("fd00::1", "FD00:0::1", true),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "", false),
        ] {
            assert_eq!(is_address(wanted, text), expected, "{wanted} {text}");
        }
        for (text, wanted, expected) in [
            ("stratum+tcp://198.51.100.7:3333", "198.51.100.7", true),
            ("POOL=198.51.100.70", "198.51.100.7", false),
            ("POOL=198.51.100.70:1", "198.51.100.0/24", true),
            ("http://a.evil.test/x", "evil.test", true),
            ("http://notevil.test/x", "evil.test", false),
            ("http://evil.test.example/x", "evil.test", false),
        ] {
            assert_eq!(holds_address(text, wanted), expected, "{text} {wanted}");
        }
    }

    #[test]
    fn mounts_match_both_ways() {
        let container = json!({"Mounts": [
            {"Type": "bind", "Source": "/var/run", "Destination": "/host"},
            {"Type": "volume", "Name": "data", "Source": "/var/lib/docker/volumes/data/_data", "Destination": "/data"},
        ]});
        let found = |wanted: &str| listed(json!({"mount": wanted}), container.clone()).len();
        assert_eq!(found("/var/run/docker.sock"), 1, "a folder above holds it");
        assert_eq!(
            (found("/var"), found("/vari"), found("data"), found("dat"), found("da*"), found("/")),
            (2, 0, 1, 0, 1, 0)
        );
        assert_eq!(found("/data"), 1);
    }

    #[test]
    fn names_images_labels_and_ports_match_as_wholes() {
        let container = json!({
            "Names": ["/web-1"], "Image": "r:5000/app:1", "Labels": {"a.b": "1"},
            "Ports": [{"PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}, {"PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}],
        });
        for (indicator, count) in [
            (json!({"name": "web-1"}), 1),
            (json!({"name": "web"}), 0),
            (json!({"name": "web-*"}), 1),
            (json!({"image": "r:5000/app"}), 1),
            (json!({"image": "r:5000/ap"}), 0),
            (json!({"image": "*/app:*"}), 1),
            (json!({"label": "a.b"}), 1),
            (json!({"label": "a.b=1"}), 1),
            (json!({"label": "a.b=2"}), 0),
            (json!({"label": "a"}), 0),
            (json!({"port": "8080"}), 1),
            (json!({"port": "8080/udp"}), 0),
            (json!({"port": 80}), 1),
            (json!({"port": 808}), 0),
        ] {
            assert_eq!(listed(indicator.clone(), container.clone()).len(), count, "{indicator}");
        }
    }

    #[test]
    fn changes_and_processes_match() {
        let changes = json!([{"Path": "/tmp/x/run.sh", "Kind": 1}, {"Path": "/var/log/wtmp", "Kind": 2}]);
        let count = |wanted: &str| of_changes(&one(json!({"changed_path": wanted})), &changes).len();
        assert_eq!(
            (count("/tmp"), count("*/run.sh"), count("wtmp"), count("/tm"), count("*.sh")),
            (1, 1, 1, 0, 1)
        );
        let top = json!({"Titles": ["UID", "PID", "CMD"], "Processes": [["root", "7", "/tmp/xmrig -o x"], ["xmrig", "8", "sh"]]});
        let found = of_processes(&one(json!({"process": "xmrig"})), &top);
        assert_eq!((found.len(), found[0].field.as_str()), (1, "process 7"));
    }

    #[test]
    fn a_start_is_compared_to_the_nanosecond() {
        assert!(is_after("2024-01-02T03:04:05.5Z", "1704164645"));
        assert!(!is_after("2024-01-02T03:04:05Z", "1704164645"));
        assert!(!is_after("0001-01-01T00:00:00Z", "1704164645"));
    }
}
