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
