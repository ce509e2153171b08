//! Configs: `/configs/...`. What they share with secrets is in `service_data.rs`.
//!
//! <https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Config>

use crate::{
    Group, Operation, Param,
    catalogue::service_data::{self, ATTACHMENT, DATA, DATA_BASE64, NAME, NEW_LABELS, TEMPLATING},
    declare::param::{ADDITIONAL_FIELDS, DRY_RUN, id},
    run::{
        provenance::{CASE_ID, ONLY_CASE},
        redact::REDACT,
    },
};

const CONFIG: Param = id("id").title("Config").about("The config's id or name.").picked_from("pick_config");

/// The group of this folder: add a file's list here.
pub(crate) static GROUP: Group = Group::of("Configs", &[OPERATIONS]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    service_data::list("list_configs", "/configs")
        .title("List Configs")
        .about("Lists the configs of the swarm, with their data in base64."),
    service_data::inspect("inspect_config", "/configs/{id}")
        .title("Inspect Config")
        .about("Gets a config with its data: in base64, and as text if it is text.")
        .params(&[CONFIG, REDACT])
        .gives(service_data::SHOWN_CONFIG)
        .run(service_data::show_config),
    service_data::create("create_config", "/configs/create")
        .title("Create Config")
        .about("Creates a config, which services can mount as a file. Its data must be less than 1000 KiB.")
        .params(&[NAME, DATA, DATA_BASE64, ATTACHMENT, NEW_LABELS, CASE_ID, TEMPLATING, ADDITIONAL_FIELDS]),
    service_data::update("update_config", "/configs/{id}/update")
        .title("Update Config")
        .about("Changes the labels of a config. Its data cannot change: rotate_config replaces it.")
        .params(&service_data::of_update(&CONFIG)),
    service_data::remove("remove_config", "/configs/{id}")
        .title("Remove Config")
        .about("Removes a config that no service uses.")
        .params(&[CONFIG, DRY_RUN, ONLY_CASE]),
    service_data::rotate("rotate_config", "/configs/create")
        .title("Rotate Config")
        .about(
            "Replaces a config: creates one with the new data, updates each service that uses the old one (the file in \
             its containers keeps its name), waits until the services have converged, and removes the old one. If it \
             fails, call it again with the same data: it continues.",
        )
        .params(&service_data::of_rotation(&CONFIG, &DATA, &DATA_BASE64)),
];
