//! What a configuration may do, and to what: access level, allowed operations, protected containers.
//!
//! Checked for every operation before its requests are sent. What is not known to be allowed is refused.

use engine::{Path, Request, Segment};
use serde_json::{Value, json};

use crate::{Effect, Error, Kind, Method, Operation, arguments::Arguments, call::Call, prune::is_pruned};

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

/// What a call would touch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A container, by name or id.
    Container(String),
    /// The container that a command runs in, by the command's id.
    Exec(String),
    /// All that do not run.
    StoppedContainers,
}

/// What a call does and touches.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) effect: Effect,
    pub(crate) targets: Vec<Target>,
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

    /// Whether the operation may run at all.
    fn check_operation(&self, operation: &Operation, effect: Effect) -> Result<(), Error> {
        if !self.level.allows(effect) {
            let level = self.level.title();
            return Err(blocked(format!(
                "access_level {level} does not allow what {}. An administrator may raise access_level in the configuration.",
                effect.verb()
            )));
        }
        // What lists a form's choices may run where what it is picked for may.
        let picks = |name: &String| {
            let params = crate::find(name).map_or(&[][..], |operation| operation.params);
            params.iter().any(|param| param.picked_from == Some(operation.name))
        };
        let is_named =
            |name: &String| name == operation.name || operation.also.contains(&name.as_str()) || picks(name);
        if self.allowed_operations.is_empty() || self.allowed_operations.iter().any(is_named) {
            return Ok(());
        }
        Err(blocked(format!(
            "allowed_operations does not name {}. An administrator may add it in the configuration.",
            operation.name
        )))
    }

    /// Whether the configuration names what is protected.
    pub(crate) fn has_rules(&self) -> bool {
        !self.protected.is_empty()
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

/// Refuses a call that the configuration does not allow.
pub(crate) fn check(call: &Call<'_>) -> Result<(), Error> {
    let policy = call.configuration.policy();
    let effect = call.effect();
    policy.check_operation(call.operation, effect)?;
    if effect == Effect::Read {
        return Ok(());
    }
    call.targets().into_iter().try_for_each(|target| check_target(call, policy, target))
}

fn check_target(call: &Call<'_>, policy: &Policy, target: Target) -> Result<(), Error> {
    let inspect = |template: &str, id: &str| {
        let answer = call.send(Request::get(Path::fill(template, |_| Segment::name(id))?));
        answer.and_then(|answer| Ok(answer.json()?))
    };
    match target {
        Target::Container(id) => match inspect("/containers/{id}/json", &id) {
            Ok(container) => refuse_protected(policy, &id, &container),
            // What is not there cannot be harmed, and the call itself says so best.
            Err(error) if error.status() == Some(404) => Ok(()),
            Err(error) => Err(error),
        },
        Target::Exec(id) => {
            let container =
                inspect("/exec/{id}/json", &id)?["ContainerID"].as_str().unwrap_or_default().to_owned();
            check_target(call, policy, Target::Container(container))
        }
        Target::StoppedContainers => {
            let listed = call.send(Request::get(Path::fixed("/containers/json")).query("all", "true"))?;
            let listed = listed.json()?;
            for container in listed.as_array().into_iter().flatten().filter(|found| is_pruned(found)) {
                refuse_protected(policy, own_name(container), &as_inspected(container))
                    .map_err(|error| error.and("prune_containers removes the others and spares it."))?;
            }
            Ok(())
        }
    }
}

/// A container of a list, in the form of an inspection.
pub(crate) fn as_inspected(listed: &Value) -> Value {
    json!({"Id": listed["Id"], "Name": own_name(listed), "Config": {"Labels": listed["Labels"]}})
}

/// The name of a container of a list. Those by which others link to it lead through theirs: `/other/alias`.
pub(crate) fn own_name(listed: &Value) -> &str {
    let names = listed["Names"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut names = names.map(|name| name.trim_start_matches('/'));
    names.find(|name| !name.contains('/')).unwrap_or_default()
}

fn refuse_protected(policy: &Policy, id: &str, container: &Value) -> Result<(), Error> {
    match policy.protecting_rule(container) {
        None => Ok(()),
        Some(rule) => Err(blocked(format!(
            "Container {} is protected by {rule}. Nothing was done. An administrator may lift the protection.",
            id.trim_start_matches('/')
        ))),
    }
}

fn blocked(message: String) -> Error {
    Error::new(Kind::Blocked, message)
}

/// What a request touches, by its method and the segments of its path, without a version; `container` gives the container
/// that the body names.
pub(crate) fn targets(method: Method, path: &[&str], container: impl Fn() -> Option<String>) -> Vec<Target> {
    if matches!(method, Method::Get | Method::Head) {
        return Vec::new();
    }
    match path {
        ["containers", "create"] => Vec::new(),
        ["containers", "prune"] => vec![Target::StoppedContainers],
        ["containers", id, ..] => vec![Target::Container((*id).to_owned())],
        ["exec", id, ..] => vec![Target::Exec((*id).to_owned())],
        ["networks", _, "connect" | "disconnect"] | ["commit"] => {
            container().map(Target::Container).into_iter().collect()
        }
        _ => Vec::new(),
    }
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

    #[test]
    fn knows_what_a_request_touches() {
        let touched = |method, path: &str| {
            let path: Vec<&str> = path.split('/').skip(1).collect();
            targets(method, &path, || Some("member".into()))
        };
        assert_eq!(touched(Method::Post, "/containers/web/stop"), [Target::Container("web".into())]);
        assert_eq!(touched(Method::Delete, "/containers/web"), [Target::Container("web".into())]);
        assert_eq!(touched(Method::Put, "/containers/web/archive"), [Target::Container("web".into())]);
        assert_eq!(touched(Method::Post, "/networks/n/disconnect"), [Target::Container("member".into())]);
        assert_eq!(touched(Method::Post, "/exec/e/start"), [Target::Exec("e".into())]);
        assert_eq!(touched(Method::Post, "/containers/prune"), [Target::StoppedContainers]);
        assert_eq!(touched(Method::Get, "/containers/web/json"), []);
        assert_eq!(touched(Method::Post, "/containers/create"), []);
    }
}
