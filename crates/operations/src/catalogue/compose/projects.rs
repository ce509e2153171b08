//! The projects and stacks that are there.

use std::collections::{BTreeMap, BTreeSet};

use engine::{Path, Request};
use serde_json::{Map, Value, json};

use super::{CONFIG_FILES, PROJECT, STACK, WORKING_DIR, label, labeled, service};
use crate::{
    Error, Output,
    run::{call::Call, objects::items, trim::trim},
};

/// How containers are counted: Docker's states, and all that is none of them.
pub(super) const STATES: &[&str] =
    &["created", "running", "paused", "restarting", "removing", "exited", "dead", "other"];

/// A project or stack.
#[derive(Default)]
struct Project {
    containers: Vec<Value>,
    services: BTreeSet<String>,
}

/// `list_projects`.
pub(super) fn list(call: &Call<'_>) -> Result<Output, Error> {
    let mut listed = Vec::new();
    for (label_name, kind) in [(PROJECT, "Compose"), (STACK, "Stack")] {
        let mut projects: BTreeMap<String, Project> = BTreeMap::new();
        for container in labeled(call, label_name)? {
            let project = projects.entry(label(&container, label_name).to_owned()).or_default();
            project.services.extend(Some(service(&container).to_owned()).filter(|name| !name.is_empty()));
            project.containers.push(container);
        }
        if kind == "Stack" {
            for swarm_service in stack_services(call)? {
                let spec = &swarm_service["Spec"];
                let stack = spec["Labels"][STACK].as_str().unwrap_or_default();
                let project = projects.entry(stack.to_owned()).or_default();
                project.services.extend(spec["Name"].as_str().map(str::to_owned));
            }
        }
        listed.extend(projects.iter().map(|(name, project)| project.told(name, kind)));
    }
    let mut listed = Value::Array(listed);
    trim(&mut listed, &call.arguments);
    Ok(listed.into())
}

/// The services of all stacks; none, where the engine is no manager or knows no swarm.
fn stack_services(call: &Call<'_>) -> Result<Vec<Value>, Error> {
    match services_labeled(call, STACK) {
        Ok(services) => Ok(services),
        Err(error) if error.swarm_state().is_some() || error.status() == Some(404) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// All services with a label.
pub(super) fn services_labeled(call: &Call<'_>, label: &str) -> Result<Vec<Value>, Error> {
    let filters = json!({"label": [label]}).to_string();
    let services: Value =
        call.send(Request::get(Path::fixed("/services")).query("filters", &filters))?.json()?;
    Ok(items(&services).cloned().collect())
}

impl Project {
    fn told(&self, name: &str, kind: &str) -> Value {
        let mut states: Map<String, Value> =
            STATES.iter().map(|state| ((*state).to_owned(), 0.into())).collect();
        for container in &self.containers {
            let state = container["State"].as_str().filter(|state| STATES.contains(state)).unwrap_or("other");
            states[state] = (states[state].as_u64().unwrap_or_default() + 1).into();
        }
        let of_any = |name: &str| {
            self.containers.iter().map(|container| label(container, name)).find(|value| !value.is_empty())
        };
        let files = of_any(CONFIG_FILES).unwrap_or_default().split(',').filter(|file| !file.is_empty());
        json!({
            "name": name,
            "kind": kind,
            "containers": self.containers.len(),
            "running": states["running"],
            "states": states,
            "services": self.services,
            "config_files": files.collect::<Vec<_>>(),
            "working_dir": of_any(WORKING_DIR),
        })
    }
}
