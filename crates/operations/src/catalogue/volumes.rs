//! Volumes: `/volumes/...`.
//!
//! <https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Volume>

use serde_json::{Value, json};

use crate::{
    Category, Error, Group, Operation, Output, Param, Schema, Secrecy, View,
    catalogue::{
        dry_run::{self, DRY_RUN_RESULT},
        prune,
    },
    declare::{
        operation::always,
        param::{
            ADDITIONAL_FIELDS, DRY_RUN, FILTERS, OVERRIDE_ISOLATION, flag, id, integer, map, object, text,
        },
        result::{TEXTS, case},
        target::Touch,
    },
    run::{
        call::Call,
        provenance::{CASE_ID, ONLY_CASE},
        redact::REDACT,
        trim::{FIELDS, MAX_ITEMS, is_wanted, trim},
    },
};

const VOLUME: Param = id("name").title("Volume").about("The volume's name.").picked_from("pick_volume");

/// The group of this folder: add a file's list here.
pub(crate) static GROUP: Group = Group::of("Volumes", &[OPERATIONS, prune::VOLUMES]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("list_volumes", "/volumes")
        .title("List Volumes")
        .about("Lists the engine's volumes, with the engine's warnings.")
        .params(&[FILTERS, FIELDS, MAX_ITEMS, REDACT])
        .gives(Schema::Answer("GET /volumes"))
        .table("Volumes", &["Name", "Driver", "Scope", "Mountpoint"])
        .shows(View::Volumes)
        .run(list),
    Operation::get("inspect_volume", "/volumes/{name}")
        .title("Inspect Volume")
        .about("Gets all details of a volume: its driver, options, labels and location.")
        .params(&[VOLUME, REDACT]),
    Operation::post("create_volume", "/volumes/create")
        .title("Create Volume")
        .about("Creates a volume. A volume with this name and driver is left as it is.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .params(&[
            text("Name").title("Name").about("The volume's name. If empty, the engine generates one.").body(),
            text("Driver")
                .title("Driver")
                .about("The driver: local, or one of a plugin.")
                .default("local")
                .body(),
            map("DriverOpts").secret(Secrecy::Values)
                .title("Driver Options")
                .about("Options for the driver, such as type=tmpfs.")
                .body(),
            map("Labels").secret(Secrecy::Values).title("Labels").about("The volume's labels.").body(),
            CASE_ID,
            object("ClusterVolumeSpec").secret(Secrecy::Within)
                .title("Cluster Volume")
                .about("How the nodes of a swarm use the volume, as the API's ClusterVolumeSpec.")
                .since(1, 42)
                .body(),
            ADDITIONAL_FIELDS,
        ]),
    Operation::put("update_volume", "/volumes/{name}")
        .title("Update Volume")
        .about("Changes the availability of a cluster volume, on a swarm manager.")
        .category_is(Category::Miscellaneous)
        .since(1, 42)
        .touches(&[Touch::Volume("name")])
        .params(&[
            VOLUME,
            integer("version")
                .title("Version")
                .about("The version to change, so that no other change is lost: ClusterVolume.Version.Index of Inspect Volume.")
                .required(),
            object("Spec").secret(Secrecy::Within)
                .title("Specification")
                .about("The volume's ClusterVolumeSpec, as Inspect Volume returns it. Only Availability can differ.")
                .body(),
            ADDITIONAL_FIELDS,
        ])
        .done("Updated volume {name}", "Volume {name} was already up to date"),
    Operation::delete("remove_volume", "/volumes/{name}")
        .title("Remove Volume")
        .about("Removes a volume that no container uses, with all its data.")
        .touches(&[Touch::Volume("name")])
        .params(&[
            VOLUME,
            flag("force").title("Force").about("Remove the volume even if its driver no longer knows it. A volume that does not exist is then not an error."),
            DRY_RUN,
            ONLY_CASE,
            OVERRIDE_ISOLATION,
        ])
        .upsets_isolation(always)
        .gives_for(&[case(
            "dry_run",
            "true",
            Schema::All(&[DRY_RUN_RESULT, Schema::Fields(&["driver", "mountpoint"]), Schema::Field("containers", &TEXTS)]),
        )])
        .dry_run(dry_run::volume)
        .done("Removed volume {name}", "Volume {name} was already removed"),
];

/// `GET /volumes`, whose list is a list also where an engine without volumes answers `null`.
fn list(call: &Call<'_>) -> Result<Output, Error> {
    let answer = call.send(call.request()?)?;
    match answer.json()? {
        Value::Object(mut listed) if listed.get("Volumes").is_none_or(Value::is_null) => {
            listed.insert("Volumes".into(), json!([]));
            Ok(Value::Object(listed).into())
        }
        Value::Object(mut listed) if is_wanted(&call.arguments) => {
            trim(&mut listed["Volumes"], &call.arguments);
            Ok(Value::Object(listed).into())
        }
        _ => Ok(Output::Raw(answer.body)),
    }
}
