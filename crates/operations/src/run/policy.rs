//! What a configuration allows: access level, allowed operations, protected containers.

use serde_json::Value;

use crate::{Effect, Error, Kind, declare::arguments::Arguments};

/// A container with this label is protected, whatever the configuration says.
const PROTECTING_LABEL: (&str, &str) = ("fortisoar.protect", "true");

/// What a configuration allows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy {
    level: AccessLevel,
    /// Empty is all.
    allowed_operations: Vec<String>,
    protected: Vec<Protected>,
}

/// How much a configuration may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum AccessLevel {
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
    pub(crate) const CHOICES: &[(&str, &str)] =
        &[("Full", "full"), ("Respond", "respond"), ("Read Only", "read-only")];

    /// Whether an operation of this effect may run.
    pub(crate) const fn allows(self, effect: Effect) -> bool {
        match (self, effect) {
            (Self::Full, _) | (_, Effect::Read) | (Self::Respond, Effect::Contain) => true,
            (Self::Respond, Effect::Change | Effect::Destroy) => false,
            (Self::ReadOnly, Effect::Contain | Effect::Change | Effect::Destroy) => false,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Full => "Full",
            Self::Respond => "Respond",
            Self::ReadOnly => "Read Only",
        }
    }
}

/// A container that nothing may touch: by its name, the beginning of its id, or a label.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Protected {
    Container(String),
    /// With a value, or with any.
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
        let protected = texts("protected_containers").iter().map(|text| Protected::read(text)).collect();
        Self { level, allowed_operations, protected }
    }

    /// Whether the access level allows this effect.
    pub(crate) fn check_level(&self, effect: Effect) -> Result<(), Error> {
        if self.level.allows(effect) {
            return Ok(());
        }
        let level = self.level.title();
        Err(blocked(format!(
            "access_level {level} does not allow what {}. An administrator may raise access_level in the configuration.",
            effect.verb()
        )))
    }

    /// The only operations that may run. Empty is all.
    pub(crate) fn allowed_operations(&self) -> &[String] {
        &self.allowed_operations
    }

    /// Whether the configuration allows less than everything. A change that the connector does not understand is refused then.
    pub(crate) fn restricts(&self) -> bool {
        self.has_rules() || !self.allowed_operations.is_empty() || self.level != AccessLevel::Full
    }

    /// Whether the configuration names what is protected.
    pub(crate) fn has_rules(&self) -> bool {
        !self.protected.is_empty()
    }

    /// Whether any rule can apply. If none can, nothing needs to be looked up.
    #[allow(clippy::unused_self, reason = "the label counts in every configuration, today")]
    pub(crate) fn protects(&self) -> bool {
        true
    }

    /// Whether a rule of the configuration asks for labels.
    pub(crate) fn reads_labels(&self) -> bool {
        self.protected.iter().any(|rule| matches!(rule, Protected::Label(..)))
    }

    /// The rule that protects a container, if one does. `container` is an inspection of it.
    pub(crate) fn protecting_rule(&self, container: &Value) -> Option<String> {
        let labels = &container["Config"]["Labels"];
        let (name, value) = PROTECTING_LABEL;
        if labels[name] == value {
            return Some(format!("its label {name}={value}"));
        }
        let own_name = container["Name"].as_str().unwrap_or_default().trim_start_matches('/');
        let id = container["Id"].as_str().unwrap_or_default();
        let matches = |protected: &&Protected| match protected {
            Protected::Container(text) => {
                own_name == text || text.len() >= 12 && id.starts_with(text.as_str())
            }
            Protected::Label(name, None) => labels.get(name).is_some(),
            Protected::Label(name, Some(value)) => labels[name] == value.as_str(),
        };
        self.protected.iter().find(matches).map(|rule| match rule {
            Protected::Container(text) => format!("protected_containers, which names {text}"),
            Protected::Label(name, None) => format!("protected_containers, which names the label {name}"),
            Protected::Label(name, Some(value)) => {
                format!("protected_containers, which names the label {name}={value}")
            }
        })
    }
}

impl Protected {
    /// `label=name`, `label=name=value`, a name, or an id of at least 12 digits.
    fn read(text: &str) -> Self {
        match text.strip_prefix("label=").or_else(|| text.strip_prefix("label:")) {
            None => Self::Container(text.trim_start_matches('/').to_owned()),
            Some(label) => match label.split_once('=') {
                None => Self::Label(label.to_owned(), None),
                Some((name, value)) => Self::Label(name.to_owned(), Some(value.to_owned())),
            },
        }
    }
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
            Self::Destroy => "takes something away for good",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(protected: &[&str]) -> Policy {
        Policy {
            protected: protected.iter().map(|text| Protected::read(text)).collect(),
            ..Policy::default()
        }
    }

    fn container(labels: Value) -> Value {
        json!({"Id": "0123456789abcdef0123456789abcdef", "Name": "/web", "Config": {"Labels": labels}})
    }

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
    fn protects_by_name_id_and_label() {
        for rule in ["web", "/web", "0123456789ab", "label=tier", "label=tier=db", "label:tier=db"] {
            assert!(policy(&[rule]).protecting_rule(&container(json!({"tier": "db"}))).is_some(), "{rule}");
        }
        for rule in ["we", "webs", "0123", "label=other", "label=tier=web"] {
            assert!(policy(&[rule]).protecting_rule(&container(json!({"tier": "db"}))).is_none(), "{rule}");
        }
        assert!(policy(&[]).protecting_rule(&container(json!({"fortisoar.protect": "true"}))).is_some());
        assert!(policy(&[]).protecting_rule(&container(Value::Null)).is_none());
    }
}
