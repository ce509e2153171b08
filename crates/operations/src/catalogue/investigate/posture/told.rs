//! How a verdict's fields and values are shown: short, flat, and without what is secret.

use serde_json::Value;

use super::{rule::Evidence, secret_looking::without_sign_in};

/// A value is shown up to this length, in characters.
const LONGEST_VALUE: usize = 200;
/// So many places are named by which one check fails.
const MOST_EVIDENCE: usize = 10;

/// The fields and values of a verdict, as one line and as the first of them.
pub(super) struct Told {
    pub(super) field: Value,
    pub(super) value: Value,
    pub(super) evidence: String,
}

impl Told {
    pub(super) fn of(evidence: &[Evidence]) -> Self {
        let shown: Vec<(String, Value)> = evidence
            .iter()
            .take(MOST_EVIDENCE)
            .map(|one| (cut(&one.field), shown_value(&one.field, &one.value)))
            .collect();
        let line = |(field, value): &(String, Value)| match value {
            Value::String(text) => format!("{field} is {text:?}"),
            Value::Null => format!("{field} is not set"),
            value => format!("{field} is {value}"),
        };
        let mut lines: Vec<String> = shown.iter().map(line).collect();
        if evidence.len() > shown.len() {
            lines.push(format!("and {} more", evidence.len() - shown.len()));
        }
        let (field, value) = shown
            .into_iter()
            .next()
            .map_or((Value::Null, Value::Null), |(field, value)| (field.into(), value));
        Self { field, value, evidence: lines.join("; ") }
    }
}

/// A value as it may be shown: one that is no list or object, short, and without what signs in. An environment is counted.
fn shown_value(field: &str, value: &Value) -> Value {
    if field.ends_with(".Env") {
        let count = value.as_array().map_or(0, Vec::len);
        return format!("{count} variables (their values are not shown)").into();
    }
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::String(text) => cut(&without_sign_in(text)).into(),
        Value::Array(items) if items.is_empty() => "[]".into(),
        value => cut(&without_sign_in(&value.to_string())).into(),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
