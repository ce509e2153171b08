//! Secrets: `/secrets/...`. What they share with configs is in `service_data.rs`.
//!
//! <https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Secret>

use crate::{
    Group, Operation, Param,
    catalogue::service_data::{self, ATTACHMENT, DATA, DATA_BASE64, NAME, NEW_LABELS, TEMPLATING},
    declare::param::{ADDITIONAL_FIELDS, DRY_RUN, id, json, secret},
    run::{
        provenance::{CASE_ID, ONLY_CASE},
        redact::REDACT,
    },
};

const SECRET: Param = id("id").title("Secret").about("The secret's id or name.").picked_from("pick_secret");
/// Nothing shows these.
const SECRET_DATA: Param = secret(DATA.name)
    .title("Data")
    .about("The data, as text. For data of several lines, use Attachment or Data (base64). Give exactly one of the three.")
    .local();
const SECRET_DATA_BASE64: Param = secret(DATA_BASE64.name)
    .title("Data (base64)")
    .about("The data in base64, such as a binary key.")
    .local();

/// The group of this folder: add a file's list here.
pub(crate) static GROUP: Group = Group::of("Secrets", &[OPERATIONS]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    service_data::list("list_secrets", "/secrets")
        .title("List Secrets")
        .about("Lists the secrets of the swarm, without their data."),
    service_data::inspect("inspect_secret", "/secrets/{id}")
        .title("Inspect Secret")
        .about("Gets the name, labels and versions of a secret. The engine does not show its data.")
        .params(&[SECRET, REDACT]),
    service_data::create("create_secret", "/secrets/create")
        .title("Create Secret")
        .about("Creates a secret, which services can mount as a file. Its data must be less than 500 KiB.")
        .params(&[
            NAME,
            SECRET_DATA,
            SECRET_DATA_BASE64,
            ATTACHMENT,
            NEW_LABELS,
            CASE_ID,
            json("Driver")
                .secret(crate::Secrecy::Within)
                .title("Driver")
                .about("The plugin that has the data, by its name or as the API's Driver object. A secret with a driver needs no data.")
                .local(),
            TEMPLATING,
            ADDITIONAL_FIELDS,
        ]),
    service_data::update("update_secret", "/secrets/{id}/update")
        .title("Update Secret")
        .about("Changes the labels of a secret. Its data cannot change: rotate_secret replaces it.")
        .params(&service_data::of_update(&SECRET)),
    service_data::remove("remove_secret", "/secrets/{id}")
        .title("Remove Secret")
        .about("Removes a secret that no service uses.")
        .params(&[SECRET, DRY_RUN, ONLY_CASE]),
    service_data::rotate("rotate_secret", "/secrets/create")
        .title("Rotate Secret")
        .about(
            "Replaces a secret: creates one with the new data, updates each service that uses the old one (the file in \
             its containers keeps its name), waits until the services have converged, and removes the old one. If it \
             fails, call it again with the same data: it continues.",
        )
        .params(&service_data::of_rotation(&SECRET, &SECRET_DATA, &SECRET_DATA_BASE64)),
];
