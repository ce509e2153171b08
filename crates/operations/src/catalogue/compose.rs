//! Compose projects, and stacks of a swarm, by the labels that Docker gives to their containers.
//!
//! The engine knows neither: a project is what `docker compose` has labeled as one, a stack what `docker stack` has.
//! <https://github.com/compose-spec/compose-spec/blob/main/spec.md>

mod lifecycle;
mod logs;
mod order;
mod projects;

use engine::{ErrorKind, Path, Request};
use serde_json::{Value, json};

use crate::{
    Effect, Error, Group, Operation, Output, Param, Schema, View,
    catalogue::containers::{
        capture::{INCOMPLETE, MAX_BYTES, STDERR, STDOUT},
        lifecycle::DISABLE_RESTART,
        logs::{SINCE, TAIL},
    },
    declare::{
        param::{OVERRIDE_PROTECTION, TIME_LIMIT, choice, integer, text, time},
        result::{Case, DONE, OVERRIDDEN, TEXTS, case},
        states::{CONTAINER_STATE, SERVICE_STATE},
        target::Touch,
    },
    run::{
        call::Call,
        objects::{items, own_name},
        redact::REDACT,
        trim::{FIELDS, MAX_ITEMS, trim},
    },
};

/// The labels of a project's containers.
pub(crate) const PROJECT: &str = "com.docker.compose.project";
pub(crate) const SERVICE: &str = "com.docker.compose.service";
const NUMBER: &str = "com.docker.compose.container-number";
const DEPENDS_ON: &str = "com.docker.compose.depends_on";
const ONE_OFF: &str = "com.docker.compose.oneoff";
const CONFIG_FILES: &str = "com.docker.compose.project.config_files";
const WORKING_DIR: &str = "com.docker.compose.project.working_dir";
/// The labels of a stack's services, and of their containers.
pub(crate) const STACK: &str = "com.docker.stack.namespace";
const STACK_SERVICE: &str = "com.docker.swarm.service.name";

const NAME: Param = text("name")
    .title("Project")
    .about("The name of the Compose project or stack. list_projects lists them.")
    .picked_from("pick_project")
    .required()
    .local();
const FORMS: &[(&str, &str)] = &[("All", "all"), ("Text", "text"), ("Lines", "lines")];
const LINES: Schema = Schema::Field(
    "lines",
    &Schema::List(&Schema::Fields(&["container", "service", "stream", "time", "text"])),
);
const READ: Schema = Schema::All(&[Schema::Field("errors", &TEXTS), INCOMPLETE]);
const LOGS_BY_FORM: &[Case] = &[
    case("form", "Text", Schema::All(&[Schema::Fields(&["output"]), READ])),
    case("form", "Lines", Schema::All(&[LINES, READ])),
];
/// What became of each container.
const ONE: Schema = Schema::Fields(&["name", "id", "service", "outcome", "state", "error"]);
const EACH: Schema = Schema::Field("containers", &Schema::List(&ONE));
/// The same, each with its state before and after.
const EACH_STOPPED: Schema = Schema::Field(
    "containers",
    &Schema::List(&Schema::All(&[
        ONE,
        Schema::Field("before", &Schema::All(&[CONTAINER_STATE, SERVICE_STATE])),
        Schema::Field("after", &Schema::All(&[CONTAINER_STATE, SERVICE_STATE])),
    ])),
);

/// The group of this folder: add a file's list here.
pub(crate) static GROUP: Group = Group::of("Compose", &[OPERATIONS]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("list_projects", "/containers/json")
        .title("List Projects")
        .about("Lists the Compose projects and stacks that have containers on this engine, with the number of containers in each state. On a swarm manager, lists all stacks.")
        .params(&[FIELDS, MAX_ITEMS])
        .gives(Schema::List(&Schema::All(&[
            Schema::Fields(&["name", "kind", "containers", "running"]),
            Schema::Field("states", &Schema::Fields(projects::STATES)),
            Schema::Field("services", &TEXTS),
            Schema::Field("config_files", &TEXTS),
            Schema::Fields(&["working_dir"]),
        ])))
        .columns(&["name", "kind", "running", "containers", "services"])
        .run(projects::list),
    Operation::get("list_project_containers", "/containers/json")
        .title("List Project Containers")
        .about("Lists the containers of a Compose project or stack that are on this engine, whatever their state.")
        .params(&[NAME, FIELDS, MAX_ITEMS, REDACT])
        .gives(Schema::Answer("GET /containers/json"))
        .columns(&["Id", "Image", "Status", "Names"])
        .shows(View::Containers)
        .run(containers),
    Operation::get("project_logs", "/containers/json")
        .title("Get Project Logs")
        .about("Gets the logs of all containers of a Compose project or stack on this engine: one stream, ordered by time, each line with its container.")
        .params(&[
            NAME,
            TAIL.about("Only this many lines from the end of each container's log. Use all for all lines.").local(),
            SINCE.local(),
            time("until").title("Until").about("Only lines that were written before this time.").local(),
            STDOUT,
            STDERR,
            TIME_LIMIT,
            MAX_BYTES.about("The maximum size of the output of all containers together. Each container has an equal share. If output was left out, truncated is true in the result."),
            choice("form", FORMS)
                .title("Output Form")
                .about("All returns the output twice: as text (output) and as lines. Text or Lines returns one of them, for a smaller result.")
                .default("All")
                .local(),
        ])
        .gives(Schema::All(&[Schema::Fields(&["output"]), LINES, READ]))
        .gives_for(LOGS_BY_FORM)
        .shows(View::Output)
        .run(logs::logs),
    Operation::post("stop_project", "/containers/json")
        .title("Stop Project")
        .about("Stops the containers of a Compose project, in the reverse order of their dependencies. For a stack, stops its services on all nodes. If one container cannot be stopped, the others are still stopped. If one is protected, nothing is stopped.")
        .effect(Effect::Contain)
        .touches(&[Touch::Found])
        .params(&[
            NAME,
            integer("t")
                .title("Grace Period (seconds)")
                .about("How long each container may take to stop before it is killed. If empty, each container's own stop timeout applies.")
                .local(),
            DISABLE_RESTART.about("First set the restart policy of each container to no, so that it stays stopped when the engine restarts."),
            OVERRIDE_PROTECTION,
        ])
        .gives(Schema::All(&[DONE, Schema::Fields(&["failed"]), EACH_STOPPED, OVERRIDDEN]))
        .run(lifecycle::stop),
    Operation::post("start_project", "/containers/json")
        .title("Start Project")
        .about("Starts the containers of a Compose project in the order of their dependencies. Waits for a container to become healthy or to complete if another depends on that. For a stack, resumes the services that Stop Project stopped.")
        // As for a container: to get its work back harms no protected one.
        .touches(&[Touch::Found])
        .params(&[NAME, TIME_LIMIT.about("How long to wait for a container to become healthy or to complete if others depend on it. If empty, the configuration's timeout applies.")])
        .gives(Schema::All(&[DONE, Schema::Fields(&["failed"]), EACH]))
        .run(lifecycle::start),
];

/// A project's or stack's containers, in the order of their names.
fn containers(call: &Call<'_>) -> Result<Output, Error> {
    let mut found: Value = found(call)?.containers.into();
    trim(&mut found, &call.arguments);
    Ok(found.into())
}

/// What a name leads to.
pub(crate) struct Found {
    /// Of a list, in the order of their names.
    pub(crate) containers: Vec<Value>,
    is_stack: bool,
}

/// The containers of the project that the call names; of the stack, where there is no such project.
fn found(call: &Call<'_>) -> Result<Found, Error> {
    project(call, call.arguments.text(NAME).unwrap_or_default())
}

/// The containers of the project or stack of this name.
pub(crate) fn project(call: &Call<'_>, name: &str) -> Result<Found, Error> {
    for (label, is_stack) in [(PROJECT, false), (STACK, true)] {
        let mut containers = labeled(call, &format!("{label}={name}"))?;
        if !containers.is_empty() {
            containers.sort_by(|one, other| own_name(one).cmp(own_name(other)));
            return Ok(Found { containers, is_stack });
        }
    }
    let message = format!("no container on this engine belongs to a Compose project or stack {name:?}");
    let error = engine::Error::new(ErrorKind::NotFound, message).with_status(404);
    Err(error.hint("Check the name with list_projects").into())
}

/// All containers with a label.
fn labeled(call: &Call<'_>, label: &str) -> Result<Vec<Value>, Error> {
    let filters = json!({"label": [label]}).to_string();
    let request =
        Request::get(Path::fixed("/containers/json")).query("all", "true").query("filters", &filters);
    Ok(items(&call.send(request)?.json()?).cloned().collect())
}

/// A label of a container of a list.
fn label<'c>(container: &'c Value, name: &str) -> &'c str {
    container["Labels"][name].as_str().unwrap_or_default()
}

/// The service of a project or stack that a container belongs to.
pub(crate) fn service(container: &Value) -> &str {
    match label(container, SERVICE) {
        "" => label(container, STACK_SERVICE),
        service => service,
    }
}
