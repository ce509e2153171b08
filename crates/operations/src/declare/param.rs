//! How a parameter is declared.

use engine::ApiVersion;

use crate::Notation;

/// A parameter, as data. Begins with its kind, such as `text` or `integer`, and goes into the query unless something
/// else is said. A parameter that the path names in braces goes there.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// The name that playbooks use. The published connector's names are kept.
    pub name: &'static str,
    /// The name that people read; empty where it follows from `name`.
    title: &'static str,
    /// What it means, in a sentence.
    pub about: &'static str,
    /// What values it takes.
    pub kind: ValueKind,
    /// Where it goes.
    pub place: Place,
    /// Whether the operation needs it.
    pub required: bool,
    /// What the form shows, and what counts where nothing is given. As text, as a playbook would write it.
    pub default: Option<&'static str>,
    /// The first API version that has it, if newer than the oldest known.
    pub since: Option<ApiVersion>,
    /// Names within its value that came later than the parameter itself, such as a new filter.
    pub newer: &'static [(&'static str, ApiVersion)],
    /// Whether its value, in seconds, is time that the engine may take before it answers.
    pub extends_deadline: bool,
    /// The hidden operation that lists what a form offers to pick from.
    pub picked_from: Option<&'static str>,
    /// Where a form shows it, if that is not always. A playbook may give it whatever the form shows.
    pub shown_for: Option<ShownFor>,
    /// The name that the engine uses, if it is another.
    wire: Option<&'static str>,
    /// The object of the body that it is a field of, if it is not the body itself.
    within: Option<&'static str>,
}

/// Where a form shows a parameter: for these options of another one. A flag's options are `true` and `false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownFor {
    /// The other parameter's name.
    pub param: &'static str,
    /// Its options, by their titles.
    pub options: &'static [&'static str],
    /// Whether the form insists on a value there.
    pub needed: bool,
}

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

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The query, or the path if that names it.
    Query,
    /// A field of the JSON body; dots lead into nested objects.
    Body,
    /// Nowhere by itself: the operation's function uses it.
    Local,
    /// Its own fields are merged into the body, or into the query where there is no body.
    Merged,
}

impl Param {
    const fn new(name: &'static str, kind: ValueKind) -> Self {
        Self {
            name,
            title: "",
            about: "",
            kind,
            place: Place::Query,
            required: false,
            default: None,
            since: None,
            newer: &[],
            extends_deadline: false,
            picked_from: None,
            shown_for: None,
            wire: None,
            within: None,
        }
    }

    /// Sets the name that people read.
    pub const fn title(self, title: &'static str) -> Self {
        Self { title, ..self }
    }

    /// Sets what it means, in a sentence.
    pub const fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    /// The operation needs it.
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// Sets what counts where nothing is given.
    pub const fn default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    /// Sets the first API version that has it.
    pub const fn since(self, major: u16, minor: u16) -> Self {
        Self { since: Some(ApiVersion::new(major, minor)), ..self }
    }

    /// Sets the names within its value that came later than itself.
    pub const fn newer(self, newer: &'static [(&'static str, ApiVersion)]) -> Self {
        Self { newer, ..self }
    }

    /// It goes into the body.
    pub const fn body(self) -> Self {
        Self { place: Place::Body, ..self }
    }

    /// It goes into an object of the body, such as `HostConfig`.
    pub const fn within(self, object: &'static str) -> Self {
        Self { within: Some(object), ..self.body() }
    }

    /// The operation's function uses it.
    pub const fn local(self) -> Self {
        Self { place: Place::Local, ..self }
    }

    /// Sets the engine's name for it.
    pub const fn wire(self, wire: &'static str) -> Self {
        Self { wire: Some(wire), ..self }
    }

    /// Its seconds are added to the time that the engine has.
    pub const fn extends_deadline(self) -> Self {
        Self { extends_deadline: true, ..self }
    }

    /// A form offers what this hidden operation lists.
    pub const fn picked_from(self, operation: &'static str) -> Self {
        Self { picked_from: Some(operation), ..self }
    }

    /// A form shows it for these options of another parameter only.
    pub const fn shown_for(self, param: &'static str, options: &'static [&'static str]) -> Self {
        Self { shown_for: Some(ShownFor { param, options, needed: false }), ..self }
    }

    /// As [`Param::shown_for`], and the form insists on a value there.
    pub const fn needed_for(self, param: &'static str, options: &'static [&'static str]) -> Self {
        Self { shown_for: Some(ShownFor { param, options, needed: true }), ..self }
    }

    /// The engine's name for it.
    pub fn wire_name(&self) -> &'static str {
        self.wire.unwrap_or(self.name)
    }

    /// Where it goes in the body: the names of the objects that lead to it, and its own.
    pub fn body_path(&self) -> impl DoubleEndedIterator<Item = &'static str> {
        self.within.into_iter().chain(self.wire_name().split('.'))
    }

    /// The name that people read: `WorkingDir` is Working Dir and `shared_size` Shared Size, unless it has a title.
    pub fn title_text(&self) -> String {
        if !self.title.is_empty() {
            return self.title.to_owned();
        }
        let mut title = String::new();
        let mut previous = '_';
        for letter in self.name.chars() {
            let begins = previous == '_' || letter.is_uppercase() && previous.is_lowercase();
            if begins && !title.is_empty() {
                title.push(' ');
            }
            match letter {
                '_' => {}
                letter if begins => title.extend(letter.to_uppercase()),
                letter => title.push(letter),
            }
            previous = letter;
        }
        title
    }
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

/// Docker's filters.
pub(crate) const FILTERS: Param = Param::new("filters", ValueKind::Filters)
    .title("Filters")
    .about("Docker's filters, such as {\"label\": [\"env=prod\"]}.");

/// Docker's filters of a prune.
pub(crate) const PRUNE_FILTERS: Param = Param::new("filters", ValueKind::PruneFilters)
    .title("Filters")
    .about("Docker's filters, such as {\"label\": [\"env=test\"], \"until\": [\"24h\"]}. Empty removes all that is unused; a name without a value is refused.");

/// What the form has no field for.
pub(crate) const ADDITIONAL_FIELDS: Param = Param { place: Place::Merged, ..object("additional_fields") }
    .title("Additional Fields")
    .about("Further fields of the request, as the Docker Engine API names them. Merged with the fields above; what is set in both is refused.");

/// How long an operation that may lawfully block has.
pub(crate) const TIME_LIMIT: Param = integer("timeout")
    .title("Time Limit (seconds)")
    .about("The call ends after this long, with what had come; the configuration's time-out if empty.")
    .local();

/// For what takes something away.
pub(crate) const DRY_RUN: Param =
    flag("dry_run").title("Dry Run").about("Only say what would be done. Nothing is changed.").local();

/// A container.
pub(crate) const CONTAINER: Param =
    id("id").title("Container").about("The container's id or name.").picked_from("pick_container");

/// Several lists of parameters as one. `N` is the sum of their lengths.
pub(crate) const fn joined<const N: usize>(lists: &[&[Param]]) -> [Param; N] {
    let mut all = [CONTAINER; N];
    let (mut filled, mut list) = (0, 0);
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            all[filled] = lists[list][at];
            filled += 1;
            at += 1;
        }
        list += 1;
    }
    assert!(filled == N, "N is not the sum of the lengths");
    all
}

/// The same parameters, as fields of an object of the body: see [`Param::within`].
pub(crate) const fn all_within<const N: usize>(object: &'static str, mut params: [Param; N]) -> [Param; N] {
    let mut at = 0;
    while at < N {
        params[at] = params[at].within(object);
        at += 1;
    }
    params
}

/// The same parameters, of an operation that has them only since this API version.
pub(crate) const fn since<const N: usize>(major: u16, minor: u16, mut params: [Param; N]) -> [Param; N] {
    let mut at = 0;
    while at < N {
        params[at] = params[at].since(major, minor);
        at += 1;
    }
    params
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_titles_of_names() {
        for (name, title) in [
            ("WorkingDir", "Working Dir"),
            ("shared_size", "Shared Size"),
            ("v", "V"),
            ("EnableIPv6", "Enable IPv6"),
        ] {
            assert_eq!(text(name).title_text(), title);
        }
    }
}
