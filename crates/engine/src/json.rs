//! JSON that an engine sent, read within a bound on memory: a value takes up to a hundred times the bytes of its text.

use serde_json::Value;

use crate::{Error, ErrorKind};

/// What a value that is looked at may take in memory, in bytes.
pub const MOST_OF_A_LOOK: usize = 36 * 1024 * 1024;

/// No text takes more than so many times its bytes: objects of one field come closest.
const STEEPEST: usize = 128;

/// What is taken for each object, with the room that is kept for its first fields, for each list, and for each further item.
const OBJECT: usize = 640;
const LIST: usize = 400;
const ITEM: usize = 160;
/// What a text takes besides its bytes.
const TEXT: usize = 48;

/// Reads JSON. An error where it is none, or where the value would take more than `most` bytes of memory.
pub fn parse(json: &[u8], most: usize) -> Result<Value, Error> {
    if json.len() > most / STEEPEST {
        let mut weight = Weight::default();
        for byte in json {
            weight.add(*byte);
        }
        if weight.sum > most {
            return Err(too_much());
        }
    }
    serde_json::from_slice(json).map_err(|error| {
        Error::new(ErrorKind::Protocol, format!("the answer is not JSON: {error}"))
            .hint("Check that a Docker Engine listens at this address")
            .with_source(error)
    })
}

pub(crate) fn too_much() -> Error {
    Error::new(ErrorKind::Protocol, "the answer's JSON is too large to be looked at in memory")
        .hint("Ask for less: with filters, fewer fields or fewer items")
        .for_good()
        .too_much()
}

/// What the values of a text take in memory at most, as far as it was looked at.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    sum: usize,
    in_text: bool,
    escaped: bool,
}

impl Weight {
    fn add(&mut self, byte: u8) {
        self.sum += 1;
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return;
        }
        self.sum += weight(byte);
        self.in_text = byte == b'"';
    }
}

/// What a byte outside of texts begins takes in memory at most.
pub(crate) fn weight(byte: u8) -> usize {
    match byte {
        b'{' => OBJECT,
        b'[' => LIST,
        b',' => ITEM,
        b'"' => TEXT,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_fits_and_refuses_what_does_not() {
        assert_eq!(parse(br#"{"a":[1,"x,{["]}"#, 10_000).unwrap()["a"][1], "x,{[");
        let objects = format!("[{}0]", "{},".repeat(1_000_000));
        assert!(parse(objects.as_bytes(), MOST_OF_A_LOOK).unwrap_err().message().contains("too large"));
        let text = format!("\"{}\"", "{,[".repeat(1_000_000));
        assert_eq!(parse(text.as_bytes(), MOST_OF_A_LOOK).unwrap().as_str().unwrap().len(), 3_000_000);
        assert_eq!(parse(b"<html>", 10).unwrap_err().kind(), ErrorKind::Protocol);
    }

    #[test]
    fn no_text_is_steeper_than_foretold() {
        for piece in ["{},", "[],", "0,", "[0],", r#"{"":0},"#, r#""","#, r#"{"":{"":0}},"#] {
            let mut weight = Weight::default();
            piece.bytes().for_each(|byte| weight.add(byte));
            assert!(weight.sum <= STEEPEST * 3 * piece.len(), "{piece}: {}", weight.sum);
        }
    }
}
