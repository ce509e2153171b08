//! PEM as people have it: from Windows editors, glued together, through templates and forms, with text around it.
//!
//! The strict readers of certificates and keys get each block by itself, in the form that RFC 7468 asks for. What is around the
//! blocks does not matter; what cannot be used is told, and never repeated.

use std::borrow::Cow;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// No label is longer, in bytes.
const LONGEST_LABEL: usize = 60;

/// A block between its two lines.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    /// What it says it is, such as `CERTIFICATE`.
    pub label: String,
    /// Its lines of `Name: value`, which old encrypted keys have.
    headers: Vec<String>,
    /// Its base64, without spaces.
    body: String,
    /// Whether the line that ends it is there and names the same.
    is_whole: bool,
}

impl Block {
    /// Its bytes; none if it is damaged.
    pub fn der(&self) -> Option<Vec<u8>> {
        let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let der = GeneralPurpose::new(&alphabet::STANDARD, config).decode(&self.body).ok()?;
        (self.is_whole && self.headers.is_empty() && !der.is_empty()).then_some(der)
    }

    /// Whether its label ends so.
    pub fn is(&self, ending: &str) -> bool {
        self.label.ends_with(ending)
    }

    /// Whether it is an encrypted key in OpenSSL's old form.
    pub fn is_of_old_form(&self) -> bool {
        self.headers.iter().any(|header| header.starts_with("Proc-Type:") && header.contains("ENCRYPTED"))
    }

    /// The same block as a file of its own, in the form that strict readers want.
    pub fn text(&self) -> String {
        // OpenSSH's own lines are longer.
        let width = if self.is("OPENSSH PRIVATE KEY") { 70 } else { 64 };
        let mut text = format!("{BEGIN}{}{DASHES}\n", self.label);
        for header in &self.headers {
            text.push_str(header);
            text.push('\n');
        }
        if !self.headers.is_empty() {
            text.push('\n');
        }
        let mut rest = self.body.as_str();
        while !rest.is_empty() {
            // A damaged body may hold anything.
            let end = rest.floor_char_boundary(width.min(rest.len())).max(1);
            let (line, further) = rest.split_at_checked(end).unwrap_or((rest, ""));
            text.push_str(line);
            text.push('\n');
            rest = further;
        }
        if self.is_whole {
            text.extend([END, &self.label, DASHES, "\n"]);
        }
        text
    }
}

/// The blocks of a file, in their order.
pub fn blocks(file: &[u8]) -> Vec<Block> {
    let text = plain(&decoded(file));
    let mut blocks = Vec::new();
    let mut rest = text.as_str();
    while let Some(begin) = rest.find(BEGIN) {
        rest = &rest[begin + BEGIN.len()..];
        let Some(dashes) = rest.find(DASHES).filter(|length| *length <= LONGEST_LABEL) else { continue };
        let label = rest[..dashes].split_whitespace().collect::<Vec<_>>().join(" ");
        rest = &rest[dashes + DASHES.len()..];
        let until = [rest.find(END), rest.find(BEGIN)].into_iter().flatten().min().unwrap_or(rest.len());
        let (inner, after) = rest.split_at(until);
        let end = after.strip_prefix(END).and_then(|end| end.split_once(DASHES));
        let is_whole = end.is_some_and(|(ending, _)| ending.trim() == label);
        rest = end.map_or(after, |(_, further)| further);
        let (headers, body): (Vec<&str>, Vec<&str>) =
            inner.lines().map(str::trim).partition(|line| line.contains(": "));
        blocks.push(Block {
            label,
            headers: headers.into_iter().map(str::to_owned).collect(),
            body: body.iter().flat_map(|line| line.split_whitespace()).collect(),
            is_whole,
        });
    }
    blocks
}

/// What a file without blocks is, to follow its name.
pub fn no_blocks(file: &[u8]) -> &'static str {
    if file.is_empty() { "is empty" } else { "is not PEM" }
}

/// Text without what editors, templates and forms put in: marks of byte order, line breaks of other systems or as two
/// characters, and characters written for HTML.
pub(crate) fn plain(text: &str) -> String {
    let invisible = ['\u{feff}', '\u{200b}', '\u{2060}', '\0'];
    let text: String = text.chars().filter(|c| !invisible.contains(c)).collect();
    let text = if text.contains('&') { without_entities(&text) } else { text };
    text.replace("\\r\\n", "\n")
        .replace("\\n", "\n")
        .replace("\\r", "\n")
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace('\u{a0}', " ")
        .replace("<br>", "\n")
        .replace("<br/>", "\n")
        .replace("<br />", "\n")
}

/// A file's text: UTF-16 as Windows writes it, or UTF-8. What is neither is around the blocks.
fn decoded(file: &[u8]) -> Cow<'_, str> {
    let wide = |of: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| of([pair[0], pair[1]])).collect();
        Cow::Owned(String::from_utf16_lossy(&units))
    };
    match file {
        [0xff, 0xfe, rest @ ..] => wide(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => wide(u16::from_be_bytes, rest),
        // Without a mark, its first character still tells.
        [b'-', 0, b'-', 0, ..] => wide(u16::from_le_bytes, file),
        [0, b'-', 0, b'-', ..] => wide(u16::from_be_bytes, file),
        _ => String::from_utf8_lossy(file),
    }
}

/// Text with its numeric character references, such as `&#43;` and `&#xA;`, replaced.
fn without_entities(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        made.push_str(&rest[..at]);
        rest = &rest[at..];
        let reference = rest[1..].split_once(';').filter(|(name, _)| name.len() <= 7);
        let meant = reference.and_then(|(name, _)| match name.strip_prefix('#') {
            Some(digits) => match digits.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok(),
                None => digits.parse().ok(),
            }
            .and_then(char::from_u32),
            None => (name == "nbsp").then_some(' '),
        });
        match (meant, reference) {
            (Some(meant), Some((_, further))) => {
                made.push(meant);
                rest = further;
            }
            _ => {
                made.push('&');
                rest = &rest[1..];
            }
        }
    }
    made + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ONE: &str = "-----BEGIN CERTIFICATE-----\nMDAw\nMDAw\n-----END CERTIFICATE-----\n";
    const TWO: &str = "-----BEGIN EC PRIVATE KEY-----\nMTEx\n-----END EC PRIVATE KEY-----\n";

    fn utf16(text: &str, little: bool) -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
            .collect()
    }

    #[test]
    fn every_form_holds_the_same_blocks() {
        let both = format!("{ONE}{TWO}");
        let expected = blocks(both.as_bytes());
        assert_eq!(expected.len(), 2);
        assert_eq!(expected[0].der().unwrap(), b"000000");
        assert_eq!(expected[1].text(), TWO);
        for form in [
            format!("\u{feff}{both}"),
            format!("{ONE}\u{feff}{TWO}"),
            both.replace("-----\n-----", "----------"),
            both.replace('\n', "\r\n"),
            both.replace('\n', "\r"),
            both.replace('\n', "\n   "),
            both.replace('\n', " \t\n"),
            both.replace('\n', " "),
            both.replace('\n', "\\n"),
            both.replace('\n', "\\r\\n"),
            both.replace('\n', "&#10;"),
            both.replace('\n', "&#13;&#xA;").replace('-', "&#45;"),
            both.replace('\n', "<br>"),
            both.replace('\n', "\n\n"),
            both.trim_end().to_owned(),
            format!("\"{}\"", both.replace('\n', "\\n")),
            format!("Bag Attributes\n    name: é & &x; <b>\n{both}after\n"),
        ] {
            assert!(blocks(form.as_bytes()) == expected, "{form}");
        }
        for little in [true, false] {
            assert!(blocks(&utf16(&format!("\u{feff}{both}"), little)) == expected);
            assert!(blocks(&utf16(&both, little)) == expected);
        }
        let mut latin = b"name: \xe9\n".to_vec();
        latin.extend_from_slice(both.as_bytes());
        assert!(blocks(&latin) == expected);
    }

    #[test]
    fn what_is_damaged_is_no_bytes() {
        for damaged in [
            "-----BEGIN CERTIFICATE-----\nMDAw\n",
            "-----BEGIN CERTIFICATE-----\nMDAw\n-----END PRIVATE KEY-----",
            "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
        ] {
            let found = blocks(damaged.as_bytes());
            assert_eq!(found.len(), 1, "{damaged}");
            assert_eq!(found[0].der(), None, "{damaged}");
        }
        let found = blocks(format!("-----BEGIN CERTIFICATE-----\nMDAw\n{ONE}").as_bytes());
        assert_eq!(found.iter().map(|block| block.der().is_some()).collect::<Vec<_>>(), [false, true]);
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: A,00\n\nMDAw\n-----END RSA PRIVATE KEY-----\n";
        let found = blocks(old.replace('\n', "\r\n").as_bytes());
        assert!(found[0].is_of_old_form() && found[0].text() == old, "{}", found[0].text());
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "(-----(BEGIN|END) |-----|&#?x?[0-9a-f]*;?|[a-zé\n: ]){0,20}") {
            for file in [bytes.as_slice(), text.as_bytes()] {
                for block in blocks(file) {
                    drop((block.der(), block.text()));
                }
            }
        }
    }
}
