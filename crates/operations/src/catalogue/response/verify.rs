//! `verify_evidence`: whether an archive of evidence is as it was collected, to the byte. It needs no engine.

mod contents;
mod layers;
mod manifest;
mod structure;

use std::{
    fs::{self, File},
    path::Path,
};

use serde_json::{Map, Value, json};

use self::{contents::Contents, manifest::Signed};
use crate::{
    Category, Error, Kind, Operation, Output, Schema, View,
    declare::param::{json, long_text, text},
    run::{
        call::Call,
        files::{cannot, reference},
        progress::Flow,
        signing::{PublicKey, Signer},
    },
};

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::offline("verify_evidence")
    .title("Verify Evidence")
    .about("Verifies an archive that collect_evidence created, to the last byte, and lists every item that was changed, cut off, added or removed. Compares image layers with their digests. Needs no engine.")
    .category_is(Category::Investigation)
    .params(&[
        json("attachment")
            .open()
            .title("Attachment")
            .about("The archive: the id or IRI of an attachment, the IRI of a file, or the attachment record that collect_evidence returned.")
            .names_a_file()
            .required()
            .local(),
        long_text("public_key")
            .open()
            .title("Public Key")
            .about("The public key (Ed25519, PEM) that must match the manifest's signature. If empty, the configuration's signing key is used. Without either, a signature proves only that the archive is consistent with itself.")
            .placeholder("-----BEGIN PUBLIC KEY-----")
            .local(),
        text("manifest_sha256")
            .title("Manifest SHA-256")
            .about("The manifest's SHA-256 hash, as collect_evidence returned it. An archive with another hash is not valid.")
            .local(),
    ])
    .gives(Schema::All(&[
        Schema::Fields(&["summary", "valid", "signature", "sha256", "size", "manifest_sha256", "items"]),
        Schema::Field("findings", &Schema::List(&Schema::Fields(&["what", "item", "why"]))),
        Schema::Field("incomplete", &Schema::List(&Schema::Fields(&["name", "why"]))),
        Schema::Field("missing", &Schema::List(&Schema::Fields(&["kind", "what", "why"]))),
        Schema::Fields(&["case_id", "reason", "container_id", "container_name", "engine_id", "started", "ended"]),
    ]))
    .table("findings", &["what", "item", "why"])
    .shows(View::Evidence)
    .run(verify)];

/// Something that is not as it was collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) what: What,
    /// The member's name; empty is the archive as a whole.
    pub(super) item: String,
    pub(super) why: String,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Changed,
    Missing,
    Added,
    Cut,
    Signature,
}

impl What {
    const fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Added => "added",
            Self::Cut => "cut",
            Self::Signature => "signature",
        }
    }
}

/// What is found, in the order in which it is.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// More than these say nothing new.
    const MOST: usize = 1000;

    pub(super) fn add(&mut self, what: What, item: &str, why: impl Into<String>) {
        let finding = Finding { what, item: item.to_owned(), why: why.into() };
        if self.0.len() < Self::MOST && !self.0.contains(&finding) {
            self.0.push(finding);
        }
    }
}

/// Verifies a file, as `fsr-docker verify` does: what `verify_evidence` gives.
pub fn verify_file(
    path: &Path,
    public_key: Option<&[u8]>,
    manifest_sha256: Option<&str>,
) -> Result<Map<String, Value>, Error> {
    let key = public_key
        .map(PublicKey::read)
        .transpose()
        .map_err(|why| Error::fault(format!("public_key {why}")))?;
    let file = File::open(path);
    let file = file.map_err(|error| Error::new(Kind::Attachment, format!("{}: {error}.", path.display())))?;
    verified(&file, key, expected(manifest_sha256)?.as_deref(), |_| ())
}

fn verify(call: &Call<'_>) -> Result<Output, Error> {
    let arguments = &call.arguments;
    let given = arguments.get("attachment").map_or(Value::Null, Clone::clone);
    let reference = reference(&given).ok_or_else(|| {
        Error::fault("attachment must be an attachment's id or address, or its record, with @id")
    })?;
    let key = arguments.text("public_key").map(|key| PublicKey::read(key.as_bytes()));
    let key = key.transpose().map_err(|why| Error::fault(format!("public_key {why}")))?;
    let key = key.or_else(|| call.configuration.signer().map(Signer::public_key));
    let manifest_sha256 = expected(arguments.text("manifest_sha256"))?;
    let (path, _) = call.services.fetch(&reference).map_err(|error| Error::new(Kind::Attachment, error))?;
    let opened = File::open(&path);
    // The open file stays readable.
    let _already_gone = fs::remove_file(&path);
    let file = opened.map_err(|error| cannot("read", &error))?;
    let mut flow = Flow::of(call, "Verifying the archive");
    let result = verified(&file, key, manifest_sha256.as_deref(), |length| flow.add(length))?;
    Ok(Value::Object(result).into())
}

/// A hash as it was given, in one form.
fn expected(sha256: Option<&str>) -> Result<Option<String>, Error> {
    let Some(given) = sha256.map(str::trim).filter(|given| !given.is_empty()) else { return Ok(None) };
    let hash = given.strip_prefix("sha256:").unwrap_or(given).to_ascii_lowercase();
    match hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(Some(hash)),
        false => Err(Error::fault("manifest_sha256 must be a SHA-256 in 64 hex digits")),
    }
}

/// Reads an archive to its last byte, and says what is wrong with it. `seen` is told of bytes that were read.
fn verified(
    file: &File,
    key: Option<PublicKey>,
    manifest_sha256: Option<&str>,
    seen: impl FnMut(usize),
) -> Result<Map<String, Value>, Error> {
    let mut findings = Findings::default();
    let unreadable = |error| cannot("read", &error);
    let entries = structure::read(file, &mut findings).map_err(unreadable)?;
    let mut contents = Contents::new(file, seen);
    let (size, sha256) = contents.whole()?;
    let Signed { manifest, sha256: own, signature } =
        manifest::read(&mut contents, &entries, key, manifest_sha256, &mut findings)?;
    manifest::compare(&mut contents, &entries, &manifest, &mut findings)?;
    layers::check(&mut contents, &entries, &manifest, &mut findings)?;
    let valid = findings.0.is_empty();
    let list = |name: &str, fields: &[&str], keep: fn(&Value) -> bool| {
        let all = manifest[name].as_array().into_iter().flatten().filter(|item| keep(item));
        all.map(|item| {
            fields.iter().map(|field| ((*field).to_owned(), item[*field].clone())).collect::<Map<_, _>>()
        })
        .map(Value::Object)
        .collect::<Value>()
    };
    let items = manifest["items"].as_array().map_or(0, Vec::len);
    let incomplete = list("items", &["name", "why"], |item| item["complete"] != true);
    let summary = match valid {
        true => format!("Valid: {items} items are as they were collected. Signature: {signature}."),
        false => {
            let first = &findings.0[0];
            let place = if first.item.is_empty() { String::new() } else { format!("{}: ", first.item) };
            let many = if findings.0.len() == 1 { "finding" } else { "findings" };
            format!("Not valid: {} {many}. The first: {place}{}.", findings.0.len(), first.why)
        }
    };
    let told: Value = (findings.0.iter())
        .map(|finding| json!({"what": finding.what.word(), "item": finding.item, "why": finding.why}))
        .collect();
    let mut result = Map::new();
    for (name, value) in [
        ("summary", summary.into()),
        ("valid", valid.into()),
        ("findings", told),
        ("signature", signature.into()),
        ("sha256", sha256.into()),
        ("size", size.into()),
        ("manifest_sha256", own.into()),
        ("items", items.into()),
        ("incomplete", incomplete),
        ("missing", list("missing", &["kind", "what", "why"], |_| true)),
        ("case_id", manifest["case_id"].clone()),
        ("reason", manifest["reason"].clone()),
        ("container_id", manifest["container"]["id"].clone()),
        ("container_name", manifest["container"]["name"].clone()),
        ("engine_id", manifest["engine"]["id"].clone()),
        ("started", manifest["started"].clone()),
        ("ended", manifest["ended"].clone()),
    ] {
        result.insert(name.to_owned(), value);
    }
    Ok(result)
}

#[cfg(test)]
mod tests;
