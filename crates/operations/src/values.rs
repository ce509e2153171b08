//! Understands what playbooks write: each kind of value, from JSON or from text, in one form.
//!
//! Nothing is guessed in silence: what is not understood is refused, with what would be.

pub(crate) mod body;
mod command;
mod duration;
mod embedded;
mod filters;
mod lines;
mod lists;
mod literal;
pub(crate) mod names;
pub(crate) mod notation;
mod number;
mod objects;
pub(crate) mod reference;
mod scalars;
mod time;

use serde_json::Value;

pub(crate) use self::{
    duration::duration,
    embedded::embedded,
    lines::{lines, pairs},
    lists::sequence,
    number::{digits, whole, whole_float},
    scalars::{flag, scalar},
    time::is_ago,
};
use self::{
    lists::{list, listed, several},
    names::{file, named, reference},
    objects::{json, map, object, objects},
    scalars::{choice, count, integer, set_text},
};
use crate::{Notation, ValueKind};

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
        false => format!("must be {expected}, not {}", beginning(value)),
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
        ValueKind::Id => named(value),
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
fn beginning(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
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
