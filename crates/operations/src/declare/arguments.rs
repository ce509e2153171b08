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

/// A container that a parameter names, and the full id that a look has found for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Aim {
    pub(crate) param: &'static str,
    pub(crate) named: String,
    pub(crate) id: String,
}

impl Arguments {
    /// No values yet, for these parameters.
    pub(crate) fn of(declared: &'static [Param]) -> Self {
        Self { declared, given: Vec::new(), ago: Vec::new(), aims: Vec::new() }
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

    /// Notes that a name now stands for a full id; [`Arguments::shown`] keeps telling the name.
    pub(crate) fn aim(&mut self, aim: Aim) {
        self.aims.push(aim);
    }

    /// The names that full ids stand in the place of.
    pub(crate) fn aims(&self) -> &[Aim] {
        &self.aims
    }

    /// The text for people: the name that was given, where a full id has taken its place.
    pub(crate) fn shown(&self, name: &str) -> Option<&str> {
        match self.aims.iter().find(|aim| aim.param == name) {
            Some(aim) => Some(&aim.named),
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
    use super::*;
    use crate::declare::param::integer;

    const DECLARED: &[Param] = &[integer("max_size")];

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
