//! Understands what playbooks write: each kind of value, from JSON or from text, in one form.
//!
//! Nothing is guessed in silence: what is not understood is refused, with what would be.

pub(crate) mod body;
mod command;
mod duration;
mod embedded;
mod filters;
mod lines;
mod literal;
pub(crate) mod notation;
mod number;
pub(crate) mod reference;
mod time;

use serde_json::{Map, Value};

pub(crate) use self::{
    duration::duration,
    embedded::embedded,
    lines::{lines, pairs},
    number::{digits, whole, whole_float},
    time::is_ago,
};
use crate::{Notation, ValueKind, values::reference::Reference};

/// The value in its one form, or `None` for what counts as absent: null, and empty text, lists and objects (but for any JSON,
/// where `{}` is a value), and what a template writes for a value that is not set, where that cannot be a value.
/// `false` and `0` are values. The error says what the kind takes, to follow the parameter's name: `must be ...`.
pub(crate) fn normalise(kind: ValueKind, value: &Value) -> Result<Option<Value>, String> {
    let empty = match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty() || is_unset_for(kind, text),
        Value::Array(items) => items.is_empty() && kind != ValueKind::Json,
        Value::Object(fields) => fields.is_empty() && kind != ValueKind::Json,
        Value::Bool(_) | Value::Number(_) => false,
    };
    if empty {
        return Ok(None);
    }
    read(kind, value).map(Some).map_err(|expected| match may_hold_secrets(kind) {
        true => format!("must be {expected}"),
        false => format!("must be {expected}, not {}", preview(value)),
    })
}

/// Whether a text is what Python and JSON write for nothing. `none`, in lower case, is a word of Docker's.
pub(crate) fn is_unset(text: &str) -> bool {
    matches!(text.trim(), "None" | "null")
}

/// Whether this text counts as empty in a field of this kind: not where it is a choice, or can be a name.
pub(crate) fn is_unset_for(kind: ValueKind, text: &str) -> bool {
    is_unset(text)
        && match kind {
            ValueKind::Text | ValueKind::LongText | ValueKind::Secret | ValueKind::File => false,
            ValueKind::Id | ValueKind::Reference | ValueKind::Filters => false,
            ValueKind::Choice(choices) | ValueKind::Choices(choices) => !choices
                .iter()
                .any(|(title, word)| [title, word].iter().any(|name| name.eq_ignore_ascii_case(text.trim()))),
            _ => true,
        }
}

fn read(kind: ValueKind, value: &Value) -> Result<Value, String> {
    if let Value::String(text) = value
        && has_lines(kind)
        && !text.trim_start().starts_with(['[', '{', '('])
    {
        lines::refuse_lone_returns(text)?;
    }
    match kind {
        ValueKind::Text => set_text(value).map(Value::String),
        ValueKind::LongText => scalar(value).map(Value::String),
        // Several secrets come as JSON: its text then.
        ValueKind::Secret => Ok(scalar(value).unwrap_or_else(|_| value.to_string()).into()),
        ValueKind::Integer(least) => integer(value, least),
        ValueKind::Count(word) => count(value, word),
        ValueKind::Flag => flag(value),
        ValueKind::Choice(choices) => choice(value, choices),
        ValueKind::Choices(choices) => several(value, choices),
        ValueKind::List => list(value),
        ValueKind::Lines => listed(value, |text| Ok(lines(text).collect())),
        ValueKind::Object => object(value).map(Value::Object),
        ValueKind::Objects => objects(value),
        ValueKind::Json => json(value),
        ValueKind::Map => map(value),
        ValueKind::Notation(notation) => notation.read(value),
        ValueKind::Filters => filters::read(value),
        ValueKind::PruneFilters => filters::read_strictly(value),
        ValueKind::Time => time::read(value),
        ValueKind::Command => command::read(value),
        ValueKind::Id => named(value, |name| engine::Segment::name(name).map(drop)),
        ValueKind::Reference => reference(value),
        ValueKind::File => file(value),
    }
}

/// Whether the ends of lines separate values.
fn has_lines(kind: ValueKind) -> bool {
    match kind {
        ValueKind::List | ValueKind::Lines | ValueKind::Choices(_) | ValueKind::Map => true,
        ValueKind::Notation(notation) => notation.has_lines() && notation != Notation::Healthcheck,
        _ => false,
    }
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
        ValueKind::Filters
        | ValueKind::PruneFilters
        | ValueKind::Time
        | ValueKind::Id
        | ValueKind::Reference => false,
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

/// As [`scalar`], but for what a template writes for a value that is not set: no name is `None`.
fn set_text(value: &Value) -> Result<String, String> {
    let text = scalar(value)?;
    match text.trim() {
        "None" => Err("set: the text None is what a template writes for a value that is not set".into()),
        _ => Ok(text),
    }
}

fn integer(value: &Value, least: i64) -> Result<Value, String> {
    match whole(value) {
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

pub(crate) fn flag(value: &Value) -> Result<Value, String> {
    let text = match value {
        Value::Bool(_) => return Ok(value.clone()),
        Value::Number(_) => whole(value).map(|number| number.to_string()).unwrap_or_default(),
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

fn list(value: &Value) -> Result<Value, String> {
    listed(value, |text| lines::items(text).map(|items| items.into_iter().collect()))
}

/// A list of texts, of which one text may hold several.
fn listed(value: &Value, split: fn(&str) -> Result<Value, String>) -> Result<Value, String> {
    match value {
        Value::Array(items) => {
            items.iter().map(|item| set_text(item).map(Value::String)).collect::<Result<_, _>>()
        }
        Value::String(text) => match sequence(text) {
            Some(parsed) => return listed(&parsed?, split),
            None => return split(text).and_then(|items| listed(&items, split)),
        },
        other => set_text(other).map(|text| vec![text].into()),
    }
    .map_err(|why| {
        if why == "text" { "a list of texts".into() } else { format!("a list whose items must be {why}") }
    })
}

/// The list that a text holds as JSON or in Python's notation, if it does. Python's other objects are refused, which would
/// else be taken for text.
pub(crate) fn sequence(text: &str) -> Option<Result<Value, String>> {
    const OBJECTS: [&str; 8] = [
        "dict_keys(",
        "dict_values(",
        "dict_items(",
        "OrderedDict(",
        "defaultdict(",
        "deque(",
        "set(",
        "frozenset(",
    ];
    let text = text.trim();
    let is_object = text.starts_with('{')
        || OBJECTS.iter().any(|object| text.starts_with(object)) && text.ends_with(')')
        || text.starts_with('<') && text.ends_with('>') && text.contains(" at 0x");
    if is_object {
        return Some(Err("a list, not another object, such as a dictionary or a set".into()));
    }
    embedded(text, '[').or_else(|| text.ends_with(')').then(|| embedded(text, '(')).flatten())
}

fn objects(value: &Value) -> Result<Value, String> {
    let items = match value {
        Value::String(text) => match embedded(text, '[').or_else(|| embedded(text, '(')) {
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
    let expected = || "a JSON object, or one name=value on each line".to_owned();
    let pairs: Vec<(String, String)> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                Ok((name.clone(), if value.is_null() { String::new() } else { scalar(value)? }))
            })
            .collect::<Result<_, String>>()
            .map_err(|_| expected())?,
        Value::Array(items) => items
            .iter()
            .map(|item| {
                let pair = scalar(item).ok()?;
                let (name, value) = pair.split_once('=').unwrap_or((&pair, ""));
                (!name.trim().is_empty()).then(|| (name.trim().to_owned(), value.to_owned()))
            })
            .collect::<Option<_>>()
            .ok_or_else(expected)?,
        Value::String(text) => match embedded(text, '{').or_else(|| sequence(text)) {
            Some(parsed) => return map(&parsed?),
            None => pairs(text)?
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.unwrap_or_default().to_owned()))
                .collect(),
        },
        _ => return Err(expected()),
    };
    let mut fields = Map::new();
    for (name, value) in pairs {
        if fields.insert(name, value.clone().into()).is_some_and(|other| other != value) {
            return Err(format!("{} and one value for each name", expected()));
        }
    }
    Ok(fields.into())
}

fn named(value: &Value, check: impl Fn(&str) -> Result<(), engine::Error>) -> Result<Value, String> {
    if value.is_f64() {
        return Err("an id or a name as text, not a number with a fraction or an exponent".into());
    }
    let text = set_text(value)?.trim().to_owned();
    check(&text).map_err(|error| {
        let message = error.message();
        let why = message.rsplit_once(": ").map_or(message, |(_, why)| why);
        format!("an id or a name ({why})")
    })?;
    Ok(text.into())
}

/// An image's name or id, as [`Reference`] reads it.
fn reference(value: &Value) -> Result<Value, String> {
    let text = set_text(value)?;
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
        assert_eq!(normal(ValueKind::List, &json!("a, b\n")), json!(["a", "b"]));
        assert_eq!(normal(ValueKind::List, &json!("a, b")), json!(["a", "b"]));
        assert_eq!(normal(ValueKind::List, &json!("[\"a,b\", 1]")), json!(["a,b", "1"]));
        assert_eq!(normal(ValueKind::Object, &json!("{\"a\": 1}")), json!({"a": 1}));
        assert_eq!(normal(ValueKind::Map, &json!("a=1\nb=x=y")), json!({"a": "1", "b": "x=y"}));
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

    #[test]
    fn f30_none_as_text_is_empty_or_refused() {
        for kind in [
            ValueKind::Integer(0),
            ValueKind::Count("all"),
            ValueKind::Flag,
            ValueKind::Choice(&[("Removed", "removed")]),
            ValueKind::Choices(&[("Image", "image")]),
            ValueKind::List,
            ValueKind::Lines,
            ValueKind::Object,
            ValueKind::Objects,
            ValueKind::Map,
            ValueKind::Json,
            ValueKind::Time,
            ValueKind::Command,
            ValueKind::Notation(Notation::Healthcheck),
            ValueKind::Notation(Notation::Size),
        ] {
            assert_eq!(normalise(kind, &json!("None")), Ok(None), "{kind:?}");
            assert_eq!(normalise(kind, &json!(" null\n")), Ok(None), "{kind:?}");
        }
        for kind in [ValueKind::Text, ValueKind::Id, ValueKind::Reference, ValueKind::Filters] {
            assert!(normalise(kind, &json!("None")).is_err(), "{kind:?}");
        }
        assert_eq!(normal(ValueKind::Choice(&[("None", "none")]), &json!("None")), json!("none"));
        assert_eq!(normal(ValueKind::LongText, &json!("None")), json!("None"));
        assert_eq!(normal(ValueKind::Text, &json!("none")), json!("none"));
        assert!(normalise(ValueKind::List, &json!("a, None")).is_err());
        assert!(normalise(ValueKind::List, &json!(["a", null])).is_err());
    }

    #[test]
    fn f30_python_is_read_in_every_kind_that_takes_json() {
        for (kind, written, expected) in [
            (ValueKind::Flag, json!(" True "), json!(true)),
            (ValueKind::Flag, json!(1.0), json!(true)),
            (ValueKind::Integer(0), json!("1e3"), json!(1000)),
            (
                ValueKind::Object,
                json!("{'a': True, 'b': None, 'c': \"it's\"}"),
                json!({"a": true, "b": null, "c": "it's"}),
            ),
            (ValueKind::Objects, json!("[{'Type': 'bind'},]"), json!([{"Type": "bind"}])),
            (ValueKind::List, json!("['a,b', 1]"), json!(["a,b", "1"])),
            (ValueKind::List, json!("('a', 'b')"), json!(["a", "b"])),
            (ValueKind::Lines, json!("['/a:/b:ro,z']"), json!(["/a:/b:ro,z"])),
            (ValueKind::Map, json!("{'a': True, 'b': 1}"), json!({"a": "true", "b": "1"})),
            (ValueKind::Command, json!("['sh', '-c', \"echo 'x'\"]"), json!(["sh", "-c", "echo 'x'"])),
            (ValueKind::Command, json!("('ls', '-l')"), json!(["ls", "-l"])),
            (ValueKind::Json, json!("[None]"), json!([null])),
            (ValueKind::Choices(&[("Image", "image")]), json!("['Image']"), json!(["image"])),
        ] {
            assert_eq!(normal(kind, &written), expected, "{kind:?} {written}");
        }
        for (kind, written) in [
            (ValueKind::Integer(0), json!("１０")),
            (ValueKind::Integer(0), json!("NaN")),
            (ValueKind::Integer(0), json!(u64::MAX)),
            (ValueKind::Id, json!(1e10)),
            (ValueKind::List, json!("dict_keys(['a'])")),
            (ValueKind::List, json!("{'a', 'b'}")),
            (ValueKind::List, json!("<generator object f at 0x7f00>")),
            (ValueKind::List, json!("a\rb")),
            (ValueKind::Map, json!("a=1\ra=2")),
            (ValueKind::Map, json!("a=1\na=2")),
            (ValueKind::Map, json!("o=size=1m,uid=1000")),
            (ValueKind::Map, json!("{&quot;a&quot;: 1}")),
            (ValueKind::Object, json!("{\"a\": 1} and more")),
        ] {
            assert!(normalise(kind, &written).is_err(), "{kind:?} {written}");
        }
    }

    proptest! {
        #[test]
        fn commands_survive_quoting(words in prop::collection::vec("[^\\r\\n]+", 1..6)) {
            let line = shell_words::join(&words);
            prop_assume!(!line.trim().is_empty() && !line.trim_start().starts_with(['[', '(']) && !is_unset(&line));
            prop_assert_eq!(normal(ValueKind::Command, &json!(line)), json!(words));
        }
    }
}
