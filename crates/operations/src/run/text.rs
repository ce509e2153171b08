//! Text that comes in pieces: a character may begin in one and end in another.
//!
//! Bytes that are no UTF-8 become U+FFFD, as [`String::from_utf8_lossy`] has it.

use std::fmt::{self, Write};

/// Gives the text of the pieces of one stream, each character with its last byte.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// The bytes of a character that has begun; there are three at most.
    begun: Vec<u8>,
}

impl Decoder {
    /// Whether a character has begun, and not ended.
    pub(crate) fn is_within_a_character(&self) -> bool {
        !self.begun.is_empty()
    }

    /// Writes what can be told with these bytes.
    pub(crate) fn add(&mut self, mut bytes: &[u8], to: &mut impl Write) -> fmt::Result {
        while self.is_within_a_character()
            && let Some((first, rest)) = bytes.split_first()
        {
            self.begun.push(*first);
            match std::str::from_utf8(&self.begun) {
                Ok(character) => to.write_str(character)?,
                Err(error) if error.error_len().is_none() => {
                    bytes = rest;
                    continue;
                }
                Err(_) => {
                    // The byte begins something else.
                    self.begun.clear();
                    to.write_char(char::REPLACEMENT_CHARACTER)?;
                    break;
                }
            }
            bytes = rest;
            self.begun.clear();
        }
        let whole = without_half_character(bytes);
        for chunk in whole.utf8_chunks() {
            to.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                to.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        self.begun.extend_from_slice(&bytes[whole.len()..]);
        Ok(())
    }

    /// Writes what stands for a character that does not end.
    pub(crate) fn finish(self, to: &mut impl Write) -> fmt::Result {
        if self.is_within_a_character() { to.write_char(char::REPLACEMENT_CHARACTER) } else { Ok(()) }
    }
}

/// The bytes up to a character that has only begun: for text that was cut, and goes on elsewhere.
pub(crate) fn without_half_character(bytes: &[u8]) -> &[u8] {
    const LONGEST: usize = 4;
    for begin in (bytes.len().saturating_sub(LONGEST - 1)..bytes.len()).rev() {
        let is_continued = bytes[begin] & 0b1100_0000 == 0b1000_0000;
        if !is_continued {
            let ends = std::str::from_utf8(&bytes[begin..]).map_err(|error| error.error_len());
            return if ends == Err(None) { &bytes[..begin] } else { bytes };
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(pieces: &[&[u8]]) -> String {
        let (mut decoder, mut text) = (Decoder::default(), String::new());
        pieces.iter().try_for_each(|piece| decoder.add(piece, &mut text)).unwrap();
        decoder.finish(&mut text).unwrap();
        text
    }

    #[test]
    fn only_a_half_character_is_left_out() {
        for (bytes, whole) in [
            (&b""[..], &b""[..]),
            (b"a", b"a"),
            (b"a\xc3", b"a"),
            (b"a\xe2\x82", b"a"),
            (b"\xf0\x9f\x98", b""),
            ("😀".as_bytes(), "😀".as_bytes()),
            (b"a\xff", b"a\xff"),
            (b"\x80\x80\x80\x80", b"\x80\x80\x80\x80"),
            (b"\xc3\xa9\xa9", b"\xc3\xa9\xa9"),
        ] {
            assert_eq!(without_half_character(bytes), whole, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn f36_pieces_give_the_text_of_the_whole(
            bytes in prop_oneof!["(?s).{0,20}".prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..20)],
            cut in 1_usize..6,
        ) {
            let pieces: Vec<&[u8]> = bytes.chunks(cut).collect();
            prop_assert_eq!(decoded(&pieces), String::from_utf8_lossy(&bytes));
        }
    }
}
