//! A page of sentences, each with the facts that it rests on: as data, and as Markdown that nothing in a name can break.

use serde_json::{Value, json};

use crate::catalogue::investigate::{attack::Technique, plain::plain};

/// The longest sentence, in characters.
const LONGEST: usize = 700;
/// The longest value of a fact, in characters.
const LONGEST_VALUE: usize = 400;

/// A sentence, and what it rests on.
#[derive(Debug, Clone)]
pub(crate) struct Sentence {
    text: String,
    facts: Vec<(String, String)>,
    technique: Option<Technique>,
}

impl Sentence {
    /// `value` is what the engine says in `field`.
    pub(crate) fn new(text: &str, field: &str, value: &str) -> Self {
        Self { text: plain(text, LONGEST), facts: Vec::new(), technique: None }.and(field, value)
    }

    /// With another fact.
    pub(crate) fn and(mut self, field: &str, value: &str) -> Self {
        self.facts.push((field.to_owned(), plain(value, LONGEST_VALUE)));
        self
    }

    pub(crate) fn technique(mut self, technique: Technique) -> Self {
        self.technique = Some(technique);
        self
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn shown(&self) -> Value {
        let fact = |(field, value): &(String, String)| json!({"field": field, "value": value});
        json!({
            "text": self.text,
            "facts": self.facts.iter().map(fact).collect::<Vec<_>>(),
            "technique": self.technique.map(Technique::shown),
        })
    }
}

/// A part of the page.
pub(crate) struct Section {
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    pub(crate) sentences: Vec<Sentence>,
}

impl Section {
    pub(crate) fn shown(&self) -> Value {
        let sentences: Vec<Value> = self.sentences.iter().map(Sentence::shown).collect();
        json!({"key": self.key, "title": self.title, "sentences": sentences})
    }
}

/// The page as Markdown.
pub(crate) fn markdown(title: &str, summary: &str, sections: &[Section], limits: &[String]) -> String {
    let mut page = vec![format!("# {}", escaped(title)), String::new(), escaped(summary), String::new()];
    for section in sections.iter().filter(|section| !section.sentences.is_empty()) {
        page.push(format!("## {}", escaped(section.title)));
        page.push(String::new());
        for sentence in &section.sentences {
            let technique = sentence.technique.map(|technique| format!(" ({})", technique.id));
            page.push(format!("- {}{}", escaped(&sentence.text), technique.unwrap_or_default()));
        }
        page.push(String::new());
    }
    if !limits.is_empty() {
        page.push("## What this page does not know".to_owned());
        page.push(String::new());
        page.extend(limits.iter().map(|limit| format!("- {}", escaped(&plain(limit, LONGEST)))));
        page.push(String::new());
    }
    page.join("\n")
}

/// A text that Markdown shows as it is: what begins markup, HTML, a link or an address is escaped. Names come first in no line,
/// so what is markup only there stays.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let rest = &text[at..];
        let is_markup = matches!(c, '\\' | '`' | '*' | '[' | ']' | '<' | '&' | '~' | '$')
            // Within a word an underscore is no markup.
            || c == '_' && !(before.is_alphanumeric() && rest[1..].starts_with(char::is_alphanumeric))
            // Addresses become links by themselves.
            || c == ':' && rest.starts_with("://")
            || c == '@'
            || c == '.' && before.eq_ignore_ascii_case(&'w') && text[..at].to_ascii_lowercase().ends_with("www");
        if is_markup {
            escaped.push('\\');
        }
        escaped.push(c);
        before = c;
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_is_markup() {
        for (text, expected) in [
            ("web_1", "web_1"),
            ("_x_", "\\_x\\_"),
            ("<b>", "\\<b>"),
            ("[a](http://b)", "\\[a\\](http\\://b)"),
            ("www.evil.com, a@b.c", "www\\.evil.com, a\\@b.c"),
            ("`a` | **b** &amp;", "\\`a\\` | \\*\\*b\\*\\* \\&amp;"),
            ("172.17.0.2 db-1", "172.17.0.2 db-1"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }

    #[test]
    fn a_line_is_a_sentence() {
        let sentences = vec![
            Sentence::new("It is\n# web", "Name", "\u{202e}")
                .technique(crate::catalogue::investigate::attack::ESCAPE_TO_HOST),
        ];
        let section = Section { key: "what", title: "What it is", sentences };
        let page = markdown("web", "It runs.", &[section], &["a\nb".into()]);
        assert_eq!(
            page,
            "# web\n\nIt runs.\n\n## What it is\n\n- It is\\\\n# web (T1611)\n\n## What this page does not know\n\n- a\\\\nb\n"
        );
    }
}
