//! How each kind of value appears: as an input of FortiSOAR's forms, and to people who read the reference.

use operations::ValueKind;

/// How a kind of value appears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Appearance {
    /// FortiSOAR's type of input.
    pub(crate) input: &'static str,
    /// What people call it.
    pub(crate) name: String,
    /// How it is written, where there is more than one way.
    pub(crate) forms: &'static str,
    /// What an empty input shows.
    pub(crate) placeholder: &'static str,
}

impl Appearance {
    /// How this kind of value appears.
    pub(crate) fn of(kind: ValueKind) -> Self {
        match kind {
            ValueKind::Text => Self::new("text", "text"),
            ValueKind::LongText => Self::new("textarea", "text of several lines"),
            ValueKind::Secret => Self::new("password", "secret"),
            ValueKind::Integer(i64::MIN) => Self::new("integer", "whole number"),
            ValueKind::Integer(least) => Self::new("integer", format!("whole number from {least}")),
            ValueKind::Count(word) => Self::new("text", format!("whole number, or `{word}`")),
            ValueKind::Flag => Self::new("checkbox", "true or false"),
            ValueKind::Choice(choices) => Self::new("select", format!("one of: {}", titles(choices))),
            ValueKind::Choices(choices) => Self::new("multiselect", format!("any of: {}", titles(choices)))
                .forms("A list, JSON, or text with commas or lines."),
            ValueKind::List => Self::new("textarea", "list")
                .forms("A list, JSON, or text with commas or lines.")
                .placeholder("one, two"),
            ValueKind::Lines => {
                Self::new("textarea", "list of lines").forms("A list, JSON, or lines, which may hold commas.")
            }
            ValueKind::Object => Self::new("json", "object").forms("A JSON object."),
            ValueKind::Json => {
                Self::new("textarea", "JSON or text").forms("Any JSON; text that is none is taken as it is.")
            }
            ValueKind::Objects => {
                Self::new("json", "list of objects").forms("A list of JSON objects, or one of them.")
            }
            ValueKind::Map => Self::new("textarea", "names with values")
                .forms("A JSON object, or lines of name=value.")
                .placeholder("name=value"),
            ValueKind::Filters => Self::new("json", "filters")
                .forms("A JSON object; an expression may also give lines of name=value."),
            ValueKind::Time => Self::new("datetime", "time")
                .forms("ISO 8601, epoch seconds or milliseconds, or how long ago, such as 10m.")
                .placeholder("2026-01-31T12:00:00Z, or 10m"),
            ValueKind::Notation(notation) => {
                let input = if notation.has_lines() { "textarea" } else { "text" };
                Self::new(input, "Docker's notation")
                    .forms("As on Docker's command line, or the API's own JSON.")
            }
            ValueKind::Command => Self::new("text", "command")
                .forms("A list, JSON, or a line split by the shell's rules.")
                .placeholder("ls -l /tmp"),
            ValueKind::Id => Self::new("text", "id or name").placeholder("web, or 3f4e5d6c7b8a"),
            ValueKind::Reference => Self::new("text", "image name or id").placeholder("nginx:1.27"),
            ValueKind::File => Self::new("file", "file"),
        }
    }

    fn new(input: &'static str, name: impl Into<String>) -> Self {
        Self { input, name: name.into(), forms: "", placeholder: "" }
    }

    fn forms(self, forms: &'static str) -> Self {
        Self { forms, ..self }
    }

    fn placeholder(self, placeholder: &'static str) -> Self {
        Self { placeholder, ..self }
    }
}

/// What a form offers to choose from.
pub(crate) fn choices(kind: ValueKind) -> Option<&'static [(&'static str, &'static str)]> {
    match kind {
        ValueKind::Choice(choices) | ValueKind::Choices(choices) => Some(choices),
        _ => None,
    }
}

fn titles(choices: &[(&str, &str)]) -> String {
    choices.iter().map(|(title, _)| *title).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_choices_say_what_they_take() {
        let name = |kind| Appearance::of(kind).name;
        assert_eq!(name(ValueKind::Integer(0)), "whole number from 0");
        assert_eq!(name(ValueKind::Integer(i64::MIN)), "whole number");
        assert_eq!(name(ValueKind::Count("all")), "whole number, or `all`");
        assert_eq!(name(ValueKind::Choice(&[("HTTPS", "https"), ("UNIX", "unix")])), "one of: HTTPS, UNIX");
    }
}
