//! Changing what a container may use, while it runs: `POST /containers/{id}/update`.

use crate::{
    Operation, Param,
    catalogue::containers::resources::{BY_DEVICE, FURTHER, PUBLISHED, RESTART_POLICY},
    declare::{
        param::{ADDITIONAL_FIELDS, CONTAINER, joined, since},
        target::Touch,
    },
};

/// The operations of this file. What the engine takes in this body and does not apply has no field; to the
/// limits by device that happens before API 1.55.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::post(
    "update_container",
    "/containers/{id}/update",
)
.title("Update Container")
.about("Changes a container's limits and its restart policy. It goes on running; what is left empty stays.")
.touches(&[Touch::Container("id")])
.params(PARAMS)];

const PARAMS: &[Param] = &joined::<{ PUBLISHED.len() + FURTHER.len() + BY_DEVICE.len() + 3 }>(&[
    &[CONTAINER],
    &PUBLISHED,
    &[ADDITIONAL_FIELDS, RESTART_POLICY],
    &FURTHER,
    &since(1, 55, BY_DEVICE),
]);
