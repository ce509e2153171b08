//! `info.json`: how the package describes itself, its configuration and its operations to FortiSOAR.

use operations::{Configuration, Effect, Operation};
use serde_json::{Value, json};

use crate::{Identity, form, icons, schema};

const DESCRIPTION: &str = "Works a Docker Engine from playbooks: containers, images, networks, volumes and the system. \
    Investigate what runs, contain what should not, and deploy what should.";

/// The whole description.
pub(crate) fn info(identity: &Identity) -> Value {
    json!({
        "name": identity.name(),
        "version": Identity::VERSION,
        "label": identity.label(),
        "description": DESCRIPTION,
        "publisher": "Community",
        "contributor": "Community",
        "category": "Container Services",
        "tags": ["docker", "containers"],
        "help_online": identity.help(),
        "icon_small_name": icons::SMALL,
        "icon_large_name": icons::LARGE,
        "cs_approved": false,
        "cs_compatible": true,
        "ingestion_supported": false,
        "configuration": {"fields": form::fields(Configuration::fields())},
        "operations": operations::shown().chain(hidden()).flat_map(entries).collect::<Value>(),
    })
}

/// What only forms call.
fn hidden() -> impl Iterator<Item = &'static Operation> {
    operations::operations().filter(|operation| !operation.visible)
}

/// An operation under its name, and unseen under each further name, so that stored playbooks find it.
fn entries(operation: &'static Operation) -> impl Iterator<Item = Value> {
    let about = description(operation);
    let further = operation.also.iter().map({
        let about = about.clone();
        move |name| entry(operation, name, format!("The same as {}. {about}", operation.title), false)
    });
    std::iter::once(entry(operation, operation.name, about, operation.visible)).chain(further)
}

fn entry(operation: &Operation, name: &str, description: String, visible: bool) -> Value {
    let (schema_key, schema) = schema::described(operation);
    json!({
        "operation": name,
        "title": operation.title,
        "description": description,
        "category": operation.category().as_str(),
        "annotation": name,
        "enabled": true,
        "visible": visible,
        "parameters": form::fields(operation.params),
        schema_key: schema,
    })
}

/// What it does, what cannot be undone, and from which version on there is such a thing.
fn description(operation: &Operation) -> String {
    let mut text = operation.about.to_owned();
    if operation.effect == Effect::Destroy {
        text.push_str(" Destructive: this cannot be undone.");
    }
    match operation.since {
        Some(since) => format!("{text} Needs API {since} or newer."),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    // Those that Fortinet's checker of connectors knows, of those that FortiSOAR has forms for.
    const TYPES: &[&str] = &[
        "text",
        "textarea",
        "richtext",
        "password",
        "integer",
        "decimal",
        "checkbox",
        "select",
        "multiselect",
        "json",
        "datetime",
        "file",
        "email",
        "phone",
        "domain",
        "ipv4",
    ];
    const CATEGORIES: &[&str] = &["investigation", "containment", "remediation", "miscellaneous"];

    fn made() -> Value {
        info(&Identity::new("docker-engine", None).unwrap())
    }

    fn list(value: &Value) -> &Vec<Value> {
        value.as_array().unwrap()
    }

    /// Fortinet's checker takes a description for too short that is not three times as long as the name.
    fn check_length(what: &str, name: &Value, description: &Value) {
        let [name, description] = [name, description].map(|text| text.as_str().unwrap().chars().count());
        assert!(
            description >= 3 * name,
            "{what}: describe it in {} characters at least, not {description}",
            3 * name
        );
    }

    /// The rules of one form, with what its choices reveal.
    fn check_form(form: &str, fields: &Value) {
        let mut names = HashSet::new();
        for field in list(fields) {
            let what = format!("{form}.{}", field["name"]);
            assert!(names.insert(field["name"].as_str().unwrap()), "{what} stands twice");
            for key in ["title", "name", "description", "tooltip"] {
                assert!(field[key].as_str().is_some_and(|text| !text.is_empty()), "{what}: {key}");
            }
            check_length(&what, &field["name"], &field["description"]);
            let kind = field["type"].as_str().unwrap();
            assert!(TYPES.contains(&kind), "{what}: {kind}");
            assert!(["required", "visible", "editable"].iter().all(|key| field[*key].is_boolean()), "{what}");
            let value = &field["value"];
            match kind {
                "checkbox" => assert!(value.is_boolean(), "{what}: {value}"),
                "integer" => assert!(value.is_i64() || value == "", "{what}: {value}"),
                "select" => {
                    assert!(value == "" || list(&field["options"]).contains(value), "{what}: {value}");
                }
                "multiselect" => {
                    let options = list(&field["options"]);
                    assert!(list(value).iter().all(|one| options.contains(one)), "{what}: {value}");
                }
                _ => assert!(value.is_string(), "{what}: {value}"),
            }
            if let Some(validation) = field.get("validation") {
                assert!(
                    validation["pattern"].is_string() && validation["patternError"].is_string(),
                    "{what}"
                );
            }
            for (choice, further) in field.get("onchange").and_then(Value::as_object).into_iter().flatten() {
                let is_option = match kind {
                    "checkbox" => ["true", "false"].contains(&choice.as_str()),
                    _ => list(&field["options"]).contains(&json!(choice)),
                };
                assert!(is_option, "{what}: {choice} is no option");
                check_form(form, further);
            }
        }
    }

    #[test]
    fn says_what_the_importer_wants() {
        let info = made();
        for key in ["name", "version", "label", "description", "publisher", "category", "help_online"] {
            assert!(info[key].as_str().is_some_and(|text| !text.is_empty()), "{key}");
        }
        assert_eq!((&info["cs_approved"], &info["ingestion_supported"]), (&json!(false), &json!(false)));
        assert!(info["tags"].is_array() && info["cs_compatible"].is_boolean());
    }

    #[test]
    fn forms_obey_the_contract() {
        let info = made();
        check_form("configuration", &info["configuration"]["fields"]);
        for operation in list(&info["operations"]) {
            check_form(operation["operation"].as_str().unwrap(), &operation["parameters"]);
        }
    }

    #[test]
    fn operations_obey_the_contract() {
        let info = made();
        let mut names = HashSet::new();
        for operation in list(&info["operations"]) {
            let name = operation["operation"].as_str().unwrap();
            assert!(names.insert(name), "{name} stands twice");
            assert!(!operation["title"].as_str().unwrap().is_empty(), "{name}: title");
            assert!(operation["description"].as_str().unwrap().ends_with('.'), "{name}: description");
            check_length(name, &operation["operation"], &operation["description"]);
            assert!(CATEGORIES.contains(&operation["category"].as_str().unwrap()), "{name}: category");
            assert_eq!(operation["annotation"], name);
            assert_eq!(operation["enabled"], true);
            let schemas = ["output_schema", "conditional_output_schema"];
            let count = schemas.iter().filter(|key| operation.get(key).is_some()).count();
            assert_eq!(count, 1, "{name}: how its result is described");
            assert!(operations::find(name).is_some(), "{name} is not answered");
        }
        let shown = list(&info["operations"]).iter().filter(|operation| operation["visible"] == true).count();
        assert_eq!(shown, operations::shown().count());
    }

    #[test]
    fn what_destroys_says_so() {
        for operation in operations::operations() {
            let says = description(operation).contains("cannot be undone");
            assert_eq!(says, operation.effect == Effect::Destroy, "{}", operation.name);
        }
    }

    #[test]
    fn further_names_are_unseen_and_take_the_same() {
        const OLD: Operation = Operation::post("stop_container", "/containers/{id}/stop")
            .title("Stop Container")
            .about("Stops a container.")
            .also(&["halt_container"])
            .done("Stopped", "Was stopped");
        static OPERATION: Operation = OLD;
        let entries: Vec<Value> = entries(&OPERATION).collect();
        assert_eq!(
            (&entries[0]["operation"], &entries[0]["visible"]),
            (&json!("stop_container"), &json!(true))
        );
        assert_eq!(
            (&entries[1]["operation"], &entries[1]["visible"]),
            (&json!("halt_container"), &json!(false))
        );
        assert_eq!(entries[0]["parameters"], entries[1]["parameters"]);
        assert_eq!(entries[1]["description"], "The same as Stop Container. Stops a container.");
    }
}
