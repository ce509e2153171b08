//! Texts from engines and containers, as a terminal may have them: nothing in them moves the cursor, hides text or turns it round.

use std::fmt::Write as _;

/// A text in one line: whatever could act on a terminal is shown as its escape, `\u{1b}`.
pub(crate) fn line(text: &str) -> String {
    escaped(text, |_| false)
}

/// The same with its lines and tabs.
pub(crate) fn lines(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

/// JSON text, which says the same afterwards: within its strings, `\u001b` is an escape too.
pub(crate) fn json(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && acts(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string does not fail.
                let _never = write!(clean, "\\u{unit:04x}");
            }
        } else {
            clean.push(c);
        }
    }
    clean
}

/// What a process has written. Its colors stay, and end with it.
pub(crate) fn output(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mut clean = String::with_capacity(text.len());
    let (mut rest, mut colored) = (text.as_str(), false);
    while let Some(at) = rest.find("\u{1b}[") {
        clean.push_str(&lines(&rest[..at]));
        rest = &rest[at..];
        let digits = rest[2..].find(|c: char| !(c.is_ascii_digit() || c == ';')).unwrap_or(rest.len() - 2);
        let length = if rest[2 + digits..].starts_with('m') { digits + 3 } else { 1 };
        let is_color = length > 1;
        clean.push_str(&if is_color { rest[..length].to_owned() } else { lines(&rest[..length]) });
        colored |= is_color;
        rest = &rest[length..];
    }
    clean.push_str(&lines(rest));
    if colored {
        clean.push_str("\u{1b}[0m");
    }
    clean
}

/// How much of begun output can be shown already: all but a character, the end of a line or a color that has only begun.
pub(crate) fn whole(begun: &[u8]) -> usize {
    /// No color is longer.
    const LONGEST: usize = 32;
    let tail = begun.len().saturating_sub(LONGEST);
    let escape = begun[tail..].iter().rposition(|byte| *byte == 0x1b).map(|at| tail + at);
    let is_open = |at: &usize| {
        let rest = &begun[at + 1..];
        rest.is_empty()
            || rest[0] == b'[' && rest[1..].iter().all(|byte| byte.is_ascii_digit() || *byte == b';')
    };
    if let Some(at) = escape.filter(is_open) {
        return at;
    }
    let length = begun.len() - usize::from(begun.ends_with(b"\r"));
    match str::from_utf8(&begun[..length]) {
        // Of a character that has begun, not of bytes that are none.
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => length,
    }
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) && !stays(c) { clean.extend(c.escape_default()) } else { clean.push(c) }
    }
    clean
}

/// Whether a character acts on a terminal instead of being shown there: controls, and what changes the direction of text or
/// cannot be seen.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_only_begun_waits() {
        for (begun, shown) in [
            (&b"Password: "[..], 10),
            (b"a\r", 1),
            (b"a\xe2\x82", 1),
            (b"a\xff", 2),
            (b"a\x1b", 1),
            (b"a\x1b[1;3", 1),
            (b"a\x1b[1;31m", 8),
            (b"a\x1b[1;31mred", 11),
            (b"a\x1b]0;", 5),
            (b"", 0),
        ] {
            assert_eq!(whole(begun), shown, "{begun:?}");
        }
        assert_eq!(whole(&[b"\x1b[".as_slice(), &[b'1'; 99]].concat()), 101, "it is not held back for ever");
    }

    #[test]
    fn nothing_acts_on_the_terminal() {
        for hostile in [
            "\u{1b}[2J",
            "a\rb",
            "\u{202e}txt.exe",
            "\u{9b}2J",
            "\u{7f}",
            "a\u{8}",
            "\u{1b}]0;title\u{7}",
            "\u{2066}",
        ] {
            for clean in [line(hostile), lines(hostile), output(hostile)] {
                assert!(!clean.chars().any(acts), "{hostile:?}: {clean:?}");
            }
            let quoted = serde_json::Value::from(hostile).to_string();
            let clean = json(&quoted);
            assert!(!clean.chars().any(acts));
            assert_eq!(serde_json::from_str::<String>(&clean).unwrap(), hostile);
        }
        assert_eq!(line("a\nb"), "a\\nb");
        assert_eq!(lines("a\n\tb é"), "a\n\tb é");
        assert_eq!(
            output("\u{1b}[1;31mred\u{1b}[0m\r\n\u{1b}[2K"),
            "\u{1b}[1;31mred\u{1b}[0m\n\\u{1b}[2K\u{1b}[0m"
        );
    }
}
