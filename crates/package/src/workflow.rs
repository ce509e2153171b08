//! A playbook as FortiSOAR imports it: steps, and the routes between them.

use serde_json::{Map, Value, json};
use uuid::{Uuid, uuid};

use crate::Identity;

/// All ids are derived within it, from the package's name and what they are the ids of.
const NAMESPACE: Uuid = uuid!("6e0f0b5e-5d0c-4d5f-9a53-9d5f1c0f4b27");

/// FortiSOAR's ids of the kinds of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Start,
    Connector,
    SetVariable,
    Decision,
    CreateRecord,
    UpdateRecord,
}

impl Kind {
    /// The reference that a step carries.
    pub(crate) fn reference(self) -> String {
        let id = match self {
            Self::Start => "f414d039-bb0d-4e59-9c39-a8f1e880b18a",
            Self::Connector => "0bfed618-0316-11e7-93ae-92361f002671",
            Self::SetVariable => "04d0cf46-b6a8-42c4-8683-60a7eaa69e8f",
            Self::Decision => "12254cf5-5db7-4b1a-8cb1-3af081924b28",
            Self::CreateRecord => "2597053c-e718-44b4-8394-4d40fe26d357",
            Self::UpdateRecord => "b593663d-7d13-40ce-a3a3-96dece928722",
        };
        format!("/api/3/workflow_step_types/{id}")
    }
}

/// A playbook that is started by hand.
pub(crate) struct Workflow<'a> {
    pub(crate) identity: &'a Identity,
    /// What its ids are derived from.
    pub(crate) key: String,
    pub(crate) title: &'a str,
    pub(crate) about: &'a str,
    /// What whoever starts it is asked for.
    pub(crate) questions: Vec<Question<'a>>,
    /// Whether it needs an alert to be started on.
    pub(crate) on_alert: bool,
    /// Its steps after the start, which leads to the first of them.
    pub(crate) steps: Vec<Step<'a>>,
}

/// What the start of a playbook asks for. Every kind of value may be written as text.
pub(crate) struct Question<'a> {
    pub(crate) name: &'a str,
    pub(crate) label: String,
    pub(crate) about: &'a str,
    /// What counts where nothing is given; without it, something must be.
    pub(crate) default: Option<&'a str>,
}

/// A step and where it leads.
pub(crate) struct Step<'a> {
    /// What its id is derived from.
    pub(crate) key: String,
    pub(crate) name: &'a str,
    pub(crate) kind: Kind,
    pub(crate) arguments: Value,
    /// The names of the steps after it, each with the option that leads there.
    pub(crate) routes: Vec<(&'a str, Option<&'a str>)>,
    /// How far to the right it stands.
    pub(crate) column: u32,
}

impl Workflow<'_> {
    /// The playbook's JSON.
    pub(crate) fn json(&self) -> Value {
        let start = self.id("start");
        let mut steps = vec![placed(20, 0, &start, "Start", Kind::Start, self.start())];
        let mut top = 20;
        for step in &self.steps {
            top += 100;
            let id = self.id(&step.key);
            steps.push(placed(top, step.column, &id, step.name, step.kind, step.arguments.clone()));
        }
        json!({
            "@type": "Workflow",
            "name": self.title,
            "uuid": self.id("playbook"),
            "aliasName": null,
            "tag": format!("#{}", self.identity.label()),
            "description": self.about,
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
            "recordTags": [self.identity.name()],
            "triggerStep": reference(&start),
            "steps": steps,
            "routes": self.routes(),
        })
    }

    /// The reference of one of its steps, by that step's name.
    pub(crate) fn step(&self, name: &str) -> Option<String> {
        self.steps.iter().find(|step| step.name == name).map(|step| reference(&self.id(&step.key)))
    }

    fn routes(&self) -> Value {
        let first =
            self.steps.first().map(|first| (String::from("Start"), self.id("start"), first.name, None));
        let between = self.steps.iter().flat_map(|step| {
            let id = self.id(&step.key);
            step.routes.iter().map(move |(to, label)| (step.name.to_owned(), id.clone(), *to, *label))
        });
        let route = |(from, source, to, label): (String, String, &str, Option<&str>)| {
            let key = match (from.as_str(), self.steps.len()) {
                // The samples' only one has had this id since the first release.
                ("Start", 1) => "route".to_owned(),
                _ => format!("route {from} -> {to} {}", label.unwrap_or_default()),
            };
            json!({
                "@type": "WorkflowRoute",
                "name": format!("{from} -> {to}"),
                "uuid": self.id(&key),
                "sourceStep": reference(&source),
                "targetStep": self.step(to),
                "label": label,
                "isExecuted": false,
            })
        };
        first.into_iter().chain(between).map(route).collect()
    }

    /// Started from an alert's menu. Whoever starts it is asked for what it needs.
    fn start(&self) -> Value {
        let given: Map<String, Value> = self
            .questions
            .iter()
            .map(|asked| {
                (asked.name.to_owned(), format!("{{{{vars.request.data[\"{}\"]}}}}", asked.name).into())
            })
            .collect();
        json!({
            "route": self.id("trigger"),
            "title": format!("{}: {}", self.identity.label(), self.title),
            "resources": ["alerts"],
            "inputVariables": self.questions.iter().map(Question::json).collect::<Value>(),
            "step_variables": {"input": {"params": given, "records": "{{vars.input.records}}"}},
            "displayConditions": {"alerts": {"sort": [], "limit": 30, "logic": "AND", "filters": []}},
            "executeButtonText": "Execute",
            "noRecordExecution": !self.on_alert,
            "singleRecordExecution": self.on_alert,
        })
    }

    fn id(&self, part: &str) -> String {
        id(self.identity, &format!("{} {part}", self.key))
    }
}

impl Question<'_> {
    fn json(&self) -> Value {
        let required = self.default.is_none();
        json!({
            "name": self.name,
            "label": self.label,
            "title": "Text",
            "tooltip": self.about,
            "type": "string",
            "dataType": "text",
            "formType": "text",
            "templateUrl": "app/components/form/fields/input.html",
            "required": required,
            "requiredCondition": if required { "required" } else { "notrequired" },
            "defaultValue": self.default,
            "usable": true,
            "playbookField": true,
            "jinjaExpressionView": true,
            "useRecordFieldDefault": false,
            "_expanded": true,
            "_previousName": "",
            "_addRequiredConditions": true,
        })
    }
}

/// An id that stays from build to build, and is another in a package of another name.
pub(crate) fn id(identity: &Identity, what: &str) -> String {
    Uuid::new_v5(&NAMESPACE, format!("{} {what}", identity.name()).as_bytes()).to_string()
}

fn reference(id: &str) -> String {
    format!("/api/3/workflow_steps/{id}")
}

fn placed(top: u32, column: u32, id: &str, name: &str, kind: Kind, arguments: Value) -> Value {
    json!({
        "@type": "WorkflowStep",
        "name": name,
        "uuid": id,
        "description": null,
        "status": null,
        "top": top.to_string(),
        "left": (20 + 320 * column).to_string(),
        "stepType": kind.reference(),
        "arguments": arguments,
    })
}
