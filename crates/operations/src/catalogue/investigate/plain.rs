//! Texts from engines and containers, as a sentence, a picture or a table may have them. Whoever made the container chose them.

/// A text in one line, no longer than `most` characters: what is no visible character, or turns text round, is shown as its
/// escape, `\u{202e}`.
pub(crate) fn plain(text: &str, most: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(most));
    for (count, c) in text.chars().enumerate() {
        if count >= most {
            clean.push('…');
            break;
        }
        if is_hidden(c) {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    clean
}

/// Whether a character is a control, or changes the direction of text, or cannot be seen.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

/// The first digits of an id, as Docker's own lists show them.
pub(crate) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_visible_line() {
        assert_eq!(plain("a\nb\u{202e}c\u{1b}[2J", 100), "a\\nb\\u{202e}c\\u{1b}[2J");
        assert_eq!(plain("äöü", 2), "äö…");
        assert_eq!(plain("äöü", 3), "äöü");
    }
}
