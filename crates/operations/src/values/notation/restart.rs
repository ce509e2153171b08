//! What the engine does when a container ends: `no`, `always`, `unless-stopped`, `on-failure[:times]`.

use serde_json::{Value, json};

use super::parsed;
use crate::values::whole;

/// The API's `RestartPolicy`.
pub(super) fn policy(value: &Value) -> Result<Value, String> {
    let expected = || "no, always, unless-stopped, on-failure or on-failure:3".to_owned();
    let text = match parsed(value)? {
        object @ Value::Object(_) => return Ok(object),
        // What YAML makes of `no`.
        Value::Bool(false) => "no".into(),
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => "no".into(),
        Value::String(text) => text.trim().to_ascii_lowercase(),
        _ => return Err(expected()),
    };
    match text.split_once(':') {
        None if ["no", "always", "unless-stopped", "on-failure"].contains(&text.as_str()) => {
            Ok(json!({"Name": text}))
        }
        Some(("on-failure", times)) => {
            let times = whole(&times.into()).filter(|times| *times >= 0).ok_or_else(expected)?;
            Ok(json!({"Name": "on-failure", "MaximumRetryCount": times}))
        }
        _ => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_policy() {
        for (written, sent) in [
            (json!("no"), json!({"Name": "no"})),
            (json!(false), json!({"Name": "no"})),
            (json!("False"), json!({"Name": "no"})),
            (json!("Always"), json!({"Name": "always"})),
            (json!("on-failure"), json!({"Name": "on-failure"})),
            (json!("on-failure:3"), json!({"Name": "on-failure", "MaximumRetryCount": 3})),
            (json!("on-failure:3.0"), json!({"Name": "on-failure", "MaximumRetryCount": 3})),
            (json!("{'Name': 'always'}"), json!({"Name": "always"})),
            (json!({"Name": "always"}), json!({"Name": "always"})),
            (json!("{\"Name\": \"always\"}"), json!({"Name": "always"})),
        ] {
            assert_eq!(policy(&written), Ok(sent), "{written}");
        }
        for written in [json!("sometimes"), json!("always:3"), json!("on-failure:-1"), json!(3)] {
            assert!(policy(&written).is_err(), "{written}");
        }
    }
}
