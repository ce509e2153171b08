//! Lists of texts, as playbooks write them.

use serde_json::Value;

use super::{
    embedded, lines,
    scalars::{choice, set_text},
};

pub(super) fn several(value: &Value, choices: &[(&str, &str)]) -> Result<Value, String> {
    let Value::Array(items) = list(value)? else { return Err("a list".into()) };
    items.iter().map(|item| choice(item, choices)).collect()
}

pub(super) fn list(value: &Value) -> Result<Value, String> {
    listed(value, |text| lines::items(text).map(|items| items.into_iter().collect()))
}

/// A list of texts, of which one text may hold several.
pub(super) fn listed(value: &Value, split: fn(&str) -> Result<Value, String>) -> Result<Value, String> {
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
