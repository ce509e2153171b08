//! The rules of every list of parameters, whether of an operation or of a configuration; for the tests of both.

use std::collections::HashSet;

use super::{Param, ValueKind};
use crate::values::normalise;

/// Panics at the first parameter that breaks a rule.
pub(crate) fn assert_obeyed(form: &str, params: &[Param]) {
    let mut seen = HashSet::new();
    for param in params {
        let what = format!("{form}.{}", param.name);
        assert!(seen.insert(param.name), "{what} stands twice");
        assert!(param.about.ends_with('.') && param.about.len() > 10, "{what}: about is {:?}", param.about);
        assert!(!(param.required && param.default.is_some()), "{what} is required and has a default");
        for default in param.default.iter().chain(param.form_defaults.iter().map(|(_, default)| default)) {
            let read = normalise(param.kind, &(*default).into());
            assert!(matches!(read, Ok(Some(_))), "{what}: default {default:?}");
        }
        assert_shown_for_options(&what, param, params);
    }
}

fn assert_shown_for_options(what: &str, param: &Param, params: &[Param]) {
    let Some(shown) = param.shown_for else {
        assert!(param.form_defaults.iter().all(|(option, _)| option.is_empty()), "{what} is always shown");
        return;
    };
    let options: Vec<&str> =
        match params.iter().find(|other| other.name == shown.param).map(|other| other.kind) {
            Some(ValueKind::Choice(choices)) => choices.iter().map(|(title, _)| *title).collect(),
            Some(ValueKind::Flag) => vec!["true", "false"],
            _ => panic!("{what}: {} has no options", shown.param),
        };
    assert!(shown.options.iter().all(|option| options.contains(option)), "{what}: options");
    let is_always = options.iter().all(|option| shown.options.contains(option));
    assert!(!param.required || is_always, "{what}: a form that hides it cannot give it");
    let begins = |(option, _): &(&str, &str)| shown.options.contains(option);
    assert!(param.form_defaults.iter().all(begins), "{what}: form_defaults");
}
