//! How each kind of value appears: as an input of FortiSOAR's forms, and to people who read the reference.

use operations::{Notation, ValueKind};

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
            ValueKind::Choices(choices) => {
                Self::new("multiselect", format!("any of: {}", titles(choices))).forms(LIST)
            }
            ValueKind::List => Self::new("textarea", "list").forms(LIST).placeholder("one, two"),
            ValueKind::Lines => Self::new("textarea", "list of lines")
                .forms("A list, JSON, or one item on each line. A comma belongs to its item."),
            ValueKind::Object => Self::new("json", "object").forms("A JSON object."),
            ValueKind::Json => {
                Self::new("textarea", "JSON or text").forms("Any JSON. Other text is used as it is.")
            }
            ValueKind::Objects => {
                Self::new("json", "list of objects").forms("A list of JSON objects, or one of them.")
            }
            ValueKind::Map => Self::new("textarea", "names with values")
                .forms("A JSON object, or one name=value on each line. A comma belongs to the value.")
                .placeholder("name=value"),
            ValueKind::Filters | ValueKind::PruneFilters => Self::new("json", "filters")
                .forms("A JSON object; an expression may also give lines of name=value."),
            ValueKind::Time => Self::new("datetime", "time")
                .forms("ISO 8601, epoch seconds or milliseconds, or a time ago, such as 10m.")
                .placeholder("2026-01-31T12:00:00Z, or 10m"),
            ValueKind::Notation(notation) => {
                let input = if notation.has_lines() { "textarea" } else { "text" };
                let (name, forms) = notated(notation);
                Self::new(input, name).forms(forms)
            }
            ValueKind::Command => Self::new("text", "command")
                .forms("A list, JSON, or one line split by the shell's rules. No shell runs it.")
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

const LIST: &str = "A list, JSON, or text with one item on each line, or with commas in one line.";

/// What people call a notation of Docker's command line, and how it is written.
fn notated(notation: Notation) -> (&'static str, &'static str) {
    match notation {
        Notation::Ports => {
            ("ports", "As for `docker run --publish`, on lines or with commas, or the API's JSON.")
        }
        Notation::ExposedPorts => {
            ("exposed ports", "As for `docker run --expose`, on lines or with commas, or the API's JSON.")
        }
        Notation::Folders => {
            ("folders", "Absolute paths, on lines or with commas. JSON for a path with a comma.")
        }
        Notation::Size => ("size", "Bytes, or a number with a unit (powers of 1024), such as 512m or 1.5g."),
        Notation::Cpus => ("processors", "A number, such as 2 or 1.5."),
        Notation::RestartPolicy => ("restart policy", "As for `docker run --restart`, or the API's JSON."),
        Notation::Environment => (
            "variables",
            "A JSON object, a list, or one NAME=value on each line. A comma belongs to the value.",
        ),
        Notation::Devices => {
            ("devices", "As for `docker run --device`, on lines or with commas, or the API's JSON.")
        }
        Notation::Ulimits => {
            ("limits", "As for `docker run --ulimit`, on lines or with commas, or the API's JSON.")
        }
        Notation::Tmpfs => (
            "folders in memory",
            "As for `docker run --tmpfs`, one on each line, or the API's JSON. Commas separate options.",
        ),
        Notation::Healthcheck => {
            ("health check", "A shell command, none, or the API's JSON, with durations such as 30s.")
        }
        Notation::ConsoleSize => ("terminal size", "Height and width, such as 24x80."),
        Notation::Platform => ("platform", "os/architecture[/variant], or JSON."),
        Notation::Platforms => ("platforms", "os/architecture[/variant], on lines or with commas, or JSON."),
        Notation::Umask => ("umask", "Octal digits, such as 0027."),
        Notation::Mounts => {
            ("mounts", "As for `docker service create --mount`, one on each line, or the API's JSON.")
        }
        Notation::Attachments => (
            "networks",
            "Names, on lines or with commas; or as for `docker service create --network`, one on each line; or the API's JSON.",
        ),
        Notation::ServicePorts => (
            "published ports",
            "As for `docker service create --publish`: the short form on lines or with commas, the long one on lines; or the API's JSON.",
        ),
        Notation::Secrets | Notation::Configs => (
            "mounted files",
            "Names, on lines or with commas; or as for `docker service create --secret`, one on each line; or the API's JSON.",
        ),
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
