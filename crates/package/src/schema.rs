//! `output_schema`: the skeleton of each operation's result, whose paths the playbook designer offers.
//!
//! What the engine answers comes from a copy of the Docker Engine API's answers, in `data/responses.json`, and what engines
//! answer beyond that from `data/further_answers.json`. What an operation's own function makes is part of its declaration.
//! The end-to-end tests hold every result of a real engine against these.

use std::sync::LazyLock;

use operations::{Case, Operation, Schema, Shape, ValueKind};
use serde_json::{Map, Value, json};

static ANSWERS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../data/responses.json")).unwrap_or_default());

static FURTHER: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../data/further_answers.json")).unwrap_or_default());

/// The condition of the last case, which always holds. Fortinet's tools ask every case for a condition.
pub(crate) const OTHERWISE: &str = "{{true}}";

/// The part of an operation's description that says what its result is: `output_schema`, or `conditional_output_schema`
/// where that depends on a parameter.
pub(crate) fn described(operation: &Operation) -> (&'static str, Value) {
    let mut cases: Vec<Value> = operation
        .gives_for
        .iter()
        .map(|case| json!({"condition": condition(operation, case), "output_schema": skeleton(&case.schema)}))
        .collect();
    if cases.is_empty() {
        return ("output_schema", of(operation));
    }
    cases.push(json!({"condition": OTHERWISE, "is_default": true, "output_schema": of(operation)}));
    ("conditional_output_schema", cases.into())
}

/// When a result has another form: as Fortinet's tools read it.
pub(crate) fn condition(operation: &Operation, case: &Case) -> String {
    let is_flag = operation.param(case.param).is_some_and(|param| param.kind == ValueKind::Flag);
    let holds = match is_flag {
        true => format!("this['{}'] === {}", case.param, case.option),
        false => format!("{} === '{}'", case.param, case.option),
    };
    format!("{{{{{holds}}}}}")
}

/// The result's skeleton: empty strings at its leaves, one element in its lists.
pub(crate) fn of(operation: &Operation) -> Value {
    let mut result = match (operation.gives, operation.shape) {
        (Some(schema), _) => skeleton(&schema),
        (None, Shape::Done { .. }) => done(operation),
        (None, _) => endpoint(&request(operation)),
    };
    let states = operation.states().map(|subject| skeleton(&subject.schema()));
    if let (Value::Object(fields), Some(Value::Object(states))) = (&mut result, states) {
        fields.extend(states);
    }
    result
}

/// The request whose answer is an operation's result, such as `GET /info`.
pub(crate) fn request(operation: &Operation) -> String {
    format!("{} {}", operation.method.as_str(), operation.path)
}

/// The skeleton of a declared form.
pub(crate) fn skeleton(schema: &Schema) -> Value {
    match schema {
        Schema::Answer(request) => endpoint(request),
        Schema::Fields(names) => names.iter().map(|name| (*name, Value::from(""))).collect(),
        Schema::Field(name, schema) => json!({*name: skeleton(schema)}),
        Schema::List(item) => json!([skeleton(item)]),
        Schema::Value => "".into(),
        Schema::Object => json!({}),
        Schema::All(parts) => {
            let parts = parts.iter().map(skeleton);
            let fields = parts.flat_map(|part| part.as_object().cloned().unwrap_or_default());
            fields.collect::<Map<_, _>>().into()
        }
    }
}

/// The skeleton of what the engine answers to a request such as `GET /events`; an object of which nothing is known, if
/// that is no JSON.
pub(crate) fn endpoint(request: &str) -> Value {
    let further = entry(&FURTHER, request).unwrap_or(&Value::Null);
    body(request).map_or_else(|| json!({}), |body| emptied(&merged(body, further)))
}

/// What says that something was done. Where there is nothing that has an id or a name, there is none in the result.
fn done(operation: &Operation) -> Value {
    let named = operation.param("id").or(operation.param("name")).is_some();
    let fields = ["result", "id", "outcome"].into_iter().filter(|field| named || *field != "id");
    fields.map(|field| (field, Value::from(""))).collect()
}

/// The answer's description: the first that is JSON.
fn body(request: &str) -> Option<&'static Value> {
    entry(&ANSWERS, request)?.as_object()?.values().find(|body| !body.is_null())
}

/// What a collection of answers has for a request, whatever the parameters in its path are called.
fn entry(answers: &'static Value, request: &str) -> Option<&'static Value> {
    let wanted = nameless(request);
    let mut endpoints = answers["responses"].as_object()?.iter();
    endpoints.find(|(endpoint, _)| nameless(endpoint) == wanted).map(|(_, entry)| entry)
}

/// An endpoint whose parameters have lost their names: `GET /containers/{}/json`.
pub(crate) fn nameless(endpoint: &str) -> String {
    let nameless = |segment| if str::starts_with(segment, '{') { "{}" } else { segment };
    endpoint.split('/').map(nameless).collect::<Vec<_>>().join("/")
}

/// A body with further fields; where nothing is known of a part, with the further knowledge of it.
fn merged(body: &Value, further: &Value) -> Value {
    match (body, further) {
        (Value::Object(fields), Value::Object(others)) => {
            let mut all = fields.clone();
            for (name, other) in others {
                let known = fields.get(name).map_or_else(|| other.clone(), |field| merged(field, other));
                all.insert(name.clone(), known);
            }
            all.into()
        }
        (Value::Array(items), Value::Array(others)) => {
            items.iter().zip(others).map(|(item, other)| merged(item, other)).collect()
        }
        (Value::String(kind), other) if kind == "any" && !other.is_null() => other.clone(),
        _ => body.clone(),
    }
}

/// An answer's description with empty strings at its leaves.
fn emptied(body: &Value) -> Value {
    match body {
        Value::Array(items) => items.iter().take(1).map(emptied).collect(),
        // An object of which nothing is known, or under names that nobody knows beforehand.
        Value::String(kind) if kind == "object" => json!({}),
        Value::Object(fields) if fields.contains_key("<key>") => json!({}),
        Value::Object(fields) if !fields.is_empty() => {
            let fields = fields.iter().map(|(name, field)| (name.clone(), emptied(field)));
            fields.collect::<Map<_, _>>().into()
        }
        _ => "".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::choices;

    fn schema(name: &str) -> Value {
        of(operations::find(name).unwrap())
    }

    fn check_leaves(what: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    check_leaves(&format!("{what}.{name}"), field);
                }
            }
            Value::Array(items) => {
                assert!(items.len() <= 1, "{what}");
                for item in items {
                    check_leaves(what, item);
                }
            }
            leaf => assert_eq!(leaf, "", "{what}"),
        }
    }

    #[test]
    fn every_result_has_a_skeleton() {
        for operation in operations::operations() {
            let name = operation.name;
            match operation.shape {
                Shape::Json => {
                    assert!(of(operation) != json!({}), "{name}: the API answers no JSON; say what it gives");
                }
                Shape::List => assert!(of(operation).is_array(), "{name}: the API's answer is no list"),
                Shape::Run(_) => assert!(operation.gives.is_some(), "{name}: say what its function gives"),
                Shape::Done { .. } => {}
            }
            check_leaves(name, &of(operation));
            for case in operation.gives_for {
                check_leaves(name, &skeleton(&case.schema));
            }
        }
    }

    #[test]
    fn cases_are_for_options_that_exist() {
        for operation in operations::operations() {
            for Case { param, option, .. } in operation.gives_for {
                let name = operation.name;
                let param =
                    operation.param(param).unwrap_or_else(|| panic!("{name}.{param} is not declared"));
                let is_option = match choices(param.kind) {
                    Some(choices) => choices.iter().any(|(title, _)| title == option),
                    None => param.kind == ValueKind::Flag && *option == "true",
                };
                assert!(is_option, "{name}.{}: {option} is not an option", param.name);
            }
        }
    }

    #[test]
    fn a_dry_run_has_its_own_result() {
        for operation in operations::operations().filter(|operation| operation.param("dry_run").is_some()) {
            let has_own = operation.gives_for.iter().any(|case| case.param == "dry_run");
            assert!(has_own, "{}: say what a dry run gives", operation.name);
        }
    }

    #[test]
    fn the_parts_of_a_result_are_in_order() {
        let names: Vec<String> = schema("exec_container").as_object().unwrap().keys().cloned().collect();
        assert_eq!(names[..5], ["result", "id", "exit_code", "exec_id", "running"]);
        assert_eq!(names.last().unwrap(), "timed_out");
    }

    #[test]
    fn an_event_is_the_engines() {
        assert_eq!(schema("system_events")["events"][0]["Actor"]["ID"], "");
    }

    #[test]
    fn answers_become_skeletons() {
        let listing = schema("list_containers");
        assert_eq!((&listing[0]["Id"], &listing[0]["Names"]), (&json!(""), &json!([""])));
        assert_eq!(listing[0]["Labels"], json!({}));
        assert_eq!(listing[0]["Mounts"][0]["Type"], "");
        assert_eq!(schema("inspect_container")["State"]["Running"], "");
    }

    #[test]
    fn what_engines_answer_beyond_is_there_too() {
        let usage = schema("system_df");
        assert_eq!((&usage["LayersSize"], &usage["ImageUsage"]["TotalSize"]), (&json!(""), &json!("")));
        let stats = schema("container_stats");
        assert_eq!(
            (&stats["cpu_stats"]["cpu_usage"]["total_usage"], &stats["computed"]["pids"]),
            (&json!(""), &json!(""))
        );
    }

    #[test]
    fn further_answers_are_of_endpoints_that_are_known() {
        for request in FURTHER["responses"].as_object().unwrap().keys() {
            assert!(body(request).is_some(), "{request}");
        }
        assert_eq!(schema("inspect_container")["NetworkSettings"]["IPAddress"], "");
        assert_eq!(schema("container_stats")["networks"], json!({}));
    }

    #[test]
    fn what_is_done_has_an_id_where_something_is_named() {
        assert_eq!(schema("rename_container"), json!({"result": "", "id": "", "outcome": ""}));
        let nameless = Operation::post("try", "/try").done("Tried", "Tried already");
        assert_eq!(of(&nameless), json!({"result": "", "outcome": ""}));
    }

    #[test]
    fn the_last_case_always_holds_and_no_other_does() {
        for operation in operations::operations() {
            let (key, cases) = described(operation);
            if key != "conditional_output_schema" {
                continue;
            }
            let conditions: Vec<&str> =
                cases.as_array().unwrap().iter().map(|case| case["condition"].as_str().unwrap()).collect();
            let places = conditions.iter().enumerate().filter(|(_, condition)| **condition == OTHERWISE);
            let places: Vec<usize> = places.map(|(place, _)| place).collect();
            assert_eq!(places, [conditions.len() - 1], "{}: {conditions:?}", operation.name);
        }
    }

    #[test]
    fn a_result_that_depends_on_a_parameter_says_so() {
        let (key, cases) = described(operations::find("copy_from_container").unwrap());
        assert_eq!(
            (key, &cases[0]["condition"]),
            ("conditional_output_schema", &json!("{{output === 'Text'}}"))
        );
        assert_eq!(
            (&cases[0]["output_schema"]["content"], &cases[1]["condition"], &cases[1]["is_default"]),
            (&json!(""), &json!("{{true}}"), &json!(true))
        );
        let (_, cases) = described(operations::find("exec_container").unwrap());
        assert_eq!(cases[0]["condition"], "{{this['Detach'] === true}}");
        assert_eq!(described(operations::find("get_version").unwrap()).0, "output_schema");
    }
}
