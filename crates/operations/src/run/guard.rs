//! What a configuration may do, and to what: access level, allowed operations, protected containers.
//!
//! Checked for every operation before its requests are sent. What is not known to be allowed is refused.

use engine::{ErrorKind, Path, Request, Segment};
use serde_json::{Value, json};

use crate::{Effect, Error, Kind, Method, Operation, declare::arguments::Arguments, run::call::Call};

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
    /// A container.
    Container(Named),
    /// A container that is to leave a network. The engine may have forgotten it, and the network not: then nothing is
    /// left to protect, and the name still removes the entry.
    Member(Named),
    /// The container that a command runs in, by the command's id.
    Exec(String),
    /// All that do not run.
    StoppedContainers,
    /// A container that the call does not name in a form that is understood. It says what the form is.
    Unclear(&'static str),
}

/// A container's name or id, and the parameter that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) param: &'static str,
    pub(crate) text: String,
}

impl Named {
    pub(crate) fn by(param: &'static str, text: &str) -> Self {
        Self { param, text: text.to_owned() }
    }
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

    /// Whether any rule can apply. If none can, nothing needs to be looked up.
    #[allow(clippy::unused_self, reason = "the label counts in every configuration, today")]
    pub(crate) fn protects(&self) -> bool {
        true
    }

    /// Whether a rule of the configuration asks for labels.
    fn reads_labels(&self) -> bool {
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

/// Refuses a call that the configuration does not allow. A call that may go on acts on the containers that were checked:
/// their full ids take the place of the names that it was given, which others could give away in between.
pub(crate) fn check(call: &mut Call<'_>) -> Result<(), Error> {
    let policy = call.configuration.policy();
    let effect = call.effect();
    policy.check_operation(call.operation, effect)?;
    if effect == Effect::Read || !policy.protects() {
        return Ok(());
    }
    for target in call.targets() {
        match target {
            Target::Container(named) => {
                let id = checked(call, policy, &named.text)?;
                call.aim(named, id);
            }
            Target::Member(named) => match checked(call, policy, &named.text) {
                Ok(id) => call.aim(named, id),
                Err(error) if is_absence(&error) => {}
                Err(error) => return Err(error),
            },
            Target::Exec(exec) => {
                let container = container_of(call, &exec)?;
                checked(call, policy, &container)?;
            }
            Target::StoppedContainers => check_stopped(call, policy)?,
            Target::Unclear(form) => {
                return Err(blocked(format!(
                    "The call does not say which container it changes, which may be protected: {form}. Nothing was done. \
                     An administrator may lift the protection."
                )));
            }
        }
    }
    Ok(())
}

/// Looks at a container, and gives its full id if nothing protects it.
fn checked(call: &Call<'_>, policy: &Policy, named: &str) -> Result<String, Error> {
    let what = format!("container {}", named.trim_start_matches('/'));
    let container = look(call, "/containers/{id}/json", named, &what)?;
    let id = container["Id"].as_str().filter(|id| is_full_id(id));
    let has_name = container["Name"].as_str().is_some_and(|name| !name.trim_start_matches('/').is_empty());
    let (config, labels) = (&container["Config"], &container["Config"]["Labels"]);
    // Another engine may leave out what no rule asks for.
    let has_config = config.is_object() || config.is_null() && !policy.reads_labels();
    let has_labels = labels.is_object() || labels.is_null();
    let Some(id) = id.filter(|_| has_name && has_config && has_labels) else {
        return Err(unchecked(&what, "has no Id and Name of a container", None));
    };
    refuse_protected(policy, named, &container)?;
    Ok(id.to_owned())
}

/// The full id of the container that a command runs in.
fn container_of(call: &Call<'_>, exec: &str) -> Result<String, Error> {
    let what = format!("the container of command {exec}");
    let found = look(call, "/exec/{id}/json", exec, &what)?;
    let container = found["ContainerID"].as_str().filter(|id| is_full_id(id));
    container.map(str::to_owned).ok_or_else(|| unchecked(&what, "has no ContainerID", None))
}

fn check_stopped(call: &Call<'_>, policy: &Policy) -> Result<(), Error> {
    for container in listed(call, Request::get(Path::fixed("/containers/json")).query("all", "true"))? {
        if matches!(container["State"].as_str(), Some("running" | "paused" | "restarting")) {
            continue;
        }
        refuse_protected(policy, own_name(&container), &as_inspected(&container))
            .map_err(|error| error.and("prune_containers removes the others and spares it."))?;
    }
    Ok(())
}

/// A list of containers that decides what may go. An answer that is none, or has entries that are none, decides nothing.
pub(crate) fn listed(call: &Call<'_>, request: Request) -> Result<Vec<Value>, Error> {
    const WHAT: &str = "a stopped container";
    let answer = call.send(request).map_err(|error| explained(error, WHAT))?;
    let status = Some(answer.status);
    let Ok(Value::Array(listed)) = answer.json() else {
        return Err(unchecked(WHAT, "is no list", status));
    };
    let is_understood = |container: &Value| {
        container["Id"].as_str().is_some_and(is_full_id)
            && container["State"].is_string()
            && (container["Labels"].is_object() || container["Labels"].is_null())
    };
    if !listed.iter().all(is_understood) {
        return Err(unchecked(WHAT, "has an entry that is no container", status));
    }
    Ok(listed)
}

/// A look before a change. Its answer decides, so one that is not Docker's refuses the change.
fn look(call: &Call<'_>, template: &str, id: &str, what: &str) -> Result<Value, Error> {
    let request = Request::get(Path::fill(template, |_| Segment::name(id))?);
    let answer = call.send(request).map_err(|error| explained(error, what))?;
    let status = answer.status;
    answer.json().map_err(|_| unchecked(what, "is not JSON", Some(status)))
}

/// An error of a look. What is not there can be neither protected nor changed, and Docker's own words for that are the
/// call's error.
fn explained(error: Error, what: &str) -> Error {
    match error.status() {
        None => error,
        Some(_) if is_absence(&error) || is_absent_command(&error) => error,
        // A router's or a proxy's page: whether there is such a container is not known.
        Some(404) => unchecked(what, &format!("is not the engine's ({})", error.came_back()), Some(404)),
        Some(_) => error.and(&format!(
            "The connector first checks whether {what} is protected, and this was the answer. Nothing was done."
        )),
    }
}

/// How Docker (`No such container: web`) and Podman (`no container with name or ID "web" found: ...`) begin to say so.
const ABSENCE: &[&str] = &["no such container", "no container with name or id"];

/// Whether the engine says that there is no such container. Whoever else answers 404 does not know.
fn is_absence(error: &Error) -> bool {
    says(error, ABSENCE)
}

fn is_absent_command(error: &Error) -> bool {
    says(error, &["no such exec", "no exec session with id"])
}

fn says(error: &Error, beginnings: &[&str]) -> bool {
    error.status() == Some(404) && error.said().is_some_and(|said| begins(said, beginnings))
}

fn begins(said: &str, beginnings: &[&str]) -> bool {
    let said = said.to_ascii_lowercase();
    beginnings.iter().any(|beginning| said.starts_with(beginning))
}

/// The error where a look told nothing.
fn unchecked(what: &str, why: &str, status: Option<u16>) -> Error {
    let error = engine::Error::new(
        ErrorKind::Protocol,
        format!("the connector cannot check whether {what} is protected: the answer {why}. Nothing was done"),
    )
    .hint("A proxy in front of the engine must pass GET requests for /containers and /exec, and the engine's answers");
    match status {
        Some(status) => error.with_status(status),
        None => error,
    }
    .into()
}

fn is_full_id(id: &str) -> bool {
    id.len() == 64 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
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

/// What a request touches that protection forbids to touch, by its method and the segments of its path, without a version: the
/// table in `docs/security.md`. `by` is the parameter that the path's name comes from; `members` are the containers that
/// the body or the query name.
pub(crate) fn targets(method: Method, path: &[&str], by: &'static str, members: Vec<Named>) -> Vec<Target> {
    use Method::Post;
    match (method, path) {
        (Method::Get | Method::Head, _) | (Post, ["containers", "create"]) => Vec::new(),
        (Post, ["containers", "prune"]) => vec![Target::StoppedContainers],
        // These give a container's work back to it, or only wait.
        (Post, ["containers", _, "start" | "unpause" | "wait"]) => Vec::new(),
        (_, ["containers", id, ..]) => vec![Target::Container(Named::by(by, id))],
        (_, ["exec", id, ..]) => vec![Target::Exec((*id).to_owned())],
        (_, ["networks", _, .., "connect" | "disconnect"]) if members.is_empty() => {
            vec![Target::Unclear("the body must be a JSON object with Container")]
        }
        (_, ["networks", _, .., "disconnect"]) => members.into_iter().map(Target::Member).collect(),
        (_, ["networks", _, .., "connect"] | ["commit"]) => {
            members.into_iter().map(Target::Container).collect()
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
            targets(method, &path, "id", vec![Named::by("Container", "member")])
        };
        let web = || [Target::Container(Named::by("id", "web"))];
        assert_eq!(touched(Method::Post, "/containers/web/stop"), web());
        assert_eq!(touched(Method::Delete, "/containers/web"), web());
        assert_eq!(touched(Method::Put, "/containers/web/archive"), web());
        assert_eq!(touched(Method::Post, "/containers/web/anything/new"), web());
        assert_eq!(
            touched(Method::Delete, "/containers/create"),
            [Target::Container(Named::by("id", "create"))]
        );
        assert_eq!(
            touched(Method::Post, "/networks/n/disconnect"),
            [Target::Member(Named::by("Container", "member"))]
        );
        assert_eq!(
            touched(Method::Post, "/networks/a/b/connect"),
            [Target::Container(Named::by("Container", "member"))]
        );
        assert!(matches!(
            targets(Method::Post, &["networks", "n", "connect"], "path", vec![])[..],
            [Target::Unclear(_)]
        ));
        assert_eq!(touched(Method::Post, "/exec/e/start"), [Target::Exec("e".into())]);
        assert_eq!(touched(Method::Post, "/containers/prune"), [Target::StoppedContainers]);
        for verb in ["start", "unpause", "wait"] {
            assert_eq!(touched(Method::Post, &format!("/containers/web/{verb}")), []);
        }
        assert_eq!(touched(Method::Get, "/containers/web/json"), []);
        assert_eq!(touched(Method::Post, "/containers/create"), []);
    }

    #[test]
    fn only_dockers_own_words_say_that_there_is_none() {
        let absence = |said: &str| begins(said, ABSENCE);
        assert!(absence("No such container: web"));
        assert!(absence("no container with name or ID \"web\" found: no such container"));
        assert!(!absence("page not found") && !absence("network web: no such container"));
    }
}
