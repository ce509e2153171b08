//! Nodes of a swarm: `/nodes/...`. The engine must be a manager.
//!
//! <https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Node>

mod drain;
mod moves;
mod removal;

use crate::{
    Effect, Error, Group, Operation, Output, Param, Schema,
    catalogue::labels::{self, ADD_LABELS, LABELS, REMOVE_LABELS},
    declare::{
        arguments::{Arguments, Named},
        operation::always,
        param::{
            ADDITIONAL_FIELDS, DRY_RUN, FILTERS, OVERRIDE_ISOLATION, OVERRIDE_PROTECTION, choice, flag, id,
            integer, text,
        },
        result::{DONE, OVERRIDDEN},
        target::{Reach, Target, Touch},
    },
    run::{
        call::Call,
        redact::REDACT,
        request::{body, is_empty},
        swarm_update::Versioned,
        trim::{FIELDS, MAX_ITEMS},
    },
    values::body::overlay,
};

pub(crate) const NODE: Param = id("id")
    .title("Node")
    .about("The node's id, or its host name if only one node has it.")
    .picked_from("pick_node");

const ROLES: &[(&str, &str)] = &[("Worker", "worker"), ("Manager", "manager")];
const AVAILABILITIES: &[(&str, &str)] = &[("Active", "active"), ("Pause", "pause"), ("Drain", DRAIN)];
const DRAIN: &str = "drain";

const PATIENCE: Param = integer("timeout").title("Time Limit (seconds)").default("120").local();

/// The group of this folder: add a file's list here.
pub(crate) static GROUP: Group = Group::of("Nodes", &[OPERATIONS]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("list_nodes", "/nodes")
        .title("List Nodes")
        .about("Lists the nodes of the swarm: their role, availability and state, and which manager is the leader.")
        .params(&[
            FILTERS.about("Docker's filters: id, name, label, node.label, membership, role."),
            FIELDS,
            MAX_ITEMS,
            REDACT,
        ])
        .columns(&[
            "ID",
            "Description.Hostname",
            "Status.State",
            "Spec.Availability",
            "Spec.Role",
            "ManagerStatus.Reachability",
            "Description.Engine.EngineVersion",
        ])
        .list(),
    Operation::get("inspect_node", "/nodes/{id}")
        .title("Inspect Node")
        .about("Gets all details of a node: its role, state, resources and labels.")
        .params(&[NODE, REDACT]),
    Operation::post("update_node", "/nodes/{id}/update")
        .title("Update Node")
        .about("Changes a node's role, availability, name or labels. Empty fields do not change. To also wait until the node's tasks have moved, use Drain Node.")
        .touches(&[Touch::Decided(reach_of_update)])
        .params(&[
            NODE,
            choice("Role", ROLES)
                .title("Role")
                .about("Manager promotes a worker, and Worker demotes a manager. More than half of the managers must stay reachable.")
                .body(),
            choice("Availability", AVAILABILITIES)
                .title("Availability")
                .about("Active takes tasks, Pause takes no new ones, and Drain also gives its tasks to other nodes.")
                .body(),
            text("Name").title("Name").about("A name for the node, in addition to its host name.").body(),
            LABELS,
            ADD_LABELS,
            REMOVE_LABELS,
            ADDITIONAL_FIELDS,
            OVERRIDE_ISOLATION,
        ])
        .upsets_isolation(always)
        .gives(DONE)
        .validated_by(validate)
        .run(update),
    Operation::delete("remove_node", "/nodes/{id}")
        .title("Remove Node")
        .about("Removes a node that is down from the swarm. A manager must be demoted to a worker first.")
        .touches(&[Touch::Node("id")])
        .params(&[
            NODE,
            flag("force")
                .title("Force")
                .about("Remove the node even if it is up. Its own engine still believes that it is in the swarm."),
            DRY_RUN,
            OVERRIDE_ISOLATION,
        ])
        .upsets_isolation(always)
        .gives_for(removal::REMOVAL)
        .dry_run(removal::dry_run)
        .done("Removed node {id}", "Node {id} was already removed"),
    Operation::post("drain_node", "/nodes/{id}/update")
        .title("Drain Node")
        .about("Drains a node, for example before maintenance or if its host is compromised: it gets no new tasks, and the swarm runs its tasks on other nodes. Waits until no task runs on the node and the services have all their tasks again. Activate Node undoes it.")
        .effect(Effect::Contain)
        .touches(&[Touch::Node("id")])
        .params(&[
            NODE,
            PATIENCE.about("How long the tasks may take to move. After that, the call fails, and the node stays drained."),
            OVERRIDE_PROTECTION,
            OVERRIDE_ISOLATION,
        ])
        .upsets_isolation(always)
        .gives(Schema::All(&[DONE, drain::MOVED, OVERRIDDEN]))
        .run(drain::drain),
    Operation::post("activate_node", "/nodes/{id}/update")
        .title("Activate Node")
        .about("Lets a node accept tasks again after Drain Node or a pause. Waits until the tasks that the swarm assigns to it are running. Tasks on other nodes stay there.")
        .effect(Effect::Contain)
        .touches(&[Touch::Nothing])
        .params(&[
            NODE,
            PATIENCE.about("How long tasks may take to start. After that, timed_out is true in the result, with what was not ready."),
        ])
        .gives(Schema::All(&[DONE, drain::ACTIVE]))
        .run(drain::activate),
];

fn validate(arguments: &Arguments) -> Result<(), Error> {
    match is_empty(&body(arguments)?) && !labels::are_given(arguments) {
        true => Err(Error::fault("Role, Availability, Name or labels must be given")),
        false => Ok(()),
    }
}

/// Changes the present specification by what is given.
fn update(call: &Call<'_>) -> Result<Output, Error> {
    let given = body(&call.arguments)?;
    let updated =
        Versioned::of("nodes", call.arguments.text("id").unwrap_or_default())?.update(call, Ok, |node| {
            let mut spec = node["Spec"].clone();
            overlay(call.endpoint.path, &mut spec, given.clone());
            if labels::are_given(&call.arguments) {
                let present = spec["Labels"].as_object().cloned().unwrap_or_default();
                spec["Labels"] = labels::changed(&call.arguments, present).into();
            }
            Ok((spec != node["Spec"]).then_some(spec))
        })?;
    Ok(match updated.spec {
        Some(_) => call.done("Updated node {id}", false),
        None => call.done("Node {id} was already up to date", true),
    })
}

/// Another role or name leaves a node's tasks where they are. All else can move them: a drain, and labels that services ask for.
fn reach_of_update(arguments: &mut Arguments) -> Reach {
    let is_drained = arguments.text("Availability") == Some(DRAIN);
    let moves_tasks = is_drained
        || labels::are_given(arguments)
        || arguments
            .get(ADDITIONAL_FIELDS)
            .is_some_and(|fields| fields.as_object().is_some_and(|fields| !fields.is_empty()));
    let node = || Target::Node(Named::by("id", arguments.text("id").unwrap_or_default()));
    Reach { effect: Effect::Change, targets: moves_tasks.then(node).into_iter().collect() }
}
