//! Files of a container: `GET /containers/{id}/export`, `GET` and `PUT /containers/{id}/archive`.

mod copy_from;
mod copy_to;

pub(crate) use self::copy_from::{Source, is_a_link, led_to};

use engine::{Reply, Request};
use serde_json::Value;

use crate::{
    Error, Operation, Output, Param, Schema, Secrecy,
    catalogue::containers::processes::STAT,
    declare::{
        param::{CONTAINER, choice, flag, integer, long_text, text},
        result::{DONE, case},
        target::Touch,
    },
    run::{
        call::Call,
        files::{ATTACHMENT, MAX_SIZE, Received},
        progress::Flow,
    },
};

const INPUTS: &[(&str, &str)] = &[("Attachment ID", "attachment"), ("File IRI", "file"), ("Text", "text")];
const OUTPUTS: &[(&str, &str)] = &[("Attachment", "attachment"), ("Text", "text")];
const UNPACKING: &[(&str, &str)] = &[("Auto", "auto"), ("Yes", "yes"), ("No", "no")];

const PATH: Param = text("path").required();
pub(crate) const FILE_TIME_LIMIT: Param = integer("timeout")
    .title("Time Limit (seconds)")
    .about("The call fails after this time, and nothing is kept.")
    .default("1800")
    .local();

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("container_export", "/containers/{id}/export")
        .title("Export Container")
        .about("Exports all files of a container as a tar attachment.")
        .params(&[CONTAINER, MAX_SIZE, FILE_TIME_LIMIT])
        .gives(ATTACHMENT)
        .run(export),
    Operation::get("copy_from_container", "/containers/{id}/archive")
        .title("Copy from Container")
        .about("Copies a file or folder from a container into a tar attachment, or returns the contents of a small text file.")
        .params(&[
            CONTAINER,
            PATH.title("Path").about("The file or folder in the container."),
            choice("output", OUTPUTS)
                .title("Output")
                .about("Save an attachment, or return the contents of one text file as data.")
                .default("Attachment")
                .local(),
            flag("unpack")
                .title("Unpack")
                .about("Attach a file as it is, not in a tar. A folder is always a tar.")
                .shown_for("output", &["Attachment"])
                .local(),
            flag("follow_link")
                .title("Follow Link")
                .about("If the path is a symbolic link, copy what it points to in the container. When off, the attachment holds the link itself.")
                .local(),
            MAX_SIZE.shown_for("output", &["Attachment"]),
            FILE_TIME_LIMIT,
        ])
        .gives(Schema::All(&[ATTACHMENT, Schema::Fields(&["path"]), Schema::Field("stat", &STAT)]))
        .gives_for(&[case(
            "output",
            "Text",
            Schema::All(&[Schema::Fields(&["size", "content", "path"]), Schema::Field("stat", &STAT)]),
        )])
        .run(copy_from::copy_from),
    Operation::put("copy_to_container", "/containers/{id}/archive")
        .title("Copy to Container")
        .about("Copies a single file into a folder of a container, or unpacks a tar there.")
        .touches(&[Touch::Container("id")])
        .params(&[
            CONTAINER,
            choice("input", INPUTS).title("Input").about("What to copy: an attachment, a file of FortiSOAR, or text.").required().local(),
            long_text("value").secret(Secrecy::Lines)
                .title("Value")
                .about("The attachment's id, the file's IRI, or the text itself.")
                .names_a_file()
                .required()
                .local(),
            PATH.title("Path").about("The folder in the container. It must exist."),
            text("filename")
                .title("File Name")
                .about("The name of a single file, at most 255 bytes. If empty, the attachment's own name is used. With a name, an archive is copied as a file and not unpacked.")
                .needed_for("input", &["Text"])
                .local(),
            choice("unpack", UNPACKING)
                .title("Unpack")
                .about("Auto unpacks a tar, compressed or not, if File Name is empty. No copies any file as it is. Yes refuses anything but a tar.")
                .default("Auto")
                .shown_for("input", &["Attachment ID", "File IRI"])
                .local(),
            text("mode").title("Mode").about("The permissions of a single file, in octal.").default("644").local(),
            flag("noOverwriteDirNonDir").title("Keep Kinds").about("Fail if a folder would replace a file, or a file would replace a folder."),
            flag("copyUIDGID").title("Copy Owner").about("Keep the tar's user and group ids."),
            MAX_SIZE,
            FILE_TIME_LIMIT,
        ])
        .gives(Schema::All(&[DONE, Schema::Fields(&["size", "sha256", "unpacked"])]))
        .validated_by(copy_to::validate)
        .run(copy_to::copy_to),
];

fn export(call: &Call<'_>) -> Result<Output, Error> {
    let id = call.arguments.text("id").unwrap_or_default();
    let flow = Flow::of(call, &format!("Exporting {id}"));
    let tar = Received::read_tar(stream(call, call.request()?)?.into_body(), most(call), flow)?;
    let record =
        tar.save(call.services, &format!("{}.tar", safe(id)), &format!("Files of container {id}"))?;
    Ok(Value::Object(record).into())
}

fn stream(call: &Call<'_>, request: Request) -> Result<Reply, Error> {
    call.stream(request.deadline(call.time_limit()))
}

/// The most MiB that a call may move: its parameter `max_size`.
pub(crate) fn most(call: &Call<'_>) -> u64 {
    call.arguments.integer("max_size").unwrap_or_default()
}

/// A part of a file's name: what could lead elsewhere, or is awkward, becomes `_`.
pub(crate) fn safe(name: &str) -> String {
    safe_within(name, 100)
}

/// As [`safe`], for a name that is used as a whole: no more than so many characters.
fn safe_within(name: &str, most: usize) -> String {
    let safe: String = name
        .chars()
        .take(most)
        .map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' })
        .collect();
    if safe.trim_matches('.').is_empty() { "file".into() } else { safe }
}
