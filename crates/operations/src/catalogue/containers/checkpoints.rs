//! Checkpoints: the state of a container's processes, with their memory, as files. Only engines with experimental features have
//! them, and no description of the API does.
//!
//! <https://docs.docker.com/reference/cli/docker/checkpoint/>

use engine::{ErrorKind, Request};
use serde_json::Value;

use crate::{
    Category, Error, Kind, Operation, Output, Param, Schema,
    catalogue::dry_run::{self, DRY_RUN_RESULT},
    declare::{
        param::{CONTAINER, DRY_RUN, TIME_LIMIT, flag, id, text},
        result::{DONE, case},
        target::Touch,
    },
    run::{
        call::Call,
        request,
        trim::{FIELDS, MAX_ITEMS, trim},
    },
};

const FOLDER: Param = text("checkpoint_dir").title("Checkpoint Directory").about(
    "The folder on the engine's host that holds the checkpoints. If empty, the engine's own folder is used.",
);
const CHECKPOINT: Param =
    id("checkpoint").title("Checkpoint").about("The name of the checkpoint, such as before-cleanup.");

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("list_checkpoints", "/containers/{id}/checkpoints")
        .title("List Checkpoints")
        .about("Lists the checkpoints of a container. The engine must run with experimental features.")
        .params(&[CONTAINER, FOLDER.wire("dir"), FIELDS, MAX_ITEMS])
        .gives(Schema::List(&Schema::Fields(&["Name"])))
        .columns(&["Name"])
        .run(list),
    Operation::post("create_checkpoint", "/containers/{id}/checkpoints")
        .title("Create Checkpoint")
        .about("Writes the processes of a running container, with their memory, to files on the engine's host. The container stops, unless leave_running is on. The engine must run with experimental features, and its host must have CRIU.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Container("id")])
        .params(&[
            CONTAINER,
            CHECKPOINT.body().wire("CheckpointID"),
            FOLDER.body().wire("CheckpointDir"),
            flag("leave_running")
                .title("Leave Running")
                .about("Let the container continue after the checkpoint.")
                .local(),
            TIME_LIMIT,
        ])
        .gives(DONE)
        .run(create),
    Operation::delete("remove_checkpoint", "/containers/{id}/checkpoints/{checkpoint}")
        .title("Remove Checkpoint")
        .about("Removes a checkpoint of a container. The engine must run with experimental features.")
        .touches(&[Touch::Container("id")])
        .params(&[CONTAINER, CHECKPOINT, FOLDER.wire("dir"), DRY_RUN])
        .gives(DONE)
        .gives_for(&[case("dry_run", "true", DRY_RUN_RESULT)])
        .dry_run(rehearse)
        .run(remove),
];

fn list(call: &Call<'_>) -> Result<Output, Error> {
    let mut listed = checkpoints(call)?;
    trim(&mut listed, &call.arguments);
    Ok(listed.into())
}

fn create(call: &Call<'_>) -> Result<Output, Error> {
    let mut body = request::body(&call.arguments)?;
    body["Exit"] = (!call.arguments.is_on("leave_running")).into();
    let limit = call.time_limit();
    let request = Request::post(call.path(call.endpoint.path)?).json(&body);
    call.send(request.silence(limit).deadline(limit)).map_err(explained)?;
    Ok(call.done("Created checkpoint {checkpoint} of container {id}", false))
}

fn remove(call: &Call<'_>) -> Result<Output, Error> {
    call.send(call.request()?).map_err(explained)?;
    Ok(call.done("Removed checkpoint {checkpoint} of container {id}", false))
}

fn rehearse(call: &Call<'_>) -> Result<Output, Error> {
    let wanted = call.arguments.text(CHECKPOINT).unwrap_or_default();
    let is_there = checkpoints(call)?
        .as_array()
        .is_some_and(|listed| listed.iter().any(|checkpoint| checkpoint["Name"] == wanted));
    let obstacles =
        if is_there { Vec::new() } else { vec!["the container has no such checkpoint".to_owned()] };
    Ok(dry_run::said(call, "checkpoint {checkpoint} of container {id}", &obstacles, Value::Null))
}

/// The container's checkpoints, as the engine lists them.
fn checkpoints(call: &Call<'_>) -> Result<Value, Error> {
    let request = Request::get(call.path("/containers/{id}/checkpoints")?);
    let request = match call.arguments.text(FOLDER) {
        Some(folder) => request.query("dir", folder),
        None => request,
    };
    let listed = call.send(request).map_err(explained)?.json()?;
    Ok(if listed.is_null() { Value::Array(Vec::new()) } else { listed })
}

/// The error, with what the engine lacks.
fn explained(error: Error) -> Error {
    let error = match error.status() {
        Some(501) => error.of_kind(Kind::Engine(ErrorKind::Unsupported)),
        _ => error,
    };
    let said = error.said().unwrap_or_default().to_ascii_lowercase();
    if error.status() == Some(501) {
        error.advise("Start the engine with \"experimental\": true in its daemon.json")
    } else if said.contains("criu") {
        error.and("Checkpoints need the program CRIU on the engine's host.")
    } else {
        error
    }
}
