//! The manifest and its signature, and whether the archive holds what the manifest lists.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Findings, What, contents::Contents};
use crate::{
    Error,
    catalogue::response::{
        evidence::manifest::{FORMAT, MANIFEST, SIGNATURE, text},
        zip::layout::{Entry, Method},
    },
    run::signing::PublicKey,
};

/// No manifest is larger, in bytes.
const LARGEST: u64 = 32 * 1024 * 1024;
const SIGNATURE_SIZE: u64 = 64;

/// A manifest, and what its signature is worth.
pub(super) struct Signed {
    /// Null where it cannot be read.
    pub(super) manifest: Value,
    pub(super) sha256: Option<String>,
    pub(super) signature: &'static str,
}

/// Reads the manifest, and checks its hash and signature.
pub(super) fn read<S: FnMut(usize)>(
    contents: &mut Contents<'_, S>,
    entries: &[Entry],
    key: Option<PublicKey>,
    expected: Option<&str>,
    findings: &mut Findings,
) -> Result<Signed, Error> {
    let unread = Signed { manifest: Value::Null, sha256: None, signature: "none" };
    let Some(entry) = entries.iter().find(|entry| entry.name == MANIFEST) else {
        findings.add(What::Missing, MANIFEST, "the archive has no manifest: nothing says what was collected");
        return Ok(unread);
    };
    let found = contents.small(entry, LARGEST)?.filter(|_| entry.method == Method::Stored);
    let Some(bytes) = found else {
        findings.add(What::Changed, MANIFEST, "the manifest cannot be read");
        return Ok(unread);
    };
    let sha256 = hex::encode(Sha256::digest(&bytes));
    if expected.is_some_and(|expected| expected != sha256) {
        findings.add(What::Changed, MANIFEST, format!("its SHA-256 is {sha256}, not the one that was given"));
    }
    let manifest: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if manifest["format"] != FORMAT {
        findings.add(What::Changed, MANIFEST, format!("it is no manifest of the format {FORMAT}"));
        return Ok(Signed { sha256: Some(sha256), ..unread });
    }
    if text(&manifest) != bytes {
        findings.add(What::Changed, MANIFEST, "it is not in the form in which manifests are written");
    }
    let signature = match entries.iter().find(|entry| entry.name == SIGNATURE) {
        None => None,
        Some(entry) if entry.size != SIGNATURE_SIZE || entry.method != Method::Stored => Some(Vec::new()),
        Some(entry) => contents.small(entry, SIGNATURE_SIZE)?,
    };
    let claimed = manifest["signed_by"].as_str().and_then(|pem| PublicKey::read(pem.as_bytes()).ok());
    let mut wrong = |why: &str| {
        findings.add(What::Signature, SIGNATURE, why);
        "wrong"
    };
    let signature = match (signature, claimed, key) {
        (None, None, None) if manifest["signed_by"].is_null() => "none",
        (None, None, Some(_)) if manifest["signed_by"].is_null() => {
            wrong("the manifest is not signed: nothing proves who made it");
            "none"
        }
        (None, ..) => wrong("the manifest says that it is signed, and its signature is missing"),
        (Some(_), None, _) => wrong("there is a signature, and the manifest says that it is not signed"),
        (Some(signature), Some(claimed), key) => match key.unwrap_or(claimed) {
            key if !key.verifies(&bytes, &signature) => {
                wrong("the signature is not one of this manifest by this key")
            }
            key if key != claimed => wrong("the manifest names another key than the one that signed it"),
            _ if key.is_some() => "verified",
            _ => "consistent, but the key is not verified",
        },
    };
    Ok(Signed { manifest, sha256: Some(sha256), signature })
}

/// Holds each member against the manifest's list.
pub(super) fn compare<S: FnMut(usize)>(
    contents: &mut Contents<'_, S>,
    entries: &[Entry],
    manifest: &Value,
    findings: &mut Findings,
) -> Result<(), Error> {
    let list = manifest["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let name = |item: &Value| item["name"].as_str().unwrap_or_default().to_owned();
    let mut listed: HashMap<String, &Value> = HashMap::new();
    for item in list {
        if listed.insert(name(item), item).is_some() {
            findings.add(What::Added, &name(item), "the manifest lists it twice");
        }
    }
    let mut seen = HashSet::new();
    let is_own = |name: &str| [MANIFEST, SIGNATURE].contains(&name);
    for entry in entries {
        let item = listed.get(&entry.name).copied();
        if !seen.insert(entry.name.as_str()) {
            findings.add(What::Added, &entry.name, "the archive holds it twice");
        } else if item.is_none() && !is_own(&entry.name) && !manifest.is_null() {
            findings.add(What::Added, &entry.name, "the manifest does not list it");
        }
        let held = contents.of(entry)?;
        if let Some(fault) = held.fault {
            findings.add(What::Changed, &entry.name, fault);
        }
        if held.crc != entry.crc || held.size != entry.size {
            findings.add(
                What::Changed,
                &entry.name,
                "its contents are not those that the archive's own checksum is of",
            );
        }
        let Some(item) = item else { continue };
        let is_as_listed = item["sha256"] == held.sha256 && item["bytes"] == held.size;
        let is_packed_so = item["stored_sha256"] == held.stored_sha256
            && item["stored_bytes"] == entry.stored
            && item["method"] == entry.method.word();
        if !is_as_listed {
            findings.add(What::Changed, &entry.name, "its contents are not those that were collected");
        } else if !is_packed_so {
            findings.add(
                What::Changed,
                &entry.name,
                "it was packed again: the bytes in the archive are not those that were written",
            );
        }
    }
    for item in list.iter().filter(|item| !seen.contains(name(item).as_str())) {
        findings.add(What::Missing, &name(item), "the manifest lists it, and the archive does not hold it");
    }
    let held = entries.iter().map(|entry| entry.name.as_str());
    let expected = list.iter().filter_map(|item| item["name"].as_str()).chain([MANIFEST, SIGNATURE]);
    let expected = expected.filter(|name| seen.contains(name));
    if !manifest.is_null() && !held.eq(expected) {
        findings.add(What::Changed, "", "the members do not stand in the manifest's order");
    }
    Ok(())
}
