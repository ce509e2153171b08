//! The checked parameters of one call.

use serde_json::Value;

use crate::Param;

/// Parameters with their values, each in its one form, in the order of the declaration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arguments(Vec<(&'static Param, Value)>);

impl Arguments {
    pub(crate) fn push(&mut self, param: &'static Param, value: Value) {
        self.0.push((param, value));
    }

    /// Keeps those for which `keep` is true.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&'static Param, &Value) -> bool) {
        self.0.retain(|(param, value)| keep(param, value));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static Param, &Value)> {
        self.0.iter().map(|(param, value)| (*param, value))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(param, _)| param.name == name).map(|(_, value)| value)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    pub(crate) fn integer(&self, name: &str) -> Option<u64> {
        self.get(name).and_then(Value::as_u64)
    }

    /// The flag, if it is given.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(Value::as_bool)
    }

    /// Whether the flag is given and true.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.flag(name) == Some(true)
    }

    /// A sentence with the parameters in braces filled in: `Stopped container {id}`.
    pub(crate) fn fill(&self, sentence: &str) -> String {
        let mut filled = sentence.to_owned();
        for (param, value) in self.iter() {
            if let Some(text) = value.as_str() {
                filled = filled.replace(&format!("{{{}}}", param.name), text);
            }
        }
        filled
    }
}
