//! An image's layers against the digests that the engine told: an image that was saved proves itself, whatever else was signed.

use std::{
    collections::HashMap,
    io::{self, Read, Write},
};

use flate2::write::MultiGzDecoder;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Findings, What, contents::Contents};
use crate::{Error, catalogue::response::zip::layout::Entry, run::objects::items};

/// The members that this is about.
const LAYERS: &str = "image/layers.tar";
const INSPECTION: &str = "image/inspection.json";
/// What is read as JSON is no larger, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;
/// No image has more files, configurations and layers together.
const MOST_FILES: usize = 10_000;

/// The files of a saved image.
#[derive(Default)]
struct Saved {
    /// The digests of each file by its name: of its bytes, and of what they unpack to where they are compressed.
    digests: HashMap<String, Vec<String>>,
    /// Where a link leads.
    links: HashMap<String, String>,
    manifest: Value,
}

/// Holds the layers against their digests, where the archive has both.
pub(super) fn check<S: FnMut(usize)>(
    contents: &mut Contents<'_, S>,
    entries: &[Entry],
    manifest: &Value,
    findings: &mut Findings,
) -> Result<(), Error> {
    let member = |name: &str| entries.iter().find(|entry| entry.name == name);
    let is_whole = items(&manifest["items"]).any(|item| item["name"] == LAYERS && item["complete"] == true);
    let (Some(layers), Some(inspection), true) = (member(LAYERS), member(INSPECTION), is_whole) else {
        return Ok(());
    };
    let inspection = contents.small(inspection, LARGEST)?;
    let inspection: Value =
        inspection.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let Ok(saved) = Saved::read(contents.reader(layers)) else {
        findings.add(What::Changed, LAYERS, "it is no image that can be read");
        return Ok(());
    };
    engine::go_on()?;
    let id = inspection["Id"].as_str().unwrap_or_default();
    if !saved.digests.values().flatten().any(|digest| digest == id) {
        findings.add(
            What::Changed,
            LAYERS,
            format!("nothing in it has the digest {id}, which is the image's id"),
        );
    }
    let files: Vec<&str> = items(&saved.manifest[0]["Layers"]).filter_map(Value::as_str).collect();
    let expected: Vec<&str> = items(&inspection["RootFS"]["Layers"]).filter_map(Value::as_str).collect();
    if files.len() != expected.len() {
        let why = format!("it has {} layers, and the image {}", files.len(), expected.len());
        findings.add(What::Changed, LAYERS, why);
    }
    for (number, (file, digest)) in files.iter().zip(&expected).enumerate() {
        if !saved.has(file, digest) {
            findings.add(
                What::Changed,
                LAYERS,
                format!("layer {} is not the one of digest {digest}", number + 1),
            );
        }
    }
    Ok(())
}

impl Saved {
    fn read(tar: impl Read) -> io::Result<Self> {
        let mut saved = Self::default();
        let mut archive = tar::Archive::new(tar);
        // Raw: names are short, and an extended one would be read into memory.
        for entry in archive.entries()?.raw(true) {
            let mut entry = entry?;
            let name = String::from_utf8_lossy(&entry.header().path_bytes()).into_owned();
            if saved.digests.len() + saved.links.len() >= MOST_FILES {
                return Err(io::Error::other("it has too many files"));
            }
            let kind = entry.header().entry_type();
            if let Some(target) =
                entry.header().link_name_bytes().filter(|_| kind.is_symlink() || kind.is_hard_link())
            {
                saved.links.insert(name, String::from_utf8_lossy(&target).into_owned());
                continue;
            }
            if !kind.is_file() {
                continue;
            }
            let keep = name == "manifest.json" && entry.size() <= LARGEST;
            let (digests, kept) = digests(&mut entry, keep)?;
            if keep {
                saved.manifest = serde_json::from_slice(&kept).unwrap_or_default();
            }
            saved.digests.insert(name, digests);
        }
        Ok(saved)
    }

    /// Whether a layer's file, or what it links to, has this digest.
    fn has(&self, file: &str, digest: &str) -> bool {
        let mut name = file.to_owned();
        // Docker 20.10 links a layer that two have to the other's folder: ../ID/layer.tar.
        if let Some(target) = self.links.get(file) {
            name = match target.strip_prefix("../") {
                Some(beside) => beside.to_owned(),
                None => target.clone(),
            };
        }
        self.digests.get(&name).is_some_and(|digests| digests.iter().any(|own| own == digest))
    }
}

/// The digests of a file's bytes, and of what they unpack to if gzip packed them; and the bytes, if they are to be kept.
fn digests(file: &mut impl Read, keep: bool) -> io::Result<(Vec<String>, Vec<u8>)> {
    let mut hash = Sha256::new();
    let mut unpacked: Option<MultiGzDecoder<Hash>> = None;
    let mut kept = Vec::new();
    let mut piece = vec![0; 256 * 1024];
    let mut is_first = true;
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            break;
        }
        let read = &piece[..length];
        hash.update(read);
        if keep {
            kept.extend_from_slice(read);
        }
        if std::mem::take(&mut is_first) && read.starts_with(b"\x1f\x8b") {
            unpacked = Some(MultiGzDecoder::new(Hash(Sha256::new())));
        }
        if unpacked.as_mut().is_some_and(|decoder| decoder.write_all(read).is_err()) {
            unpacked = None;
        }
        engine::go_on().map_err(io::Error::other)?;
    }
    let told = |hash: Sha256| format!("sha256:{}", hex::encode(hash.finalize()));
    let inner = unpacked.and_then(|decoder| decoder.finish().ok()).map(|inner| told(inner.0));
    Ok((std::iter::once(told(hash)).chain(inner).collect(), kept))
}

struct Hash(Sha256);

impl Write for Hash {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.0.update(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
