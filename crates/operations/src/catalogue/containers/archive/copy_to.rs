//! Copying into a container: a single file as it is, or what is in a tar.

use std::path::Path;

use serde_json::{Map, Value};

use super::most;
use crate::{
    Error, Output,
    declare::arguments::Arguments,
    run::{
        call::Call,
        files::{Contents, Upload},
        progress::Flow,
    },
};

pub(super) fn validate(arguments: &Arguments) -> Result<(), Error> {
    let is_named = arguments.text("filename").is_some();
    match arguments.text("unpack") {
        Some("yes") if is_named => {
            Err(Error::fault("unpack is Yes, and filename names a single file: leave one of the two out"))
        }
        Some("yes") => Ok(()),
        _ => mode(arguments).map(drop),
    }
}

fn mode(arguments: &Arguments) -> Result<u32, Error> {
    let given = arguments.text("mode");
    let mode = given.and_then(|mode| u32::from_str_radix(mode.trim_start_matches("0o"), 8).ok());
    mode.filter(|mode| *mode <= 0o7777)
        .ok_or_else(|| Error::fault("mode must be octal permissions such as 644"))
}

pub(super) fn copy_to(call: &Call<'_>) -> Result<Output, Error> {
    let arguments = &call.arguments;
    let value = arguments.text("value").unwrap_or_default();
    let upload = match arguments.text("input") {
        Some("text") => Upload::of(value.as_bytes().to_vec()),
        _ => Upload::fetch(call.services, value)?,
    };
    let unpacks = unpacks(call, &upload)?;
    let upload = if unpacks { upload } else { single_file(call, upload)? };
    let flow = Flow::of(call, &arguments.fill("Copying to {path} in {id}"));
    let (payload, sent) = upload.payload(most(call), flow)?;
    let limit = call.time_limit();
    let request = call.request()?.body("application/x-tar", payload).silence(limit).deadline(limit);
    call.send(request).map_err(|error| match error.status() {
        Some(400 | 500) if unpacks => {
            error.and("The file was sent as a tar to unpack. To copy it as it is, set unpack to No.")
        }
        _ => error,
    })?;
    let mut result: Map<String, Value> = call.outcome_fields("Copied to {path} in container {id}", false);
    result.extend(sent.fields().as_object().cloned().unwrap_or_default());
    result.insert("unpacked".into(), unpacks.into());
    Ok(Value::Object(result).into())
}

/// Whether the engine unpacks the file. The caller decides: what a file holds counts only where nothing else is said.
fn unpacks(call: &Call<'_>, upload: &Upload) -> Result<bool, Error> {
    let is_named = call.arguments.text("filename").is_some();
    match call.arguments.text("unpack") {
        Some("no") => Ok(false),
        Some("yes") if !upload.is_archive() => {
            Err(Error::fault("unpack is Yes, and value is neither a tar nor a compressed one"))
        }
        Some("yes") => Ok(true),
        _ => Ok(!is_named
            && match upload.contents() {
                Contents::Tar => true,
                Contents::Compressed => !upload.filename.as_deref().is_some_and(is_compressed_file),
                Contents::Other => false,
            }),
    }
}

/// Whether a name tells of a compressed file that is no tar: `rules.yar.xz`, but neither `rules.tar.xz` nor `rules`.
fn is_compressed_file(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let stem = [".bz2", ".xz", ".zst"].iter().find_map(|ending| name.strip_suffix(ending));
    stem.is_some_and(|stem| Path::new(stem).extension().is_none_or(|inner| inner != "tar"))
}

/// A plain file as a tar of one entry, as the endpoint wants it.
fn single_file(call: &Call<'_>, upload: Upload) -> Result<Upload, Error> {
    let mode = mode(&call.arguments)?;
    let name = call.arguments.text("filename").map(str::to_owned).or_else(|| upload.filename.clone());
    let name = name.ok_or_else(|| Error::fault("filename is missing, which a single file needs"))?;
    upload.wrapped(&name, mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_compressed_files() {
        for name in ["rules.yar.xz", "A.BZ2", "dump.zst"] {
            assert!(is_compressed_file(name), "{name}");
        }
        for name in ["rules.tar.xz", "a.TAR.BZ2", "a.txz", "rules", "xz", ""] {
            assert!(!is_compressed_file(name), "{name}");
        }
    }
}
