//! Streams of JSON values, one after another: progress of pull, push, build and load, events, stats.
//!
//! A value is known by its own end, so nothing need follow it: engines end each with a line, but what stands between may not, and
//! a stream that is followed has no end to wait for. Between values there may be white space, the record separator of JSON text
//! sequences (RFC 7464), or the punctuation of a list around all of them.

use bytes::{Buf as _, Bytes, BytesMut};
use serde_json::Value;

use crate::{Error, ErrorKind, json};

/// No value is longer. (A stats sample of a busy host has some tens of kilobytes.)
const LONGEST: usize = 8 * 1024 * 1024;

/// What JSON text sequences begin each value with.
const RECORD_SEPARATOR: u8 = 0x1e;

/// Takes bytes as they come and gives JSON values: [`JsonLines::push`], then [`JsonLines::next_value`] until it gives
/// `None`; at the end of the stream [`JsonLines::finish`]. Looks at each byte once, however the values are cut.
#[derive(Debug, Default)]
pub struct JsonLines {
    pending: BytesMut,
    /// How much of the value that `pending` begins with has been looked at.
    searched: usize,
    /// What the value takes in memory at most, as far as it was looked at; and what all before it take.
    weight: usize,
    taken: usize,
    within: Within,
    /// Whether the values are items of a list that goes around them.
    listed: bool,
}

/// Where the look at a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Within {
    /// Before its first byte.
    #[default]
    Nothing,
    /// In a number or a word, which ends where something else begins.
    Word,
    /// In so many objects and lists, or in none.
    Structure { depth: usize },
    /// In a text, and perhaps behind the backslash in it.
    Text { depth: usize, escaped: bool },
}

impl JsonLines {
    /// Adds what came.
    pub fn push(&mut self, chunk: &Bytes) {
        self.pending.extend_from_slice(chunk);
    }

    /// The next value, or `None` when more bytes are needed.
    pub fn next_value(&mut self) -> Result<Option<Value>, Error> {
        if self.within == Within::Nothing {
            self.skip_to_a_value()?;
        }
        let is_whole = self.search();
        if self.searched > LONGEST {
            return Err(
                Error::new(ErrorKind::Protocol, "a value of the stream is longer than 8 MiB").for_good()
            );
        }
        if self.weight > json::MOST_OF_A_LOOK {
            return Err(json::too_much());
        }
        if is_whole { self.take().map(Some) } else { Ok(None) }
    }

    /// The value that only the end of the stream ends, once [`JsonLines::next_value`] has given the others: a number or a word.
    /// An error where the stream ends within a value.
    pub fn finish(mut self) -> Result<Option<Value>, Error> {
        match self.within {
            Within::Word => self.take().map(Some),
            _ if self.is_within_a_value() || self.listed => {
                Err(Error::new(ErrorKind::Protocol, "the stream ended within a value of JSON"))
            }
            _ => Ok(None),
        }
    }

    /// What all values that were given take in memory at most, in bytes.
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Whether a part of a value has come, and its end has not.
    pub fn is_within_a_value(&self) -> bool {
        self.within != Within::Nothing
    }

    fn skip_to_a_value(&mut self) -> Result<(), Error> {
        let mut skipped = 0;
        for byte in &self.pending {
            match byte {
                byte if byte.is_ascii_whitespace() || *byte == RECORD_SEPARATOR => {}
                b'[' if !self.listed => self.listed = true,
                b',' if self.listed => {}
                b']' if self.listed => self.listed = false,
                b'{' | b'[' | b'"' => {
                    self.within = Within::Structure { depth: 0 };
                    break;
                }
                byte if byte.is_ascii_alphanumeric() || *byte == b'-' => {
                    self.within = Within::Word;
                    break;
                }
                _ => {
                    return Err(Error::new(
                        ErrorKind::Protocol,
                        format!("the stream holds something other than JSON: {:?}", char::from(*byte)),
                    ));
                }
            }
            skipped += 1;
        }
        self.pending.advance(skipped);
        Ok(())
    }

    /// Looks for the value's end, from where it stopped. True when it is there: `searched` bytes are the value.
    fn search(&mut self) -> bool {
        while let Some(byte) = self.pending.get(self.searched) {
            if let Within::Structure { .. } = self.within {
                self.weight += json::weight(*byte);
            }
            self.within = match (self.within, byte) {
                (Within::Nothing, _) => return false,
                (Within::Word, byte) if byte.is_ascii_alphanumeric() || b"+-.".contains(byte) => Within::Word,
                (Within::Word, _) => return true,
                (Within::Text { depth, escaped: true }, _) => Within::Text { depth, escaped: false },
                (Within::Text { depth, .. }, b'\\') => Within::Text { depth, escaped: true },
                (Within::Text { depth, .. }, b'"') => Within::Structure { depth },
                (text @ Within::Text { .. }, _) => text,
                (Within::Structure { depth }, b'"') => Within::Text { depth, escaped: false },
                (Within::Structure { depth }, b'{' | b'[') => Within::Structure { depth: depth + 1 },
                (Within::Structure { depth }, b'}' | b']') => {
                    Within::Structure { depth: depth.saturating_sub(1) }
                }
                (structure @ Within::Structure { .. }, _) => structure,
            };
            self.searched += 1;
            if self.within == (Within::Structure { depth: 0 }) {
                return true;
            }
        }
        false
    }

    /// Takes the value of `searched` bytes.
    fn take(&mut self) -> Result<Value, Error> {
        self.taken += std::mem::take(&mut self.weight) + self.searched;
        let value = self.pending.split_to(std::mem::take(&mut self.searched));
        self.within = Within::Nothing;
        // What is no UTF-8 is seldom worth a whole stream.
        let read = match std::str::from_utf8(&value) {
            Ok(text) => serde_json::from_str(text),
            Err(_) => serde_json::from_str(&String::from_utf8_lossy(&value)),
        };
        read.map_err(|error| {
            Error::new(ErrorKind::Protocol, format!("the stream holds something other than JSON: {error}"))
                .with_source(error)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// What each chunk gives at once, and at last what the end gives.
    fn by_chunk(chunks: &[&[u8]]) -> Result<Vec<Vec<Value>>, Error> {
        let mut lines = JsonLines::default();
        let mut given = Vec::new();
        for chunk in chunks {
            lines.push(&Bytes::copy_from_slice(chunk));
            let mut now = Vec::new();
            while let Some(value) = lines.next_value()? {
                now.push(value);
            }
            given.push(now);
        }
        given.push(lines.finish()?.into_iter().collect());
        Ok(given)
    }

    fn read(chunks: &[&[u8]]) -> Result<Vec<Value>, Error> {
        Ok(by_chunk(chunks)?.concat())
    }

    #[test]
    fn reads_lines_blank_lines_and_neighbours() {
        let values = read(&[b"{\"a\":1}\r\n\r\n{\"a\":2}{\"a\"", b":3}\n{\"a\":4}"]).unwrap();
        assert_eq!(values, (1..=4).map(|n| json!({"a": n})).collect::<Vec<_>>());
    }

    #[test]
    fn a_value_is_there_with_its_last_byte() {
        for (chunks, given) in [
            (
                vec![&b"{\"a\":1}"[..], b"{\"a\":2", b"}"],
                vec![json!([{"a": 1}]), json!([]), json!([{"a": 2}])],
            ),
            (vec![b"\x1e{\"a\":1}\n\x1e", b" {}"], vec![json!([{"a": 1}]), json!([{}])]),
            (vec![b"[{\"a\":[1]}", b",{}", b"]\n"], vec![json!([{"a": [1]}]), json!([{}]), json!([])]),
            (vec![b"\"}\\\"{", b"\""], vec![json!([]), json!(["}\"{"])]),
            (vec![b"{\"a\":\"\\", b"\"}\"", b"}"], vec![json!([]), json!([]), json!([{"a": "\"}"}])]),
            (vec![b"12", b"3 tr", b"ue"], vec![json!([]), json!([123]), json!([]), json!([true])]),
        ] {
            let mut expected = given;
            expected.resize(chunks.len() + 1, json!([]));
            assert_eq!(json!(by_chunk(&chunks).unwrap()), Value::Array(expected), "{chunks:?}");
        }
    }

    #[test]
    fn says_what_is_not_json_or_is_cut() {
        for no_json in ["<html>", "}", ",", "{\"a\" 1}", "{]", "tru ", "'a'", "{} ok"] {
            assert_eq!(read(&[no_json.as_bytes()]).unwrap_err().kind(), ErrorKind::Protocol, "{no_json}");
        }
        for half in ["{\"a\":", "{}{", "\"a", "[{}", "[{},"] {
            let error = read(&[half.as_bytes()]).unwrap_err();
            assert!(error.message().contains("ended within"), "{half}: {error}");
        }
    }

    #[test]
    fn what_is_no_utf_8_is_replaced() {
        assert_eq!(read(&[b"{\"a\":\"b\xffc\"}{}"]).unwrap(), [json!({"a": "b\u{fffd}c"}), json!({})]);
    }

    #[test]
    fn a_value_without_end_is_bounded_and_looked_at_once() {
        let began = Instant::now();
        let mut lines = JsonLines::default();
        lines.push(&"{\"a\":\"".into());
        let refused = (0..200_000).find_map(|_| {
            lines.push(&Bytes::from_static(&[b'x'; 64]));
            lines.next_value().err()
        });
        assert!(refused.unwrap().message().contains("longer than 8 MiB"));
        // To look at it anew with each piece would take 500 billion steps.
        assert!(began.elapsed() < Duration::from_secs(30));
    }

    proptest! {
        #[test]
        fn gives_the_same_however_it_is_cut_and_separated(
            texts in prop::collection::vec(".*", 0..8),
            separator in prop::sample::select(vec!["\n", "\r\n", "", " ", "\n\u{1e}", "\n\n\t"]),
            cut in 1_usize..20,
        ) {
            let values: Vec<Value> = texts.iter().map(|text| json!({"stream": text, "of": [text, {}]})).collect();
            let wire = values.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator);
            let chunks: Vec<&[u8]> = wire.as_bytes().chunks(cut).collect();
            prop_assert_eq!(read(&chunks).unwrap(), values.clone());
            let listed = Value::Array(values.clone()).to_string();
            let chunks: Vec<&[u8]> = listed.as_bytes().chunks(cut).collect();
            prop_assert_eq!(read(&chunks).unwrap(), values);
        }

        #[test]
        fn gives_what_serde_reads(values in prop::collection::vec("[0-9]{1,3}|true|null|\"[a-z{}\\[\\]]{0,3}\"|\\{\"a\":\\[\\]\\}", 0..6)) {
            let wire = values.join(" ");
            let expected: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(&wire).into_iter().collect();
            match expected {
                Ok(expected) => prop_assert_eq!(read(&[wire.as_bytes()]).unwrap(), expected),
                Err(_) => prop_assert!(read(&[wire.as_bytes()]).is_err()),
            }
        }
    }
}
