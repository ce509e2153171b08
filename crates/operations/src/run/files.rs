//! Files on their way between the engine and FortiSOAR: streamed, hashed, capped, and whole or not at all.

mod contents;
mod entry;
mod hashing;
mod received;
mod upload;
mod writing;
mod written;

use std::{fs, io, path::Path};

use serde_json::Value;
use tempfile::NamedTempFile;

use crate::{Error, Kind, Param, Schema, declare::param::integer};

pub(crate) use contents::Contents;
pub(crate) use hashing::Sent;
pub(crate) use received::Received;
pub(crate) use upload::Upload;
pub(crate) use writing::Writer;
pub(crate) use written::Written;

/// FortiSOAR's record of an attachment, with what is known of its contents.
pub(crate) const ATTACHMENT: Schema = Schema::All(&[
    Schema::Fields(&["@id", "@type", "uuid", "name", "description", "createDate"]),
    Schema::Field(
        "file",
        &Schema::Fields(&["@id", "@type", "uuid", "filename", "size", "mimeType", "uploadDate"]),
    ),
    Schema::Fields(&["size", "sha256"]),
]);

/// The most that is received or sent.
pub(crate) const MAX_SIZE: Param = integer("max_size")
    .title("Largest Size (MiB)")
    .about("The maximum size of the file. A larger one is refused, and nothing is kept.")
    .default("4096")
    .local();

/// Temporary files are named so, with the process's id: what a killed worker leaves is known by it.
const PREFIX: &str = "fsr-docker-";
/// A tar ends with two empty blocks.
const TAR_END: i64 = 1024;

/// A private file of this process, after removing what processes that are gone have left.
pub(crate) fn temporary() -> Result<NamedTempFile, Error> {
    let folder = std::env::temp_dir();
    sweep(&folder);
    let file =
        tempfile::Builder::new().prefix(&format!("{PREFIX}{}-", std::process::id())).tempfile_in(&folder);
    file.map_err(|error| cannot(&format!("made in {}", folder.display()), &error))
}

fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            // Another user's file stays: removing it fails.
            let _best_effort = fs::remove_file(entry.path());
        }
    }
}

/// What FortiSOAR knows a file by, from an id, an address, a record, or the result that holds it.
pub(crate) fn reference(given: &Value) -> Option<String> {
    match given {
        Value::String(text) => {
            let text = text.trim();
            // A whole address, as a browser shows it, has the API's in it.
            let from = text.find("/api/3/").filter(|_| text.starts_with("http")).unwrap_or_default();
            Some(text[from..].to_owned()).filter(|text| !text.is_empty())
        }
        Value::Number(number) => Some(number.to_string()),
        Value::Object(fields) => {
            let names = ["attachment", "@id", "file", "filename"];
            names.iter().find_map(|name| reference(fields.get(*name)?))
        }
        _ => None,
    }
}

pub(crate) fn cannot(what: &str, error: &io::Error) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull => {
            " Free room where temporary files go, or set TMPDIR to a larger file system."
        }
        _ => "",
    };
    Error::new(Kind::Attachment, format!("A temporary file could not be {what}: {error}.{hint}"))
}
