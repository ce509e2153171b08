//! Docker's filters: several ways to write them, one way to send them: `{"label": ["env=prod"]}`.

use serde_json::{Map, Value};

use super::{embedded, scalar};

/// Takes JSON with lists, single values, booleans, or Docker's own map form (`{"label": {"env=prod": true}}`); or lines of
/// `name=value`, also as a list, where a name may stand several times.
pub(super) fn read(value: &Value) -> Result<Value, String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| Ok((name.clone(), values(value)?)))
            .collect::<Result<Map<_, _>, _>>()
            .map(Value::Object),
        Value::String(text) => match embedded(text, '{').or_else(|| embedded(text, '[')) {
            Some(parsed) => read(&parsed?),
            None => lines(text.lines()),
        },
        Value::Array(items) => match items.iter().map(Value::as_str).collect::<Option<Vec<_>>>() {
            Some(items) => lines(items.into_iter()),
            None => Err(expected()),
        },
        _ => Err(expected()),
    }
}

/// As [`read`], for what destroys: a filter that came out empty would not narrow anything, so each has a value that says
/// something. A whole that is empty is a form that was not filled in, and no filter.
pub(super) fn read_strictly(value: &Value) -> Result<Value, String> {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::Array(items) if !items.is_empty() => {
                        items
                            .iter()
                            .try_for_each(|item| refuse_no_value(name, item.as_str().unwrap_or("-")))?;
                    }
                    Value::Object(flags) if !flags.is_empty() => {
                        if let Some((off, _)) = flags.iter().find(|(_, flag)| **flag != Value::Bool(true)) {
                            return Err(format!(
                                "filters that are switched on, and {name} has {off:?} without true"
                            ));
                        }
                        flags.keys().try_for_each(|item| refuse_no_value(name, item))?;
                    }
                    Value::Array(_) | Value::Object(_) | Value::Null => return Err(without_value(name)),
                    Value::String(text) => refuse_no_value(name, text)?,
                    Value::Bool(_) | Value::Number(_) => {}
                }
            }
        }
        Value::String(text) => match embedded(text, '{').or_else(|| embedded(text, '[')) {
            Some(parsed) => return read_strictly(&parsed?),
            None => check_lines(text.lines().filter(|line| !line.trim().is_empty()))?,
        },
        Value::Array(items) => check_lines(items.iter().map(|item| item.as_str().unwrap_or("-")))?,
        _ => {}
    }
    read(value)
}

fn check_lines<'a>(mut lines: impl Iterator<Item = &'a str>) -> Result<(), String> {
    lines.try_for_each(|line| match line.split_once('=') {
        Some((name, value)) => refuse_no_value(name.trim(), value.trim()),
        None if line.trim().is_empty() => Err(without_value("an empty line")),
        None => Ok(()),
    })
}

/// Refuses a value that says nothing: an empty one, or what is left of a template that had nothing to fill in.
fn refuse_no_value(name: &str, value: &str) -> Result<(), String> {
    if says_nothing(value) {
        return Err(without_value(name));
    }
    if value.trim() != value {
        return Err(format!("filters without spaces around their values, and {name} has {value:?}"));
    }
    if value.contains("{{") || value.contains("{%") || value.starts_with(['[', '{']) {
        return Err(format!("filters whose values are plain texts, and {name} has {value:?}"));
    }
    // A label without a name is on nothing, and one to be spared whose value came out empty spares nothing.
    if let (true, Some((label, value))) = (name.starts_with("label"), value.split_once('='))
        && (says_nothing(label) || name == "label!" && says_nothing(value))
    {
        return Err(format!("filters that say something, and {name} has {value:?} for {label:?}"));
    }
    Ok(())
}

fn says_nothing(value: &str) -> bool {
    const LEFT_OVER: [&str; 6] = ["none", "null", "undefined", "nan", "[]", "{}"];
    let value = value.trim().trim_matches(['\'', '"']).trim();
    value.is_empty() || LEFT_OVER.iter().any(|word| value.eq_ignore_ascii_case(word))
}

fn without_value(name: &str) -> String {
    format!("filters that each have a value, and {name} has none")
}

fn values(value: &Value) -> Result<Value, String> {
    match value {
        Value::Array(items) => items
            .iter()
            .map(|item| scalar(item).map(Value::String))
            .collect::<Result<_, _>>()
            .map_err(|_| expected()),
        // Docker's map form; a name whose flag is false is switched off.
        Value::Object(flags) => {
            let on = flags.iter().filter(|(_, flag)| **flag != Value::Bool(false));
            Ok(on.map(|(name, _)| name.as_str()).collect())
        }
        Value::Null => Err(expected()),
        single => scalar(single).map(|text| vec![text].into()),
    }
}

fn lines<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Value, String> {
    let mut filters = Map::new();
    for line in lines.map(str::trim).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once('=').ok_or_else(expected)?;
        let values = filters.entry(name.trim()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = values {
            values.push(value.trim().into());
        }
    }
    Ok(filters.into())
}

fn expected() -> String {
    "filters: JSON such as {\"label\": [\"env=prod\"]}, or lines such as label=env=prod".into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_way_to_write_them_is_one() {
        let expected = json!({"label": ["env=prod", "team=a"], "dangling": ["true"]});
        for written in [
            json!({"label": ["env=prod", "team=a"], "dangling": [true]}),
            json!({"label": {"env=prod": true, "team=a": true, "x": false}, "dangling": true}),
            json!("{\"label\": [\"env=prod\", \"team=a\"], \"dangling\": \"true\"}"),
            json!("label=env=prod\n label = team=a \n\ndangling=true"),
            json!(["label=env=prod", "label=team=a", "dangling=true"]),
            json!(" [\"label=env=prod\", \"label=team=a\", \"dangling=true\"]"),
        ] {
            assert_eq!(read(&written).unwrap(), expected, "{written}");
        }
    }

    #[test]
    fn refuses_what_is_no_filter() {
        for written in
            [json!("running"), json!(5), json!({"label": null}), json!([1]), json!("{\"a\":"), json!("[1]")]
        {
            assert!(read(&written).is_err(), "{written}");
        }
    }

    #[test]
    fn what_destroys_takes_no_filter_without_a_value() {
        for written in [
            json!({"label": []}),
            json!({"label": [""]}),
            json!({"label": ["a", " "]}),
            json!({"label": ""}),
            json!({"label": "  "}),
            json!({"label": null}),
            json!({"label": [null]}),
            json!({"label": {}}),
            json!({"label": {"x": false}}),
            json!({"label": {"x": true, "y": false}}),
            json!({"label": {"x": "true"}}),
            json!({"label": {"": true}}),
            json!({"label": "None"}),
            json!({"label": ["null"]}),
            json!({"label": "[]"}),
            json!({"label": "['a']"}),
            json!({"label": "{{ vars.label }}"}),
            json!({"label": " env=prod"}),
            json!({"label": "=x"}),
            json!({"label!": "keep="}),
            json!({"label!": "keep=None"}),
            json!({"until": "\"\""}),
            json!("label="),
            json!("label= "),
            json!("label=a\nuntil="),
            json!("{\"label\": []}"),
            json!("[\"label=\"]"),
            json!(["label="]),
            json!([""]),
            json!([null]),
            json!("None"),
            json!("null"),
            json!("label"),
            json!(true),
        ] {
            assert!(read_strictly(&written).is_err(), "{written}");
        }
        for (written, expected) in [
            (json!({}), json!({})),
            (json!("{}"), json!({})),
            (json!("[]"), json!({})),
            (json!({"label": "env="}), json!({"label": ["env="]})),
            (json!({"label": {"a=1": true}}), json!({"label": ["a=1"]})),
            (
                json!({"dangling": false, "until": 1_704_164_645}),
                json!({"dangling": ["false"], "until": ["1704164645"]}),
            ),
            (json!("label!=keep\n until = 10m"), json!({"label!": ["keep"], "until": ["10m"]})),
        ] {
            assert_eq!(read_strictly(&written), Ok(expected), "{written}");
        }
    }

    proptest! {
        #[test]
        fn json_text_and_lines_say_the_same(
            filters in prop::collection::btree_map("[a-z!]{1,9}", prop::collection::vec("[^\\s=][^\\n\\r]{0,9}[^\\s]", 1..4), 1..4),
        ) {
            let expected = json!(filters);
            let lines: Vec<String> =
                filters.iter().flat_map(|(name, values)| values.iter().map(move |value| format!("{name}={value}"))).collect();
            for written in [expected.clone(), json!(expected.to_string()), json!(lines), json!(json!(lines).to_string())] {
                prop_assert_eq!(read(&written), Ok(expected.clone()), "{}", written);
            }
            // A line's end may be one of Unicode's, which is within a line for Rust.
            prop_assert_eq!(read(&json!(lines.join("\n"))), Ok(expected));
        }

        #[test]
        fn never_panics(text in ".*") {
            let _either = read(&json!(text));
        }
    }
}
