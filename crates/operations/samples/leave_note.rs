//! PUT: leaves a note in a container for whoever looks at it next. Shows a body that is a file, and an error that says what
//! to do.

use crate::{
    Error, Operation, Output, Secrecy,
    declare::{
        param::{CONTAINER, long_text, text},
        target::Touch,
    },
    run::{call::Call, files::Upload, progress::Flow},
};

const LONGEST: usize = 4096;

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::put("leave_note", "/containers/{id}/archive")
    .title("Leave Note")
    .about("Leaves a note in a container, as a file NOTE.txt.")
    .touches(&[Touch::Container("id")])
    .params(&[
        CONTAINER,
        long_text("note")
            .secret(Secrecy::Lines)
            .title("Note")
            .about("What the note says; at most 4 KiB.")
            .required()
            .local(),
        text("path").title("Folder").about("The container's folder to leave it in.").default("/"),
    ])
    .run(leave_note)];

fn leave_note(call: &Call<'_>) -> Result<Output, Error> {
    let note = call.arguments.text("note").unwrap_or_default();
    if note.len() > LONGEST {
        return Err(Error::fault(format!("note must be of at most {LONGEST} bytes, not {}", note.len())));
    }
    let (tar, _) =
        Upload::of(note.into()).wrapped("NOTE.txt", 0o644)?.payload(1, Flow::of(call, "Leaving the note"))?;
    let sent = call.send(call.request()?.body("application/x-tar", tar));
    sent.map_err(|error| match error.status() {
        Some(404) => error.advise("Look at the container's id, and that the folder is there"),
        _ => error,
    })?;
    Ok(call.done("Left a note in container {id}", false))
}
