//! Tasks of a swarm's services: `/tasks/...`.
//!
//! <https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Task>

use crate::{
    Group, Operation, Param,
    catalogue::services::logs,
    declare::param::{FILTERS, id},
    run::{
        redact::REDACT,
        trim::{FIELDS, MAX_ITEMS},
    },
};

pub(crate) const TASK: Param = id("id").title("Task").about("The task's id, from List Tasks.");

/// The group of this folder: add a file's list here.
pub(crate) static GROUP: Group = Group::of("Tasks", &[OPERATIONS, logs::OF_TASKS]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("list_tasks", "/tasks")
        .title("List Tasks")
        .about("Lists the tasks of the swarm's services, including tasks that have ended. The engine must be a manager.")
        .params(&[
            FILTERS.about(
                "Docker's filters: desired-state (running, shutdown or accepted), id, label, name, node, service.",
            ),
            FIELDS,
            MAX_ITEMS,
            REDACT,
        ])
        .columns(&[
            "ID",
            "ServiceID",
            "Slot",
            "NodeID",
            "DesiredState",
            "Status.State",
            "Status.Err",
            "Status.ContainerStatus.ContainerID",
        ])
        .list(),
    Operation::get("inspect_task", "/tasks/{id}")
        .title("Inspect Task")
        .about("Gets all details of a task: its node, its container, and why it failed.")
        .params(&[TASK, REDACT]),
];
