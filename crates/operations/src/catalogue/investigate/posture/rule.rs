//! The conditions of checks, as `data/posture.json` has them: what of a document they look at, and whether they hold.
//!
//! A path leads to values: `HostConfig.Privileged`, `Mounts[].Source` (of each item), `Runtimes.*.path` (of each field),
//! `Test[0]`, `Options["a.name.with.dots"]`. What is not there is null. A condition holds if it does for some of the values.

use serde_json::Value;

static NOTHING: Value = Value::Null;

/// A condition on a document.
#[derive(Debug)]
pub(super) enum Condition {
    /// `{"at": PATH, ...}`: some value there passes all of these tests.
    At(Path, Vec<Test>),
    /// `{"some": PATH, "where": CONDITION}`: some item of the list there meets the condition, which is about the item. What is shown of it
    /// is its own `field` and `value`, or what `show` names.
    Some { list: Path, condition: Box<Condition>, show: Vec<Path> },
    /// `{"all": [...]}`
    All(Vec<Condition>),
    /// `{"any": [...]}`
    Any(Vec<Condition>),
    /// `{"not": {...}}`
    Not(Box<Condition>),
}

/// A test of one value.
#[derive(Debug)]
pub(super) enum Test {
    Is(Value),
    In(Vec<Value>),
    /// A text that contains all of these.
    Holds(Vec<String>),
    BeginsWith(String),
    Above(f64),
    Below(f64),
    /// Whether it is null, or a text, list or object without anything in it.
    Empty(bool),
    HasKey(String),
    /// A path of the host that is one of these, lies in one, or holds one.
    Touches(Vec<String>),
    /// A path whose last part is one of these.
    Named(Vec<String>),
}

/// A path into a document.
#[derive(Debug)]
pub(super) struct Path {
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Item(usize),
    Each,
    Any,
}

/// A value that was found, and where.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Evidence {
    pub(super) field: String,
    pub(super) value: Value,
}

impl Condition {
    /// Reads a condition. An error says what of it is not understood.
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let Value::Object(fields) = value else { return Err(format!("{value} is no condition")) };
        let list = |value: &Value| -> Result<Vec<Self>, String> {
            let items = value.as_array().ok_or_else(|| format!("{value} is no list"))?;
            items.iter().map(Self::read).collect()
        };
        match fields.iter().next() {
            Some((name, value)) if name == "all" && fields.len() == 1 => list(value).map(Self::All),
            Some((name, value)) if name == "any" && fields.len() == 1 => list(value).map(Self::Any),
            Some((name, value)) if name == "not" && fields.len() == 1 => {
                Ok(Self::Not(Box::new(Self::read(value)?)))
            }
            Some((name, Value::String(path))) if name == "some" => {
                let known = ["some", "where", "show"];
                if let Some(other) = fields.keys().find(|name| !known.contains(&name.as_str())) {
                    return Err(format!("{other} is not known beside some"));
                }
                let condition = fields.get("where").ok_or("some needs where")?;
                let show = fields.get("show").map(texts).transpose()?.unwrap_or_default();
                Ok(Self::Some {
                    list: Path::read(path)?,
                    condition: Box::new(Self::read(condition)?),
                    show: show.iter().map(|path| Path::read(path)).collect::<Result<_, _>>()?,
                })
            }
            Some((name, Value::String(path))) if name == "at" => {
                let tests = fields.iter().skip(1).map(|(name, value)| Test::read(name, value));
                let tests: Vec<Test> = tests.collect::<Result<_, _>>()?;
                if tests.is_empty() {
                    return Err(format!("{value} tests nothing"));
                }
                Ok(Self::At(Path::read(path)?, tests))
            }
            _ => Err(format!("{value} is no condition")),
        }
    }

    /// Whether it holds of a document, or of an item of it.
    pub(super) fn holds(&self, document: &Value) -> bool {
        match self {
            Self::At(path, tests) => {
                path.some(document, &mut |value| tests.iter().all(|test| test.passes(value)))
            }
            Self::Some { list, condition, .. } => list.some(document, &mut |list| match list {
                Value::Array(items) => items.iter().any(|item| condition.holds(item)),
                _ => false,
            }),
            Self::All(all) => all.iter().all(|condition| condition.holds(document)),
            Self::Any(any) => any.iter().any(|condition| condition.holds(document)),
            Self::Not(condition) => !condition.holds(document),
        }
    }

    /// By which values it holds. None, where it holds because something is not so.
    pub(super) fn evidence(&self, document: &Value) -> Vec<Evidence> {
        let mut found = Vec::new();
        self.gather(document, &mut found);
        found
    }

    fn gather(&self, document: &Value, found: &mut Vec<Evidence>) {
        match self {
            Self::At(path, tests) => path.each(document, &mut |field, value| {
                if tests.iter().all(|test| test.passes(value)) {
                    found.push(Evidence { field: shown(field), value: value.clone() });
                }
            }),
            Self::Some { list, condition, show } => list.each(document, &mut |field, list| {
                let items = list.as_array().into_iter().flatten().enumerate();
                for (at, item) in items.filter(|(_, item)| condition.holds(item)) {
                    match (&item["field"], show.as_slice()) {
                        (Value::String(field), []) => {
                            found.push(Evidence { field: field.clone(), value: item["value"].clone() });
                        }
                        (_, []) => {
                            found.push(Evidence { field: format!("{field}[{at}]"), value: item.clone() });
                        }
                        (_, show) => {
                            for path in show {
                                path.each(item, &mut |inner, value| {
                                    let field = format!("{}[{at}].{inner}", shown(field));
                                    found.push(Evidence { field, value: value.clone() });
                                });
                            }
                        }
                    }
                }
            }),
            Self::All(conditions) | Self::Any(conditions) => {
                for condition in conditions.iter().filter(|condition| condition.holds(document)) {
                    condition.gather(document, found);
                }
            }
            Self::Not(_) => {}
        }
    }
}

impl Test {
    fn read(name: &str, value: &Value) -> Result<Self, String> {
        let text = || value.as_str().map(str::to_owned).ok_or_else(|| format!("{name} needs a text"));
        let number = || value.as_f64().ok_or_else(|| format!("{name} needs a number"));
        Ok(match name {
            "is" => Self::Is(value.clone()),
            "in" => Self::In(value.as_array().ok_or("in needs a list")?.clone()),
            "holds" => Self::Holds(texts(value)?),
            "begins_with" => Self::BeginsWith(text()?),
            "above" => Self::Above(number()?),
            "below" => Self::Below(number()?),
            "empty" => Self::Empty(value.as_bool().ok_or("empty needs true or false")?),
            "has_key" => Self::HasKey(text()?),
            "touches" => Self::Touches(texts(value)?),
            "named" => Self::Named(texts(value)?),
            other => return Err(format!("there is no test {other:?}")),
        })
    }

    fn passes(&self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Self::Is(other) => value == other,
            Self::In(others) => others.contains(value),
            Self::Holds(parts) => text.is_some_and(|text| parts.iter().all(|part| text.contains(part))),
            Self::BeginsWith(beginning) => text.is_some_and(|text| text.starts_with(beginning)),
            Self::Above(bound) => value.as_f64().is_some_and(|number| number > *bound),
            Self::Below(bound) => value.as_f64().is_some_and(|number| number < *bound),
            Self::Empty(is_empty) => *is_empty == is_nothing(value),
            Self::HasKey(key) => value.get(key.as_str()).is_some(),
            Self::Touches(paths) => text.is_some_and(|text| paths.iter().any(|path| touches(text, path))),
            Self::Named(names) => {
                let name = text.and_then(|text| text.trim_end_matches('/').rsplit('/').next());
                name.is_some_and(|name| names.iter().any(|other| other == name))
            }
        }
    }
}

impl Path {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no path");
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("[]") {
                steps.push(Step::Each);
                rest = after;
            } else if let Some(after) = rest.strip_prefix("[\"") {
                let (key, after) = after.split_once("\"]").ok_or_else(wrong)?;
                steps.push(Step::Key(key.to_owned()));
                rest = after;
            } else if let Some(after) = rest.strip_prefix('[') {
                let (number, after) = after.split_once(']').ok_or_else(wrong)?;
                steps.push(Step::Item(number.parse().map_err(|_| wrong())?));
                rest = after;
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                let (key, after) = rest.split_at(end);
                match key {
                    "" => return Err(wrong()),
                    "*" => steps.push(Step::Any),
                    key => steps.push(Step::Key(key.to_owned())),
                }
                rest = after;
            }
            if let Some(after) = rest.strip_prefix('.') {
                if after.is_empty() {
                    return Err(wrong());
                }
                rest = after;
            }
        }
        Ok(Self { text: text.to_owned(), steps })
    }

    /// The first key: which part of a document it is about.
    pub(super) fn root(&self) -> &str {
        match self.steps.first() {
            Some(Step::Key(key)) => key,
            _ => "",
        }
    }

    /// As the API's documentation writes it.
    pub(super) fn field(&self) -> String {
        shown(&self.text)
    }

    fn some<'v>(&self, document: &'v Value, test: &mut dyn FnMut(&'v Value) -> bool) -> bool {
        any_of(&self.steps, document, test)
    }

    /// Calls for each value, with its own path.
    pub(super) fn each<'v>(&self, document: &'v Value, take: &mut dyn FnMut(&str, &'v Value)) {
        walk(&self.steps, String::new(), document, take);
    }
}

fn any_of<'v>(steps: &[Step], value: &'v Value, test: &mut dyn FnMut(&'v Value) -> bool) -> bool {
    let Some((step, rest)) = steps.split_first() else { return test(value) };
    match (step, value) {
        (Step::Key(key), _) => any_of(rest, value.get(key.as_str()).unwrap_or(&NOTHING), test),
        (Step::Item(at), _) => any_of(rest, value.get(at).unwrap_or(&NOTHING), test),
        (Step::Each, Value::Array(items)) => items.iter().any(|item| any_of(rest, item, test)),
        (Step::Any, Value::Object(fields)) => fields.values().any(|value| any_of(rest, value, test)),
        _ => false,
    }
}

fn walk<'v>(steps: &[Step], so_far: String, value: &'v Value, take: &mut dyn FnMut(&str, &'v Value)) {
    let Some((step, rest)) = steps.split_first() else { return take(&so_far, value) };
    let key = |key: &str| match (so_far.is_empty(), key.contains(['.', '[', ' '])) {
        (_, true) => format!("{so_far}[{key:?}]"),
        (true, false) => key.to_owned(),
        (false, false) => format!("{so_far}.{key}"),
    };
    match (step, value) {
        (Step::Key(name), _) => walk(rest, key(name), value.get(name.as_str()).unwrap_or(&NOTHING), take),
        (Step::Item(at), _) => walk(rest, format!("{so_far}[{at}]"), value.get(at).unwrap_or(&NOTHING), take),
        (Step::Each, Value::Array(items)) => {
            for (at, item) in items.iter().enumerate() {
                walk(rest, format!("{so_far}[{at}]"), item, take);
            }
        }
        (Step::Any, Value::Object(fields)) => {
            for (name, value) in fields {
                walk(rest, key(name), value, take);
            }
        }
        _ => {}
    }
}

/// A field's name in results: what is computed here has no place of its own in the API's answers.
fn shown(field: &str) -> String {
    field.strip_prefix("facts.").unwrap_or(field).to_owned()
}

fn texts(value: &Value) -> Result<Vec<String>, String> {
    let items = value.as_array().ok_or_else(|| format!("{value} is no list of texts"))?;
    let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
    texts.collect::<Option<_>>().ok_or_else(|| format!("{value} is no list of texts"))
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Whether one path of a host is the other, lies in it, or holds it. `/var/run` is a link to `/run` nearly everywhere.
fn touches(one: &str, other: &str) -> bool {
    fn holds(outer: &str, inner: &str) -> bool {
        outer == "/" || inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
    fn linked(path: &str) -> &str {
        path.strip_prefix("/var").filter(|rest| holds("/run", rest)).unwrap_or(path)
    }
    let trimmed =
        |path: &'_ str| if path.len() > 1 { path.trim_end_matches('/').to_owned() } else { path.to_owned() };
    let (one, other) = (trimmed(one), trimmed(other));
    if !one.starts_with('/') {
        return false;
    }
    let both = |one: &str, other: &str| holds(one, other) || holds(other, one);
    both(&one, &other) || both(linked(&one), linked(&other))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn condition(value: Value) -> Condition {
        Condition::read(&value).unwrap()
    }

    #[test]
    fn paths_lead_to_values() {
        let document = json!({"a": [{"b": 1}, {"b": 2}], "o": {"x.y": "z"}});
        let found = |path: &str| {
            let mut found = Vec::new();
            Path::read(path)
                .unwrap()
                .each(&document, &mut |field, value| found.push((field.to_owned(), value.clone())));
            found
        };
        assert_eq!(found("a[].b"), [("a[0].b".into(), json!(1)), ("a[1].b".into(), json!(2))]);
        assert_eq!(found("a[1].b"), [("a[1].b".into(), json!(2))]);
        assert_eq!(found("o[\"x.y\"]"), [("o[\"x.y\"]".into(), json!("z"))]);
        assert_eq!(found("o.*"), [("o[\"x.y\"]".into(), json!("z"))]);
        assert_eq!(found("a.none"), [("a.none".into(), Value::Null)]);
        assert_eq!(found("none[].b"), []);
        for wrong in ["a.", "a[", "a[x]", ".a", "a[\"b"] {
            assert!(Path::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn conditions_hold_and_say_by_what() {
        let document = json!({"Warnings": ["fine", "not fine"], "n": 5, "facts": {"list": [{"k": 1, "field": "F", "value": "v"}]}});
        let warns = condition(json!({"at": "Warnings[]", "holds": ["not"]}));
        assert!(warns.holds(&document));
        assert_eq!(
            warns.evidence(&document),
            [Evidence { field: "Warnings[1]".into(), value: json!("not fine") }]
        );
        let some = condition(json!({"some": "facts.list", "where": {"at": "k", "is": 1}}));
        assert_eq!(some.evidence(&document), [Evidence { field: "F".into(), value: json!("v") }]);
        for (value, holds) in [
            (json!({"at": "n", "above": 4, "below": 6}), true),
            (json!({"at": "n", "above": 5}), false),
            (json!({"at": "x", "above": 0}), false),
            (json!({"at": "x", "empty": true}), true),
            (json!({"not": {"at": "x", "is": null}}), false),
            (json!({"all": [{"at": "n", "is": 5}, {"at": "n", "in": [1, 2]}]}), false),
            (json!({"any": [{"at": "n", "is": 4}, {"at": "facts", "has_key": "list"}]}), true),
        ] {
            assert_eq!(condition(value.clone()).holds(&document), holds, "{value}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for wrong in [
            json!({"at": "a"}),
            json!({"at": "a", "equals": 1}),
            json!({"some": "a"}),
            json!({"all": [{}]}),
            json!({"all": [], "any": []}),
            json!("text"),
        ] {
            assert!(Condition::read(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn paths_of_a_host_touch_in_both_directions() {
        for (path, other, touch) in [
            ("/etc", "/etc", true),
            ("/etc/ssh", "/etc", true),
            ("/", "/etc", true),
            ("/var", "/var/lib/docker", true),
            ("/etcetera", "/etc", false),
            ("/var/run", "/run/docker.sock", true),
            ("/run", "/var/run/docker.sock", true),
            ("/var/running", "/run", false),
            ("/srv/", "/srv/data", true),
            ("", "/etc", false),
            ("relative", "/", false),
        ] {
            assert_eq!(touches(path, other), touch, "{path} {other}");
        }
    }
}
