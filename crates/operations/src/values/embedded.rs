//! JSON within a text, as templates write it; and Python's notation, which they write by mistake.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::literal;

/// What rich text fields make of quotes.
const ESCAPED_QUOTES: [&str; 5] = ["&quot;", "&#34;", "&#39;", "&#x27;", "&apos;"];

/// The value within a text that begins like one. A Python literal is read as what it stands for; anything else that is no
/// JSON is refused, and so is a name that stands twice in an object.
pub(crate) fn embedded(text: &str, opening: char) -> Option<Result<Value, String>> {
    let text = text.trim();
    text.starts_with(opening).then(|| parse(text))
}

fn parse(text: &str) -> Result<Value, String> {
    let error = match serde_json::from_str::<Strict>(text) {
        Ok(Strict(value)) => return Ok(value),
        Err(error) => error,
    };
    if ESCAPED_QUOTES.iter().any(|quote| text.contains(quote)) {
        return Err("valid JSON: its quotes are escaped for HTML (&quot;), as rich text fields do; use a plain text field".into());
    }
    literal::read(text).map_err(|why| format!("valid JSON ({error}), or a Python literal ({why})"))
}

/// JSON in which no name stands twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = fields.next_entry::<String, Strict>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn f30_reads_json_and_python_and_nothing_else() {
        assert_eq!(embedded("plain", '{'), None);
        assert_eq!(embedded(" {\"a\": [1, true]} ", '{'), Some(Ok(json!({"a": [1, true]}))));
        assert_eq!(embedded("{'a': None}", '{'), Some(Ok(json!({"a": null}))));
        assert_eq!(embedded("('a', 'b')", '('), Some(Ok(json!(["a", "b"]))));
        for (written, why) in [
            ("{\"a\": 1} and more", "trailing"),
            ("{\"a\": 1, \"a\": 2}", "stands twice"),
            ("{&quot;a&quot;: 1}", "HTML"),
            ("{\"a\": NaN}", "valid JSON"),
            ("{\"a\": 1}{\"b\": 2}", "trailing"),
            ("{a: 1}", "without quotes"),
        ] {
            let fault = embedded(written, '{').unwrap().unwrap_err();
            assert!(fault.contains(why), "{written}: {fault}");
        }
    }

    proptest! {
        #[test]
        fn json_is_read_as_serde_json_reads_it(text in r#"\{"[a-z]": ("[^"\\\x00-\x1f]*"|[1-9][0-9]{0,30}|-?[0-9]\.[0-9]{1,20}e[0-9]{1,2}|\[\]|null)\}"#) {
            let expected: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(embedded(&text, '{'), Some(Ok(expected)));
        }
    }
}
