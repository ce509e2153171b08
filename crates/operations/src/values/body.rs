//! The types of a request's body: values that templates write in another type are put right where nothing is lost, and
//! refused by the field's name where something would be. The engine's own refusal names types of its program.

mod fields;
mod service;

use serde_json::{Map, Value};

use crate::{
    Notation,
    values::{embedded, flag, is_unset, names::folded, notation::nanoseconds, whole, whole_float},
};

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// Text, of which `None` is none.
    Text,
    /// Text of the user's own.
    Free,
    /// Text that consists of digits.
    Digits,
    /// A whole number within bounds.
    Whole(i64, i64),
    /// A number of bytes, also as `512m`.
    Bytes,
    /// A number of nanoseconds, also as `30s`.
    Nanoseconds,
    /// A number, also with a fraction.
    Number,
    Flag,
    /// A command: a list of texts, or a text.
    Words,
    List(&'static Self),
    /// Names of the user's own, with values.
    Map(&'static Self),
    Object(&'static [(&'static str, Self)]),
    /// What the API's description does not tell.
    Any,
}

/// The type of what stands at a place in the body of a request.
pub(crate) fn type_at(path: &str, names: impl Iterator<Item = &'static str>) -> Type {
    names.fold(*fields::of(path), |kind, name| match kind {
        Type::Object(fields) => {
            fields.iter().find(|(known, _)| *known == name).map_or(Type::Any, |(_, kind)| *kind)
        }
        Type::Map(kind) => *kind,
        _ => Type::Any,
    })
}

/// Puts fields into the body that an update to this path replaces as a whole: object by object. A list, or a map of the user's
/// own names, takes the place of the present one, and `null` takes a field out.
pub(crate) fn overlay(path: &str, into: &mut Value, fields: Value) {
    overlay_as(*fields::of(path), into, fields);
}

fn overlay_as(kind: Type, into: &mut Value, from: Value) {
    let (Type::Object(types), Value::Object(fields)) = (kind, from) else { return };
    if !into.is_object() {
        *into = Map::new().into();
    }
    let Value::Object(present) = into else { return };
    for (name, value) in fields {
        let kind = types.iter().find(|(known, _)| *known == name).map_or(Type::Any, |(_, kind)| *kind);
        match (kind, value) {
            (_, Value::Null) => {
                present.remove(&name);
            }
            (Type::Object(_), value @ Value::Object(_)) => {
                overlay_as(kind, present.entry(name).or_insert(Value::Null), value);
            }
            (_, value) => {
                present.insert(name, value);
            }
        }
    }
}

/// The value in the type of its field. `None` is a value that is not set; what cannot be put right becomes a fault that
/// names the field as `at`.
pub(crate) fn conform(kind: Type, value: Value, at: &str, faults: &mut Vec<String>) -> Option<Value> {
    if value.is_null() {
        return Some(value);
    }
    if let (Value::String(text), false) = (&value, matches!(kind, Type::Text | Type::Free | Type::Any))
        && (text.trim().is_empty() && kind != Type::Words && kind != Type::Digits || is_unset(text))
    {
        return None;
    }
    match conformed(kind, value, at, faults) {
        Ok(value) => Some(value),
        Err(expected) => {
            faults.push(format!("{at} must be {expected}"));
            None
        }
    }
}

fn conformed(kind: Type, value: Value, at: &str, faults: &mut Vec<String>) -> Result<Value, String> {
    match (kind, value) {
        (Type::Text, Value::String(text)) if text.trim() == "None" => {
            Err("text, not None, which a template writes for a value that is not set".into())
        }
        (Type::Text | Type::Free | Type::Digits, value @ Value::String(_)) => Ok(value),
        (Type::Text | Type::Free, value @ (Value::Bool(_) | Value::Number(_))) => {
            Ok(value.to_string().into())
        }
        (Type::Text | Type::Free, other) => Err(format!("text, not {}", word(&other))),
        (Type::Digits, value) => {
            whole(&value).map(|number| number.to_string().into()).ok_or_else(|| "digits".into())
        }
        (Type::Whole(least, most), value) => whole(&value)
            .filter(|number| (least..=most).contains(number))
            .map(Value::from)
            .ok_or_else(|| match (least, most) {
                (i64::MIN, _) => format!("a whole number, not {}", word(&value)),
                (least, i64::MAX) => format!("a whole number from {least}, not {}", word(&value)),
                (least, most) => format!("a whole number from {least} to {most}"),
            }),
        (Type::Bytes, value) => Notation::Size.read(&value),
        (Type::Nanoseconds, value) => nanoseconds(&value),
        (Type::Number, value) => number(&value),
        (Type::Flag, value) => flag(&value),
        (Type::List(_) | Type::Words | Type::Map(_) | Type::Object(_), Value::String(text)) => {
            let parsed = ['[', '(', '{'].into_iter().find_map(|opening| embedded(&text, opening));
            match parsed {
                Some(parsed) => conformed(kind, parsed?, at, faults),
                None if kind == Type::Words => Ok(text.into()),
                None => Err(format!("{}, not text", expected(kind))),
            }
        }
        (Type::Words, Value::Array(items)) => conformed(Type::List(&Type::Free), items.into(), at, faults),
        (Type::List(kind), Value::Array(items)) => {
            let items = items.into_iter().enumerate();
            Ok(items
                .filter_map(|(index, item)| conform(*kind, item, &format!("{at}[{index}]"), faults))
                .collect())
        }
        (Type::Map(kind), Value::Object(fields)) => {
            let field = |(name, value)| {
                let value = conform(*kind, value, &format!("{at}.{name}"), faults)?;
                Some((name, value))
            };
            Ok(Value::Object(fields.into_iter().filter_map(field).collect()))
        }
        (Type::Object(types), Value::Object(fields)) => Ok(object(types, fields, at, faults)),
        (Type::Any, value) => any(value, at, faults),
        (kind, other) => Err(format!("{}, not {}", expected(kind), word(&other))),
    }
}

/// A number from 0, also written as text.
fn number(value: &Value) -> Result<Value, String> {
    let number = value.as_f64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
    let number = number.filter(|number| *number >= 0.0).and_then(serde_json::Number::from_f64);
    number.map(Value::Number).ok_or_else(|| "a number such as 0.5".into())
}

/// The fields of an object, by the names that the API has for them: the engine reads names without regard to case.
fn object(
    types: &'static [(&'static str, Type)],
    fields: Map<String, Value>,
    at: &str,
    faults: &mut Vec<String>,
) -> Value {
    let mut conformed = Map::new();
    let mut seen: Vec<(String, String)> = Vec::new();
    for (name, value) in fields {
        let fold = folded(&name);
        if let Some((_, other)) = seen.iter().find(|(seen, _)| *seen == fold) {
            faults.push(format!("{at} has one field in two spellings, {other} and {name}"));
            continue;
        }
        seen.push((fold.clone(), name.clone()));
        let known = types.iter().find(|(known, _)| folded(known) == fold);
        let (name, kind) = known.map_or((name, Type::Any), |(known, kind)| ((*known).to_owned(), *kind));
        let place = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        if let Some(value) = conform(kind, value, &place, faults) {
            conformed.insert(name, value);
        }
    }
    conformed.into()
}

/// What has no known type: only floats that are whole numbers are put right, since the engine takes those as integers only.
fn any(value: Value, at: &str, faults: &mut Vec<String>) -> Result<Value, String> {
    match value {
        Value::Number(number) => {
            match (number.as_f64().is_some_and(|float| float.fract() == 0.0), number.is_f64()) {
                (true, true) => whole_float(&number)
                    .map(Value::from)
                    .ok_or_else(|| "a whole number that is exact; write it in quotes if it is text".into()),
                _ => Ok(Value::Number(number)),
            }
        }
        Value::Array(items) => {
            let items = items.into_iter().enumerate();
            Ok(items
                .filter_map(|(index, item)| conform(Type::Any, item, &format!("{at}[{index}]"), faults))
                .collect())
        }
        Value::Object(fields) => {
            let field = |(name, value)| {
                let value = conform(Type::Any, value, &format!("{at}.{name}"), faults)?;
                Some((name, value))
            };
            Ok(Value::Object(fields.into_iter().filter_map(field).collect()))
        }
        value => Ok(value),
    }
}

fn expected(kind: Type) -> &'static str {
    match kind {
        Type::Words => "a command: a list of words",
        Type::List(_) => "a list",
        Type::Map(_) => "an object of names with values",
        _ => "an object",
    }
}

fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "this number",
        Value::String(_) => "this text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(path: &str, value: Value) -> (Value, Vec<String>) {
        let mut faults = Vec::new();
        let value = conform(*fields::of(path), value, "", &mut faults);
        (value.unwrap_or_default(), faults)
    }

    #[test]
    fn f30_puts_right_what_loses_nothing() {
        let (body, faults) = read(
            "/containers/create",
            json!({
                "User": 1000, "StopTimeout": "10.0", "Tty": "True", "Labels": {"a": true, "b": 1.0, "c": "None"},
                "healthcheck": {"interval": 1e10, "Timeout": "5s", "Retries": "3", "StartPeriod": "None"},
                "HostConfig": {
                    "memory": "512m", "PidsLimit": 100.0, "Ulimits": [{"name": "nofile", "Soft": 1e3, "Hard": "2000"}],
                    "LogConfig": {"Config": {"max-file": 3}}, "PortBindings": {"80/tcp": [{"HostPort": 8080.0}]},
                    "CapAdd": "['NET_ADMIN']", "Mounts": [{"TmpfsOptions": {"SizeBytes": "1m", "Mode": 1023.0}}],
                    "Init": null, "NewField": 2e3, "CpuShares": "",
                },
            }),
        );
        assert_eq!(faults, [""; 0]);
        assert_eq!(
            body,
            json!({
                "User": "1000", "StopTimeout": 10, "Tty": true, "Labels": {"a": "true", "b": "1.0", "c": "None"},
                "Healthcheck": {"Interval": 10_000_000_000_i64, "Timeout": 5_000_000_000_i64, "Retries": 3},
                "HostConfig": {
                    "Memory": 536_870_912, "PidsLimit": 100, "Ulimits": [{"Name": "nofile", "Soft": 1000, "Hard": 2000}],
                    "LogConfig": {"Config": {"max-file": "3"}}, "PortBindings": {"80/tcp": [{"HostPort": "8080"}]},
                    "CapAdd": ["NET_ADMIN"], "Mounts": [{"TmpfsOptions": {"SizeBytes": 1_048_576, "Mode": 1023}}],
                    "Init": null, "NewField": 2000,
                },
            })
        );
    }

    #[test]
    fn f30_names_each_field_that_cannot_be_put_right() {
        let (_, faults) = read(
            "/containers/create",
            json!({
                "Hostname": "None", "Tty": "maybe", "User": ["root"],
                "HostConfig": {
                    "Memory": 1.5, "memory": 2, "BlkioWeight": 70_000, "PidsLimit": true, "Binds": "/a:/b", "CapAdd": [["x"]],
                    "NetworKMode": "host", "NetworkMode": "none", "Sysctls": ["a"], "Other": 1e300, "CpuShares": "9223372036854775808",
                    "LogConfig": "json-file",
                },
            }),
        );
        for part in [
            "Hostname must be text",
            "Tty must be true or false",
            "User must be text, not a list",
            "HostConfig.Memory must be a size",
            "HostConfig has one field in two spellings, Memory and memory",
            "HostConfig has one field in two spellings, NetworKMode and NetworkMode",
            "HostConfig.BlkioWeight must be a whole number from 0 to 65535",
            "HostConfig.PidsLimit must be a whole number",
            "HostConfig.Binds must be a list, not text",
            "HostConfig.CapAdd[0] must be text",
            "HostConfig.Sysctls must be an object",
            "HostConfig.Other must be a whole number",
            "HostConfig.CpuShares must be a whole number",
            "HostConfig.LogConfig must be an object",
        ] {
            assert!(faults.iter().any(|fault| fault.starts_with(part)), "{part}: {faults:#?}");
        }
        assert_eq!(faults.len(), 14, "{faults:#?}");
    }

    #[test]
    fn finds_the_type_of_a_place() {
        assert_eq!(
            type_at("/containers/create", ["HostConfig", "LogConfig", "Type"].into_iter()),
            Type::Text
        );
        assert_eq!(type_at("/elsewhere", ["HostConfig"].into_iter()), Type::Any);
        assert_eq!(type_at("/commit", ["HostConfig"].into_iter()), Type::Any);
    }

    proptest! {
        #[test]
        fn what_is_right_stays_and_nothing_panics(number: i32, text in "[a-z]{0,9}", flag: bool) {
            let body = json!({"Hostname": text, "Tty": flag, "StopTimeout": number, "HostConfig": {"CpuShares": number}});
            prop_assert_eq!(read("/containers/create", body.clone()), (body, Vec::new()));
        }
    }
}
