//! Checks what a playbook gives against the declaration: all faults at once, before anything is sent.

use engine::ApiVersion;
use serde_json::{Map, Value};

use crate::{
    Effect, Error, Kind, Operation, Param, Place, ValueKind,
    declare::arguments::Arguments,
    run::request,
    values::{
        body::{Type, conform, type_at},
        is_ago, is_unset_for, normalise,
    },
};

/// The checked parameters, with defaults where nothing is given; or one error that names every fault. What lists choices for
/// a form is called with whatever that form holds, and leaves it alone.
pub(crate) fn validated(
    operation: &'static Operation,
    given: &Map<String, Value>,
) -> Result<Arguments, Error> {
    let mut faults: Vec<String> = given
        .iter()
        .filter(|(name, value)| {
            operation.visible
                && operation.param(name).is_none()
                && !matches!(normalise(ValueKind::Object, value), Ok(None))
        })
        .map(|(name, _)| unknown(operation, name))
        .collect();
    let own = with_own_fields(operation, given, &mut faults);
    let given = own.as_ref().unwrap_or(given);
    if operation.effect == Effect::Destroy {
        faults.extend(unset(operation.params, given));
    }
    let mut arguments = read(operation.params, given, &mut faults);
    fit(operation, &mut arguments, &mut faults);
    faults.extend(request::clashes(&arguments));
    if faults.is_empty() { Ok(arguments) } else { Err(Error::faults(Kind::InvalidParameters, &faults)) }
}

/// Faults of what counts as empty elsewhere: on an operation that destroys, a value that a template failed to set must not
/// mean everything, nor switch a dry run off.
fn unset(params: &[Param], given: &Map<String, Value>) -> Vec<String> {
    let is_unset = |param: &&Param| {
        given.get(param.name).and_then(Value::as_str).is_some_and(|text| is_unset_for(param.kind, text))
    };
    let fault = |param: &Param| {
        format!(
            "{} must be set: the text None or null is what a template writes for a value that is not set. Leave it empty, or give \
             a value",
            param.name
        )
    };
    params.iter().filter(is_unset).map(fault).collect()
}

/// Puts the fields of the body into the types that the engine takes.
fn fit(operation: &Operation, arguments: &mut Arguments, faults: &mut Vec<String>) {
    let has_body = request::has_body(operation.params);
    arguments.replace(|param, value| match param.place {
        Place::Body => conform(type_at(operation.path, param.body_path()), value, param.name, faults),
        Place::Merged if has_body => {
            conform(type_at(operation.path, std::iter::empty()), value, param.name, faults)
        }
        Place::Merged => conform(Type::Any, value, param.name, faults),
        Place::Query | Place::Local => Some(value),
    });
}

/// Where additional fields go into the query, one of them may be a parameter of its own (as older playbooks have it): then it
/// is read as that.
fn with_own_fields(
    operation: &'static Operation,
    given: &Map<String, Value>,
    faults: &mut Vec<String>,
) -> Option<Map<String, Value>> {
    let merged = operation.params.iter().find(|param| param.place == Place::Merged)?;
    if operation.params.iter().any(|param| param.place == Place::Body) {
        return None;
    }
    let Ok(Some(Value::Object(fields))) = normalise(merged.kind, given.get(merged.name)?) else {
        return None;
    };
    let mut own = given.clone();
    let mut additional = Map::new();
    for (name, value) in fields {
        let is_named = |param: &&Param| param.name == name || param.wire_name() == name;
        let Some(param) = operation.params.iter().find(is_named).filter(|param| param.place != Place::Merged)
        else {
            additional.insert(name, value);
            continue;
        };
        let present = own.get(param.name).and_then(|present| normalise(param.kind, present).ok().flatten());
        if present.is_some_and(|present| normalise(param.kind, &value) != Ok(Some(present))) {
            faults
                .push(format!("{} is set twice, to different values (also in {})", param.name, merged.name));
        }
        own.insert(param.name.to_owned(), value);
    }
    own.insert(merged.name.to_owned(), additional.into());
    Some(own)
}

/// Reads declared values, also those of a configuration, and collects what is wrong with them.
pub(crate) fn read(
    params: &'static [Param],
    given: &Map<String, Value>,
    faults: &mut Vec<String>,
) -> Arguments {
    let mut arguments = Arguments::of(params);
    for param in params {
        let absent = Value::Null;
        let normal = match normalise(param.kind, given.get(param.name).unwrap_or(&absent)) {
            Ok(None) => param.default.map_or(Ok(None), |default| normalise(param.kind, &default.into())),
            normal => normal,
        };
        match normal {
            Ok(Some(value)) => {
                if param.kind == ValueKind::Time && given.get(param.name).is_some_and(is_ago) {
                    arguments.note_as_ago(param);
                }
                arguments.push(param, value);
            }
            Ok(None) if param.required => faults.push(format!("{} is missing", param.name)),
            Ok(None) => {}
            Err(fault) => faults.push(format!("{} {fault}", param.name)),
        }
    }
    arguments
}

/// Faults of fields that another one's value needs, and nothing is given for. An operation asks for such a parameter itself, as
/// whether the call is allowed comes first.
pub(crate) fn missing(
    params: &[Param],
    given: &Map<String, Value>,
    arguments: &Arguments,
) -> impl Iterator<Item = String> {
    let is_wrong = |param: &Param| given.get(param.name).is_some_and(|it| normalise(param.kind, it).is_err());
    params.iter().filter_map(move |param| {
        let need = param.shown_for.filter(|shown| shown.needed)?;
        let option = option_shown(params, param, arguments)?;
        let is_missing = arguments.get(param.name).is_none() && !is_wrong(param);
        is_missing
            .then(|| format!("{} is missing: it is required where {} is {option}", param.name, need.param))
    })
}

/// The option of another parameter for which a form shows this one now, if it does.
fn option_shown(params: &[Param], param: &Param, arguments: &Arguments) -> Option<&'static str> {
    let shown = param.shown_for?;
    let other = params.iter().find(|other| other.name == shown.param)?;
    if other.shown_for.is_some() {
        option_shown(params, other, arguments)?;
    }
    let value = arguments.get(other.name)?;
    let title = match (other.kind, value) {
        (ValueKind::Choice(choices), Value::String(word)) => choices.iter().find(|(_, own)| own == word)?.0,
        (_, Value::Bool(true)) => "true",
        (_, Value::Bool(false)) => "false",
        _ => return None,
    };
    shown.options.contains(&title).then_some(title)
}

/// Takes out what the engine's API version does not have yet: silently where it would change nothing (a form's unchecked
/// box, a default), else with an error that names parameter and version.
pub(crate) fn suit(
    operation: &Operation,
    arguments: &mut Arguments,
    version: ApiVersion,
) -> Result<(), Error> {
    let mut faults = Vec::new();
    if let Some(since) = operation.since.filter(|since| *since > version) {
        faults.push(format!("the operation needs API {since}"));
    }
    for (param, value) in arguments.iter() {
        for (name, since) in param.newer.iter().filter(|(name, _)| !value[*name].is_null()) {
            if *since > version {
                faults.push(format!("{name} in {} needs API {since}", param.name));
            }
        }
    }
    arguments.retain(|param, value| {
        let Some(since) = param.since.filter(|since| *since > version) else { return true };
        let default = param.default.map_or(Value::Bool(false), Value::from);
        let default = normalise(param.kind, &default).ok().flatten();
        if default.as_ref() != Some(value) {
            faults.push(format!("{} needs API {since}", param.name));
        }
        false
    });
    if faults.is_empty() {
        return Ok(());
    }
    let advice = match operation.since.filter(|since| *since > version) {
        Some(_) => "Upgrade the engine.",
        None => "Leave it empty, or upgrade the engine.",
    };
    let message = format!("{}, and the engine speaks {version}. {advice}", faults.join(", "));
    Err(Error::new(Kind::Engine(engine::ErrorKind::Unsupported), message))
}

fn unknown(operation: &Operation, name: &str) -> String {
    let shown: String = name.chars().take(60).collect();
    let alike = |param: &&Param| {
        param.name.eq_ignore_ascii_case(name) || param.wire_name().eq_ignore_ascii_case(name)
    };
    if let Some(meant) = operation.params.iter().find(alike) {
        return format!("{shown:?} is not a parameter; {:?} is", meant.name);
    }
    let names: Vec<&str> = operation.params.iter().map(|param| param.name).collect();
    format!(
        "{shown:?} is not a parameter; there are {}",
        if names.is_empty() { "none".into() } else { names.join(", ") }
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::declare::param::{ADDITIONAL_FIELDS, CONTAINER, FILTERS, flag, integer, object, text};

    const OPERATION: Operation = Operation::post("try", "/containers/{id}/try").params(&[
        CONTAINER,
        integer("t"),
        text("mode").default("plain"),
        flag("new").since(1, 50),
        FILTERS.newer(&[("annotation", ApiVersion::new(1, 56))]),
    ]);

    fn given(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn names_every_fault_at_once() {
        let error = validated(&OPERATION, &given(json!({"t": "soon", "T": 1, "other": "x", "empty": ""})))
            .unwrap_err();
        for part in [
            "id is missing",
            "t must be a whole number",
            "\"t\" is",
            "\"other\" is not a parameter",
            "Nothing was sent",
        ] {
            assert!(error.to_string().contains(part), "{part}: {error}");
        }
        assert!(!error.to_string().contains("empty"));
    }

    #[test]
    fn a_forms_list_is_asked_with_all_that_the_form_holds() {
        const LIST: Operation = Operation::get("pick", "/containers/json").hidden();
        validated(&LIST, &given(json!({"id": "we", "size": false, "mode": "plain"}))).unwrap();
    }

    #[test]
    fn fills_defaults_in_and_keeps_zero() {
        let arguments = validated(&OPERATION, &given(json!({"id": "web", "t": 0}))).unwrap();
        assert_eq!((arguments.integer("t"), arguments.text("mode")), (Some(0), Some("plain")));
        assert_eq!(arguments.fill("Tried {id} {nothing}"), "Tried web {nothing}");
    }

    #[test]
    fn f30_all_faults_of_a_body_come_at_once_by_name() {
        const CREATE: Operation = Operation::post("try", "/containers/create").params(&[
            text("Hostname").body(),
            object("HostConfig").body(),
            ADDITIONAL_FIELDS,
        ]);
        let given = given(json!({
            "Hostname": "None", "HostConfig": "{'Memory': 'much', 'cpushares': 1e3}",
            "additional_fields": {"hostconfig": {"CpuShares": 5, "Tty": 1e20}, "Labels": ["a"]},
        }));
        let error = validated(&CREATE, &given).unwrap_err().to_string();
        for part in [
            "Hostname must be set",
            "HostConfig.Memory must be a size",
            "additional_fields.HostConfig.Tty must be a whole number",
            "additional_fields.Labels must be an object",
            "HostConfig.CpuShares is set twice",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn f30_what_destroys_takes_no_unset_value() {
        const PRUNE: Operation = Operation::post("try", "/prune")
            .effect(Effect::Destroy)
            .params(&[flag("dry_run").local(), integer("t")]);
        let error =
            validated(&PRUNE, &given(json!({"dry_run": "None", "t": "null"}))).unwrap_err().to_string();
        assert!(error.contains("dry_run must be set") && error.contains("t must be set"), "{error}");
        validated(&PRUNE, &given(json!({"dry_run": "", "t": null}))).unwrap();
    }

    #[test]
    fn an_additional_field_may_have_a_field_of_its_own() {
        const PULL: Operation = Operation::post("try", "/images/create").params(&[
            text("tag").local(),
            flag("no_cache").wire("nocache"),
            ADDITIONAL_FIELDS,
        ]);
        let read = |value: Value| validated(&PULL, &given(value));
        let arguments =
            read(json!({"additional_fields": {"tag": "2", "nocache": "true", "x": 1}, "tag": ""})).unwrap();
        assert_eq!((arguments.text("tag"), arguments.flag("no_cache")), (Some("2"), Some(true)));
        assert_eq!(arguments.get("additional_fields"), Some(&json!({"x": 1})));
        read(json!({"additional_fields": "{\"tag\": 2}", "tag": "2"})).unwrap();
        let error = read(json!({"additional_fields": {"tag": "2"}, "tag": "3"})).unwrap_err();
        assert!(error.to_string().contains("tag is set twice"), "{error}");
    }

    #[test]
    fn refuses_what_is_too_new_unless_it_says_nothing() {
        let old = ApiVersion::new(1, 41);
        let mut arguments = validated(&OPERATION, &given(json!({"id": "web", "new": false}))).unwrap();
        suit(&OPERATION, &mut arguments, old).unwrap();
        assert_eq!(arguments.flag("new"), None);
        let mut arguments = validated(&OPERATION, &given(json!({"id": "web", "new": true}))).unwrap();
        let error = suit(&OPERATION, &mut arguments, old).unwrap_err();
        assert!(
            error.to_string().starts_with("[unsupported] new needs API 1.50, and the engine speaks 1.41"),
            "{error}"
        );
        suit(&OPERATION, &mut arguments.clone(), ApiVersion::new(1, 50)).unwrap();
    }

    #[test]
    fn refuses_a_filter_that_is_too_new() {
        let with =
            |filters: Value| validated(&OPERATION, &given(json!({"id": "web", "filters": filters}))).unwrap();
        suit(&OPERATION, &mut with(json!("label=a")), ApiVersion::new(1, 41)).unwrap();
        let error = suit(&OPERATION, &mut with(json!("annotation=a")), ApiVersion::new(1, 55)).unwrap_err();
        assert!(
            error.to_string().starts_with(
                "[unsupported] annotation in filters needs API 1.56, and the engine speaks 1.55"
            ),
            "{error}"
        );
        suit(&OPERATION, &mut with(json!("annotation=a")), ApiVersion::new(1, 56)).unwrap();
    }
}
