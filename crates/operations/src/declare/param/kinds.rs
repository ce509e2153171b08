//! The kinds of values: a declaration of a parameter begins with one.

use super::Param;
use crate::Notation;

/// What values a parameter takes. Playbooks write text: each kind says what it understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// Text, as it is. Numbers and booleans become text.
    Text,
    /// Text of several lines.
    LongText,
    /// Text, or JSON as text, that nothing may show.
    Secret,
    /// A whole number, not below this.
    Integer(i64),
    /// A whole number from 0, or this word.
    Count(&'static str),
    /// True or false, also as text (`true`, `yes`, `1`, ...).
    Flag,
    /// One of these, by its title or by the engine's own word: `(title, word)`.
    Choice(&'static [(&'static str, &'static str)]),
    /// Any of these: a list, JSON, or text with commas or lines.
    Choices(&'static [(&'static str, &'static str)]),
    /// A list of texts: a list, JSON, or text with commas or lines.
    List,
    /// A list of texts that may hold commas: a list, JSON, or lines.
    Lines,
    /// A JSON object, also as text.
    Object,
    /// Any JSON, also as text; text that is none, as it is.
    Json,
    /// A list of JSON objects, also as text; one object is a list of one.
    Objects,
    /// Names with values: a JSON object, a list or lines of `name=value`.
    Map,
    /// Docker's filters: JSON in any of its forms, or lines of `name=value`.
    Filters,
    /// As [`ValueKind::Filters`], for what destroys: each filter has a value.
    PruneFilters,
    /// A point in time: ISO 8601, epoch seconds or milliseconds, or how long ago (`10m`).
    Time,
    /// What has a notation on Docker's command line.
    Notation(Notation),
    /// A command: a list, JSON, or a line split by the shell's rules.
    Command,
    /// The id or name of a container, network, volume, ...
    Id,
    /// An image's name, which may hold slashes.
    Reference,
    /// A FortiSOAR file, a path, or PEM text. For configurations.
    File,
}

/// Text, as it is.
pub(crate) const fn text(name: &'static str) -> Param {
    Param::new(name, ValueKind::Text)
}

/// Text of several lines.
pub(crate) const fn long_text(name: &'static str) -> Param {
    Param::new(name, ValueKind::LongText)
}

/// Text that nothing may show.
pub(crate) const fn secret(name: &'static str) -> Param {
    Param::new(name, ValueKind::Secret)
}

/// A whole number from 0.
pub(crate) const fn integer(name: &'static str) -> Param {
    Param::new(name, ValueKind::Integer(0))
}

/// A whole number from 1.
pub(crate) const fn positive(name: &'static str) -> Param {
    Param::new(name, ValueKind::Integer(1))
}

/// A whole number, also a negative one, as where the engine gives -1 a meaning.
pub(crate) const fn signed(name: &'static str) -> Param {
    Param::new(name, ValueKind::Integer(i64::MIN))
}

/// A whole number from 0, or a word such as `all`.
pub(crate) const fn count(name: &'static str, word: &'static str) -> Param {
    Param::new(name, ValueKind::Count(word))
}

/// True or false.
pub(crate) const fn flag(name: &'static str) -> Param {
    Param::new(name, ValueKind::Flag)
}

/// One of these: `(title, the engine's word)`.
pub(crate) const fn choice(name: &'static str, choices: &'static [(&'static str, &'static str)]) -> Param {
    Param::new(name, ValueKind::Choice(choices))
}

/// Any of these: `(title, the engine's word)`.
pub(crate) const fn choices(name: &'static str, choices: &'static [(&'static str, &'static str)]) -> Param {
    Param::new(name, ValueKind::Choices(choices))
}

/// A list of texts.
pub(crate) const fn list(name: &'static str) -> Param {
    Param::new(name, ValueKind::List)
}

/// A list of texts that may hold commas.
pub(crate) const fn lines(name: &'static str) -> Param {
    Param::new(name, ValueKind::Lines)
}

/// Names with values.
pub(crate) const fn map(name: &'static str) -> Param {
    Param::new(name, ValueKind::Map)
}

/// A list of JSON objects.
pub(crate) const fn objects(name: &'static str) -> Param {
    Param::new(name, ValueKind::Objects)
}

/// What has a notation on Docker's command line.
pub(crate) const fn notation(name: &'static str, notation: Notation) -> Param {
    Param::new(name, ValueKind::Notation(notation))
}

/// A JSON object.
pub(crate) const fn object(name: &'static str) -> Param {
    Param::new(name, ValueKind::Object)
}

/// Any JSON, or text.
pub(crate) const fn json(name: &'static str) -> Param {
    Param::new(name, ValueKind::Json)
}

/// A point in time.
pub(crate) const fn time(name: &'static str) -> Param {
    Param::new(name, ValueKind::Time)
}

/// A command line.
pub(crate) const fn command(name: &'static str) -> Param {
    Param::new(name, ValueKind::Command)
}

/// The id or name of something other than an image.
pub(crate) const fn id(name: &'static str) -> Param {
    Param::new(name, ValueKind::Id).required()
}

/// An image's name or id.
pub(crate) const fn reference(name: &'static str) -> Param {
    image(name).required()
}

/// An image's name or id, which may be left out.
pub(crate) const fn image(name: &'static str) -> Param {
    Param::new(name, ValueKind::Reference)
}

/// A file of FortiSOAR, a path, or PEM text.
pub(crate) const fn file(name: &'static str) -> Param {
    Param::new(name, ValueKind::File)
}
