//! Environments: one `NAME=value` on each line, a list of them, or an object. A comma is part of a value.

use serde_json::Value;

use super::{items, parsed};
use crate::values::{pairs, scalar};

/// The API's `Env`: a list of `NAME=value`. A name alone takes the image's variable away.
pub(super) fn variables(value: &Value) -> Result<Value, String> {
    let expected = || "variables: one NAME=value on each line, a list of them, or a JSON object".to_owned();
    let variables: Vec<String> = match parsed(value)? {
        Value::Object(variables) => variables
            .iter()
            .map(|(name, value)| match value {
                Value::Null => Ok(name.clone()),
                value => scalar(value).map(|value| format!("{name}={value}")),
            })
            .collect::<Result<_, _>>(),
        Value::String(text) => {
            let line = |(name, value): (&str, Option<&str>)| {
                value.map_or(name.into(), |value| format!("{name}={value}"))
            };
            return Ok(pairs(&text)?.into_iter().map(line).collect());
        }
        value => items(value).iter().map(scalar).collect(),
    }
    .map_err(|_| expected())?;
    let has_name = |variable: &String| !variable.is_empty() && !variable.starts_with('=');
    if variables.iter().all(has_name) { Ok(variables.into()) } else { Err(expected()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_every_form() {
        let sent = json!(["A=1", "B=x,y", "C="]);
        for written in [
            json!("A=1\n B=x,y\r\n\nC="),
            json!(["A=1", "B=x,y", "C="]),
            json!({"A": 1, "B": "x,y", "C": ""}),
            json!("{\"A\": 1, \"B\": \"x,y\", \"C\": \"\"}"),
        ] {
            assert_eq!(variables(&written), Ok(sent.clone()), "{written}");
        }
        assert_eq!(variables(&json!({"PATH": null})), Ok(json!(["PATH"])));
        for written in [
            json!("=x"),
            json!([["A"]]),
            json!({"A": [1]}),
            json!("A=1,B=2"),
            json!("A=1, B=2\n"),
            json!("A = 1"),
            json!("A=\"x y\""),
        ] {
            assert!(variables(&written).is_err(), "{written}");
        }
    }

    proptest! {
        #[test]
        fn an_object_and_a_list_are_one(pairs in prop::collection::btree_map("[A-Z_]{1,8}", ".{0,20}", 1..6)) {
            let list: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            prop_assert_eq!(variables(&json!(pairs)), Ok(json!(list)));
        }
    }
}
