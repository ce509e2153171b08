//! Services of a swarm: `/services/...`.
//!
//! <https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Service>

pub(crate) mod change;
mod containers;
mod create;
pub(crate) mod logs;
mod names;
mod newer;
mod pairs;
mod pin;
mod replicas;
mod spec;
pub(crate) mod stop;
mod tasks_of;
mod update;
pub(crate) mod wait;

use crate::{
    Group, Operation, Param, Schema,
    catalogue::dry_run::{self, DRY_RUN_RESULT},
    declare::{
        operation::always,
        param::{DRY_RUN, FILTERS, OVERRIDE_ISOLATION, flag, id},
        result::case,
        target::Touch,
    },
    run::{
        provenance::ONLY_CASE,
        redact::REDACT,
        trim::{FIELDS, MAX_ITEMS},
    },
};

pub(crate) const SERVICE: Param =
    id("id").title("Service").about("The service's name or id.").picked_from("pick_service");

/// The group of this folder: add a file's list here.
pub(crate) static GROUP: Group = Group::of(
    "Services",
    &[
        OPERATIONS,
        create::OPERATIONS,
        update::OPERATIONS,
        stop::OPERATIONS,
        wait::OPERATIONS,
        containers::OPERATIONS,
        logs::OPERATIONS,
    ],
);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("list_services", "/services")
        .title("List Services")
        .about("Lists the services of the swarm, with the number of running and desired tasks. The engine must be a manager.")
        .params(&[
            FILTERS.about(
                "Docker's filters: id, name, label, mode, runtime. The engine also lists services whose name or id only begins with the value.",
            ),
            flag("status")
                .title("Status")
                .about("Also count each service's tasks: ServiceStatus holds RunningTasks and DesiredTasks.")
                .default("true")
                .since(1, 41),
            FIELDS,
            MAX_ITEMS,
            REDACT,
        ])
        .columns(&[
            "ID",
            "Spec.Name",
            "ServiceStatus.RunningTasks",
            "ServiceStatus.DesiredTasks",
            "Spec.TaskTemplate.ContainerSpec.Image",
            "UpdateStatus.State",
        ])
        .list(),
    Operation::get("inspect_service", "/services/{id}")
        .title("Inspect Service")
        .about("Gets all details of a service: its settings, its endpoint and the state of its last update.")
        .params(&[
            SERVICE,
            flag("insertDefaults")
                .title("Insert Defaults")
                .about("Also return the engine's default for each setting that the service does not have."),
            REDACT,
        ]),
    Operation::delete("remove_service", "/services/{id}")
        .title("Remove Service")
        .about("Removes a service and stops its tasks. Its containers are removed; volumes and networks stay.")
        .touches(&[Touch::Service("id")])
        .params(&[SERVICE, DRY_RUN, ONLY_CASE, OVERRIDE_ISOLATION])
        .upsets_isolation(always)
        .gives_for(&[case(
            "dry_run",
            "true",
            Schema::All(&[DRY_RUN_RESULT, Schema::Fields(&["name", "image", "tasks"])]),
        )])
        .dry_run(dry_run::service)
        .done("Removed service {id}", "Service {id} was already removed"),
];
