//! What is hunted for: indicators as objects, as CSV, and as STIX patterns, read with all their faults at once.

use serde_json::{Map, Value, json};

use super::{stix, table};
use crate::{
    ValueKind,
    catalogue::containers::search::Sought,
    values::{normalise, scalar},
};

/// The most indicators of one hunt.
const MOST: usize = 1000;
/// A digest may be given by its beginning, of at least so many digits.
const LEAST_DIGITS: usize = 12;
const ALL_DIGITS: usize = 64;
/// The longest value, and the longest path, in bytes.
const LONGEST: usize = 4096;

/// The kinds of indicators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Process,
    ImageDigest,
    Image,
    Layer,
    Label,
    Name,
    Environment,
    Port,
    Address,
    Mount,
    ChangedPath,
    Path,
    Sha256,
    StartedAfter,
}

impl Kind {
    pub(super) const ALL: [(&'static str, Self); 14] = [
        ("process", Self::Process),
        ("image_digest", Self::ImageDigest),
        ("image", Self::Image),
        ("layer", Self::Layer),
        ("label", Self::Label),
        ("name", Self::Name),
        ("environment", Self::Environment),
        ("port", Self::Port),
        ("address", Self::Address),
        ("mount", Self::Mount),
        ("changed_path", Self::ChangedPath),
        ("path", Self::Path),
        ("sha256", Self::Sha256),
        ("started_after", Self::StartedAfter),
    ];

    pub(super) fn of(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase().replace(['-', ' '], "_");
        Self::ALL.iter().find(|(own, _)| *own == name).map(|(_, kind)| *kind)
    }

    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// One thing that is hunted for.
#[derive(Debug, Clone)]
pub(super) struct Indicator {
    pub(super) kind: Kind,
    /// In the form in which it is compared.
    pub(super) value: String,
    /// Of a hash: the file that has it; empty is any file that a container has changed. Without a slash it is a file's name.
    pub(super) path: String,
    pub(super) sought: Option<Sought>,
    /// As it was given, for results.
    pub(super) shown: Value,
}

/// How a text is to be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// As its kind is compared.
    Usual,
    /// The whole text is the same.
    Same,
    /// SQL's LIKE: `%` is any text, `_` any character.
    Like,
    /// A regular expression.
    Matches,
}

/// What was given, before it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) kind: Kind,
    pub(super) value: String,
    pub(super) path: String,
    pub(super) comparison: Comparison,
    pub(super) shown: Value,
}

/// Reads what the parameter `indicators` holds. The faults say where they are.
pub(super) fn read(given: &Value) -> Result<Vec<Indicator>, Vec<String>> {
    let (mut read, mut faults) = (Vec::new(), Vec::new());
    gather(given, "", &mut read, &mut faults);
    if read.is_empty() && faults.is_empty() {
        faults.push("indicators must hold at least one indicator, such as {\"process\": \"xmrig\"}".into());
    }
    if read.len() > MOST {
        faults.push(format!("indicators must hold at most {MOST} indicators, not {}", read.len()));
        read.truncate(MOST);
    }
    let mut indicators: Vec<Indicator> = Vec::new();
    for (place, given) in read {
        match checked(given) {
            // The same one twice is asked for once.
            Ok(one) if indicators.iter().any(|other| other.shown == one.shown && other.path == one.path) => {}
            Ok(one) => indicators.push(one),
            Err(fault) => faults.push(format!("indicators{place}: {fault}")),
        }
    }
    if faults.is_empty() { Ok(indicators) } else { Err(faults) }
}

fn gather(given: &Value, place: &str, read: &mut Vec<(String, Given)>, faults: &mut Vec<String>) {
    match given {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                gather(item, &format!("{place}[{at}]"), read, faults);
            }
        }
        Value::Object(fields) => match object(fields) {
            Object::Of(all) => read.extend(all.into_iter().map(|one| (place.to_owned(), one))),
            Object::Within(value) => gather(value, place, read, faults),
            Object::Nothing => {}
            Object::Wrong(fault) => faults.push(format!("indicators{place}: {fault}")),
        },
        Value::String(text) => match text_of(text) {
            Ok(all) => read.extend(all.into_iter().map(|(at, one)| (format!("{place}{at}"), one))),
            Err(all) => {
                faults.extend(all.into_iter().map(|(at, fault)| format!("indicators{place}{at}: {fault}")));
            }
        },
        _ => faults.push(format!("indicators{place} must be an object, CSV text or a STIX pattern")),
    }
}

type Located<T> = (String, T);

/// CSV, or STIX patterns, one on each line.
fn text_of(text: &str) -> Result<Vec<Located<Given>>, Vec<Located<String>>> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if !text.starts_with(['[', '(']) {
        return table::read(text);
    }
    let (mut all, mut faults) = (Vec::new(), Vec::new());
    for (at, pattern) in stix::split(text).into_iter().enumerate() {
        let place = if at == 0 && text.len() == pattern.len() {
            String::new()
        } else {
            format!(" pattern {}", at + 1)
        };
        match stix::read(pattern) {
            Ok(read) => all.extend(read.into_iter().map(|one| (place.clone(), one))),
            Err(fault) => faults.push((place, fault)),
        }
    }
    if faults.is_empty() { Ok(all) } else { Err(faults) }
}

enum Object<'v> {
    Of(Vec<Given>),
    Within(&'v Value),
    Nothing,
    Wrong(String),
}

fn object(fields: &Map<String, Value>) -> Object<'_> {
    // STIX objects, as threat intelligence delivers them.
    match (fields.get("type").and_then(Value::as_str), fields.get("pattern")) {
        (Some("bundle"), _) => return fields.get("objects").map_or(Object::Nothing, Object::Within),
        (_, Some(Value::String(pattern))) => {
            return match stix::read(pattern) {
                Ok(read) => Object::Of(read),
                Err(fault) => Object::Wrong(fault),
            };
        }
        (Some(_), None) if fields.contains_key("spec_version") => return Object::Nothing,
        _ => {}
    }
    // As a row of a CSV has it.
    if let (Some(kind), Some(value)) = (fields.get("type"), fields.get("value")) {
        let path = fields.get("path").map(scalar).transpose();
        return match (scalar(kind), scalar(value), path) {
            (Ok(kind), Ok(value), Ok(path)) => match table::row(&kind, &value, &path.unwrap_or_default()) {
                Ok(one) => Object::Of(vec![one]),
                Err(fault) => Object::Wrong(fault),
            },
            _ => Object::Wrong("type, value and path must be texts".into()),
        };
    }
    let is_hash = fields.keys().any(|name| Kind::of(name) == Some(Kind::Sha256));
    let named = fields.iter().filter(|(name, _)| !(is_hash && *name == "path"));
    let mut named = named.filter(|(_, value)| !is_empty(value));
    let (Some((name, value)), None) = (named.next(), named.next()) else {
        return Object::Wrong(match fields.values().all(is_empty) {
            true => "is empty".into(),
            false => format!(
                "must have one field (and path, beside sha256), not {}",
                shortened(&fields.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
            ),
        });
    };
    let Some(kind) = Kind::of(name) else { return Object::Wrong(unknown(name)) };
    let Ok(value) = scalar(value) else {
        return Object::Wrong(format!("{name} must be a text, not a list or an object"));
    };
    let path = match fields.get("path").filter(|_| is_hash).filter(|path| !is_empty(path)).map(scalar) {
        None => String::new(),
        Some(Ok(path)) => path,
        Some(Err(_)) => return Object::Wrong("path must be a text".into()),
    };
    Object::Of(vec![given(kind, &value, &path, Comparison::Usual)])
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

pub(super) fn given(kind: Kind, value: &str, path: &str, comparison: Comparison) -> Given {
    let mut shown = json!({kind.name(): value});
    if !path.is_empty() {
        shown["path"] = path.into();
    }
    Given { kind, value: value.to_owned(), path: path.to_owned(), comparison, shown }
}

/// A fault of a kind that there is not.
pub(super) fn unknown(name: &str) -> String {
    let known: Vec<&str> = Kind::ALL.iter().map(|(name, _)| *name).collect();
    format!("{:?} is no kind of indicator; there are {}", shortened(name), known.join(", "))
}

/// No more of a text than a fault should repeat.
pub(super) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// An indicator in the form in which it is compared, or what is wrong with it.
fn checked(given: Given) -> Result<Indicator, String> {
    let Given { kind, value, path, comparison, shown } = given;
    let text = value.trim();
    if matches!(text, "None" | "null") {
        return Err(format!(
            "{} must be set: {text} is what a template writes for a value that is not set",
            kind.name()
        ));
    }
    if text.is_empty() {
        return Err(format!("{} must not be empty", kind.name()));
    }
    if text.len().max(path.len()) > LONGEST {
        return Err(format!("{} must have at most {LONGEST} bytes", kind.name()));
    }
    let fault = |error: crate::Error| {
        let said = error.to_string();
        let said = said.split("cannot be used: ").last().unwrap_or_default();
        said.trim_end_matches(" Nothing was sent.").trim_end_matches('.').to_owned()
    };
    let sought = match (kind, comparison) {
        (_, Comparison::Same) => Some(format!("^{}$", regex::escape(text))),
        (_, Comparison::Like) => Some(like(text)),
        (_, Comparison::Matches) => Some(text.to_owned()),
        (Kind::Process, Comparison::Usual) => Some(regex::escape(text)),
        (Kind::Name | Kind::Image | Kind::Mount | Kind::ChangedPath, Comparison::Usual)
            if text.contains('*') =>
        {
            Some(format!("^{}$", text.split('*').map(regex::escape).collect::<Vec<_>>().join(".*")))
        }
        _ => None,
    };
    let sought =
        sought.map(|pattern| Sought::pattern(kind.name(), &pattern, false)).transpose().map_err(fault)?;
    let value = match kind {
        Kind::ImageDigest | Kind::Layer => digest(kind, text)?,
        Kind::Sha256 => {
            let value = digest(kind, text)?;
            if value.len() < ALL_DIGITS {
                return Err(format!(
                    "sha256 must have {ALL_DIGITS} hexadecimal digits; it has {}",
                    value.len()
                ));
            }
            value
        }
        Kind::Port => port(text)?,
        Kind::StartedAfter => match normalise(ValueKind::Time, &text.into()) {
            Ok(Some(Value::String(time))) => time,
            Ok(_) => return Err("started_after must be a time".into()),
            Err(fault) => return Err(format!("started_after {fault}")),
        },
        Kind::Path if !text.starts_with('/') => {
            return Err(format!("path must begin with a slash, not {:?}", shortened(text)));
        }
        Kind::Address => address(text)?,
        _ => text.to_owned(),
    };
    Ok(Indicator { kind, value, path: path.trim().to_owned(), sought, shown })
}

/// SQL's LIKE as a regular expression for a whole text.
fn like(text: &str) -> String {
    let mut pattern = String::from("(?s)^");
    for character in text.chars() {
        match character {
            '%' => pattern.push_str(".*"),
            '_' => pattern.push('.'),
            other => pattern.push_str(&regex::escape(&other.to_string())),
        }
    }
    pattern + "$"
}

/// The digits of a digest, or their beginning, in lower case: from `sha256:...`, `name@sha256:...`, or the digits alone.
fn digest(kind: Kind, text: &str) -> Result<String, String> {
    let lower = text.rsplit('@').next().unwrap_or(text).to_ascii_lowercase();
    let digits = lower.strip_prefix("sha256:").unwrap_or(&lower);
    if !(LEAST_DIGITS..=ALL_DIGITS).contains(&digits.len())
        || !digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    {
        return Err(format!(
            "{} must be a SHA-256 digest, or its first {LEAST_DIGITS} digits or more, not {:?}",
            kind.name(),
            shortened(text)
        ));
    }
    Ok(digits.to_owned())
}

/// `8080`, or `53/udp`.
fn port(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    let (number, protocol) = lower.split_once('/').unwrap_or((&lower, ""));
    let is_number = number.parse::<u16>().is_ok_and(|number| number > 0);
    if is_number && matches!(protocol, "" | "tcp" | "udp" | "sctp") {
        return Ok(lower);
    }
    Err(format!("port must be a number from 1 to 65535, such as 8080 or 53/udp, not {:?}", shortened(text)))
}

/// An address, a network (`10.0.0.0/8`), or a host's name.
fn address(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    let is_name = |text: &str| {
        text.len() <= 253
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte))
            && text.bytes().any(|byte| byte.is_ascii_alphanumeric())
    };
    let is_right = match lower.split_once('/') {
        Some((base, bits)) => {
            let most = match base.parse() {
                Ok(std::net::IpAddr::V4(_)) => 32,
                Ok(std::net::IpAddr::V6(_)) => 128,
                Err(_) => 0,
            };
            most > 0 && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
        }
        None => lower.parse::<std::net::IpAddr>().is_ok() || is_name(&lower),
    };
    match is_right {
        true => Ok(lower),
        false => Err(format!(
            "address must be an IP address, a network such as 10.0.0.0/8, or a host's name, not {:?}",
            shortened(text)
        )),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds(given: Value) -> Vec<(Kind, String)> {
        let read = read(&given).unwrap();
        read.into_iter().map(|one| (one.kind, one.value)).collect()
    }

    #[test]
    fn every_form_is_read() {
        let digits = "ab".repeat(32);
        let expected = [(Kind::ImageDigest, digits.clone()), (Kind::Process, "xmrig".into())];
        let upper = digits.to_uppercase();
        for given in [
            json!([{"image_digest": digits}, {"process": "xmrig"}]),
            json!([{"image_digest": format!("SHA256:{upper}")}, {"Process": " xmrig "}]),
            json!([{"type": "image-digest", "value": format!("repo/app@sha256:{digits}")}, {"type": "process", "value": "xmrig"}]),
            json!(format!("type,value\nimage_digest,{digits}\nprocess,xmrig\n")),
            json!([{"image_digest": digits}, "[process:command_line LIKE '%xmrig%']"]),
        ] {
            let read = read(&given).unwrap();
            assert_eq!(read.len(), 2, "{given}");
            assert_eq!((read[0].kind, &read[0].value), (expected[0].0, &expected[0].1), "{given}");
            assert_eq!(read[1].kind, Kind::Process);
            let sought = read[1].sought.as_ref().unwrap();
            assert!(sought.occurs_in(b"./xmrig -o pool") && !sought.occurs_in(b"nginx"));
        }
        assert_eq!(kinds(json!({"port": 4444})), [(Kind::Port, "4444".into())]);
        assert_eq!(kinds(json!([{"port": 1}, {"port": "1"}])).len(), 1, "the same twice is one");
        let bundle = json!({"type": "bundle", "objects": [
            {"type": "identity", "spec_version": "2.1", "name": "x"},
            {"type": "indicator", "spec_version": "2.1", "pattern_type": "stix", "pattern": "[ipv4-addr:value = '198.51.100.7']"}]});
        assert_eq!(kinds(bundle), [(Kind::Address, "198.51.100.7".into())]);
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let faults = read(&json!([
            {"procces": "x"}, {"image_digest": "abc"}, {"port": 70_000}, {"process": "None"}, {"process": "a", "name": "b"},
            {}, {"sha256": "ab".repeat(16)}, {"path": "relative"}, {"process": {"a": 1}}, 5, {"started_after": "yesterday"},
            "[domain-name:value != 'x']", {"address": "1.2.3.4/99"}, {"path": "/x".repeat(3000)},
        ]))
        .unwrap_err();
        let expected = [
            "[0]: \"procces\" is no kind of indicator; there are process, image_digest",
            "[1]: image_digest must be a SHA-256 digest, or its first 12 digits",
            "[2]: port must be a number from 1 to 65535",
            "[3]: process must be set: None",
            "[4]: must have one field",
            "[5]: is empty",
            "[6]: sha256 must have 64 hexadecimal digits; it has 32",
            "[7]: path must begin with a slash",
            "[8]: process must be a text",
            "[9] must be an object",
            "[10]: started_after must be a time",
            "[11]: ",
            "[12]: address must be an IP address",
            "[13]: path must have at most 4096 bytes",
        ];
        assert_eq!(faults.len(), expected.len(), "{faults:#?}");
        for part in expected {
            assert!(faults.iter().any(|fault| fault.contains(part)), "{part} is not in {faults:#?}");
        }
        assert!(read(&json!([])).unwrap_err()[0].contains("at least one"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".*", kind in 0usize..14) {
            let _either = read(&json!(text));
            let _either = read(&json!([{Kind::ALL[kind].0: text}]));
        }
    }
}
