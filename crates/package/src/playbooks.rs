//! `playbooks/playbooks.json`: a sample playbook for each operation, with ids that stay from build to build.

use operations::{Operation, Param};
use serde_json::{Map, Value, json};
use uuid::{Uuid, uuid};

use crate::{Identity, form, groups};

/// All ids are derived within it, from the package's name and what they are the ids of.
const NAMESPACE: Uuid = uuid!("6e0f0b5e-5d0c-4d5f-9a53-9d5f1c0f4b27");
const START: &str = "/api/3/workflow_step_types/f414d039-bb0d-4e59-9c39-a8f1e880b18a";
const CONNECTOR: &str = "/api/3/workflow_step_types/0bfed618-0316-11e7-93ae-92361f002671";

/// The collection of samples.
pub(crate) fn playbooks(identity: &Identity) -> Value {
    let label = identity.label();
    json!({
        "type": "workflow_collections",
        "data": [{
            "@context": "/api/3/contexts/WorkflowCollection",
            "@type": "WorkflowCollection",
            "name": format!("Sample - {label} - {}", Identity::VERSION),
            "description": format!(
                "A sample for each operation of the {label} connector. Copy what you want to keep into a collection of \
                 your own: this one goes when the connector is upgraded or removed."
            ),
            "uuid": id(identity, "collection"),
            "visible": true,
            "image": null,
            "recordTags": [],
            "workflows": groups::shown().map(|operation| workflow(identity, operation)).collect::<Value>(),
        }],
        "exported_tags": [identity.name()],
    })
}

/// A playbook that is started by hand and runs one operation.
fn workflow(identity: &Identity, operation: &Operation) -> Value {
    let part = |part: &str| id(identity, &format!("{} {part}", operation.name));
    let (start, step) = (part("start"), part("step"));
    let reference = |id: &str| format!("/api/3/workflow_steps/{id}");
    json!({
        "@type": "Workflow",
        "name": operation.title,
        "uuid": part("playbook"),
        "aliasName": null,
        "tag": format!("#{}", identity.label()),
        "description": operation.about,
        "isActive": false,
        "isPrivate": false,
        "debug": false,
        "synchronous": false,
        "singleRecordExecution": false,
        "remoteExecutableFlag": false,
        "priority": null,
        "triggerLimit": null,
        "parameters": [],
        "versions": [],
        "recordTags": [identity.name()],
        "triggerStep": reference(&start),
        "steps": [
            placed(20, &start, "Start", START, start_arguments(&part("trigger"), identity, operation)),
            placed(120, &step, operation.title, CONNECTOR, step_arguments(identity, operation)),
        ],
        "routes": [{
            "@type": "WorkflowRoute",
            "name": format!("Start -> {}", operation.title),
            "uuid": part("route"),
            "sourceStep": reference(&start),
            "targetStep": reference(&step),
            "label": null,
            "isExecuted": false,
        }],
    })
}

fn placed(top: u32, id: &str, name: &str, step_type: &str, arguments: Value) -> Value {
    json!({
        "@type": "WorkflowStep",
        "name": name,
        "uuid": id,
        "description": null,
        "status": null,
        "top": top.to_string(),
        "left": "20",
        "stepType": step_type,
        "arguments": arguments,
    })
}

/// Started from an alert's menu, but without any need of an alert. Whoever starts it is asked for what is required.
fn start_arguments(route: &str, identity: &Identity, operation: &Operation) -> Value {
    let asked: Vec<&Param> = required(operation).collect();
    let given: Map<String, Value> = asked
        .iter()
        .map(|param| (param.name.to_owned(), format!("{{{{vars.request.data[\"{}\"]}}}}", param.name).into()))
        .collect();
    json!({
        "route": route,
        "title": format!("{}: {}", identity.label(), operation.title),
        "resources": ["alerts"],
        "inputVariables": asked.iter().map(|param| question(param)).collect::<Value>(),
        "step_variables": {"input": {"params": given, "records": "{{vars.input.records}}"}},
        "displayConditions": {"alerts": {"sort": [], "limit": 30, "logic": "AND", "filters": []}},
        "executeButtonText": "Execute",
        "noRecordExecution": true,
        "singleRecordExecution": false,
    })
}

/// An input that the start of a playbook shows. Every kind of value may be written as text.
fn question(param: &Param) -> Value {
    json!({
        "name": param.name,
        "label": param.title_text(),
        "title": "Text",
        "tooltip": param.about,
        "type": "string",
        "dataType": "text",
        "formType": "text",
        "templateUrl": "app/components/form/fields/input.html",
        "required": true,
        "requiredCondition": "required",
        "defaultValue": null,
        "usable": true,
        "playbookField": true,
        "jinjaExpressionView": true,
        "useRecordFieldDefault": false,
        "_expanded": true,
        "_previousName": "",
        "_addRequiredConditions": true,
    })
}

/// What a step saved in the designer holds: what was asked for, and every other field as the form begins.
fn step_arguments(identity: &Identity, operation: &Operation) -> Value {
    let value = |param: &Param| match param.required {
        true => format!("{{{{vars.input.params.{}}}}}", param.name).into(),
        false => form::default(param),
    };
    let params: Map<String, Value> =
        operation.params.iter().map(|param| (param.name.to_owned(), value(param))).collect();
    json!({
        "name": identity.label(),
        "config": "", // the default configuration
        "params": params,
        "version": Identity::VERSION,
        "connector": identity.name(),
        "operation": operation.name,
        "operationTitle": operation.title,
        "step_variables": [],
    })
}

fn required(operation: &Operation) -> impl Iterator<Item = &Param> {
    operation.params.iter().filter(|param| param.required)
}

fn id(identity: &Identity, what: &str) -> String {
    Uuid::new_v5(&NAMESPACE, format!("{} {what}", identity.name()).as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn made(name: &str) -> Value {
        playbooks(&Identity::new(name, None).unwrap())
    }

    fn ids(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                into.extend(fields.get("uuid").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|field| ids(field, into));
            }
            Value::Array(items) => items.iter().for_each(|item| ids(item, into)),
            _ => {}
        }
    }

    #[test]
    fn ids_are_unique_and_another_package_has_others() {
        let mut all = Vec::new();
        ids(&made("docker-engine"), &mut all);
        let count = all.len();
        assert_eq!(count, 1 + 4 * groups::shown().count());
        ids(&made("docker"), &mut all);
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 2 * count);
    }

    /// FortiSOAR knows a playbook by its id: one that changes makes a second playbook of it.
    #[test]
    fn ids_stay_from_build_to_build() {
        let collection = &made("docker-engine")["data"][0];
        let ping = collection["workflows"]
            .as_array()
            .unwrap()
            .iter()
            .find(|workflow| workflow["name"] == "Ping Engine");
        assert_eq!(collection["uuid"], "e3ffcc9a-32c8-5670-a7dd-ceb8d22d7776");
        assert_eq!(ping.unwrap()["uuid"], "165f287f-d288-572d-97c3-b189cc5be4df");
    }

    #[test]
    fn each_operation_has_one_that_runs_it() {
        let made = made("docker-engine");
        let workflows = made["data"][0]["workflows"].as_array().unwrap();
        assert_eq!(workflows.len(), groups::shown().count());
        for (workflow, operation) in workflows.iter().zip(groups::shown()) {
            let name = operation.name;
            let (start, step) = (&workflow["steps"][0], &workflow["steps"][1]);
            let points_at = |field: &Value, step: &Value| {
                field.as_str().unwrap().ends_with(&format!("/{}", step["uuid"].as_str().unwrap()))
            };
            assert!(points_at(&workflow["triggerStep"], start), "{name}");
            assert!(points_at(&workflow["routes"][0]["sourceStep"], start), "{name}");
            assert!(points_at(&workflow["routes"][0]["targetStep"], step), "{name}");
            assert_eq!((&start["stepType"], &step["stepType"]), (&json!(START), &json!(CONNECTOR)), "{name}");
            assert_eq!(step["arguments"]["operation"], name);
            assert_eq!(step["arguments"]["connector"], "docker-engine");
            let params: Vec<&String> = step["arguments"]["params"].as_object().unwrap().keys().collect();
            assert_eq!(params, operation.params.iter().map(|param| param.name).collect::<Vec<_>>(), "{name}");
        }
    }

    #[test]
    fn what_is_required_is_asked_for_and_handed_on() {
        let operation = operations::find("inspect_container").unwrap();
        let workflow = workflow(&Identity::new("docker", None).unwrap(), operation);
        let (start, step) = (&workflow["steps"][0]["arguments"], &workflow["steps"][1]["arguments"]);
        assert_eq!(start["inputVariables"].as_array().unwrap().len(), 1);
        assert_eq!(
            (&start["inputVariables"][0]["name"], &start["inputVariables"][0]["label"]),
            (&json!("id"), &json!("Container"))
        );
        assert_eq!(
            start["step_variables"]["input"]["params"],
            json!({"id": "{{vars.request.data[\"id\"]}}"})
        );
        assert_eq!(step["params"], json!({"id": "{{vars.input.params.id}}", "size": false, "redact": false}));
    }
}
