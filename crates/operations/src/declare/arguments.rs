//! The checked parameters of one call.

use serde_json::Value;

use crate::Param;

/// Parameters with their values, each in its one form, in the order of the declaration.
///
/// In development builds, which the tests run, reading a name that is not declared panics: a misspelled name would otherwise
/// read as a value that nobody gave.
#[derive(Debug, Clone)]
pub(crate) struct Arguments {
    declared: &'static [Param],
    given: Vec<(&'static Param, Value)>,
    /// The points in time that were given as how long ago, and are read by this machine's clock.
    ago: Vec<&'static str>,
    aims: Vec<Aim>,
}

/// A name in the arguments, and where it stands: it is a parameter's whole value, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    param: &'static str,
    /// The JSON pointer to the text within the parameter's value. Empty is the value itself.
    pointer: String,
    /// What stands before the name in that text, and after it.
    around: (String, String),
    pub(crate) text: String,
}

/// A name, and the full id that a look has found for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Aim {
    pub(crate) named: Named,
    pub(crate) id: String,
}

impl Named {
    /// The whole value of a parameter.
    pub(crate) fn by(param: &'static str, text: &str) -> Self {
        Self { param, pointer: String::new(), around: Default::default(), text: text.to_owned() }
    }

    /// The text that the keys lead to within the parameter's value.
    pub(crate) fn at(self, keys: &[&str]) -> Self {
        let escaped = |key: &&str| format!("/{}", key.replace('~', "~0").replace('/', "~1"));
        Self { pointer: keys.iter().map(escaped).collect(), ..self }
    }

    /// The name is only a part of that text.
    pub(crate) fn between(self, before: &str, after: &str) -> Self {
        Self { around: (before.to_owned(), after.to_owned()), ..self }
    }

    /// The name is what follows this in the text, if the text begins with it.
    pub(crate) fn after(self, prefix: &str) -> Option<Self> {
        let text = self.text.strip_prefix(prefix)?.to_owned();
        Some(Self { text, ..self }.between(prefix, ""))
    }

    fn is_whole(&self, param: &str) -> bool {
        self.param == param && self.pointer.is_empty() && self.around == Default::default()
    }
}

impl Arguments {
    /// No values yet, for these parameters.
    pub(crate) fn of(declared: &'static [Param]) -> Self {
        Self { declared, given: Vec::new(), ago: Vec::new(), aims: Vec::new() }
    }

    /// The parameters that the operation declares.
    pub(crate) fn declared(&self) -> &'static [Param] {
        self.declared
    }

    pub(crate) fn push(&mut self, param: &'static Param, value: Value) {
        self.given.push((param, value));
    }

    pub(crate) fn note_as_ago(&mut self, param: &'static Param) {
        self.ago.push(param.name);
    }

    /// Whether a point in time was given as how long ago.
    pub(crate) fn is_ago(&self, name: &str) -> bool {
        self.ago.contains(&name)
    }

    /// Keeps those for which `keep` is true.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&'static Param, &Value) -> bool) {
        self.given.retain(|(param, value)| keep(param, value));
    }

    /// Puts what `change` makes of a value in its place; where that is nothing, the parameter counts as not given.
    pub(crate) fn replace(&mut self, mut change: impl FnMut(&'static Param, Value) -> Option<Value>) {
        let given = std::mem::take(&mut self.given).into_iter();
        self.given = given.filter_map(|(param, value)| Some((param, change(param, value)?))).collect();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static Param, &Value)> {
        self.given.iter().map(|(param, value)| (*param, value))
    }

    /// A value, by its parameter or that one's name.
    pub(crate) fn get(&self, name: impl AsRef<str>) -> Option<&Value> {
        let name = name.as_ref();
        debug_assert!(self.declares(name), "no parameter {name:?} is declared");
        self.given.iter().find(|(param, _)| param.name == name).map(|(_, value)| value)
    }

    /// The same, for what serves many operations: nothing, too, where the operation has no such parameter.
    pub(crate) fn if_declared(&self, name: &str) -> Option<&Value> {
        self.declares(name).then(|| self.get(name)).flatten()
    }

    /// Gives a parameter another value.
    pub(crate) fn set(&mut self, name: impl AsRef<str>, value: Value) {
        let name = name.as_ref();
        if let Some((_, present)) = self.given.iter_mut().find(|(param, _)| param.name == name) {
            *present = value;
        }
    }

    /// Gives a declared parameter a value, whether it had one or not.
    pub(crate) fn put(&mut self, name: &str, value: Value) {
        self.given.retain(|(param, _)| param.name != name);
        if let Some(param) = self.declared.iter().find(|param| param.name == name) {
            self.given.push((param, value));
        }
    }

    /// Turns `force` off, as a parameter or in the query of Call API.
    pub(crate) fn unset_force(&mut self) {
        for (param, value) in &mut self.given {
            match (param.name, value) {
                ("force", value) => *value = false.into(),
                ("query", Value::Object(query)) => {
                    query.retain(|name, _| !name.eq_ignore_ascii_case("force"));
                }
                _ => {}
            }
        }
    }

    /// Puts a full id in the place of a name; [`Arguments::shown`] keeps telling the name. `false` where the name does not
    /// stand there.
    #[must_use]
    pub(crate) fn aim(&mut self, named: Named, id: String) -> bool {
        let (before, after) = &named.around;
        let value = self.given.iter_mut().find(|(param, _)| param.name == named.param);
        let place = value.and_then(|(_, value)| value.pointer_mut(&named.pointer));
        // What stands between may be encoded.
        let stands_there = |text: &str| text.starts_with(before.as_str()) && text.ends_with(after.as_str());
        let Some(place) = place.filter(|place| place.as_str().is_some_and(stands_there)) else {
            return false;
        };
        *place = format!("{before}{id}{after}").into();
        self.aims.push(Aim { named, id });
        true
    }

    /// The names that full ids stand in the place of.
    pub(crate) fn aims(&self) -> &[Aim] {
        &self.aims
    }

    /// The text for people: the name that was given, where a full id has taken its place.
    pub(crate) fn shown(&self, name: &str) -> Option<&str> {
        match self.aims.iter().find(|aim| aim.named.is_whole(name)) {
            Some(aim) => Some(&aim.named.text),
            None => self.text(name),
        }
    }

    pub(crate) fn text(&self, name: impl AsRef<str>) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// The texts of a list; none, if it is not given.
    pub(crate) fn texts(&self, name: impl AsRef<str>) -> impl Iterator<Item = &str> {
        self.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    pub(crate) fn integer(&self, name: impl AsRef<str>) -> Option<u64> {
        self.get(name).and_then(Value::as_u64)
    }

    /// The flag, if it is given.
    pub(crate) fn flag(&self, name: impl AsRef<str>) -> Option<bool> {
        self.get(name).and_then(Value::as_bool)
    }

    /// Whether the flag is given and true.
    pub(crate) fn is_on(&self, name: impl AsRef<str>) -> bool {
        self.flag(name) == Some(true)
    }

    /// A sentence with the parameters in braces filled in: `Stopped container {id}`.
    pub(crate) fn fill(&self, sentence: &str) -> String {
        let mut filled = sentence.to_owned();
        for (param, _) in self.iter() {
            if let Some(text) = self.shown(param.name) {
                filled = filled.replace(&format!("{{{}}}", param.name), text);
            }
        }
        filled
    }

    fn declares(&self, name: &str) -> bool {
        self.declared.iter().any(|param| param.name == name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::declare::param::{integer, json};

    const DECLARED: &[Param] = &[integer("max_size")];

    #[test]
    fn a_full_id_takes_the_place_of_a_name_where_that_stands() {
        static BODY: Param = json("body");
        let mut arguments = Arguments::of(std::slice::from_ref(&BODY));
        arguments.push(&BODY, json!({"a/b": {"~": ["container:web:rw", "web"]}}));
        let named = |key: &str| Named::by("body", "web").at(&["a/b", "~", key]);
        assert!(arguments.aim(named("0").between("container:", ":rw"), "f00d".into()));
        assert_eq!(arguments.get("body"), Some(&json!({"a/b": {"~": ["container:f00d:rw", "web"]}})));
        assert!(
            !arguments.aim(named("1").between("container:", ""), "f00d".into()),
            "another text stands there"
        );
        assert!(!arguments.aim(named("2"), "f00d".into()), "nothing stands there");
        assert_eq!(arguments.aims().len(), 1);
    }

    #[test]
    fn a_declared_name_may_be_absent() {
        assert_eq!(Arguments::of(DECLARED).integer("max_size"), None);
    }

    #[test]
    #[should_panic(expected = "no parameter \"max_sise\" is declared")]
    fn a_misspelled_name_fails_in_every_test_build() {
        let _ = Arguments::of(DECLARED).integer("max_sise");
    }
}
