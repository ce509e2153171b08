//! Declared parameters as FortiSOAR's forms: each a field, and those that only some choices need within these choices.

use operations::{Param, Pattern, Place, ValueKind};
use serde_json::{Map, Value, json};

use crate::kind::{Appearance, choices};

#[cfg(test)]
mod configuration;

/// The fields of a form: an operation's, or the configuration's. What holds further fields of the request comes last.
pub(crate) fn fields(params: &[Param]) -> Value {
    let is_last = |param: &&Param| param.place == Place::Merged;
    let ordered = params.iter().filter(|param| !is_last(param)).chain(params.iter().filter(is_last));
    nested(&ordered.collect::<Vec<_>>(), None)
}

/// A parameter and an option of it.
type Choice = (&'static str, &'static str);

/// The fields that appear for a choice, or always. A field that belongs to a choice is within that choice's `onchange`;
/// FortiSOAR hands all of them over flat.
fn nested(params: &[&Param], choice: Option<Choice>) -> Value {
    let belongs = |param: &&&Param| match (param.shown_for, choice) {
        (None, None) => true,
        (Some(shown), Some((name, option))) => shown.param == name && shown.options.contains(&option),
        _ => false,
    };
    let shown = params.iter().filter(belongs).map(|param| {
        let mut made = field(param, choice.map(|(_, option)| option));
        let further: Map<String, Value> = options(param)
            .into_iter()
            .map(|option| (option.to_owned(), nested(params, Some((param.name, option)))))
            .filter(|(_, fields)| fields != &json!([]))
            .collect();
        if !further.is_empty() {
            made.insert("onchange".into(), further.into());
        }
        Value::Object(made)
    });
    shown.collect()
}

/// What a field may be set to, where others can depend on that.
fn options(param: &Param) -> Vec<&'static str> {
    match param.kind {
        ValueKind::Choice(choices) => choices.iter().map(|(title, _)| *title).collect(),
        ValueKind::Flag => vec!["true", "false"],
        _ => Vec::new(),
    }
}

/// A field of a form, as it appears for an option of the parameter that it is shown for.
fn field(param: &Param, option: Option<&str>) -> Map<String, Value> {
    let appearance = Appearance::of(param.kind);
    let mut field = Map::new();
    let mut set = |key: &str, value: Value| field.insert(key.to_owned(), value);
    set("title", param.title_text().into());
    set("name", param.name.into());
    set("type", if param.picked_from.is_some() { "select" } else { appearance.input }.into());
    let is_needed = option.is_some() && param.shown_for.is_some_and(|shown| shown.needed);
    set("required", (param.required || is_needed).into());
    set("visible", true.into());
    set("editable", true.into());
    let of_option = param.form_defaults.iter().find(|(of, _)| *of == option.unwrap_or_default());
    set("value", of_option.map_or_else(|| default(param), |(_, text)| typed(param, text)));
    if let Some(choices) = choices(param.kind) {
        set("options", choices.iter().map(|(title, _)| Value::from(*title)).collect());
    }
    if let Some(operation) = param.picked_from {
        set("apiOperation", operation.into());
    }
    set("description", description(param, appearance.forms).into());
    set("tooltip", param.about.into());
    // A declaration's own example is better than its kind's: nobody should write "one" for a subnet.
    let of_kind = || Some(appearance.placeholder).filter(|_| !param.about.contains("such as"));
    if let Some(placeholder) = param.placeholder.or_else(of_kind).filter(|text| !text.is_empty()) {
        set("placeholder", placeholder.into());
    }
    if let Some(Pattern { regex, message }) = param.pattern {
        set("validation", json!({"pattern": regex, "patternError": message}));
    }
    field
}

/// The value that a form begins with, typed as the form types it.
pub(crate) fn default(param: &Param) -> Value {
    typed(param, param.default.unwrap_or_default())
}

/// A value that a declaration writes as text, typed as the form types it.
pub(crate) fn typed(param: &Param, text: &str) -> Value {
    let title_of = |word: &str| {
        let is_meant = |(title, own): &&(&'static str, &str)| {
            title.eq_ignore_ascii_case(word) || own.eq_ignore_ascii_case(word)
        };
        choices(param.kind).unwrap_or_default().iter().find(is_meant).map(|(title, _)| Value::from(*title))
    };
    match param.kind {
        ValueKind::Flag => text.parse().unwrap_or(false).into(),
        ValueKind::Integer(_) => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        ValueKind::Choice(_) => title_of(text).unwrap_or_else(|| "".into()),
        ValueKind::Choices(_) => text.split(',').filter_map(|word| title_of(word.trim())).collect(),
        _ => text.into(),
    }
}

/// What it means, how it is written, and from which version on there is such a thing.
fn description(param: &Param, forms: &str) -> String {
    let mut text = param.about.to_owned();
    // Some declarations say it themselves, with examples of their own.
    if !forms.is_empty() && !param.about.contains("JSON") {
        text = format!("{text} {forms}");
    }
    match param.since {
        Some(since) => format!("{text} Needs API {since} or newer."),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use operations::Configuration;
    use serde_json::json;

    use super::*;

    /// Every parameter with the form that it is on: the configuration's, or an operation's.
    fn all_params() -> impl Iterator<Item = (String, &'static Param)> {
        let fields = Configuration::fields().iter().map(|field| ("configuration", field));
        let params = operations::operations()
            .flat_map(|operation| operation.params.iter().map(|param| (operation.name, param)));
        fields.chain(params).map(|(form, param)| (format!("{form}.{}", param.name), param))
    }

    fn param(operation: &str, name: &str) -> &'static Param {
        operations::find(operation).unwrap().param(name).unwrap()
    }

    #[test]
    fn a_field_says_what_the_declaration_says() {
        let made = field(param("stop_container", "signal"), None);
        assert_eq!((&made["name"], &made["title"]), (&json!("signal"), &json!("Signal")));
        assert_eq!(
            (&made["type"], &made["required"], &made["value"]),
            (&json!("text"), &json!(false), &json!(""))
        );
        assert!(made["description"].as_str().unwrap().ends_with("Needs API 1.42 or newer."));
        assert!(!made["tooltip"].as_str().unwrap().contains("Needs API"));
    }

    #[test]
    fn defaults_have_the_type_of_their_input() {
        assert_eq!(default(param("list_containers", "all")), json!(false));
        assert_eq!(default(param("pull_image", "timeout")), json!(1800));
        assert_eq!(default(param("container_logs", "tail")), json!("all"));
        for (what, param) in all_params() {
            let value = default(param);
            match param.kind {
                ValueKind::Flag => assert!(matches!(param.default, None | Some("true" | "false")), "{what}"),
                ValueKind::Integer(_) => assert_eq!(value.is_i64(), param.default.is_some(), "{what}"),
                ValueKind::Choices(_) => assert_eq!(value != json!([]), param.default.is_some(), "{what}"),
                _ => assert_eq!(value != json!(""), param.default.is_some(), "{what}"),
            }
        }
    }

    #[test]
    fn a_choice_offers_titles_and_begins_with_one_of_them() {
        for (what, param) in all_params() {
            let made = field(param, None);
            match param.kind {
                ValueKind::Choice(choices) => {
                    let options = made["options"].as_array().unwrap();
                    assert_eq!(options.len(), choices.len(), "{what}");
                    assert!(made["value"] == "" || options.contains(&made["value"]), "{what}");
                }
                ValueKind::Choices(_) => {
                    assert!(made["options"].is_array() && made["value"].is_array(), "{what}");
                }
                _ => assert!(!made.contains_key("options"), "{what}"),
            }
        }
    }

    #[test]
    fn how_values_are_written_is_said_once() {
        let said =
            |operation, name| field(param(operation, name), None)["description"].as_str().unwrap().to_owned();
        assert_eq!(said("exec_container", "Cmd").matches("shell's rules").count(), 1);
        assert!(said("create_container", "Cmd").contains("shell's rules"));
        assert!(said("container_logs", "since").contains("10m"));
    }

    #[test]
    fn a_placeholder_does_not_contradict_the_example() {
        let shown = |operation, name| field(param(operation, name), None).get("placeholder").cloned();
        assert_eq!(shown("create_network", "Subnet"), None);
        assert_eq!(shown("create_container", "Cmd"), Some(json!("ls -l /tmp")));
    }
}
