//! Files of a container: `GET /containers/{id}/export`, `GET` and `PUT /containers/{id}/archive`.

use std::io::Read as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use engine::Reply;
use serde_json::{Map, Value, json};

use crate::{
    Error, Kind, Operation, Output, Param, Schema,
    call::Call,
    containers::processes::STAT,
    files::ATTACHMENT,
    files::{MAX_SIZE, Received, Upload},
    param::{CONTAINER, choice, flag, integer, long_text, text},
    progress::Flow,
    result::{DONE, case},
};

const INPUTS: &[(&str, &str)] = &[("Attachment ID", "attachment"), ("File IRI", "file"), ("Text", "text")];
const OUTPUTS: &[(&str, &str)] = &[("Attachment", "attachment"), ("Text", "text")];

/// The most that is given as text, in bytes.
const MOST_TEXT: u64 = 1024 * 1024;

const PATH: Param = text("path").required();
pub(crate) const FILE_TIME_LIMIT: Param = integer("timeout")
    .title("Time Limit (seconds)")
    .about("The call fails after this long, and nothing is kept.")
    .default("1800")
    .local();

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("container_export", "/containers/{id}/export")
        .title("Export Container")
        .about("Exports all files of a container as an attachment, a tar.")
        .params(&[CONTAINER, MAX_SIZE, FILE_TIME_LIMIT])
        .gives(ATTACHMENT)
        .run(export),
    Operation::get("copy_from_container", "/containers/{id}/archive")
        .title("Copy from Container")
        .about("Copies a file or folder of a container into an attachment, a tar; or gives a small text file's contents.")
        .params(&[
            CONTAINER,
            PATH.title("Path").about("The file or folder within the container."),
            choice("output", OUTPUTS)
                .title("Output")
                .about("An attachment, or the contents of one text file as data.")
                .default("Attachment")
                .local(),
            flag("unpack")
                .title("Unpack")
                .about("Attach a file as it is, not within a tar. A folder stays a tar.")
                .shown_for("output", &["Attachment"])
                .local(),
            MAX_SIZE.shown_for("output", &["Attachment"]),
            FILE_TIME_LIMIT,
        ])
        .gives(Schema::All(&[ATTACHMENT, Schema::Field("stat", &STAT)]))
        .gives_for(&[case(
            "output",
            "Text",
            Schema::All(&[Schema::Fields(&["size", "content"]), Schema::Field("stat", &STAT)]),
        )])
        .run(copy_from),
    Operation::put("copy_to_container", "/containers/{id}/archive")
        .title("Copy to Container")
        .about("Unpacks a tar, or puts a single file, into a folder of a container.")
        .params(&[
            CONTAINER,
            choice("input", INPUTS).title("Input").about("What is copied: an attachment, a file of FortiSOAR, or text.").required().local(),
            long_text("value")
                .title("Value")
                .about("The attachment's id, the file's IRI, or the text itself.")
                .required()
                .local(),
            PATH.title("Path").about("The folder within the container. It must be there."),
            text("filename")
                .title("File Name")
                .about("The name of a single file, if not its own; a tar brings its own names.")
                .needed_for("input", &["Text"])
                .local(),
            text("mode").title("Mode").about("The permissions of a single file, in octal.").default("644").local(),
            flag("noOverwriteDirNonDir").title("Keep Kinds").about("Fail where a folder would replace a file, or a file a folder."),
            flag("copyUIDGID").title("Copy Owner").about("Keep the tar's user and group ids."),
            MAX_SIZE,
            FILE_TIME_LIMIT,
        ])
        .gives(Schema::All(&[DONE, Schema::Fields(&["size", "sha256"])]))
        .run(copy_to),
];

fn export(call: &Call<'_>) -> Result<Output, Error> {
    let id = call.arguments.text("id").unwrap_or_default();
    let flow = Flow::of(call, &format!("Exporting {id}"));
    let tar = Received::read_tar(stream(call)?.into_body(), most(call), flow)?;
    let record =
        tar.save(call.services, &format!("{}.tar", safe(id)), &format!("Files of container {id}"))?;
    Ok(Value::Object(record).into())
}

fn copy_from(call: &Call<'_>) -> Result<Output, Error> {
    let (id, path) =
        (call.arguments.text("id").unwrap_or_default(), call.arguments.text("path").unwrap_or_default());
    let flow = Flow::of(call, &format!("Copying {path} from {id}"));
    let reply = stream(call)?;
    let stat = stat(&reply);
    let tar = Received::read_tar(reply.into_body(), most(call), flow)?;
    let name = stat["name"].as_str().unwrap_or("files").to_owned();
    let description = format!("{path} of container {id}");
    let mut result = if call.arguments.text("output") == Some("text") {
        contents(&tar, path)?
    } else {
        match call.arguments.is_on("unpack").then(|| tar.unpacked()).transpose()?.flatten() {
            Some(file) => file.save(call.services, &safe(&name), &description)?,
            None => tar.save(call.services, &format!("{}_{}.tar", safe(id), safe(&name)), &description)?,
        }
    };
    result.insert("stat".into(), stat);
    Ok(Value::Object(result).into())
}

fn copy_to(call: &Call<'_>) -> Result<Output, Error> {
    let arguments = &call.arguments;
    let value = arguments.text("value").unwrap_or_default();
    let upload = match arguments.text("input") {
        Some("text") => Upload::of(value.as_bytes().to_vec()),
        _ => Upload::fetch(call.services, value)?,
    };
    let upload = if upload.is_archive() { upload } else { single_file(call, upload)? };
    let flow = Flow::of(call, &arguments.fill("Copying to {path} in {id}"));
    let (payload, sent) = upload.payload(most(call), flow)?;
    let limit = call.time_limit();
    call.send(call.request()?.body("application/x-tar", payload).silence(limit).deadline(limit))?;
    let Output::Value(Value::Object(mut result)) = call.done("Copied to {path} in container {id}", false)
    else {
        return Err(Error::new(Kind::Internal, "The result is not an object."));
    };
    result.extend(sent.fields().as_object().cloned().unwrap_or_default());
    Ok(Value::Object(result).into())
}

/// A plain file as a tar of one entry, as the endpoint wants it.
fn single_file(call: &Call<'_>, upload: Upload) -> Result<Upload, Error> {
    let fault = |fault: &str| Error::faults(Kind::InvalidParameters, &[fault.to_owned()]);
    let mode = call
        .arguments
        .text("mode")
        .and_then(|mode| u32::from_str_radix(mode.trim_start_matches("0o"), 8).ok());
    let mode = mode
        .filter(|mode| *mode <= 0o7777)
        .ok_or_else(|| fault("mode must be octal permissions such as 644"))?;
    let name = call.arguments.text("filename").map(str::to_owned).or_else(|| upload.filename.clone());
    let name = name.ok_or_else(|| fault("filename is missing, which a single file needs"))?;
    upload.wrapped(&name, mode)
}

fn stream(call: &Call<'_>) -> Result<Reply, Error> {
    let limit = call.time_limit();
    call.stream(call.request()?.deadline(limit))
}

/// The most MiB that a call may move: its parameter `max_size`.
pub(crate) fn most(call: &Call<'_>) -> u64 {
    call.arguments.integer("max_size").unwrap_or_default()
}

/// What the engine says of the path: `X-Docker-Container-Path-Stat`, JSON in base64.
pub(crate) fn stat(reply: &Reply) -> Value {
    let decoded = reply.header("x-docker-container-path-stat").and_then(|stat| STANDARD.decode(stat).ok());
    decoded.and_then(|stat| serde_json::from_slice(&stat).ok()).unwrap_or_else(|| json!({}))
}

/// The text of the one file in a tar.
fn contents(tar: &Received, path: &str) -> Result<Map<String, Value>, Error> {
    let failed =
        |what: &str| Error::new(Kind::Failed, format!("{path} {what}. Choose an attachment as output."));
    let file = tar.unpacked()?.ok_or_else(|| failed("is not a single file"))?;
    if file.size() > MOST_TEXT {
        return Err(failed("is larger than 1 MiB"));
    }
    let mut text = String::new();
    file.open()?.read_to_string(&mut text).map_err(|_| failed("is not text (UTF-8)"))?;
    Ok(Map::from_iter([("size".to_owned(), text.len().into()), ("content".to_owned(), text.into())]))
}

/// A part of a file's name: what could lead elsewhere, or is awkward, becomes `_`.
pub(crate) fn safe(name: &str) -> String {
    let safe: String = name
        .chars()
        .take(100)
        .map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' })
        .collect();
    if safe.trim_matches('.').is_empty() { "file".into() } else { safe }
}
