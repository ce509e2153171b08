//! Finds secrets in a text, whatever encoding they went through.
//!
//! The text is decoded, not the secrets encoded: layer by layer, since encodings nest (JSON in JSON, percent in JSON, base64 of
//! JSON), and each byte of a layer knows the bytes of the text that it came from.

use std::{collections::HashMap, ops::Range};

use secrecy::{ExposeSecret, SecretSlice};

/// How many layers of escapes are taken off.
const MOST_LAYERS: usize = 8;
/// How often base64 is decoded within base64.
const MOST_BASE64: usize = 3;
/// Fewer characters of base64 hold no secret.
const SHORTEST_BASE64: usize = 6;
/// Secrets are found by so many of their first bytes. None is shorter.
const HEAD: usize = 4;

/// Secrets, by their first bytes: a look at each byte of a text is enough, however many they are.
#[derive(Default)]
pub(super) struct Index(HashMap<[u8; HEAD], Vec<SecretSlice<u8>>>);

impl Index {
    pub(super) fn of<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let mut index = Self::default();
        for secret in secrets {
            index.add(secret.as_bytes());
            // What decodes further by itself, such as a secret with a percent sign.
            let mut layer = Layer::of(secret.as_bytes());
            let mut is_other = false;
            for _ in 0..MOST_LAYERS {
                let Some(next) = layer.decoded(false) else { break };
                (layer, is_other) = (next, true);
            }
            if is_other {
                index.add(&layer.bytes);
            }
            // UTF-8 that somebody has read as Latin-1, as some read headers.
            if !secret.is_ascii() {
                index.add(secret.bytes().map(char::from).collect::<String>().as_bytes());
                index.add(&latin1(secret));
            }
        }
        // A text's lines are many, and may all begin alike: each is not held against all others.
        for alike in index.0.values_mut() {
            alike.sort_unstable_by(|one, other| one.expose_secret().cmp(other.expose_secret()));
            alike.dedup_by(|one, other| one.expose_secret() == other.expose_secret());
        }
        index
    }

    fn add(&mut self, secret: &[u8]) {
        let secret = folded(secret);
        if let Some(head) = secret.first_chunk() {
            self.0.entry(*head).or_default().push(secret.into());
        }
    }

    /// The parts of a text that hold a secret, in order and apart from each other. Where the text is cut, a secret may have
    /// lost its end.
    pub(super) fn found_in(&self, text: &str, is_cut: bool) -> Vec<Range<usize>> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let mut found = self.look(text.as_bytes(), is_cut, MOST_BASE64);
        found.sort_by_key(|range| range.start);
        let mut apart: Vec<Range<usize>> = Vec::new();
        for Range { start, end } in found {
            let (start, end) = (text.floor_char_boundary(start), text.ceil_char_boundary(end));
            match apart.last_mut() {
                Some(last) if start <= last.end => last.end = last.end.max(end),
                _ => apart.push(start..end),
            }
        }
        apart
    }

    fn look(&self, bytes: &[u8], is_cut: bool, base64: usize) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut layer = Layer::of(bytes);
        for _ in 0..MOST_LAYERS {
            let mut here = self.plain(&layer.bytes, is_cut);
            if base64 > 0 {
                here.extend(self.in_base64(&layer.bytes, is_cut, base64 - 1));
            }
            found.extend(here.into_iter().map(|range| layer.from[range.start]..layer.from[range.end]));
            match layer.decoded(is_cut) {
                Some(next) => layer = next,
                None => break,
            }
        }
        found
    }

    /// Secrets as they are.
    fn plain(&self, bytes: &[u8], is_cut: bool) -> Vec<Range<usize>> {
        let bytes = folded(bytes);
        let mut found = Vec::new();
        for at in 0..bytes.len() {
            let rest = &bytes[at..];
            let Some(alike) = rest.first_chunk().and_then(|head| self.0.get(head)) else { continue };
            for secret in alike.iter().map(ExposeSecret::expose_secret) {
                if rest.starts_with(secret) {
                    found.push(at..at + secret.len());
                } else if is_cut && secret.starts_with(rest) {
                    found.push(at..bytes.len());
                }
            }
        }
        found
    }

    /// Secrets in base64 of either alphabet, wherever they begin in what was encoded.
    fn in_base64(&self, bytes: &[u8], is_cut: bool, deeper: usize) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut at = 0;
        for run in bytes.split(|byte| six_bits(*byte).is_none()) {
            for offset in 0..4 {
                let Some(run) = run.get(offset..).filter(|run| run.len() >= SHORTEST_BASE64) else { break };
                let is_cut = is_cut && at + offset + run.len() == bytes.len();
                for Range { start, end } in self.look(&from_base64(run), is_cut, deeper) {
                    let begin = at + offset;
                    found.push(begin + start * 8 / 6..begin + (end * 8).div_ceil(6).min(run.len()));
                }
            }
            at += run.len() + 1;
        }
        found
    }
}

/// A text with so many layers of escapes taken off.
struct Layer {
    bytes: Vec<u8>,
    /// Where each byte came from in the text, and where the text ends.
    from: Vec<usize>,
}

impl Layer {
    fn of(text: &[u8]) -> Self {
        Self { bytes: text.to_vec(), from: (0..=text.len()).collect() }
    }

    /// The same with one layer of escapes taken off; `None` where there are none. Where the text is cut, so may be its last escape.
    fn decoded(&self, is_cut: bool) -> Option<Self> {
        self.bytes.iter().find(|byte| matches!(byte, b'%' | b'\\' | b'&'))?;
        let (mut bytes, mut from) =
            (Vec::with_capacity(self.bytes.len()), Vec::with_capacity(self.from.len()));
        let mut at = 0;
        let mut is_other = false;
        while at < self.bytes.len() {
            let rest = &self.bytes[at..];
            let escape = percent(rest).or_else(|| backslash(rest)).or_else(|| entity(rest));
            if is_cut && is_half_an_escape(rest) {
                is_other = true;
                break;
            }
            let (decoded, length) = escape.unwrap_or((Decoded::Byte(rest[0]), 1));
            is_other |= length > 1;
            let before = bytes.len();
            match decoded {
                Decoded::Byte(byte) => bytes.push(byte),
                Decoded::Char(char) => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
            }
            from.extend(std::iter::repeat_n(self.from[at], bytes.len() - before));
            at += length;
        }
        from.push(self.from[self.bytes.len()]);
        is_other.then_some(Self { bytes, from })
    }
}

enum Decoded {
    Byte(u8),
    Char(char),
}

/// `%2F`, with digits of either size.
fn percent(text: &[u8]) -> Option<(Decoded, usize)> {
    let digits = text.strip_prefix(b"%")?.get(..2)?;
    Some((Decoded::Byte(u8::try_from(hex(digits)?).ok()?), 3))
}

/// What JSON, Go (`%q`) and Python write: `\"`, `\n`, `\x1b`, `\u00e9`, two of them for one character, `\U0001f600`.
fn backslash(text: &[u8]) -> Option<(Decoded, usize)> {
    let rest = text.strip_prefix(b"\\")?;
    let escape = *rest.first()?;
    let byte = |byte| Some((Decoded::Byte(byte), 2));
    let digits = |count: usize| hex(rest.get(1..=count)?);
    match escape {
        b'a' => byte(7),
        b'b' => byte(8),
        b't' => byte(9),
        b'n' => byte(10),
        b'v' => byte(11),
        b'f' => byte(12),
        b'r' => byte(13),
        b'x' if let Some(value) = digits(2) => Some((Decoded::Byte(u8::try_from(value).ok()?), 4)),
        // As Rust has it: `\u{1b}`.
        b'u' if let Some((length, char)) = braced(rest) => Some((Decoded::Char(char), length + 2)),
        b'u' if let Some(unit) = digits(4) => {
            let low =
                rest.get(5..).filter(|rest| rest.starts_with(b"\\u")).and_then(|rest| hex(rest.get(2..6)?));
            let pair = low.and_then(|low| {
                char::decode_utf16([u16::try_from(unit).ok()?, u16::try_from(low).ok()?]).next()?.ok()
            });
            match (pair, char::from_u32(unit)) {
                (_, Some(char)) => Some((Decoded::Char(char), 6)),
                (Some(char), None) => Some((Decoded::Char(char), 12)),
                (None, None) => byte(b'u'),
            }
        }
        b'U' if let Some(char) = digits(8).and_then(char::from_u32) => Some((Decoded::Char(char), 10)),
        other => byte(other),
    }
}

/// The length of `{1b}` after the letter, and the character that it is.
fn braced(rest: &[u8]) -> Option<(usize, char)> {
    /// Digits and braces.
    const LONGEST: usize = 8;
    let begun = rest.get(1..)?;
    let length = begun.iter().take(LONGEST).position(|byte| *byte == b'}')? + 1;
    let digits = begun[..length - 1].strip_prefix(b"{").filter(|digits| !digits.is_empty())?;
    Some((length, char::from_u32(hex(digits)?)?))
}

/// What HTML writes for the characters that it needs itself, and for any by its number.
fn entity(text: &[u8]) -> Option<(Decoded, usize)> {
    /// `&#x10ffff;`
    const LONGEST: usize = 10;
    let rest = text.strip_prefix(b"&")?;
    let length = rest.iter().take(LONGEST).position(|byte| *byte == b';')?;
    let char = match &rest[..length] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        name => {
            let number = std::str::from_utf8(name.strip_prefix(b"#")?).ok()?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    Some((Decoded::Char(char), length + 2))
}

/// Whether a text that ends here may have been an escape, had it gone on.
fn is_half_an_escape(text: &[u8]) -> bool {
    let is_hex = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    match text {
        [b'%', digits @ ..] => digits.len() < 2 && is_hex(digits),
        [b'\\'] => true,
        [b'\\', b'x', digits @ ..] => digits.len() < 2 && is_hex(digits),
        // The first of two for one character may be one that stands for none alone.
        [b'\\', b'u', digits @ ..] => {
            digits.len() < 4 && is_hex(digits)
                || digits.len() < 10
                    && matches!(digits, [b'd' | b'D', b'8' | b'9' | b'a' | b'A' | b'b' | b'B', ..])
        }
        [b'\\', b'U', digits @ ..] => digits.len() < 8 && is_hex(digits),
        [b'&', name @ ..] => {
            name.len() < 9 && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'#')
        }
        _ => false,
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    is_hex.then(|| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()).flatten()
}

/// A text in Latin-1, as far as it has the characters: Python writes `\xfc` for the character, Go and Rust for the byte.
fn latin1(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for char in text.chars() {
        match u8::try_from(char) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// A plus may stand for a space, as in a form: they count as the same.
fn folded(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect()
}

fn six_bits(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}

/// The whole bytes of a run of base64. No library decodes one that begins or ends anywhere.
fn from_base64(run: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(run.len() * 6 / 8);
    let (mut bits, mut count) = (0_u32, 0);
    for six in run.iter().filter_map(|byte| six_bits(*byte)) {
        bits = (bits << 6 | six) & 0xFFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count).to_le_bytes()[0]);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Held against each other, so many would take minutes.
    #[test]
    fn many_secrets_may_begin_alike() {
        let lines: Vec<String> = (0..200_000).map(|number| format!("a line {}", number / 2)).collect();
        let index = Index::of(lines.iter().map(String::as_str));
        assert_eq!(index.0[b"a li"].len(), lines.len() / 2);
        let found = index.found_in("it said: a line 99999", false);
        assert_eq!(found.first().map(|range| (range.start, range.end)), Some((9, 21)));
    }
}
