//! `playbooks/playbooks.json`: a sample playbook for each operation, and the stories, with ids that stay from build to build.

use operations::{Operation, Param, ValueKind};
use serde_json::{Map, Value, json};

use crate::{
    Identity, form,
    stories::{Action, Branch, Step as Told, Story, Values, stories},
    workflow::{Kind, Question, Step, Workflow, id},
};

/// The record that a story is told on.
const ALERT: &str = "{{vars.input.records[0]['@id']}}";

/// The collection of samples: the stories first.
pub(crate) fn playbooks(identity: &Identity) -> Value {
    let label = identity.label();
    let workflows = stories()
        .map(|story| self::story(identity, story))
        .chain(operations::shown().map(|operation| sample(identity, operation)));
    json!({
        "type": "workflow_collections",
        "data": [{
            "@context": "/api/3/contexts/WorkflowCollection",
            "@type": "WorkflowCollection",
            "name": format!("Sample - {label} - {}", Identity::VERSION),
            "description": format!(
                "Stories that are ready to run, and a sample for each operation of the {label} connector. Copy what you want \
                 to keep into a collection of your own: this one is removed when the connector is upgraded or removed."
            ),
            "uuid": id(identity, "collection"),
            "visible": true,
            "image": null,
            "recordTags": [],
            "workflows": workflows.collect::<Value>(),
        }],
        "exported_tags": [identity.name()],
    })
}

/// A playbook that is started by hand and runs one operation.
fn sample(identity: &Identity, operation: &'static Operation) -> Value {
    let required = operation.params.iter().filter(|param| param.required);
    let step = Step {
        key: "step".into(),
        name: operation.title,
        kind: Kind::Connector,
        arguments: run(identity, operation, sample_params(operation)),
        routes: Vec::new(),
        column: 0,
    };
    let workflow = Workflow {
        identity,
        key: operation.name.into(),
        title: operation.title,
        about: operation.about,
        questions: required
            .map(|param| Question {
                name: param.name,
                label: param.title_text(),
                about: param.about,
                default: None,
            })
            .collect(),
        on_alert: false,
        steps: vec![step],
    };
    workflow.json()
}

/// What a step saved in the designer holds: what was asked for, and every other field as the form begins.
fn sample_params(operation: &Operation) -> Map<String, Value> {
    let value = |param: &Param| match param.required {
        true => format!("{{{{vars.input.params.{}}}}}", param.name).into(),
        false => form::default(param),
    };
    operation.params.iter().map(|param| (param.name.to_owned(), value(param))).collect()
}

/// A story's playbook.
fn story(identity: &Identity, story: &'static Story) -> Value {
    let mut workflow = Workflow {
        identity,
        key: format!("story {}", story.title),
        title: story.title,
        about: story.about,
        questions: story
            .asks
            .iter()
            .map(|ask| Question {
                name: ask.name,
                label: ask.label.into(),
                about: ask.about,
                default: ask.default,
            })
            .collect(),
        on_alert: story.on_alert,
        steps: Vec::new(),
    };
    let mut column = 0;
    for (index, told) in story.steps.iter().enumerate() {
        column = self::column(story, index, column);
        workflow.steps.push(Step {
            key: format!("step {}", told.name),
            name: told.name,
            kind: kind(&told.action),
            arguments: Value::Null,
            routes: routes(story, index),
            column,
        });
    }
    // The branches of a choice name the steps that they lead to, which are all known now.
    for (index, told) in story.steps.iter().enumerate() {
        workflow.steps[index].arguments = arguments(&workflow, told);
    }
    workflow.json()
}

/// Where no condition holds, a story goes on in a column of its own, until all meet in the report.
fn column(story: &Story, index: usize, current: u32) -> u32 {
    let name = story.steps[index].name;
    let branches = story.steps.iter().flat_map(|step| match step.action {
        Action::Choose(branches) => branches,
        _ => &[],
    });
    match branches.into_iter().find(|branch| branch.step == name) {
        _ if index + 1 == story.steps.len() => 0,
        Some(branch) => u32::from(branch.condition.is_none()),
        None => current,
    }
}

fn routes(story: &Story, index: usize) -> Vec<(&'static str, Option<&'static str>)> {
    let told = &story.steps[index];
    match told.action {
        Action::Choose(branches) => {
            branches.iter().map(|branch| (branch.step, Some(branch.option))).collect()
        }
        _ => {
            let next = story.steps.get(index + 1).map(|next| next.name);
            told.then.or(next).map(|next| (next, None)).into_iter().collect()
        }
    }
}

const fn kind(action: &Action) -> Kind {
    match action {
        Action::Run(..) => Kind::Connector,
        Action::Set(_) => Kind::SetVariable,
        Action::Choose(_) => Kind::Decision,
        Action::Comment(_) => Kind::CreateRecord,
        Action::Attach(_) => Kind::UpdateRecord,
    }
}

fn arguments(workflow: &Workflow<'_>, told: &Told) -> Value {
    let mut arguments = match told.action {
        Action::Run(name, params) => operations::find(name)
            .map_or(Value::Null, |operation| run(workflow.identity, operation, given(operation, params))),
        Action::Set(values) => values
            .iter()
            .map(|(name, text)| ((*name).to_owned(), Value::from(*text)))
            .collect::<Map<_, _>>()
            .into(),
        Action::Choose(branches) => {
            json!({"conditions": branches.iter().map(|branch| condition(workflow, branch)).collect::<Value>()})
        }
        Action::Comment(text) => json!({
            "collection": "/api/3/comments",
            "resource": {"content": text, "alerts": [ALERT]},
        }),
        Action::Attach(list) => json!({
            "collection": ALERT,
            "collectionType": "/api/3/alerts",
            "operation": "Append",
            "resource": {"attachments": list},
        }),
    };
    if let Some(list) = told.for_each {
        arguments["for_each"] = json!({"item": list, "parallel": false, "condition": ""});
    }
    if told.may_fail {
        arguments["ignore_errors"] = true.into();
    }
    arguments
}

fn condition(workflow: &Workflow<'_>, branch: &Branch) -> Value {
    let target = workflow.step(branch.step);
    match branch.condition {
        Some(condition) => json!({
            "option": branch.option,
            "condition": condition,
            "step_iri": target,
            "step_name": branch.step,
        }),
        None => {
            json!({"option": branch.option, "default": true, "step_iri": target, "step_name": branch.step})
        }
    }
}

/// What a story gives an operation: templates as they are, the rest typed as a form would.
fn given(operation: &Operation, params: Values) -> Map<String, Value> {
    let typed = |name: &str, text: &'static str| match operation.param(name) {
        Some(param)
            if !text.contains("{{") && matches!(param.kind, ValueKind::Flag | ValueKind::Integer(_)) =>
        {
            form::typed(param, text)
        }
        _ => text.into(),
    };
    params.iter().map(|(name, text)| ((*name).to_owned(), typed(name, text))).collect()
}

/// The arguments of a step that runs an operation.
fn run(identity: &Identity, operation: &Operation, params: Map<String, Value>) -> Value {
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
        assert!(count > 4 * (operations::shown().count() + stories().count()));
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
        let workflows = &made["data"][0]["workflows"].as_array().unwrap()[stories().count()..];
        assert_eq!(workflows.len(), operations::shown().count());
        for (workflow, operation) in workflows.iter().zip(operations::shown()) {
            let name = operation.name;
            let (start, step) = (&workflow["steps"][0], &workflow["steps"][1]);
            let points_at = |field: &Value, step: &Value| {
                field.as_str().unwrap().ends_with(&format!("/{}", step["uuid"].as_str().unwrap()))
            };
            assert!(points_at(&workflow["triggerStep"], start), "{name}");
            assert!(points_at(&workflow["routes"][0]["sourceStep"], start), "{name}");
            assert!(points_at(&workflow["routes"][0]["targetStep"], step), "{name}");
            assert_eq!(
                (&start["stepType"], &step["stepType"]),
                (&json!(Kind::Start.reference()), &json!(Kind::Connector.reference())),
                "{name}"
            );
            assert_eq!(step["arguments"]["operation"], name);
            assert_eq!(step["arguments"]["connector"], "docker-engine");
            let params: Vec<&String> = step["arguments"]["params"].as_object().unwrap().keys().collect();
            assert_eq!(params, operation.params.iter().map(|param| param.name).collect::<Vec<_>>(), "{name}");
        }
    }

    #[test]
    fn what_is_required_is_asked_for_and_handed_on() {
        let operation = operations::find("inspect_container").unwrap();
        let workflow = sample(&Identity::new("docker", None).unwrap(), operation);
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

    #[test]
    fn a_story_is_a_playbook_whose_steps_lead_on() {
        let made = made("docker-engine");
        let workflows = made["data"][0]["workflows"].as_array().unwrap();
        for (workflow, story) in workflows.iter().zip(stories()) {
            let title = story.title;
            assert_eq!((&workflow["name"], &workflow["tag"]), (&json!(title), &json!("#Docker Engine")));
            let steps = workflow["steps"].as_array().unwrap();
            assert_eq!(steps.len(), story.steps.len() + 1, "{title}");
            let references: Vec<String> = steps
                .iter()
                .map(|step| format!("/api/3/workflow_steps/{}", step["uuid"].as_str().unwrap()))
                .collect();
            let routes = workflow["routes"].as_array().unwrap();
            for (step, reference) in steps.iter().zip(&references) {
                let leads_here = routes.iter().any(|route| route["targetStep"] == *reference);
                assert!(leads_here || step["name"] == "Start", "{title}: nothing leads to {}", step["name"]);
                let leads_on = routes.iter().any(|route| route["sourceStep"] == *reference);
                assert_eq!(leads_on, step["name"] != "Report", "{title}: {}", step["name"]);
                for branch in step["arguments"]["conditions"].as_array().into_iter().flatten() {
                    assert!(
                        references.iter().any(|reference| branch["step_iri"] == *reference),
                        "{title}: {branch}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_no_template_is_typed() {
        let operation = operations::find("stop_container").unwrap();
        let given = given(operation, &[("id", "{{vars.x}}"), ("t", "5"), ("disable_restart", "true")]);
        assert_eq!(Value::Object(given), json!({"id": "{{vars.x}}", "t": 5, "disable_restart": true}));
    }
}
