//! DELETE: removes a container, but none that runs. Shows a look before the change, and a refusal.

use crate::{
    Error, Kind, Operation, Output,
    declare::{
        param::{CONTAINER, flag},
        target::Touch,
    },
    run::call::Call,
};

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] =
    &[Operation::delete("remove_finished_container", "/containers/{id}")
        .title("Remove Finished Container")
        .about("Removes a container that has ended. One that runs is left alone.")
        .touches(&[Touch::Container("id")])
        .params(&[
            CONTAINER,
            flag("v").title("Remove Volumes").about("Also remove the container's anonymous volumes."),
        ])
        .run(remove_finished_container)];

fn remove_finished_container(call: &Call<'_>) -> Result<Output, Error> {
    let container = call.look("/containers/{id}/json")?;
    if container["State"]["Running"] == true {
        let message = call.arguments.fill("Container {id} runs, and was left alone. Stop it first.");
        return Err(Error::new(Kind::Failed, message));
    }
    call.send(call.request()?)?;
    Ok(call.done("Removed container {id}", false))
}
