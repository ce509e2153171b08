//! Understands what playbooks write: each kind of value, from JSON or from text, in one form.
//!
//! Nothing is guessed in silence: what is not understood is refused, with what would be.

mod duration;
mod filters;
mod time;

use serde_json::{Map, Value, json};

pub(crate) use self::duration::duration;
use crate::{Notation, ValueKind, images::reference::Reference};

/// The value in its one form, or `None` for what counts as absent: null, and empty text, lists and objects (but for any JSON,
/// where `{}` is a value). `false` and `0` are values. The error says what the kind takes, to follow the parameter's name: `must be ...`.
pub(crate) fn normalise(kind: ValueKind, value: &Value) -> Result<Option<Value>, String> {
    let empty = match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty() && kind != ValueKind::Json,
        Value::Object(fields) => fields.is_empty() && kind != ValueKind::Json,
        Value::Bool(_) | Value::Number(_) => false,
    };
    if empty {
        return Ok(None);
    }
    let normal = match kind {
        ValueKind::Text | ValueKind::LongText => scalar(value).map(Value::String),
        // Several secrets come as JSON: its text then.
        ValueKind::Secret => Ok(scalar(value).unwrap_or_else(|_| value.to_string()).into()),
        ValueKind::Integer(least) => integer(value, least),
        ValueKind::Count(word) => count(value, word),
        ValueKind::Flag => flag(value),
        ValueKind::Choice(choices) => choice(value, choices),
        ValueKind::Choices(choices) => several(value, choices),
        ValueKind::List => list(value),
        ValueKind::Lines => listed(value, |text| lines(text).collect()),
        ValueKind::Object => object(value).map(Value::Object),
        ValueKind::Objects => objects(value),
        ValueKind::Json => json(value),
        ValueKind::Map => map(value),
        ValueKind::Notation(notation) => notation.read(value),
        ValueKind::Filters => filters::read(value),
        ValueKind::Time => time::read(value),
        ValueKind::Command => command(value),
        ValueKind::Id => named(value, |name| engine::Segment::name(name).map(drop)),
        ValueKind::Reference => reference(value),
        ValueKind::File => file(value),
    };
    normal.map(Some).map_err(|expected| match may_hold_secrets(kind) {
        true => format!("must be {expected}"),
        false => format!("must be {expected}, not {}", preview(value)),
    })
}

/// Whether a fault must not repeat the value: environments, labels and credentials come in these.
fn may_hold_secrets(kind: ValueKind) -> bool {
    match kind {
        ValueKind::Text | ValueKind::LongText | ValueKind::Secret | ValueKind::File => true,
        ValueKind::List | ValueKind::Lines | ValueKind::Command => true,
        ValueKind::Object | ValueKind::Objects | ValueKind::Map | ValueKind::Json => true,
        ValueKind::Notation(notation) => matches!(notation, Notation::Environment | Notation::Healthcheck),
        ValueKind::Integer(_) | ValueKind::Count(_) | ValueKind::Flag => false,
        ValueKind::Choice(_) | ValueKind::Choices(_) => false,
        ValueKind::Filters | ValueKind::Time | ValueKind::Id | ValueKind::Reference => false,
    }
}

/// The beginning of a value, for an error.
fn preview(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

pub(crate) fn scalar(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err("text".into()),
    }
}

fn integer(value: &Value, least: i64) -> Result<Value, String> {
    let number = match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok().or_else(|| whole(text.trim().parse().ok()?)),
        _ => None,
    };
    match number {
        Some(number) if number >= least => Ok(number.into()),
        _ if least == 0 => Err("a whole number from 0".into()),
        _ if least == i64::MIN => Err("a whole number".into()),
        _ => Err(format!("a whole number from {least}")),
    }
}

fn count(value: &Value, word: &str) -> Result<Value, String> {
    match value {
        Value::String(text) if text.trim().eq_ignore_ascii_case(word) => Ok(word.into()),
        value => integer(value, 0)
            .map(|number| number.to_string().into())
            .map_err(|least| format!("{least}, or {word}")),
    }
}

/// The integer that a float stands for, if it is one that floats hold exactly.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[allow(clippy::cast_possible_truncation, reason = "within 2^53, where every whole float is exact")]
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

fn flag(value: &Value) -> Result<Value, String> {
    let text = match value {
        Value::Bool(_) => return Ok(value.clone()),
        other => scalar(other).unwrap_or_default(),
    };
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true.into()),
        "false" | "no" | "off" | "0" => Ok(false.into()),
        _ => Err("true or false".into()),
    }
}

fn choice(value: &Value, choices: &[(&str, &str)]) -> Result<Value, String> {
    let text = scalar(value)?;
    let text = text.trim();
    let is = |name: &str| name.eq_ignore_ascii_case(text);
    choices.iter().find(|(title, word)| is(title) || is(word)).map(|(_, word)| Value::from(*word)).ok_or_else(
        || {
            let titles: Vec<&str> = choices.iter().map(|(title, _)| *title).collect();
            format!("one of {}", titles.join(", "))
        },
    )
}

fn several(value: &Value, choices: &[(&str, &str)]) -> Result<Value, String> {
    let Value::Array(items) = list(value)? else { return Err("a list".into()) };
    items.iter().map(|item| choice(item, choices)).collect()
}

/// JSON within text, if the text begins like it.
pub(crate) fn embedded(text: &str, opening: char) -> Option<Result<Value, String>> {
    let text = text.trim();
    let parse = || serde_json::from_str(text).map_err(|error| format!("valid JSON ({error})"));
    text.starts_with(opening).then(parse)
}

fn list(value: &Value) -> Result<Value, String> {
    let list = listed(value, |text| {
        let separator = if text.contains('\n') { '\n' } else { ',' };
        text.split(separator).map(str::trim).filter(|item| !item.is_empty()).collect()
    })?;
    // A slip. Empty, it could mean all.
    if list == json!([]) && value.as_str().is_some_and(|text| text.contains(',')) {
        return Err("a list with something between its commas".into());
    }
    Ok(list)
}

/// A list of texts, of which one text may hold several.
fn listed(value: &Value, split: impl Fn(&str) -> Value) -> Result<Value, String> {
    match value {
        Value::Array(items) => items
            .iter()
            .map(|item| scalar(item).map(Value::String))
            .collect::<Result<_, _>>()
            .map_err(|_| "a list of texts".into()),
        Value::String(text) => match embedded(text, '[') {
            Some(parsed) => listed(&parsed?, split),
            None => Ok(split(text)),
        },
        other => scalar(other).map(|text| vec![text].into()).map_err(|_| "a list of texts".into()),
    }
}

/// The lines of a text that say something.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn objects(value: &Value) -> Result<Value, String> {
    let items = match value {
        Value::String(text) => match embedded(text, '[') {
            Some(parsed) => return objects(&parsed?),
            None => vec![Value::Object(object(value)?)],
        },
        Value::Array(items) => {
            items.iter().map(|item| object(item).map(Value::Object)).collect::<Result<_, _>>()?
        }
        other => vec![Value::Object(object(other)?)],
    };
    Ok(items.into())
}

fn json(value: &Value) -> Result<Value, String> {
    let Value::String(text) = value else { return Ok(value.clone()) };
    embedded(text, '{').or_else(|| embedded(text, '[')).unwrap_or_else(|| Ok(value.clone()))
}

fn object(value: &Value) -> Result<Map<String, Value>, String> {
    match value {
        Value::Object(fields) => Ok(fields.clone()),
        Value::String(text) => match embedded(text, '{') {
            Some(parsed) => object(&parsed?),
            None => Err("a JSON object".into()),
        },
        _ => Err("a JSON object".into()),
    }
}

fn map(value: &Value) -> Result<Value, String> {
    let expected = || "a JSON object, or lines of name=value".to_owned();
    if let Ok(fields) = object(value) {
        let texts = fields.iter().map(|(name, value)| match value {
            Value::Null => Ok((name.clone(), Value::from(""))),
            value => scalar(value).map(|text| (name.clone(), text.into())),
        });
        return texts.collect::<Result<Map<_, _>, _>>().map(Value::Object).map_err(|_| expected());
    }
    // A comma is part of a value, unless a name and a value follow it.
    let split = |text: &str| match text.split(',').all(|item| item.contains('=')) && !text.contains('\n') {
        true => text.split(',').map(str::trim).collect(),
        false => lines(text).collect(),
    };
    let Ok(Value::Array(pairs)) = listed(value, split) else { return Err(expected()) };
    let pair = |pair: &Value| {
        let (name, value) = pair.as_str()?.split_once('=').or(Some((pair.as_str()?, "")))?;
        (!name.trim().is_empty()).then(|| (name.trim().to_owned(), Value::from(value)))
    };
    pairs.iter().map(pair).collect::<Option<Map<_, _>>>().map(Value::Object).ok_or_else(expected)
}

/// A line is split as a shell would, but no shell runs: `*`, `|` and `$` are ordinary characters.
fn command(value: &Value) -> Result<Value, String> {
    match value {
        Value::String(text) if !text.trim_start().starts_with('[') => {
            let words =
                shell_words::split(text).map_err(|_| "a command whose quotes are closed".to_owned())?;
            Ok(words.into())
        }
        other => list(other).map_err(|_| "a command: a list of words, or a line".into()),
    }
}

fn named(value: &Value, check: impl Fn(&str) -> Result<(), engine::Error>) -> Result<Value, String> {
    let text = scalar(value)?.trim().to_owned();
    check(&text).map_err(|error| {
        let message = error.message();
        let why = message.rsplit_once(": ").map_or(message, |(_, why)| why);
        format!("an id or a name ({why})")
    })?;
    Ok(text.into())
}

/// An image's name or id, as [`Reference`] reads it.
fn reference(value: &Value) -> Result<Value, String> {
    let text = scalar(value).map_err(|_| "an image's name or id")?;
    Reference::read(&text)?;
    Ok(text.trim().into())
}

fn file(value: &Value) -> Result<Value, String> {
    match value {
        Value::String(_) => Ok(value.clone()),
        Value::Object(fields) => match fields.get("@id") {
            Some(Value::String(id)) if !id.is_empty() => Ok(Value::from(id.as_str())),
            _ => Err("a file of FortiSOAR, with its @id".into()),
        },
        _ => Err("a file of FortiSOAR, a path, or PEM text".into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn normal(kind: ValueKind, value: &Value) -> Value {
        normalise(kind, value).unwrap().unwrap()
    }

    #[test]
    fn empty_is_absent_and_false_and_zero_are_not() {
        for value in [json!(null), json!(""), json!("  "), json!([]), json!({})] {
            assert_eq!(normalise(ValueKind::Text, &value), Ok(None), "{value}");
        }
        assert_eq!(normal(ValueKind::Flag, &json!(false)), json!(false));
        assert_eq!(normal(ValueKind::Integer(0), &json!(0)), json!(0));
    }

    #[test]
    fn understands_text() {
        assert_eq!(normal(ValueKind::Integer(0), &json!(" 7 ")), json!(7));
        assert_eq!(normal(ValueKind::Integer(0), &json!("7.0")), json!(7));
        assert_eq!(normal(ValueKind::Flag, &json!("False")), json!(false));
        assert_eq!(normal(ValueKind::Text, &json!(5)), json!("5"));
        assert_eq!(normal(ValueKind::Count("all"), &json!("ALL")), json!("all"));
        assert_eq!(normal(ValueKind::Count("all"), &json!(0)), json!("0"));
        assert_eq!(normal(ValueKind::List, &json!("a, b\n")), json!(["a, b"]));
        assert_eq!(normal(ValueKind::List, &json!("a, b")), json!(["a", "b"]));
        assert_eq!(normal(ValueKind::List, &json!("[\"a,b\", 1]")), json!(["a,b", "1"]));
        assert_eq!(normal(ValueKind::Object, &json!("{\"a\": 1}")), json!({"a": 1}));
        assert_eq!(normal(ValueKind::Map, &json!("a=1\nb=x=y")), json!({"a": "1", "b": "x=y"}));
        assert_eq!(normal(ValueKind::Map, &json!("a=1, b=2")), json!({"a": "1", "b": "2"}));
        assert_eq!(normal(ValueKind::Map, &json!("rule=Host(`a`,`b`)")), json!({"rule": "Host(`a`,`b`)"}));
        assert_eq!(normal(ValueKind::Lines, &json!("/a:/b:ro,z")), json!(["/a:/b:ro,z"]));
        assert_eq!(normal(ValueKind::Lines, &json!("a,b\n\n c ")), json!(["a,b", "c"]));
        assert_eq!(normal(ValueKind::Objects, &json!("[{\"a\": 1}]")), json!([{"a": 1}]));
        assert_eq!(normal(ValueKind::Objects, &json!({"a": 1})), json!([{"a": 1}]));
        assert_eq!(normal(ValueKind::Command, &json!("sh -c 'ls | wc'")), json!(["sh", "-c", "ls | wc"]));
        assert_eq!(normal(ValueKind::Command, &json!("[\"ls\", \"/tmp\"]")), json!(["ls", "/tmp"]));
        let condition = ValueKind::Choice(&[("Not Running", "not-running"), ("Removed", "removed")]);
        assert_eq!(normal(condition, &json!("not running")), json!("not-running"));
        assert_eq!(normal(condition, &json!("not-running")), json!("not-running"));
        let users = ValueKind::Choices(&[("Image", "image"), ("Build Cache", "build-cache")]);
        for value in [
            json!("Image, build cache"),
            json!(["image", "Build Cache"]),
            json!("[\"Image\",\"build-cache\"]"),
        ] {
            assert_eq!(normal(users, &value), json!(["image", "build-cache"]), "{value}");
        }
        assert_eq!(normal(users, &json!("Image")), json!(["image"]));
        assert_eq!(normal(ValueKind::Json, &json!(" {\"a\": [1]}")), json!({"a": [1]}));
        assert_eq!(normal(ValueKind::Json, &json!("plain text")), json!("plain text"));
        assert_eq!(normal(ValueKind::Json, &json!(false)), json!(false));
        assert_eq!(normal(ValueKind::Json, &json!({})), normal(ValueKind::Json, &json!("{}")));
    }

    #[test]
    fn says_what_it_takes() {
        let fault = |kind, value| normalise(kind, &value).unwrap_err();
        assert_eq!(fault(ValueKind::Integer(0), json!("ten")), "must be a whole number from 0, not \"ten\"");
        assert_eq!(fault(ValueKind::Integer(0), json!(-1)), "must be a whole number from 0, not -1");
        assert_eq!(fault(ValueKind::Flag, json!("maybe")), "must be true or false, not \"maybe\"");
        assert_eq!(
            fault(ValueKind::Command, json!("sh -c 'ls")),
            "must be a command whose quotes are closed"
        );
        assert!(fault(ValueKind::Integer(0), json!(1e300)).starts_with("must be a whole number"));
        assert_eq!(
            fault(ValueKind::Count("all"), json!("last")),
            "must be a whole number from 0, or all, not \"last\""
        );
        for kind in [
            ValueKind::Secret,
            ValueKind::Object,
            ValueKind::Map,
            ValueKind::Json,
            ValueKind::List,
            ValueKind::Command,
        ] {
            for value in
                [json!({"password": ["s3cret"]}), json!("{s3cret"), json!("[s3cret"), json!("'s3cret")]
            {
                assert!(!normalise(kind, &value).err().unwrap_or_default().contains("s3cret"), "{kind:?}");
            }
        }
        assert_eq!(
            fault(ValueKind::Choices(&[("Image", "image")]), json!("Image, Network")),
            "must be one of Image, not \"Image, Network\""
        );
        assert!(fault(ValueKind::Id, json!("../x")).contains("must be an id or a name (it"));
    }

    proptest! {
        #[test]
        fn commands_survive_quoting(words in prop::collection::vec(".+", 1..6)) {
            let line = shell_words::join(&words);
            prop_assume!(!line.trim().is_empty() && !line.trim_start().starts_with('['));
            prop_assert_eq!(normal(ValueKind::Command, &json!(line)), json!(words));
        }
    }
}
