//! Single values: text, numbers, true and false, and one of several words.

use serde_json::Value;

use super::whole;

pub(crate) fn scalar(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err("text".into()),
    }
}

/// As [`scalar`], but for what a template writes for a value that is not set: no name is `None`.
pub(super) fn set_text(value: &Value) -> Result<String, String> {
    let text = scalar(value)?;
    match text.trim() {
        "None" => Err("set: the text None is what a template writes for a value that is not set".into()),
        _ => Ok(text),
    }
}

pub(super) fn integer(value: &Value, least: i64) -> Result<Value, String> {
    match whole(value) {
        Some(number) if number >= least => Ok(number.into()),
        _ if least == 0 => Err("a whole number from 0".into()),
        _ if least == i64::MIN => Err("a whole number".into()),
        _ => Err(format!("a whole number from {least}")),
    }
}

pub(super) fn count(value: &Value, word: &str) -> Result<Value, String> {
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

pub(super) fn choice(value: &Value, choices: &[(&str, &str)]) -> Result<Value, String> {
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
