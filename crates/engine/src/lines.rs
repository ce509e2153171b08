//! Streams of JSON values, one after another: progress of pull, push, build and load, events, stats.

use bytes::{Buf as _, Bytes, BytesMut};
use serde_json::Value;

use crate::{Error, ErrorKind};

/// No value is longer. (A stats sample of a busy host has some tens of kilobytes.)
const LONGEST: usize = 8 * 1024 * 1024;

/// Takes bytes as they come and gives JSON values: [`JsonLines::push`], then [`JsonLines::next_value`] until it gives
/// `None`; at the end of the stream [`JsonLines::finish`]. Values are one a line; several on a line are understood too.
#[derive(Debug, Default)]
pub struct JsonLines {
    pending: BytesMut,
    /// How much of `pending` is known to hold no line break.
    searched: usize,
    values: std::collections::VecDeque<Value>,
}

impl JsonLines {
    /// Adds what came.
    pub fn push(&mut self, chunk: &Bytes) {
        self.pending.extend_from_slice(chunk);
    }

    /// The next value, or `None` when more bytes are needed.
    pub fn next_value(&mut self) -> Result<Option<Value>, Error> {
        while self.values.is_empty() {
            let Some(end) = self.pending[self.searched..].iter().position(|byte| *byte == b'\n') else {
                self.searched = self.pending.len();
                if self.searched > LONGEST {
                    return Err(Error::new(ErrorKind::Protocol, "a line of the stream is longer than 8 MiB"));
                }
                return Ok(None);
            };
            let line = self.pending.split_to(self.searched + end);
            self.pending.advance(1);
            self.searched = 0;
            self.read(&line)?;
        }
        Ok(self.values.pop_front())
    }

    /// The values after the last line break.
    pub fn finish(mut self) -> Result<Vec<Value>, Error> {
        let mut values = Vec::new();
        while let Some(value) = self.next_value()? {
            values.push(value);
        }
        let rest = self.pending.split();
        self.read(&rest)?;
        values.extend(self.values);
        Ok(values)
    }

    fn read(&mut self, line: &[u8]) -> Result<(), Error> {
        for value in serde_json::Deserializer::from_slice(line).into_iter() {
            self.values.push_back(value.map_err(|error| {
                Error::new(
                    ErrorKind::Protocol,
                    format!("the stream holds something other than JSON: {error}"),
                )
                .with_source(error)
            })?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(chunks: &[&[u8]]) -> Result<Vec<Value>, Error> {
        let mut lines = JsonLines::default();
        let mut values = Vec::new();
        for chunk in chunks {
            lines.push(&Bytes::copy_from_slice(chunk));
            while let Some(value) = lines.next_value()? {
                values.push(value);
            }
        }
        values.extend(lines.finish()?);
        Ok(values)
    }

    #[test]
    fn reads_lines_blank_lines_and_neighbours() {
        let values = read(&[b"{\"a\":1}\r\n\r\n{\"a\":2}{\"a\"", b":3}\n{\"a\":4}"]).unwrap();
        assert_eq!(values, (1..=4).map(|n| json!({"a": n})).collect::<Vec<_>>());
    }

    #[test]
    fn says_what_is_not_json_or_is_cut() {
        assert_eq!(read(&[b"<html>\n"]).unwrap_err().kind(), ErrorKind::Protocol);
        assert_eq!(read(&[b"{\"a\":"]).unwrap_err().kind(), ErrorKind::Protocol);
    }

    proptest! {
        #[test]
        fn gives_the_same_however_it_is_cut(texts in prop::collection::vec(".*", 0..8), cut in 1_usize..20) {
            let values: Vec<Value> = texts.iter().map(|text| json!({"stream": text})).collect();
            let wire = values.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            let chunks: Vec<&[u8]> = wire.as_bytes().chunks(cut).collect();
            prop_assert_eq!(read(&chunks).unwrap(), values);
        }
    }
}
