//! What names something: ids, images, files, and the fields of a body.

use serde_json::Value;

use super::{reference::Reference, scalars::set_text};

/// A name as the engine compares it: without regard to case, also for the two letters beyond ASCII that fold into it.
pub(crate) fn folded(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            '\u{17f}' => 's',
            '\u{212a}' => 'k',
            c => c.to_ascii_lowercase(),
        })
        .collect()
}

/// An id or a name that cannot lead elsewhere in a path.
pub(super) fn named(value: &Value) -> Result<Value, String> {
    if value.is_f64() {
        return Err("an id or a name as text, not a number with a fraction or an exponent".into());
    }
    let text = set_text(value)?.trim().to_owned();
    engine::Segment::name(&text).map_err(|error| {
        let message = error.message();
        let why = message.rsplit_once(": ").map_or(message, |(_, why)| why);
        format!("an id or a name ({why})")
    })?;
    Ok(text.into())
}

/// An image's name or id, as [`Reference`] reads it.
pub(super) fn reference(value: &Value) -> Result<Value, String> {
    let text = set_text(value)?;
    Reference::read(&text)?;
    Ok(text.trim().into())
}

pub(super) fn file(value: &Value) -> Result<Value, String> {
    match value {
        Value::String(_) => Ok(value.clone()),
        Value::Object(fields) => match fields.get("@id") {
            Some(Value::String(id)) if !id.is_empty() => Ok(Value::from(id.as_str())),
            _ => Err("a file of FortiSOAR, with its @id".into()),
        },
        _ => Err("a file of FortiSOAR, a path, or PEM text".into()),
    }
}
