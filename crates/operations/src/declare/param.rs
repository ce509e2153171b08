//! How a parameter is declared, whether of an operation or of a configuration.

mod kinds;
#[cfg(test)]
pub(crate) mod rules;
mod shared;

use engine::ApiVersion;

pub use self::kinds::ValueKind;
pub(crate) use self::{kinds::*, shared::*};
use crate::Secrecy;

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
    /// Whether its value names a file or an attachment, whose contents are used.
    pub names_a_file: bool,
    /// What it has to do with registries, where its kind does not say so.
    registry: Option<OfRegistry>,
    /// Where a form shows it, if that is not always. A playbook may give it whatever the form shows.
    pub shown_for: Option<ShownFor>,
    /// What of its value is secret, where its kind does not say so.
    secrecy: Option<Secrecy>,
    /// What an empty input shows, where that is not its kind's.
    pub placeholder: Option<&'static str>,
    /// What a form checks before it takes a value.
    pub pattern: Option<Pattern>,
    /// Other values that a form begins with, for options of the parameter that it is shown for: `(option, value)`.
    pub form_defaults: &'static [(&'static str, &'static str)],
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
    /// Whether the form insists on a value there. A configuration is refused without it.
    pub needed: bool,
}

/// What a parameter has to do with registries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfRegistry {
    /// It names an image, and so the image's registry. Whatever takes a reference does.
    Image,
    /// It names a registry.
    Server,
    /// It takes credentials for the registries that the call names.
    Credentials,
    /// It takes credentials for any registry.
    AllCredentials,
}

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    /// A regular expression that Python and JavaScript read alike.
    pub regex: &'static str,
    /// What a form says of a value that does not match.
    pub message: &'static str,
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
            names_a_file: false,
            registry: None,
            shown_for: None,
            secrecy: None,
            placeholder: None,
            pattern: None,
            form_defaults: &[],
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

    /// This of its value is secret.
    pub const fn secret(self, what: Secrecy) -> Self {
        Self { secrecy: Some(what), ..self }
    }

    /// Nothing of its value is secret, though its kind may carry a secret.
    pub const fn open(self) -> Self {
        self.secret(Secrecy::Open)
    }

    /// A form offers what this hidden operation lists.
    pub const fn picked_from(self, operation: &'static str) -> Self {
        Self { picked_from: Some(operation), ..self }
    }

    /// Its value names a file or an attachment: on a command line, a path.
    pub const fn names_a_file(self) -> Self {
        Self { names_a_file: true, ..self }
    }

    /// Sets what it has to do with registries: a command line has credentials of its own for them.
    pub(crate) const fn of_registry(self, what: OfRegistry) -> Self {
        Self { registry: Some(what), ..self }
    }

    /// The same.
    pub fn registry(&self) -> Option<OfRegistry> {
        let by_kind = (self.kind == ValueKind::Reference).then_some(OfRegistry::Image);
        self.registry.or(by_kind)
    }

    /// A form shows it for these options of another parameter only.
    pub const fn shown_for(self, param: &'static str, options: &'static [&'static str]) -> Self {
        Self { shown_for: Some(ShownFor { param, options, needed: false }), ..self }
    }

    /// As [`Param::shown_for`], and the form insists on a value there: see [`ShownFor::needed`].
    pub const fn needed_for(self, param: &'static str, options: &'static [&'static str]) -> Self {
        Self { shown_for: Some(ShownFor { param, options, needed: true }), ..self }
    }

    /// Sets what an empty input shows.
    pub const fn placeholder(self, placeholder: &'static str) -> Self {
        Self { placeholder: Some(placeholder), ..self }
    }

    /// Sets what a form checks, and what it says of a value that does not match.
    pub const fn pattern(self, regex: &'static str, message: &'static str) -> Self {
        Self { pattern: Some(Pattern { regex, message }), ..self }
    }

    /// Sets what a form begins with for options of the parameter that it is shown for. The option "" is that of a parameter that is
    /// always shown.
    pub const fn form_defaults(self, defaults: &'static [(&'static str, &'static str)]) -> Self {
        Self { form_defaults: defaults, ..self }
    }

    /// What of its value is secret; `None` where neither it nor its kind says so.
    pub fn declared_secrecy(&self) -> Option<Secrecy> {
        self.secrecy.or(self.kind.secrecy())
    }

    /// The same; all of it, where nothing says so.
    pub(crate) fn secrecy(&self) -> Secrecy {
        self.declared_secrecy().unwrap_or(Secrecy::Whole)
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

/// A parameter stands for its name where its value is read.
impl AsRef<str> for Param {
    fn as_ref(&self) -> &str {
        self.name
    }
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
