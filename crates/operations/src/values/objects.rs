//! Objects, lists of objects, maps and any JSON, as playbooks write them.

use serde_json::{Map, Value};

use super::{embedded, lists::sequence, pairs, scalar};

pub(super) fn objects(value: &Value) -> Result<Value, String> {
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

pub(super) fn json(value: &Value) -> Result<Value, String> {
    let Value::String(text) = value else { return Ok(value.clone()) };
    if is_pattern(text) {
        return Ok(value.clone());
    }
    embedded(text, '{').or_else(|| embedded(text, '[')).unwrap_or_else(|| Ok(value.clone()))
}

/// Whether a text is a STIX pattern, which begins like a list and is none: `[file:name = 'x']`.
fn is_pattern(text: &str) -> bool {
    let within = text.trim_start().strip_prefix('[').map(|rest| rest.trim_start_matches(['(', ' ']));
    let is_type = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
    };
    within.and_then(|rest| rest.split_once(':')).is_some_and(|(word, _)| is_type(word))
}

pub(super) fn object(value: &Value) -> Result<Map<String, Value>, String> {
    match value {
        Value::Object(fields) => Ok(fields.clone()),
        Value::String(text) => match embedded(text, '{') {
            Some(parsed) => object(&parsed?),
            None => Err("a JSON object".into()),
        },
        _ => Err("a JSON object".into()),
    }
}

pub(super) fn map(value: &Value) -> Result<Value, String> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_is_no_list() {
        for pattern in ["[file:name = 'x']", " [ (ipv4-addr:value = '198.51.100.7') ]"] {
            assert_eq!(json(&pattern.into()), Ok(json!(pattern)), "{pattern}");
        }
        assert_eq!(json(&"[{'a': 1}]".into()), Ok(json!([{"a": 1}])));
        assert!(json(&"[1:2]".into()).is_err());
    }
}
