//! What a configuration allows: access level, allowed operations, protected containers.

use std::fmt;

use serde_json::Value;

use crate::{Effect, Error, Kind, declare::arguments::Arguments};

/// What a configuration allows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy {
    level: AccessLevel,
    /// Empty is all.
    allowed_operations: Vec<String>,
    rules: Vec<Rule>,
}

/// How much a configuration may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccessLevel {
    /// Everything.
    #[default]
    Full,
    /// Look, contain and collect.
    Respond,
    /// Look and collect.
    ReadOnly,
}

impl AccessLevel {
    /// Its titles and words in the configuration.
    pub const CHOICES: &[(&str, &str)] =
        &[("Full", "full"), ("Respond", "respond"), ("Read Only", "read-only")];

    /// Whether an operation of this effect may run.
    pub const fn allows(self, effect: Effect) -> bool {
        match (self, effect) {
            (Self::Full, _) | (_, Effect::Read) | (Self::Respond, Effect::Contain) => true,
            (Self::Respond, Effect::Change | Effect::Destroy) => false,
            (Self::ReadOnly, Effect::Contain | Effect::Change | Effect::Destroy) => false,
        }
    }

    /// All levels.
    pub const ALL: &[Self] = &[Self::Full, Self::Respond, Self::ReadOnly];

    /// Its title in the configuration.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Full => "Full",
            Self::Respond => "Respond",
            Self::ReadOnly => "Read Only",
        }
    }
}

/// What protects a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Its name, or the beginning of its id.
    Container(String),
    /// A label, with a value or with any.
    Label(String, Option<String>),
}

impl Policy {
    pub(crate) fn read(fields: &Arguments, faults: &mut Vec<String>) -> Self {
        let texts = |name: &str| {
            let items = fields.get(name).and_then(Value::as_array).into_iter().flatten();
            items.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
        };
        let allowed_operations = texts("allowed_operations");
        for name in allowed_operations.iter().filter(|name| crate::find(name).is_none()) {
            faults.push(format!("allowed_operations names {name:?}, which is no operation"));
        }
        let level = match fields.text("access_level") {
            Some("respond") => AccessLevel::Respond,
            Some("full") => AccessLevel::Full,
            // Unknown means refused.
            _ => AccessLevel::ReadOnly,
        };
        let mut rules = Vec::new();
        for text in texts("protected_containers") {
            match Rule::read(text.trim()) {
                Ok(rule) => rules.push(rule),
                Err(fault) => faults.push(format!("protected_containers: {fault}")),
            }
        }
        Self { level, allowed_operations, rules }
    }

    /// Whether the access level allows this effect.
    pub(crate) fn check_level(&self, effect: Effect) -> Result<(), Error> {
        if self.level.allows(effect) {
            return Ok(());
        }
        let level = self.level.title();
        Err(blocked(format!(
            "access_level {level} does not allow what {}. An administrator can raise access_level in the configuration.",
            effect.verb()
        )))
    }

    /// The only operations that may run. Empty is all.
    pub(crate) fn allowed_operations(&self) -> &[String] {
        &self.allowed_operations
    }

    /// Whether the configuration allows less than everything. A change that the connector does not understand is refused then.
    pub(crate) fn restricts(&self) -> bool {
        self.protects() || !self.allowed_operations.is_empty() || self.level != AccessLevel::Full
    }

    /// Whether the configuration protects any container. If it does not, nothing needs to be looked up.
    pub(crate) fn protects(&self) -> bool {
        !self.rules.is_empty()
    }

    /// What protects a container, in the order of the configuration.
    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether a rule asks for labels.
    pub(crate) fn reads_labels(&self) -> bool {
        self.rules.iter().any(|rule| rule.label().is_some())
    }

    /// Whether a rule asks for this label.
    pub(crate) fn names_label(&self, name: &str) -> bool {
        self.rules.iter().any(|rule| rule.label() == Some(name))
    }

    /// Whether a call can set a protection aside.
    pub(crate) fn can_override(&self) -> bool {
        self.level == AccessLevel::Full
    }
}

impl Rule {
    /// `label=NAME`, `label=NAME=VALUE`, a name, or an id of at least 12 digits. A text that can match no container is a fault:
    /// whoever wrote it believes that it protects something.
    fn read(text: &str) -> Result<Self, String> {
        if let Some(label) = text.strip_prefix("label=").or_else(|| text.strip_prefix("label:")) {
            let (name, value) = match label.split_once('=') {
                None => (label, None),
                Some((name, value)) => (name, Some(value)),
            };
            let is_plain = |c: char| c.is_alphanumeric() || "._-/:@+".contains(c);
            return match value {
                _ if name.is_empty() || !name.chars().all(is_plain) => Err(format!(
                    "{text:?} names no label. Write label=NAME or label=NAME=VALUE. There are no patterns"
                )),
                Some("*" | ".*") => Err(format!("{text:?}: label={name} alone matches every value")),
                value => Ok(Self::Label(name.to_owned(), value.map(str::to_owned))),
            };
        }
        let name = text.strip_prefix('/').unwrap_or(text);
        if !is_name(name) {
            return Err(format!(
                "{text:?} can match no container. Write a name such as web, an id of at least 12 digits, or label=NAME=VALUE. There \
                 are no patterns"
            ));
        }
        if name == text && is_like_a_short_id(name) {
            return Err(format!(
                "{text:?} looks like the beginning of an id. Write at least {SHORTEST_ID} digits of it, or /{name} if it is a name"
            ));
        }
        Ok(Self::Container(name.to_owned()))
    }

    /// Whether it is about this container. `container` is an inspection of it.
    pub(crate) fn is_about(&self, container: &Value) -> bool {
        let labels = &container["Config"]["Labels"];
        match self {
            Self::Container(text) => {
                let own_name = container["Name"].as_str().unwrap_or_default().trim_start_matches('/');
                let id = container["Id"].as_str().unwrap_or_default();
                own_name == text || text.len() >= SHORTEST_ID && id.starts_with(text.as_str())
            }
            Self::Label(name, None) => labels.get(name).is_some(),
            Self::Label(name, Some(value)) => labels[name] == value.as_str(),
        }
    }

    /// The label that it asks for.
    pub(crate) fn label(&self) -> Option<&str> {
        match self {
            Self::Container(_) => None,
            Self::Label(name, _) => Some(name),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("protected_containers, which names ")?;
        match self {
            Self::Container(text) => write!(f, "{text}"),
            Self::Label(name, None) => write!(f, "the label {name}"),
            Self::Label(name, Some(value)) => write!(f, "the label {name}={value}"),
        }
    }
}

/// The fewest digits of an id that a rule takes: as many as `docker ps` shows.
const SHORTEST_ID: usize = 12;

/// Whether a container can have this name, by Docker's rule and Podman's.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

/// Whether a name is rather the beginning of an id: digits from 0 to f, but neither a word nor a word with a number, as db01 is.
fn is_like_a_short_id(name: &str) -> bool {
    const LONG_FOR_A_WORD: usize = 8;
    let is_hex = name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let word = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_word_and_number = word.bytes().all(|byte| byte.is_ascii_lowercase());
    let has_number = name.bytes().any(|byte| byte.is_ascii_digit());
    is_hex
        && has_number
        && (4..SHORTEST_ID).contains(&name.len())
        && (!is_word_and_number || name.len() >= LONG_FOR_A_WORD || word.is_empty() && name.len() > 4)
}

/// The error for what the configuration does not allow.
pub(crate) fn blocked(message: String) -> Error {
    Error::new(Kind::Blocked, message)
}

impl Effect {
    const fn verb(self) -> &'static str {
        match self {
            Self::Read => "reads",
            Self::Contain => "contains",
            Self::Change => "makes or changes something",
            Self::Destroy => "deletes something permanently",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn levels_allow_by_effect() {
        use Effect::{Change, Contain, Destroy, Read};
        let allowed =
            |level: AccessLevel| [Read, Contain, Change, Destroy].map(|effect| level.allows(effect));
        assert_eq!(allowed(AccessLevel::Full), [true, true, true, true]);
        assert_eq!(allowed(AccessLevel::Respond), [true, true, false, false]);
        assert_eq!(allowed(AccessLevel::ReadOnly), [true, false, false, false]);
    }

    #[test]
    fn a_rule_is_about_a_name_an_id_or_a_label() {
        let container = json!({
            "Id": "0123456789abcdef0123456789abcdef", "Name": "/web", "Config": {"Labels": {"tier": "db", "none": ""}},
        });
        let is_about = |rule: &str| Rule::read(rule).unwrap().is_about(&container);
        for rule in
            ["web", "/web", "0123456789ab", "label=tier", "label=tier=db", "label:tier=db", "label=none="]
        {
            assert!(is_about(rule), "{rule}");
        }
        for rule in ["we", "webs", "/0123", "label=other", "label=tier=web", "label=tier="] {
            assert!(!is_about(rule), "{rule}");
        }
    }

    #[test]
    fn what_can_match_nothing_is_a_fault() {
        for rule in [
            "",
            "/",
            "db*",
            "^db$",
            "name=db",
            "id=0123456789ab",
            "a;b",
            "a b",
            "sha256:0123456789ab",
            "web/alias",
            "-web",
            "label=",
            "label==x",
            "label=ti*",
            "label=tier=*",
            "Label=tier",
            "label!=tier",
            "0123456",
            "3f4e",
            "abc12345678",
            "01234567890",
        ] {
            assert!(Rule::read(rule).is_err(), "{rule:?}");
        }
        for rule in ["db", "db01", "dc1", "cafe", "web", "web-1", "a.b_c", "/3f4e", "0123456789ab", "2024"] {
            assert!(Rule::read(rule).is_ok(), "{rule:?}");
        }
    }
}
