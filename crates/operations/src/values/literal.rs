//! Python's own notation of dictionaries, lists and the like, which a template writes where it meant JSON:
//! `{'a': True, 'b': None}`. Read strictly: what Python itself would not take is refused, and so is what JSON cannot hold.

use std::{iter::Peekable, str::CharIndices};

use serde_json::{Map, Number, Value};

/// Deeper is refused, so that no text can exhaust the stack.
const DEEPEST: u8 = 64;

/// The value that a Python literal stands for; tuples are lists. The error says what is wrong and where, without the text.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let mut reader = Reader { chars: text.char_indices().peekable(), length: text.len() };
    let value = reader.value(DEEPEST)?;
    match reader.next_token() {
        None => Ok(value),
        Some(_) => Err(reader.fault("text follows its end")),
    }
}

struct Reader<'a> {
    chars: Peekable<CharIndices<'a>>,
    length: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: u8) -> Result<Value, String> {
        let Some(depth) = depth.checked_sub(1) else { return Err(self.fault("it is too deep")) };
        match self.next_token() {
            Some('{') => self.dictionary(depth),
            Some('[') => self.sequence(']', depth),
            Some('(') => self.sequence(')', depth),
            Some('\'' | '"') => self.text().map(Value::String),
            Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => self.number(),
            Some(c) if c.is_ascii_alphabetic() => self.word(),
            Some(_) => Err(self.fault("there is no value")),
            None => Err(self.fault("it ends too early")),
        }
    }

    fn dictionary(&mut self, depth: u8) -> Result<Value, String> {
        self.chars.next();
        let mut fields = Map::new();
        while self.next_token() != Some('}') {
            let name = match self.value(depth)? {
                Value::String(name) => name,
                Value::Number(number) if !number.is_f64() => number.to_string(),
                _ => return Err(self.fault("a name is no text")),
            };
            if self.next_token() != Some(':') {
                return Err(self.fault("a colon is missing, as in a set"));
            }
            self.chars.next();
            let value = self.value(depth)?;
            if fields.insert(name, value).is_some() {
                return Err(self.fault("a name stands twice"));
            }
            self.separator('}')?;
        }
        self.chars.next();
        Ok(fields.into())
    }

    /// The items of a list or a tuple. Brackets around one value make no tuple.
    fn sequence(&mut self, closing: char, depth: u8) -> Result<Value, String> {
        self.chars.next();
        let (mut items, mut commas) = (Vec::new(), 0);
        while self.next_token() != Some(closing) {
            items.push(self.value(depth)?);
            commas += usize::from(self.separator(closing)?);
        }
        self.chars.next();
        if closing == ')' && items.len() == 1 && commas == 0 {
            return Err(self.fault("there is one value in brackets"));
        }
        Ok(items.into())
    }

    /// Takes a comma, if one follows; else the end must.
    fn separator(&mut self, closing: char) -> Result<bool, String> {
        match self.next_token() {
            Some(',') => {
                self.chars.next();
                Ok(true)
            }
            Some(c) if c == closing => Ok(false),
            Some(_) => Err(self.fault("a comma is missing")),
            None => Err(self.fault("it ends too early")),
        }
    }

    fn text(&mut self) -> Result<String, String> {
        let Some((_, quote)) = self.chars.next() else { return Err(self.fault("it ends too early")) };
        let mut text = String::new();
        loop {
            match self.chars.next() {
                Some((_, c)) if c == quote => return Ok(text),
                Some((_, '\\')) => text.push(self.escaped()?),
                Some((_, '\n' | '\r')) => return Err(self.fault("a text goes over a line's end")),
                Some((_, c)) => text.push(c),
                None => return Err(self.fault("a text has no end")),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        let Some((_, c)) = self.chars.next() else { return Err(self.fault("a text has no end")) };
        let code = match c {
            '\\' | '\'' | '"' => return Ok(c),
            'n' => return Ok('\n'),
            'r' => return Ok('\r'),
            't' => return Ok('\t'),
            'a' => return Ok('\u{7}'),
            'b' => return Ok('\u{8}'),
            'f' => return Ok('\u{c}'),
            'v' => return Ok('\u{b}'),
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            'U' => self.code(8)?,
            '0'..='7' => {
                let mut code = c.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    let Some(digit) = self.chars.peek().and_then(|(_, c)| c.to_digit(8)) else { break };
                    code = code * 8 + digit;
                    self.chars.next();
                }
                code
            }
            _ => return Err(self.fault("a text holds an escape that is not Python's")),
        };
        char::from_u32(code).ok_or_else(|| self.fault("a text holds half a character"))
    }

    fn code(&mut self, digits: usize) -> Result<u32, String> {
        (0..digits).try_fold(0_u32, |code, _| match self.chars.next().and_then(|(_, c)| c.to_digit(16)) {
            Some(digit) => code
                .checked_mul(16)
                .map(|code| code + digit)
                .ok_or_else(|| self.fault("a text holds no character")),
            None => Err(self.fault("a text holds half an escape")),
        })
    }

    fn number(&mut self) -> Result<Value, String> {
        let text = self.run(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'));
        let digits = text.trim_start_matches(['-', '+']);
        let padded =
            digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
        if text.len() - digits.len() > 1
            || padded
            || !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        {
            return Err(self.fault("there is no number"));
        }
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let whole =
                text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
            return whole.map(Value::Number).map_err(|_| self.fault("a number has more than 64 bits"));
        }
        let float = text.parse().ok().and_then(Number::from_f64);
        float.map(Value::Number).ok_or_else(|| self.fault("there is no number"))
    }

    fn word(&mut self) -> Result<Value, String> {
        match self.run(|c| c.is_alphanumeric() || c == '_').as_str() {
            "True" => Ok(true.into()),
            "False" => Ok(false.into()),
            "None" => Ok(Value::Null),
            "nan" | "inf" => Err(self.fault("NaN and infinity are no numbers here")),
            "b" | "B" => Err(self.fault("there are bytes, which are no text")),
            _ => Err(self.fault("a word stands without quotes")),
        }
    }

    fn run(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let mut run = String::new();
        while let Some((_, c)) = self.chars.next_if(|(_, c)| belongs(*c)) {
            run.push(c);
        }
        run
    }

    /// The next character that is no space; it stays.
    fn next_token(&mut self) -> Option<char> {
        while self.chars.next_if(|(_, c)| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')).is_some() {}
        self.chars.peek().map(|(_, c)| *c)
    }

    fn fault(&mut self, what: &str) -> String {
        let at = self.chars.peek().map_or(self.length, |(at, _)| *at);
        format!("{what}, before byte {}", at + 1)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// What Python's `repr` writes.
    fn repr(value: &Value) -> String {
        match value {
            Value::Null => "None".into(),
            Value::Bool(true) => "True".into(),
            Value::Bool(false) => "False".into(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => {
                let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
                let mut written = String::from(quote);
                for c in text.chars() {
                    match c {
                        '\\' => written.push_str("\\\\"),
                        '\n' => written.push_str("\\n"),
                        '\r' => written.push_str("\\r"),
                        '\t' => written.push_str("\\t"),
                        c if c == quote => written.extend(['\\', c]),
                        c if (c as u32) < 0x20 || (0x7f..0xa0).contains(&(c as u32)) => {
                            write!(written, "\\x{:02x}", c as u32).unwrap();
                        }
                        '\u{2028}' => written.push_str("\\u2028"),
                        '\u{e0001}' => written.push_str("\\U000e0001"),
                        c => written.push(c),
                    }
                }
                written.push(quote);
                written
            }
            Value::Array(items) => format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", ")),
            Value::Object(fields) => {
                let fields =
                    fields.iter().map(|(name, value)| format!("{}: {}", repr(&json!(name)), repr(value)));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
            }
        }
    }

    #[test]
    fn f30_reads_what_python_writes() {
        for (written, value) in [
            (r#"{'a': True, 'b': None, 'c': "it's"}"#, json!({"a": true, "b": null, "c": "it's"})),
            ("{'a': {'b': [1, -2, 1e+16, 1e-05,]},}", json!({"a": {"b": [1, -2, 1e16, 1e-5]}})),
            ("('a', 'b')", json!(["a", "b"])),
            ("('a',)", json!(["a"])),
            ("[(1, 'x'), ()]", json!([[1, "x"], []])),
            (r"'\x41\u00e4\U0001f600\n\t\'\\\0\101'", json!("Aä😀\n\t'\\\0A")),
            ("{80: 8080}", json!({"80": 8080})),
            (" [ ] ", json!([])),
            ("18446744073709551615", json!(u64::MAX)),
            ("{}", json!({})),
        ] {
            assert_eq!(read(written), Ok(value), "{written}");
        }
    }

    #[test]
    fn f30_refuses_what_is_no_literal() {
        for written in [
            "",
            "{",
            "[1",
            "['a' 'b']",
            "{'a'}",
            "{'a': 1} x",
            "{'a': 1, 'a': 2}",
            "(1)",
            "{'a': true}",
            "{'a': null}",
            "[nan]",
            "[-inf]",
            "[b'a']",
            "['a",
            r"['\q']",
            r"['\ud800']",
            r"['\x4']",
            "[1_000]",
            "[007]",
            "[1.2.3]",
            "[--1]",
            "{1.5: 2}",
            "[18446744073709551616]",
            "[open('x')]",
            "['a\nb']",
            "[,]",
            "[1,,2]",
            "{'a' 1}",
            "1j",
        ] {
            assert!(read(written).is_err(), "{written}");
        }
        assert!(read(&"[".repeat(100_000)).is_err());
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_filter("JSON has none", |float| float.is_finite()).prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(".*", inner, 0..6).prop_map(|fields| json!(fields)),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_python_writes_is_read_back(value in values()) {
            prop_assert_eq!(read(&repr(&value)), Ok(value));
        }

        #[test]
        fn never_panics(text in r#"[\[\]{}(),:'"\\xuU0-9a-fTrueNone. \n-]{0,60}"#) {
            let _either = read(&text);
        }
    }
}
