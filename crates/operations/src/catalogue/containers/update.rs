//! Changing what a container may use, while it runs: `POST /containers/{id}/update`.

use serde_json::Value;

use crate::{
    Operation, Param,
    catalogue::containers::resources::{BY_DEVICE, FURTHER, PUBLISHED, RESTART_POLICY},
    declare::{
        arguments::Arguments,
        param::{ADDITIONAL_FIELDS, CONTAINER, OVERRIDE_ISOLATION, joined, since},
        target::Touch,
    },
    values::names::folded,
};

/// The operations of this file. What the engine takes in this body and does not apply has no field; to the
/// limits by device that happens before API 1.55.
pub(crate) static OPERATIONS: &[Operation] =
    &[Operation::post("update_container", "/containers/{id}/update")
        .title("Update Container")
        .about("Changes a container's limits and restart policy while it runs. Empty fields do not change.")
        .touches(&[Touch::Container("id")])
        .params(PARAMS)
        .upsets_isolation(sets_the_restart_policy)];

const PARAMS: &[Param] = &joined::<{ PUBLISHED.len() + FURTHER.len() + BY_DEVICE.len() + 4 }>(&[
    &[CONTAINER],
    &PUBLISHED,
    &[ADDITIONAL_FIELDS, RESTART_POLICY],
    &FURTHER,
    &since(1, 55, BY_DEVICE),
    &[OVERRIDE_ISOLATION],
]);

fn sets_the_restart_policy(arguments: &Arguments) -> bool {
    let names = |fields: &Value| {
        fields.as_object().is_some_and(|fields| fields.keys().any(|name| folded(name) == "restartpolicy"))
    };
    arguments.get(RESTART_POLICY).is_some() || arguments.get(ADDITIONAL_FIELDS).is_some_and(names)
}
