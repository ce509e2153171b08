//! Makes JSON text that FortiSOAR's database can store: no NUL and no lone surrogate, which any log or name may hold.

use std::io;

use bytes::Bytes;
use serde_json::{
    Value,
    ser::{CharEscape, CompactFormatter, Formatter},
};

/// What stands for a character that cannot be stored: U+FFFD, the replacement character.
const REPLACEMENT: &[u8; 6] = b"\\ufffd";

/// The same JSON with each escaped NUL and lone surrogate replaced by U+FFFD. JSON holds a NUL only as an escape, and
/// UTF-8 holds no surrogate, so only escapes need a look; text without any is returned as it is.
pub(crate) fn storable(json: Bytes) -> Bytes {
    let mut clean: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(offset) = json[at..].iter().position(|byte| *byte == b'\\') {
        at += offset;
        match unit(&json, at) {
            Some(0xD800..=0xDBFF) if matches!(unit(&json, at + 6), Some(0xDC00..=0xDFFF)) => at += 6,
            Some(0 | 0xD800..=0xDFFF) => replace(&json, at, &mut clean),
            // Any other escape: its second byte may be a backslash that begins nothing.
            _ => {
                at = (at + 2).min(json.len());
                continue;
            }
        }
        at += 6;
    }
    clean.map_or(json, Bytes::from)
}

/// Replaces each NUL within a value. Rust's text holds no surrogate.
pub(crate) fn make_storable(value: &mut Value) {
    match value {
        Value::String(text) => replace_nul(text),
        Value::Array(items) => items.iter_mut().for_each(make_storable),
        Value::Object(fields) => {
            if fields.keys().any(|name| name.contains('\0')) {
                let named = std::mem::take(fields).into_iter().map(|(mut name, value)| {
                    replace_nul(&mut name);
                    (name, value)
                });
                *fields = named.collect();
            }
            fields.values_mut().for_each(make_storable);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn replace_nul(text: &mut String) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{fffd}");
    }
}

/// Writes such JSON in the first place. Rust's text holds no surrogate, so only a NUL needs a look.
pub(crate) struct Storable;

impl Formatter for Storable {
    fn write_char_escape<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        match escape {
            CharEscape::AsciiControl(0) => writer.write_all(REPLACEMENT),
            escape => CompactFormatter.write_char_escape(writer, escape),
        }
    }
}

/// The UTF-16 unit of an escape `\uXXXX` that begins at `at`.
fn unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn replace(json: &Bytes, at: usize, clean: &mut Option<Vec<u8>>) {
    // An escape and its replacement are six bytes both.
    clean.get_or_insert_with(|| json.to_vec())[at..at + 6].copy_from_slice(REPLACEMENT);
}

#[cfg(test)]
mod tests {
    use serde::Serialize as _;
    use serde_json::Serializer;

    use super::*;

    fn cleaned(json: &str) -> String {
        String::from_utf8(storable(Bytes::copy_from_slice(json.as_bytes())).to_vec()).unwrap()
    }

    #[test]
    fn replaces_what_cannot_be_stored() {
        assert_eq!(cleaned(r#""a\u0000b""#), r#""a\ufffdb""#);
        assert_eq!(cleaned(r#""\ud83d""#), r#""\ufffd""#);
        assert_eq!(cleaned(r#""\ude00\ud83d""#), r#""\ufffd\ufffd""#);
    }

    #[test]
    fn writes_what_can_be_stored() {
        let text = "a\0b\u{1}\n\"\\é";
        let mut written = Vec::new();
        text.serialize(&mut Serializer::with_formatter(&mut written, Storable)).unwrap();
        assert_eq!(written, cleaned(&serde_json::to_string(text).unwrap()).into_bytes());
    }

    #[test]
    fn leaves_the_rest_alone() {
        for json in [r#""\ud83d\ude00""#, r#""\\u0000""#, r#""\n\"é\u00e9\\""#, "[1,2]", r#""\"#, r#""\u00"#]
        {
            assert_eq!(cleaned(json), json);
        }
        assert_eq!(cleaned(r#""\\\u0000""#), r#""\\\ufffd""#);
    }
}
